package web

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Rows on one page of the queue, and decided ones below the pending ones.
const (
	rowsPerPage   = 25
	recentDecided = 10
)

// row is a suggestion in a list: what would change, on what word, and how sure that is.
type row struct {
	ID, URL, Pick        string
	Name, Workflow       string
	Kind                 string // of the subject
	State                crm.State
	Badge                bool // that says the state: it goes without saying where everything waits
	Created              moment
	Assignee             string
	Snoozed              moment
	Changes              []changeCard
	More                 int // changes that are not shown
	Quote                *evidenceCard
	Unsupported, Against int
	Danger               bool
	Ticked               bool
}

// changesShown is how many changes a row has room for; all of them are on the suggestion's own page.
const changesShown = 3

func rowOf(p crm.Proposal, f queueFilter, now time.Time) row {
	c := cardOf(p, now)
	out := row{Badge: f.state != "" || c.State != crm.Pending, ID: c.ID, URL: f.address(c.URL), Pick: c.ID + " " + c.ETag, Name: c.Name, Workflow: c.Workflow, Kind: c.SubjectKind, State: c.State, Created: c.Created, Assignee: c.Assignee,
		Snoozed: c.Snoozed, Changes: c.Changes, Danger: c.Danger}
	if n := len(c.Changes) - changesShown; n > 0 {
		out.Changes, out.More = c.Changes[:changesShown], n
	}
	for _, claim := range c.Claims {
		if !claim.Supported {
			out.Unsupported++
		} else if out.Quote == nil && len(claim.Evidence) > 0 {
			out.Quote = &claim.Evidence[0]
		}
		out.Against += len(claim.Against)
	}
	return out
}

type queuePage struct {
	frame
	lastDone
	Progress   string
	Tabs       []tab
	Workflows  []choice
	Assignees  []choice
	States     []choice
	Orders     []choice
	Filter     map[string]string
	Heading    string
	Empty      string
	Rows       []row
	First      string // address of the first one
	Next       string // address of the next page, or ""
	TickAll    string // address of this page with everything ticked
	Filtering  bool
	Back       string
	MayApprove bool
	MayReject  bool
	Reasons    []choice
	Decided    []row
}

// queue lists suggestions: those that wait and that a look is worth most at first, or what the filters of its address say.
func (s *server) queue(c *gin.Context) {
	q := queryOf(c, append([]string{"cursor", "done", "was", "ticked"}, queueParameters...)...)
	f := readQueueFilter(q)
	cursor, ticked := q.cursor(f.list()), q.flag("ticked")
	if q.err != nil {
		s.failPage(c, q.err)
		return
	}
	ctx, who := c.Request.Context(), callerOf(c)
	proposals, next, err := s.Suggestions.Proposals(ctx, f.filter(who), cursor, rowsPerPage)
	if err != nil {
		s.failPage(c, fmt.Errorf("list suggestions: %w", err))
		return
	}
	stats, err := s.Desk.ReviewStats(ctx, who.portal, s.Now().UTC().AddDate(0, 0, -28).Truncate(24*time.Hour))
	if err != nil {
		s.failPage(c, fmt.Errorf("review statistics: %w", err))
		return
	}
	page := queuePage{frame: s.frame(c, "Review"), Progress: progressWords(stats), Tabs: f.tabs(), Heading: f.title(), Empty: f.empty(), Back: f.values().Encode(),
		Filtering: f.narrows(), Reasons: rejectChoices()}
	if page.lastDone, err = s.lastDone(c, q, f); err != nil {
		s.failPage(c, err)
		return
	}
	page.Title = page.titled(page.Title)
	for _, p := range proposals {
		r := rowOf(p, f, s.Now())
		r.Ticked = ticked && p.State == crm.Pending
		page.Rows = append(page.Rows, r)
	}
	if len(page.Rows) > 0 {
		page.First = page.Rows[0].URL
	}
	pending := slices.ContainsFunc(page.Rows, func(r row) bool { return r.State == crm.Pending })
	page.MayApprove, page.MayReject = pending && who.Role.May(Approver), pending && who.Role.May(Reviewer)
	here := []string{}
	if cursor != "" {
		here = append(here, "cursor", q.text("cursor"))
	}
	page.TickAll = f.address("/", append(here, "ticked", "true")...)
	if next != "" {
		page.Next = f.address("/", "cursor", *pageOf(f.list(), []int{}, next, func(i int) int { return i }).Next)
	}
	if err := s.choices(c, &page, f); err != nil {
		s.failPage(c, err)
		return
	}
	if f == (queueFilter{}) && next == "" {
		if page.Decided, err = s.decided(c); err != nil {
			s.failPage(c, err)
			return
		}
	}
	s.show(c, http.StatusOK, "queue", page)
}

