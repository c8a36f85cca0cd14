package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// approveForm approves the ticked changes, those that were corrected as they stand corrected.
func (s *server) approveForm(c *gin.Context) {
	s.act(c, always("approve"), func(ctx context.Context, who caller, form url.Values, seen string) (crm.Proposal, error) {
		d := crm.Decision{Approve: true, Seen: seen}
		if err := readDecision(form, &d); err != nil {
			return crm.Proposal{}, err
		}
		p, err := s.proposal(c)
		if err != nil {
			return p, err
		}
		if p.ETag() != seen {
			return p, fmt.Errorf("it has moved since it was shown: %w", crm.ErrConflict)
		}
		if d.Edits, err = edits(p, form, d.Changes); err != nil {
			return p, err
		}
		d.Seconds = seconds(form, s.Now())
		return s.carryOut(c, d)
	})
}

// rejectForm rejects the ticked changes with a reason.
func (s *server) rejectForm(c *gin.Context) {
	s.act(c, always("reject"), func(ctx context.Context, who caller, form url.Values, seen string) (crm.Proposal, error) {
		d := crm.Decision{Seen: seen, Reason: form.Get("reason"), Seconds: seconds(form, s.Now())}
		err := readDecision(form, &d)
		switch {
		case err != nil:
		case d.Reason == "":
			err = fmt.Errorf("choose a reason: %w", crm.ErrInvalid)
		default:
			err = checkReason(d.Reason)
		}
		if err != nil {
			return crm.Proposal{}, err
		}
		return s.carryOut(c, d)
	})
}

// readDecision reads what every decision of a form has: the ticked changes and a remark.
func readDecision(form url.Values, d *crm.Decision) error {
	d.Changes, d.Comment = form["change"], lines(form.Get("comment"))
	if len(d.Changes) == 0 {
		return fmt.Errorf("tick at least one change: %w", crm.ErrInvalid)
	}
	return approveBody{Changes: d.Changes, Comment: d.Comment}.check()
}

// undoForm takes back the ticked changes, as far as they still stand in HubSpot.
func (s *server) undoForm(c *gin.Context) {
	s.act(c, always("undo"), func(ctx context.Context, who caller, form url.Values, seen string) (crm.Proposal, error) {
		body := approveBody{Changes: form["change"], Comment: lines(form.Get("comment"))}
		if form.Get("just") == "yes" {
			return s.undoJust(c, who)
		}
		if len(body.Changes) == 0 {
			return crm.Proposal{}, fmt.Errorf("tick at least one change: %w", crm.ErrInvalid)
		}
		if err := body.check(); err != nil {
			return crm.Proposal{}, err
		}
		return s.takeBack(ctx, who, c.Param("id"), body, seen)
	})
}

// undoJust takes back what the caller has approved just now. It names no version: what was approved goes on to be written by itself meanwhile.
func (s *server) undoJust(c *gin.Context, who caller) (crm.Proposal, error) {
	p, err := s.proposal(c)
	if err == nil {
		err = s.justDecided(c, p)
	}
	if err == nil && slices.ContainsFunc(p.Changes, func(ch crm.Change) bool { return ch.State == crm.Approved }) {
		err = fmt.Errorf("it is still being written to HubSpot; undo it as soon as that is done: %w", crm.ErrConflict)
	}
	if err != nil {
		return p, err
	}
	return s.takeBack(c.Request.Context(), who, p.ID, approveBody{}, p.ETag())
}

// snoozeForm puts a suggestion away for some days or until the beginning of a day, or shows it again.
func (s *server) snoozeForm(c *gin.Context) {
	named := func(form url.Values) string {
		if form.Get("for") == "0" {
			return "wake"
		}
		return "snooze"
	}
	s.act(c, named, func(ctx context.Context, who caller, form url.Values, seen string) (crm.Proposal, error) {
		var till time.Time
		if named(form) == "snooze" {
			var err error
			if till, err = tillOf(form, s.Now().UTC()); err == nil {
				err = checkSnooze(till, s.Now())
			}
			if err != nil {
				return crm.Proposal{}, err
			}
		}
		return s.Desk.Snooze(ctx, who.portal, c.Param("id"), till, who.Actor(), seen)
	})
}

// tillOf reads for how many days, or until which day, something is put away.
func tillOf(form url.Values, now time.Time) (time.Time, error) {
	if days := form.Get("for"); days != "" {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 {
			return now, fmt.Errorf("for: want a number of days: %w", crm.ErrInvalid)
		}
		return now.AddDate(0, 0, n), nil
	}
	day, err := time.Parse(time.DateOnly, form.Get("until"))
	if err != nil {
		return now, fmt.Errorf("say until which day, such as %s: %w", now.AddDate(0, 0, 3).Format(time.DateOnly), crm.ErrInvalid)
	}
	return day, nil
}

// assignForm gives a suggestion to somebody who may decide here, to whoever asks, or to nobody.
func (s *server) assignForm(c *gin.Context) {
	named := func(form url.Values) string {
		if form.Get("assignee") == "" && form.Get("mine") == "" {
			return "drop"
		}
		return "assign"
	}
	s.act(c, named, func(ctx context.Context, who caller, form url.Values, seen string) (crm.Proposal, error) {
		name := form.Get("assignee")
		if form.Get("mine") != "" {
			name = who.Name
		}
		if name != "" {
			people, err := s.people(c)
			if err != nil {
				return crm.Proposal{}, err
			}
			if !slices.ContainsFunc(people, func(p choice) bool { return p.Value == name }) {
				return crm.Proposal{}, fmt.Errorf("nobody called %q can decide here: choose one of the list: %w", name, crm.ErrInvalid)
			}
		}
		return s.Desk.Assign(ctx, who.portal, c.Param("id"), name, who.Actor(), seen)
	})
}

// commentForm adds a remark.
func (s *server) commentForm(c *gin.Context) {
	s.act(c, always("comment"), func(ctx context.Context, who caller, form url.Values, seen string) (crm.Proposal, error) {
		text := strings.TrimSpace(lines(form.Get("text")))
		if text == "" || len(text) > maxComment {
			return crm.Proposal{}, fmt.Errorf("write a comment of at most %d bytes: %w", maxComment, crm.ErrInvalid)
		}
		return s.Desk.Comment(ctx, who.portal, c.Param("id"), text, who.Actor(), seen)
	})
}
