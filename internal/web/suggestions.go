package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

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
