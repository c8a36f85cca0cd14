package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// typed is what a person wrote into the forms of a suggestion. It is shown again when it could not be carried out, so that nothing of it is lost.
type typed struct {
	Edits    map[string]string // by change
	Ticked   map[string]bool   // by change; nil: all
	Reason   string
	Comment  string
	Text     string // of a remark
	Until    string
	Assignee string
}

type commentCard struct {
	Who  string
	At   moment
	Text string
}

// happening is one thing that became of a suggestion since it was shown.
type happening struct {
	What, Who string
	At        moment
}

type suggestionPage struct {
	frame
	Card                           card
	Comments                       []commentCard
	MayApprove, MayReject, MayUndo bool
	MayDesk                        bool // snooze, assign, comment
	RejectReasons                  []choice
	People                         []choice
	Snoozes                        []choice
	Shown                          string // when, for the forms
	Today, Latest                  string // days between which it can be put away
	QueueURL, BackQuery            string
	PrevURL, NextURL, NextID       string
	HubSpotURL                     string // of the record
	lastDone

	Heading, Problem string // why nothing was done
	Bad              map[string]string
	Moved            bool
	Happened         []happening // since the page was shown
	Became           []happening // of a suggestion that waits no more
	Newer            string      // address of the suggestion that took its place
	Typed            typed
	Kept             []choice // what was typed into forms that are not there any more
}

// Ticks reports whether a change is ticked: all are, until somebody has chosen.
func (p suggestionPage) Ticks(id string) bool { return p.Typed.Ticked == nil || p.Typed.Ticked[id] }

// suggestionPage shows one suggestion whole, with everything that can be done about it.
func (s *server) suggestionPage(c *gin.Context) {
	q := queryOf(c, append([]string{"done", "was"}, queueParameters...)...)
	f := readQueueFilter(q)
	if q.err != nil {
		s.failPage(c, q.err)
		return
	}
	p, err := s.proposal(c)
	if err != nil {
		s.failPage(c, err)
		return
	}
	page, err := s.draft(c, p, f)
	if err != nil {
		s.failPage(c, err)
		return
	}
	if p.State != crm.Pending {
		page.Became, err = s.happened(c, p, time.Time{})
	}
	if err == nil {
		page.lastDone, err = s.lastDone(c, q, f)
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	page.Title = page.titled(page.Title)
	s.show(c, http.StatusOK, "suggestion", page)
}

// draft is the page of a suggestion as somebody may use it who came from a view of the queue.
func (s *server) draft(c *gin.Context, p crm.Proposal, f queueFilter) (suggestionPage, error) {
	who, now := callerOf(c), s.Now().UTC()
	view := cardOf(p, now)
	page := suggestionPage{frame: s.frame(c, view.Workflow+" for "+view.Name), Card: view, RejectReasons: rejectChoices(), Shown: now.Format(time.RFC3339Nano), HubSpotURL: s.RecordURL(p.Record), QueueURL: f.address("/"), BackQuery: f.values().Encode(),
		MayApprove: view.Pending > 0 && who.Role.May(Approver), MayReject: view.Pending > 0 && who.Role.May(Reviewer), MayUndo: view.Undoable && who.Role.May(Approver), MayDesk: who.Role.May(Reviewer),
		Snoozes: []choice{{"1", "1 day"}, {"3", "3 days"}, {"7", "a week"}, {"30", "30 days"}}, Today: now.AddDate(0, 0, 1).Format(time.DateOnly), Latest: now.Add(longestSnooze).Format(time.DateOnly),
		Typed: typed{Edits: map[string]string{}, Assignee: p.Assignee}, Bad: map[string]string{}}
	for _, ch := range view.Changes {
		page.Typed.Edits[ch.ID] = ch.After
	}
	comments, err := s.Desk.Comments(c.Request.Context(), p.Portal, p.ID)
	if err != nil {
		return page, fmt.Errorf("suggestion %q: %w", p.ID, err)
	}
	page.Comments = each(comments, func(x crm.Comment) commentCard { return commentCard{actorWords(x.Actor), momentOf(x.At), x.Text} })
	if page.MayDesk {
		if page.People, err = s.people(c, p.Assignee); err != nil {
			return page, err
		}
	}
	before, behind, err := s.Suggestions.Beside(c.Request.Context(), f.filter(who), p.ID)
	if err != nil {
		return page, fmt.Errorf("suggestions beside %q: %w", p.ID, err)
	}
	if before != "" {
		page.PrevURL = f.address(suggestionURL(before))
	}
	if behind != "" {
		page.NextURL = f.address(suggestionURL(behind))
	}
	if f.state == "" { // a queue: where work goes on
		page.NextID = behind
	}
	return page, nil
}

// happened is what became of a suggestion since a page showed it, newest first, as the audit tells.
func (s *server) happened(c *gin.Context, p crm.Proposal, since time.Time) ([]happening, error) {
	entries, _, err := s.Audit.AuditEntries(c.Request.Context(), p.Portal, pathOf(p.Subject), "", 50)
	if err != nil {
		return nil, fmt.Errorf("what became of suggestion %q: %w", p.ID, err)
	}
	var out []happening
	for _, e := range entries {
		what, known := happenedWords[e.Action]
		if !known || e.IDs["proposal"] != p.ID || e.Time.Before(since) {
			continue
		}
		h := happening{What: what, At: momentOf(e.Time)}
		if reason := e.IDs["reason"]; reason != "" {
			h.What += " (" + strings.ToLower(words(reason)) + ")"
		}
		if len(e.Actors) > 0 && !strings.HasPrefix(e.Action, "proposal.") {
			h.Who = actorWords(e.Actors[0])
		}
		out = append(out, h)
	}
	return out, nil
}

// happenedWords name what the audit tells of a suggestion.
var happenedWords = map[string]string{
	"review.approve": "approved", "review.reject": "rejected", "review.undo": "taken back", "review.snooze": "snoozed, or shown again", "review.assign": "assigned", "review.comment": "comment added",
	"effect.verified": "written to HubSpot", "effect.conflict": "not written: a person had changed it in HubSpot", "effect.failed": "could not be written", "proposal.superseded": "a newer suggestion took its place", "proposal.expired": "nobody decided in time",
}

// newer is the address of the suggestion that waits in the place of one that waits no more; "" when there is none.
func (s *server) newer(c *gin.Context, p crm.Proposal) (string, error) {
	if p.State == crm.Pending {
		return "", nil
	}
	all, _, err := s.Suggestions.Proposals(c.Request.Context(), SuggestionFilter{Portal: p.Portal, State: crm.Pending, Workflow: p.Workflow, Record: p.Subject}, "", 1)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return suggestionURL(all[0].ID), nil
}
