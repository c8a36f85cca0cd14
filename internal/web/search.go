package web

import (
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// generalQuestion is what a context is packed for when the caller asks nothing in particular.
const generalQuestion = "current situation, open questions, next steps, concerns, decisions, budget and timeline"

// Sizes of a packed context, in tokens.
const (
	defaultBudget = 4000
	maxBudget     = 32000
)

type foundJSON struct {
	page[passageJSON]
	Coverage float64 `json:"coverage"`
}

// search answers a question inside the account of a record, best passages first. A search has no second page: ask for more or ask better.
func (s *server) search(c *gin.Context) {
	q := queryOf(c, "q", "as_of", "since", "kinds", "limit")
	text := q.text("q")
	if n := utf8.RuneCountInString(text); n == 0 || n > maxQuestion {
		q.refuse("q", fmt.Sprintf("a question of 1 to %d characters", maxQuestion))
	}
	s.ask(c, q, crm.Question{Text: text, Limit: q.limit(10, maxLimit)}, nil)
}

type packedJSON struct {
	foundJSON
	Left int `json:"left"` // candidates that the budget left out
}

// recordContext packs what a model would be given about a record's account, in chronological order.
func (s *server) recordContext(c *gin.Context) {
	q := queryOf(c, "q", "as_of", "since", "kinds", "budget")
	text := q.text("q")
	if text == "" {
		text = generalQuestion
	} else if utf8.RuneCountInString(text) > maxQuestion {
		q.refuse("q", fmt.Sprintf("at most %d characters", maxQuestion))
	}
	s.ask(c, q, crm.Question{Text: text, Budget: q.number("budget", defaultBudget, maxBudget)}, func(found foundJSON, left int) any { return packedJSON{found, left} })
}

// ask completes the question with the record's account and the filters, and answers. shape is nil for a plain search.
func (s *server) ask(c *gin.Context, q *query, question crm.Question, shape func(foundJSON, int) any) {
	question.AsOf, question.Since, question.Kinds = q.moment("as_of"), q.moment("since"), q.kinds("kinds")
	record, err := recordOf(c)
	q.keep(err)
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	ctx := c.Request.Context()
	question.Portal = record.Portal
	if question.Account, err = s.History.Account(ctx, record); err != nil {
		s.fail(c, fmt.Errorf("account of %s: %w", record.Path(), err))
		return
	}
	answer, err := s.Retriever.Retrieve(ctx, question)
	if err != nil {
		s.fail(c, fmt.Errorf("search %s: %w", record.Path(), err))
		return
	}
	found := foundJSON{pageOf("", answer.Passages, "", showPassage), answer.Coverage}
	if shape != nil {
		s.reply(c, http.StatusOK, shape(found, answer.Left))
		return
	}
	s.reply(c, http.StatusOK, found)
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