// progressWords says how much waits, and how long that takes at the speed of the last weeks.
func progressWords(stats crm.ReviewStats) string {
	if stats.Pending == 0 {
		return ""
	}
	parts := []string{fmt.Sprintf("%d wait for a decision", stats.Pending-stats.Snoozed)}
	if stats.Snoozed > 0 {
		parts = append(parts, fmt.Sprintf("%d snoozed", stats.Snoozed))
	}
	if !stats.Oldest.IsZero() {
		parts = append(parts, "the oldest since "+stats.Oldest.UTC().Format("2 Jan 2006"))
	}
	if len(stats.MedianSeconds) > 0 {
		sum := 0.0
		for _, x := range stats.MedianSeconds {
			sum += x
		}
		if minutes := math.Ceil(sum / float64(len(stats.MedianSeconds)) * float64(stats.Pending-stats.Snoozed) / 60); minutes > 0 {
			parts = append(parts, fmt.Sprintf("about %.0f min at your usual speed", minutes))
		}
	}
	return strings.Join(parts, " · ")
}

// choices fills the filters.
func (s *server) choices(c *gin.Context, page *queuePage, f queueFilter) error {
	workflows, err := s.workflows(c, f.workflow)
	if err != nil {
		return err
	}
	people, err := s.people(c, f.assignee)
	if err != nil {
		return err
	}
	page.Workflows, page.Assignees = workflows, append([]choice{{"", "Anybody"}, {me, "Me"}}, people...)
	page.States = []choice{{"", words(string(crm.Pending))}, {allStates, "All"}}
	for _, state := range crm.States() {
		if state != crm.Pending {
			page.States = append(page.States, choice{string(state), words(string(state))})
		}
	}
	page.Orders = []choice{{orderLook, "Most useful first"}, {orderOldest, "Oldest first"}, {orderNewest, "Newest first"}}
	if f.state != "" {
		page.Orders = page.Orders[1:]
	}
	order := f.order
	if order == "" {
		order = f.usual()
	}
	page.Filter = map[string]string{"state": f.state, "workflow": f.workflow, "assignee": f.assignee, "name": f.name, "order": order, "snoozed": ""}
	if f.snoozed {
		page.Filter["snoozed"] = "true"
	}
	return nil
}

// workflows are those of the portal, and the one that is asked for.
func (s *server) workflows(c *gin.Context, asked string) ([]choice, error) {
	policy, err := s.Policies.Policy(c.Request.Context(), portalOf(c))
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	names := []string{}
	for _, field := range policy.Fields {
		names = append(names, field.Workflow)
	}
	if asked != "" {
		names = append(names, asked)
	}
	slices.Sort(names)
	return append([]choice{{"", "All"}}, each(slices.Compact(names), func(n string) choice { return choice{n, words(n)} })...), nil
}

// people are those whom a suggestion can be assigned to: who may decide here, by the names of their tokens, and whoever has it already.
func (s *server) people(c *gin.Context, more ...string) ([]choice, error) {
	tokens, err := s.Tokens.PortalTokens(c.Request.Context(), portalOf(c))
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	names := []string{}
	if who := callerOf(c); who.Role.May(Reviewer) {
		names = append(names, who.Name)
	}
	for _, t := range tokens {
		if t.RevokedAt.IsZero() && t.Role.May(Reviewer) {
			names = append(names, t.Name)
		}
	}
	for _, name := range more {
		if name != "" && name != me {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return each(slices.Compact(names), func(n string) choice { return choice{n, n} }), nil
}

// decided are the newest suggestions that nobody waits for any more.
func (s *server) decided(c *gin.Context) ([]row, error) {
	proposals, _, err := s.Suggestions.Proposals(c.Request.Context(), SuggestionFilter{Portal: portalOf(c)}, "", rowsPerPage)
	if err != nil {
		return nil, fmt.Errorf("list suggestions: %w", err)
	}
	proposals = slices.DeleteFunc(slices.Clone(proposals), func(p crm.Proposal) bool { return p.State == crm.Pending })
	return each(proposals[:min(len(proposals), recentDecided)], func(p crm.Proposal) row { return rowOf(p, queueFilter{}, s.Now()) }), nil
}
