package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Decider carries out a person's decision: crm.ErrConflict when Seen is not the suggestion's present ETag or nothing is pending, crm.ErrStopped when an approval
// is refused because writing is off (it stays pending), crm.ErrInvalid for changes that do not exist.
type Decider interface {
	Decide(ctx context.Context, d crm.Decision) (crm.Proposal, error)
	// Undo puts applied changes back (all when changes is empty); crm.ErrConflict says who changed what stands there now, or that it is too late.
	Undo(ctx context.Context, portal crm.PortalID, id string, changes []string, by crm.Actor, seen string) (crm.Proposal, error)
}

// maxComment is how long a comment may be, in bytes; maxChanges how many changes one decision may name.
const (
	maxComment = 4000
	maxChanges = 200
)

type approveBody struct {
	Changes []string `json:"changes"`
	Comment string   `json:"comment"`
	Seconds float64  `json:"seconds"` // from shown to decided
}

type editBody struct {
	approveBody
	Edits map[string]string `json:"edits"` // change id → corrected new value
}

type rejectBody struct {
	approveBody
	Reason string `json:"reason"`
}

func (s *server) approve(c *gin.Context) {
	var body approveBody
	s.decide(c, &body, func() (crm.Decision, error) { return crm.Decision{Approve: true}, body.check() }, &body)
}

// edit approves with corrections; what was corrected is kept as what the model should have said.
func (s *server) edit(c *gin.Context) {
	var body editBody
	s.decide(c, &body, func() (crm.Decision, error) {
		if len(body.Edits) == 0 {
			return crm.Decision{}, fmt.Errorf("edits: name at least one change and its corrected value: %w", crm.ErrInvalid)
		}
		for id := range body.Edits {
			if len(body.Changes) > 0 && !slices.Contains(body.Changes, id) {
				return crm.Decision{}, fmt.Errorf("edits: change %q is not among changes: %w", id, crm.ErrInvalid)
			}
		}
		return crm.Decision{Approve: true, Edits: body.Edits}, body.check()
	}, &body.approveBody)
}

func (s *server) reject(c *gin.Context) {
	var body rejectBody
	s.decide(c, &body, func() (crm.Decision, error) {
		return crm.Decision{Reason: body.Reason}, firstOf(checkReason(body.Reason), body.check())
	}, &body.approveBody)
}

// decide reads the body, lets judge make the decision out of it and carries it out against the version that the caller has seen.
func (s *server) decide(c *gin.Context, body any, judge func() (crm.Decision, error), common *approveBody) {
	seen, err := ifMatch(c.Request.Header)
	if err == nil {
		err = readJSON(c, body)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	d, err := judge()
	if err != nil {
		s.fail(c, err)
		return
	}
	d.Changes, d.Comment, d.Seconds, d.Seen = common.Changes, common.Comment, common.Seconds, seen
	p, err := s.carryOut(c, d)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Header("ETag", p.ETag())
	s.replySuggestion(c, p)
}

// carryOut completes a decision with who, where and when. The API and the page share it.
func (s *server) carryOut(c *gin.Context, d crm.Decision) (crm.Proposal, error) {
	who := callerOf(c)
	d.Portal, d.Proposal, d.Actor, d.At = who.portal, c.Param("id"), who.Actor(), s.Now().UTC()
	p, err := s.Decider.Decide(c.Request.Context(), d)
	if err != nil {
		return p, fmt.Errorf("decide about suggestion %q: %w", d.Proposal, err)
	}
	return p, nil
}

func (b approveBody) check() error {
	switch {
	case len(b.Comment) > maxComment:
		return fmt.Errorf("comment: at most %d bytes: %w", maxComment, crm.ErrInvalid)
	case len(b.Changes) > maxChanges:
		return fmt.Errorf("changes: at most %d: %w", maxChanges, crm.ErrInvalid)
	case b.Seconds < 0 || math.IsNaN(b.Seconds) || math.IsInf(b.Seconds, 0):
		return fmt.Errorf("seconds: want a number from 0: %w", crm.ErrInvalid)
	}
	return nil
}

func checkReason(reason string) error {
	if slices.Contains(crm.RejectReasons(), reason) {
		return nil
	}
	return fmt.Errorf("reason %q: want one of %s: %w", reason, strings.Join(crm.RejectReasons(), " "), crm.ErrInvalid)
}

// ifMatch is the one ETag that the caller has seen. A proxy that compresses marks it weak; it still names the same version.
func ifMatch(h http.Header) (string, error) {
	values := h.Values("If-Match")
	if len(values) == 0 {
		return "", &statusError{http.StatusPreconditionRequired, "send If-Match with the ETag of the suggestion that you have seen"}
	}
	tag := strings.TrimPrefix(values[0], "W/")
	if len(values) > 1 || len(tag) < 3 || tag[0] != '"' || strings.IndexByte(tag[1:], '"') != len(tag)-2 {
		return "", fmt.Errorf("If-Match: want exactly one ETag: %w", crm.ErrInvalid)
	}
	return tag, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
