package web

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// lastDone is what the last form did, which the page says that the browser was sent on to, and how it is taken back.
type lastDone struct {
	Done     string
	Was      string // address of the suggestion that it was about, when the page shows another one
	TakeBack *takeBack
}

// takeBack is a form that takes back what was done last.
type takeBack struct{ Path, Label, Seen, Back, Name, Value string }

// doneWords are the only things that a page says because its address says so.
var doneWords = map[string]string{
	"approve": "Approved. It is being written to HubSpot.",
	"reject":  "Rejected. It will not be suggested again.",
	"undo":    "Undone. It is being taken back in HubSpot.",
	"snooze":  "Snoozed.",
	"wake":    "Back in the queue.",
	"assign":  "Assigned.",
	"drop":    "Assigned to nobody.",
	"comment": "Your comment is kept.",
}

// titled is a page's title behind what was done: it is what a screen reader says first of a new page.
func (d lastDone) titled(title string) string {
	if done, _, _ := strings.Cut(d.Done, "."); done != "" {
		return done + ": " + title
	}
	return title
}

func (s *server) lastDone(c *gin.Context, q *query, f queueFilter) (lastDone, error) {
	action, was := q.text("done"), q.text("was")
	out := lastDone{Done: doneWords[action]}
	if out.Done == "" || was == "" {
		return out, nil
	}
	out.Was = suggestionURL(was)
	p, err := s.Suggestions.Proposal(c.Request.Context(), portalOf(c), was)
	if errors.Is(err, crm.ErrNotFound) {
		return lastDone{}, nil // an address that somebody made up
	}
	if err != nil {
		return out, fmt.Errorf("suggestion %q: %w", was, err)
	}
	form := takeBack{Seen: p.ETag(), Back: f.values().Encode()}
	switch {
	case action == "approve" && s.justDecided(c, p) == nil:
		form.Path, form.Label, form.Name, form.Value = out.Was+"/undo", "Undo", "just", "yes"
	case action == "snooze" && callerOf(c).Role.May(Reviewer) && p.SnoozedTill.After(s.Now()):
		form.Path, form.Label, form.Name, form.Value = out.Was+"/snooze", "Show it again", "for", "0"
	default:
		return out, nil
	}
	out.TakeBack = &form
	return out, nil
}

// justFor is how long a decision can be taken back by whoever made it without another look at it.
const justFor = 10 * time.Minute

// justDecided is nil when the caller has approved a suggestion just now, and it can be taken back.
func (s *server) justDecided(c *gin.Context, p crm.Proposal) error {
	who := callerOf(c)
	switch {
	case !who.Role.May(Approver) || p.DecidedBy != who.Actor() || s.Now().Sub(p.DecidedAt) > justFor:
		return fmt.Errorf("it is not what you have approved just now: look at it first: %w", crm.ErrConflict)
	case p.State != crm.Approved && p.State != crm.Applied:
		return fmt.Errorf("it is %s: %w", p.State, crm.ErrConflict)
	}
	return nil
}
