package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Verifier decides whether a webhook request came from HubSpot; any error is a refusal, and its text is logged, never sent.
type Verifier interface {
	Verify(r *http.Request, body []byte) error
}

// Inbox keeps verified deliveries. Deliver returns nil only once the body is durable.
type Inbox interface {
	Deliver(ctx context.Context, body []byte, at time.Time) (id int64, err error)
}

const webhookPath = "/webhooks/hubspot"

// webhook verifies one delivery, makes it durable and answers; everything else happens later, from the stored delivery. Whatever is our fault, or may be, is 503,
// which HubSpot sends again; a 4xx is not sent again by all of its senders. The content type is not looked at: the signature covers the body, and a signed body
// that cannot be decoded is kept and shown.
func (s *server) webhook(c *gin.Context) {
	if e := c.GetHeader("Content-Encoding"); e != "" && e != "identity" {
		refuse(c, http.StatusUnsupportedMediaType, "send the body uncompressed")
		return
	}
	body, err := io.ReadAll(c.Request.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(c, http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
		return
	case err != nil:
		// A cut or slow body: the sender, its network or our deadline. Asking for it again loses nothing.
		s.fail(c, fmt.Errorf("read delivery: %w: %w", err, crm.ErrTemporary))
		return
	}
	if err := s.Verifier.Verify(c.Request, body); err != nil {
		_ = c.Error(err) // for the log; the sender is not told why
		refuse(c, http.StatusUnauthorized, "")
		return
	}
	// A verified batch is worth keeping even if the sender has hung up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), s.DeliverTimeout)
	defer cancel()
	if _, err := s.Inbox.Deliver(ctx, body, s.Now().UTC()); err != nil {
		// Whatever kind of error it is, it is ours.
		_ = c.Error(err)
		setRetryAfter(c, retryAfter)
		refuse(c, http.StatusServiceUnavailable, "")
		return
	}
	c.Status(http.StatusOK)
}
