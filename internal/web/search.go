package web

import (
	"context"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Retriever answers questions inside one account; see crm.Question and crm.Context.
type Retriever interface {
	Retrieve(ctx context.Context, q crm.Question) (crm.Context, error)
}

// GeneralQuestion is what a context is packed for when the caller asks nothing in particular.
const GeneralQuestion = "current situation, open questions, next steps, concerns, decisions, budget and timeline"

// Sizes of a packed context, in tokens.
const (
	defaultBudget = 4000
	maxBudget     = 32000
)

type foundJSON struct {
	page[passageJSON]
	Coverage   float64      `json:"coverage"`
	Answerable float64      `json:"answerable"`
	Unused     []unusedJSON `json:"unused,omitempty"` // of the activities that were asked about
}

type unusedJSON struct {
	Activity string  `json:"activity"`
	Reason   string  `json:"reason"`
	Rank     int     `json:"rank,omitempty"`
	Score    float64 `json:"score,omitempty"`
}

func showUnused(u crm.Unused) unusedJSON {
	return unusedJSON{u.Activity.Path(), u.Reason, u.Rank, u.Score}
}

// scopeKeys are the parameters that every search takes beside its question.
func scopeKeys(further ...string) []string {
	return append([]string{"q", "as_of", "since", "kinds", "people", "human", "why", "history"}, further...)
}

// search answers a question inside the account of a record, best passages first. A search has no second page: ask for more or ask better.
func (s *server) search(c *gin.Context) {
	q := queryOf(c, scopeKeys("limit")...)
	question := crm.Question{Text: q.question(), Limit: q.limit(10, maxLimit)}
	s.askRecord(c, q, question, nil)
}

// searchPortal answers a question from everything that the portal has.
func (s *server) searchPortal(c *gin.Context) {
	q := queryOf(c, scopeKeys("limit")...)
	question := crm.Question{Text: q.question(), Limit: q.limit(10, maxLimit)}
	question.Portal, question.Wide = portalOf(c), true
	s.ask(c, q, question, nil)
}

func (q *query) question() string {
	text := q.text("q")
	if n := utf8.RuneCountInString(text); n == 0 || n > maxQuestion {
		q.refuse("q", fmt.Sprintf("a question of 1 to %d characters", maxQuestion))
	}
	return text
}

type packedJSON struct {
	foundJSON
	Left int `json:"left"` // candidates that the budget left out
}

// recordContext packs what a model would be given about a record's account, in chronological order.
func (s *server) recordContext(c *gin.Context) {
	q := queryOf(c, scopeKeys("budget")...)
	text := q.text("q")
	if text == "" {
		text = GeneralQuestion
	} else if utf8.RuneCountInString(text) > maxQuestion {
		q.refuse("q", fmt.Sprintf("at most %d characters", maxQuestion))
	}
	s.askRecord(c, q, crm.Question{Text: text, Budget: q.number("budget", defaultBudget, maxBudget)}, func(found foundJSON, left int) any { return packedJSON{found, left} })
}

// askRecord asks inside the account of the record that the path names.
func (s *server) askRecord(c *gin.Context, q *query, question crm.Question, shape func(foundJSON, int) any) {
	record, err := recordOf(c)
	q.keep(err)
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	question.Portal = record.Portal
	if question.Account, err = s.History.Account(c.Request.Context(), record); err != nil {
		s.fail(c, fmt.Errorf("account of %s: %w", record.Path(), err))
		return
	}
	s.ask(c, q, question, shape)
}

// ask completes the question with the filters, and answers. shape is nil for a plain search.
func (s *server) ask(c *gin.Context, q *query, question crm.Question, shape func(foundJSON, int) any) {
	question.AsOf, question.Since, question.Kinds = q.moment("as_of"), q.moment("since"), q.kinds("kinds")
	question.People, question.Why, question.Human = q.refs("people", question.Portal, crm.ObjectType.IsRecord), q.refs("why", question.Portal, crm.ObjectType.IsActivity), q.flag("human")
	question.History = q.lines("history")
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	ctx := c.Request.Context()
	answer, err := s.Retriever.Retrieve(ctx, question)
	if err != nil {
		s.fail(c, fmt.Errorf("search: %w", err))
		return
	}
	found := foundJSON{pageOf("", answer.Passages, "", showPassage), answer.Coverage, answer.Answerable, each(answer.Unused, showUnused)}
	if shape != nil {
		s.reply(c, http.StatusOK, shape(found, answer.Left))
		return
	}
	body, ok := appendFound(make([]byte, 0, 1024*(1+len(found.Items))), &found)
	if !ok {
		s.reply(c, http.StatusOK, found) // which says what is wrong
		return
	}
	send(c, http.StatusOK, body)
}

// timeline lists a record's activities without their texts, newest first.
func (s *server) timeline(c *gin.Context) {
	q := queryOf(c, "since", "limit", "cursor")
	since, limit, cursor := q.moment("since"), q.limit(defaultLimit, maxLimit), q.cursor("timeline")
	record, err := recordOf(c)
	q.keep(err)
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	activities, next, err := s.History.TimelinePage(c.Request.Context(), record, since, cursor, limit)
	if err != nil {
		s.fail(c, fmt.Errorf("timeline of %s: %w", record.Path(), err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("timeline", activities, next, showActivity))
}

// activity shows the stored text that byte offsets refer to, of the current version or of the one asked for.
func (s *server) activity(c *gin.Context) {
	q := queryOf(c, "version")
	ref, err := activityOf(c)
	q.keep(err)
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	a, _, err := s.versionOf(c, ref, q.text("version"))
	if err != nil {
		s.fail(c, err)
		return
	}
	s.reply(c, http.StatusOK, textJSON{showActivity(a), a.Document.Text})
}

// versionOf reads an activity with the text of one version, and says whether that is the present one; "" asks for that. An activity that HubSpot no longer has
// is not shown, whatever the version.
func (s *server) versionOf(c *gin.Context, ref crm.Ref, version string) (a crm.Stored, present bool, err error) {
	ctx := c.Request.Context()
	a, err = s.History.Activity(ctx, ref)
	if err != nil {
		return crm.Stored{}, false, fmt.Errorf("activity %s: %w", ref.Path(), err)
	}
	if version == "" || version == a.Document.Version {
		return a, true, nil
	}
	text, err := s.History.Text(ctx, ref, version)
	if err != nil {
		return crm.Stored{}, false, fmt.Errorf("version %q of %s: %w", version, ref.Path(), err)
	}
	a.Document = crm.Document{Ref: ref, Version: version, Text: text}
	return a, false, nil
}
