package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Similar finds the accounts that are most like one, best first; see crm.SimilarQuestion and crm.Neighbour.
type Similar interface {
	Similar(ctx context.Context, q crm.SimilarQuestion) ([]crm.Neighbour, error)
}

type likenessJSON struct {
	Record   string   `json:"record"` // whose history it is from
	Activity string   `json:"activity"`
	Version  string   `json:"version"`
	Quote    string   `json:"quote"`
	Start    int      `json:"start"`
	End      int      `json:"end"`
	Words    []string `json:"words"`
}

type neighbourJSON struct {
	Record    recordJSON         `json:"record"`
	Name      string             `json:"name"`
	Score     float64            `json:"score"`
	Parts     map[string]float64 `json:"parts"`
	Outcome   string             `json:"outcome"` // won, lost, open, churned or "" (no deal yet)
	Amount    float64            `json:"amount"`
	CycleDays int                `json:"cycle_days"`
	Because   []likenessJSON     `json:"because"`
	X         float64            `json:"x"` // a picture: close accounts are alike, the one that was asked about is at 0, 0
	Y         float64            `json:"y"`
}

func showNeighbour(n crm.Neighbour) neighbourJSON {
	return neighbourJSON{recordJSON{n.Account.Type, n.Account.ID, n.Name}, n.Name, n.Score, dict(n.Parts), n.Outcome, n.Amount, n.CycleDays, each(n.Because, showLikeness), n.X, n.Y}
}

func showLikeness(l crm.Likeness) likenessJSON {
	return likenessJSON{l.Account.Path(), l.Activity.Path(), l.Version, l.Quote, l.Start, l.End, list(l.Words)}
}

// similar lists the accounts that are most like a record's account, with what became of them and why they are alike.
func (s *server) similar(c *gin.Context) {
	q := queryOf(c, "outcomes", "industry", "same_industry", "same_size", "min_employees", "max_employees", "as_of", "limit")
	question := crm.SimilarQuestion{SameIndustry: q.flag("same_industry"), SameSize: q.flag("same_size"), AsOf: q.moment("as_of"), Limit: q.limit(10, maxSimilar)}
	question.Industry, question.MinEmployees, question.MaxEmployees = q.text("industry"), q.number("min_employees", 0, 1<<31-1), q.number("max_employees", 0, 1<<31-1)
	question.Outcomes = q.outcomes("outcomes")
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
	found, err := s.Similar.Similar(ctx, question)
	if err != nil {
		s.fail(c, fmt.Errorf("similar to %s: %w", record.Path(), err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("", found, "", showNeighbour))
}

// maxSimilar is how many neighbours one call may ask for: each is explained.
const maxSimilar = 50

// outcomes is a list of outcomes, separated by commas.
func (q *query) outcomes(name string) (out []string) {
	s := q.text(name)
	if s == "" {
		return nil
	}
	known := []string{crm.OutcomeWon, crm.OutcomeLost, crm.OutcomeOpen, crm.OutcomeChurned}
	for word := range strings.SplitSeq(s, ",") {
		if !slices.Contains(known, word) {
			q.refuse(name, strings.Join(known, ", "))
		}
		out = append(out, word)
	}
	return out
}
