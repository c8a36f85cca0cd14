package web

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// problem is an error answer (RFC 9457). Type is always about:blank: the status says what kind of problem it is.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Kind      string `json:"kind,omitempty"` // MisconfiguredKind, or nothing
	RequestID string `json:"request_id,omitempty"`
}

// MisconfiguredKind is the kind of a problem with a dependency that whoever runs the service has to mend.
const MisconfiguredKind = "configuration"

// statusError is a refusal that belongs to HTTP itself and has no kind in package crm.
type statusError struct {
	status int
	detail string
}

func (e *statusError) Error() string { return e.detail }

// retryAfter is how long callers are asked to wait when the error does not say.
const retryAfter = 5 * time.Second

// statusOf maps an error to its status and to the text that the caller may read. This is the only place that does.
func statusOf(err error) (status int, detail string) {
	var own *statusError
	var over *crm.OverBudget
	var outside *crm.Dependency
	switch {
	case errors.As(err, &own):
		return own.status, own.detail
	case errors.As(err, &outside) && outside.Misconfigured:
		return http.StatusBadGateway, outside.Error()
	case errors.As(err, &outside):
		return http.StatusServiceUnavailable, outside.Error()
	case errors.As(err, &over):
		return http.StatusServiceUnavailable, over.Error()
	case errors.Is(err, crm.ErrTemporary), errors.Is(err, crm.ErrUnknown):
		return http.StatusServiceUnavailable, "this cannot be done right now; try again"
	case errors.Is(err, crm.ErrNotFound):
		return http.StatusNotFound, err.Error()
	case errors.Is(err, crm.ErrInvalid):
		return http.StatusBadRequest, err.Error()
	case errors.Is(err, crm.ErrConflict), errors.Is(err, crm.ErrStopped):
		return http.StatusConflict, err.Error()
	case errors.Is(err, crm.ErrForbidden):
		return http.StatusForbidden, err.Error()
	}
	return http.StatusInternalServerError, "something went wrong here; the log has the cause under this request id"
}

// fail answers with a problem and leaves the cause to the request log.
func (s *server) fail(c *gin.Context, err error) {
	status, detail := statusOf(err)
	_ = c.Error(err) // read by observe; gin hands back what it was given
	var wait *crm.RetryAfter
	if status == http.StatusServiceUnavailable {
		after := retryAfter
		if errors.As(err, &wait) {
			after = wait.At.Sub(s.Now())
		}
		setRetryAfter(c, after)
	}
	var outside *crm.Dependency
	kind := ""
	if errors.As(err, &outside) && outside.Misconfigured && status == http.StatusBadGateway {
		kind = MisconfiguredKind
	}
	refuseAs(c, status, detail, kind)
}

func setRetryAfter(c *gin.Context, after time.Duration) {
	seconds := math.Ceil(min(max(after, time.Second), time.Hour).Seconds())
	c.Header("Retry-After", strconv.Itoa(int(seconds)))
}

// refuse writes a problem and ends the request.
func refuse(c *gin.Context, status int, detail string) { refuseAs(c, status, detail, "") }

func refuseAs(c *gin.Context, status int, detail, kind string) {
	c.Abort()
	body, err := json.Marshal(problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Kind: kind, RequestID: requestID(c)})
	if err != nil {
		panic(err) // strings and a number always marshal
	}
	if status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="contextd"`)
	}
	c.Header("Cache-Control", "no-store")
	c.Data(status, "application/problem+json", append(body, '\n'))
}
