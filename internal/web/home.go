package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Cards on one page, and decided ones below the pending ones.
const (
	cardsPerPage  = 20
	recentDecided = 10
)

type tab struct {
	Label, URL string
	Current    bool
}

type section struct {
	Title string
	Empty string
	Cards []card
	Next  string // address of the next page, or ""
}

type homePage struct {
	frame
	Tabs     []tab
	Sections []section
	Done     string // what the last decision did
}

// home lists the suggestions: pending ones first, those that a look is worth most at before others, and below them what was decided last, or those of one state.
func (s *server) home(c *gin.Context) {
	q := queryOf(c, "state", "cursor", "done")
	var state crm.State
	var err error
	if word := q.text("state"); word != "" {
		state, err = crm.ParseState(word)
		q.keep(err)
	}
	shown := state
	if state == "" {
		shown = crm.Pending
	}
	cursor := q.cursor("page-" + string(shown))
	if q.err != nil {
		s.failPage(c, q.err)
		return
	}
	page := homePage{frame: s.frame(c, "Suggestions"), Tabs: tabs(state), Done: doneWords[q.text("done")]}
	first, err := s.section(c, shown, state, cursor)
	if err == nil && state == "" && first.Next == "" {
		page.Sections = []section{first, {}}
		page.Sections[1], err = s.decided(c)
	} else {
		page.Sections = []section{first}
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	s.show(c, http.StatusOK, "home", page)
}

// doneWords are the only things that a page says because its address says so.
var doneWords = map[string]string{
	"approve": "Approved. It is being written to HubSpot.",
	"reject":  "Rejected. It will not be suggested again.",
}

func (s *server) section(c *gin.Context, shown, filter crm.State, cursor string) (section, error) {
	proposals, next, err := s.Suggestions.Proposals(c.Request.Context(), SuggestionFilter{Portal: portalOf(c), State: shown, Awake: shown == crm.Pending, ByLook: shown == crm.Pending}, cursor, cardsPerPage)
	if err != nil {
		return section{}, fmt.Errorf("list suggestions: %w", err)
	}
	out := section{Title: stateTitle(shown), Empty: "Nothing is " + string(shown) + ".", Cards: s.cards(c, proposals, filter)}
	if shown == crm.Pending {
		out.Empty = "Nothing waits for a decision."
	}
	if next != "" {
		values := url.Values{"cursor": {*pageOf("page-"+string(shown), []int{}, next, func(i int) int { return i }).Next}}
		if filter != "" {
			values.Set("state", string(filter))
		}
		out.Next = "/?" + values.Encode()
	}
	return out, nil
}

// decided are the newest suggestions that nobody waits for any more.
func (s *server) decided(c *gin.Context) (section, error) {
	proposals, _, err := s.Suggestions.Proposals(c.Request.Context(), SuggestionFilter{Portal: portalOf(c)}, "", 2*cardsPerPage)
	if err != nil {
		return section{}, fmt.Errorf("list suggestions: %w", err)
	}
	proposals = slices.DeleteFunc(slices.Clone(proposals), func(p crm.Proposal) bool { return p.State == crm.Pending })
	return section{Title: "Decided lately", Empty: "Nothing was decided yet.", Cards: s.cards(c, proposals[:min(len(proposals), recentDecided)], "")}, nil
}

func (s *server) cards(c *gin.Context, proposals []crm.Proposal, filter crm.State) []card {
	return each(proposals, func(p crm.Proposal) card { return cardOf(p, callerOf(c), string(filter)) })
}

func tabs(current crm.State) []tab {
	out := []tab{{"All, pending first", "/", current == ""}}
	for _, state := range crm.States() {
		out = append(out, tab{stateTitle(state), "/?state=" + string(state), state == current})
	}
	return out
}

func stateTitle(s crm.State) string {
	if s == crm.Pending {
		return "Waiting for a decision"
	}
	return words(string(s))
}

type suggestionPage struct {
	frame
	Card card
}

// suggestionPage shows one suggestion at an address of its own.
func (s *server) suggestionPage(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.failPage(c, q.err)
		return
	}
	p, err := s.proposal(c)
	if err != nil {
		s.failPage(c, err)
		return
	}
	view := cardOf(p, callerOf(c), "")
	s.show(c, http.StatusOK, "suggestion", suggestionPage{s.frame(c, view.Workflow+" for "+view.Name), view})
}
