package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// SuggestionFilter selects suggestions of one portal; empty fields select all.
type SuggestionFilter struct {
	Portal   crm.PortalID
	State    crm.State
	Workflow string
	Record   crm.Ref
	Assignee string
	Name     string    // a part of the record's name, whatever the case of its letters (with SQLite, of A to Z)
	Awake    bool      // leave out what is snoozed
	Snoozed  bool      // only what is snoozed
	Since    time.Time // made at or after
	Until    time.Time // made before
	ByLook   bool      // those first that a look is worth most at; see crm.LookWorth
	Oldest   bool      // those first that are oldest; else, and without ByLook, the newest
}

// Suggestions reads the review queue.
type Suggestions interface {
	// Proposals lists suggestions with their changes and claims.
	Proposals(ctx context.Context, f SuggestionFilter, cursor string, limit int) (page []crm.Proposal, next string, err error)
	// Beside are the ids of those before and behind one in such a list, "" where there is none. One that is not in the list has only the first of it behind it.
	Beside(ctx context.Context, f SuggestionFilter, id string) (before, behind string, err error)
	// Proposal by id; crm.ErrNotFound, also for another portal's.
	Proposal(ctx context.Context, portal crm.PortalID, id string) (crm.Proposal, error)
}

// listSuggestions lists a portal's suggestions, newest first unless order says otherwise.
func (s *server) listSuggestions(c *gin.Context) {
	q := queryOf(c, "state", "workflow", "record", "assignee", "awake", "snoozed", "since", "until", "order", "limit", "cursor")
	f := SuggestionFilter{Portal: portalOf(c), Workflow: q.text("workflow"), Assignee: q.text("assignee"), Awake: q.flag("awake"), Snoozed: q.flag("snoozed"), Since: q.moment("since"), Until: q.moment("until")}
	list := "suggestions"
	switch word := q.text("order"); word {
	case "", "newest":
	case "look":
		f.ByLook, list = true, "suggestions-by-look" // a cursor of the one order means nothing in the other
	case "oldest":
		f.Oldest, list = true, "suggestions-oldest"
	default:
		q.refuse("order", "newest, oldest or look")
	}
	limit, cursor := q.limit(defaultLimit, maxLimit), q.cursor(list)
	var err error
	if word := q.text("state"); word != "" {
		f.State, err = crm.ParseState(word)
		q.keep(err)
	}
	if path := q.text("record"); path != "" {
		f.Record, err = crm.ParsePath(f.Portal, path)
		q.keep(err)
	}
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	proposals, next, err := s.Suggestions.Proposals(c.Request.Context(), f, cursor, limit)
	if err != nil {
		s.fail(c, fmt.Errorf("list suggestions: %w", err))
		return
	}
	s.reply(c, http.StatusOK, pageOf(list, proposals, next, showSuggestion))
}

// showSuggestion shows one with the ETag that a decision about it must name.
func (s *server) showSuggestion(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
		return
	}
	p, err := s.proposal(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Header("ETag", p.ETag())
	if seen := c.GetHeader("If-None-Match"); strings.TrimPrefix(seen, "W/") == p.ETag() {
		c.Status(http.StatusNotModified)
		return
	}
	s.replySuggestion(c, p)
}

func (s *server) proposal(c *gin.Context) (crm.Proposal, error) {
	p, err := s.Suggestions.Proposal(c.Request.Context(), portalOf(c), c.Param("id"))
	if err != nil {
		return p, fmt.Errorf("suggestion %q: %w", c.Param("id"), err)
	}
	return p, nil
}
