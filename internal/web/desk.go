package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Desk keeps what surrounds a suggestion. seen is the ETag that the person was shown: crm.ErrConflict when the suggestion has moved, crm.ErrNotFound when there is none.
type Desk interface {
	// Snooze hides it until then (zero: shows it again).
	Snooze(ctx context.Context, portal crm.PortalID, id string, till time.Time, by crm.Actor, seen string) (crm.Proposal, error)
	// Assign gives it to somebody; "" is nobody.
	Assign(ctx context.Context, portal crm.PortalID, id, assignee string, by crm.Actor, seen string) (crm.Proposal, error)
	// Comment adds a remark and leaves the ETag as it is.
	Comment(ctx context.Context, portal crm.PortalID, id, text string, by crm.Actor, seen string) (crm.Proposal, error)
	// Comments are oldest first.
	Comments(ctx context.Context, portal crm.PortalID, id string) ([]crm.Comment, error)
	// Release lets the gate write to a property by itself again that a person has changed or undone; crm.ErrNotFound when nothing was written there, crm.ErrConflict when nobody has.
	Release(ctx context.Context, target crm.Ref, property string, by crm.Actor) error
	// Locked lists the properties that a person had the last word on and nobody has released, the newest first.
	Locked(ctx context.Context, portal crm.PortalID, cursor string, limit int) (page []crm.LockedField, next string, err error)
	// ReviewStats counts what waits, and by workflow and week what became of suggestions since then.
	ReviewStats(ctx context.Context, portal crm.PortalID, since time.Time) (crm.ReviewStats, error)
}

// undo puts applied changes back.
func (s *server) undo(c *gin.Context) {
	var body approveBody
	s.around(c, &body, func(ctx context.Context, who caller, id, seen string) (crm.Proposal, error) {
		if err := body.check(); err != nil {
			return crm.Proposal{}, err
		}
		return s.takeBack(ctx, who, id, body, seen)
	})
}

// takeBack undoes applied changes and keeps the remark about it. The API and the page share it.
func (s *server) takeBack(ctx context.Context, who caller, id string, body approveBody, seen string) (crm.Proposal, error) {
	p, err := s.Decider.Undo(ctx, who.portal, id, body.Changes, who.Actor(), seen)
	if err != nil || strings.TrimSpace(body.Comment) == "" {
		return p, err
	}
	return s.Desk.Comment(ctx, who.portal, id, body.Comment, who.Actor(), p.ETag())
}

// longestSnooze keeps a suggestion from being put away for good.
const longestSnooze = 90 * 24 * time.Hour

// snooze hides a suggestion from the queue until then; without a time it is shown again.
func (s *server) snooze(c *gin.Context) {
	var body struct {
		Until *time.Time `json:"until"`
	}
	s.around(c, &body, func(ctx context.Context, who caller, id, seen string) (crm.Proposal, error) {
		var till time.Time
		if body.Until != nil {
			till = body.Until.UTC()
			if err := checkSnooze(till, s.Now()); err != nil {
				return crm.Proposal{}, err
			}
		}
		return s.Desk.Snooze(ctx, who.portal, id, till, who.Actor(), seen)
	})
}

func checkSnooze(till, now time.Time) error {
	if !till.After(now) || till.After(now.Add(longestSnooze)) {
		return fmt.Errorf("until: want a moment within the next %d days: %w", int(longestSnooze.Hours()/24), crm.ErrInvalid)
	}
	return nil
}

// assign gives a suggestion to somebody; without a name, to nobody.
func (s *server) assign(c *gin.Context) {
	var body struct {
		Assignee string `json:"assignee"`
	}
	s.around(c, &body, func(ctx context.Context, who caller, id, seen string) (crm.Proposal, error) {
		name := strings.TrimSpace(body.Assignee)
		if len(name) > 200 || strings.ContainsFunc(name, unicode.IsControl) {
			return crm.Proposal{}, fmt.Errorf("assignee: want a name of at most 200 bytes on one line: %w", crm.ErrInvalid)
		}
		return s.Desk.Assign(ctx, who.portal, id, name, who.Actor(), seen)
	})
}

// comment adds a remark.
func (s *server) comment(c *gin.Context) {
	var body struct {
		Text string `json:"text"`
	}
	s.around(c, &body, func(ctx context.Context, who caller, id, seen string) (crm.Proposal, error) {
		text := strings.TrimSpace(body.Text)
		if text == "" || len(text) > maxComment {
			return crm.Proposal{}, fmt.Errorf("text: want 1 to %d bytes: %w", maxComment, crm.ErrInvalid)
		}
		return s.Desk.Comment(ctx, who.portal, id, text, who.Actor(), seen)
	})
}

// around carries out what changes a suggestion's surroundings, against the version that the caller has seen, and shows what became of it.
func (s *server) around(c *gin.Context, body any, do func(ctx context.Context, who caller, id, seen string) (crm.Proposal, error)) {
	seen, err := ifMatch(c.Request.Header)
	if err == nil {
		err = readJSON(c, body)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	p, err := do(c.Request.Context(), callerOf(c), c.Param("id"), seen)
	if err != nil {
		s.fail(c, fmt.Errorf("suggestion %q: %w", c.Param("id"), err))
		return
	}
	c.Header("ETag", p.ETag())
	s.replySuggestion(c, p)
}

// replySuggestion shows one suggestion whole, with what people wrote about it.
func (s *server) replySuggestion(c *gin.Context, p crm.Proposal) {
	comments, err := s.Desk.Comments(c.Request.Context(), p.Portal, p.ID)
	if err != nil {
		s.fail(c, fmt.Errorf("suggestion %q: %w", p.ID, err))
		return
	}
	out := struct {
		suggestionJSON
		Comments []crm.Comment `json:"comments"`
	}{showSuggestion(p), list(comments)}
	s.reply(c, http.StatusOK, out)
}

// reviewStats says what waits and what became of what people saw; since is 13 weeks ago by default.
func (s *server) reviewStats(c *gin.Context) {
	q := queryOf(c, "since")
	since := q.moment("since")
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	if since.IsZero() {
		since = s.Now().UTC().AddDate(0, 0, -91).Truncate(24 * time.Hour)
	}
	stats, err := s.Desk.ReviewStats(c.Request.Context(), portalOf(c), since)
	stats.MedianSeconds, stats.Weeks = dict(stats.MedianSeconds), list(stats.Weeks)
	s.answer(c, http.StatusOK, stats, err, "review statistics")
}
