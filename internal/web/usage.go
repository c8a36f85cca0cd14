package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Budget is what models may cost in one portal and month (0: anything), what they did cost, and how many runs wait for money.
type Budget struct {
	Limit crm.USD
	crm.MonthSpend
}

// Usage tells what models cost. Months are UTC calendar months, named by any moment in them.
type Usage interface {
	Budget(ctx context.Context, portal crm.PortalID, month time.Time) (Budget, error)
	// Spending lists the ledger of a month: one line for each day, task, workflow and model.
	Spending(ctx context.Context, portal crm.PortalID, month time.Time) ([]crm.Spent, error)
}

// budgetJSON is how a portal stands in a month. Without a budget monthly_usd is 0 and left_usd is null. stopped: runs wait for money, or the next one would have to.
type budgetJSON struct {
	Month       string    `json:"month"` // 2006-01, a calendar month in UTC
	MonthlyUSD  float64   `json:"monthly_usd"`
	SpentUSD    float64   `json:"spent_usd"`
	ReservedUSD float64   `json:"reserved_usd"` // set aside for calls under way
	LeftUSD     *float64  `json:"left_usd"`
	Stopped     bool      `json:"stopped"`
	WaitingRuns int       `json:"waiting_runs"`
	RenewsAt    time.Time `json:"renews_at"`
}

// usageJSON is what a model was asked for and what that cost. Cost is null where some of it is unknown.
type usageJSON struct {
	Day          *string       `json:"day"` // null: the whole month
	Task         crm.ModelTask `json:"task"`
	Workflow     string        `json:"workflow"`
	Model        string        `json:"model"`
	Calls        int           `json:"calls"`
	Unpriced     int           `json:"unpriced"` // calls of a model whose price nobody has said
	Unsure       int           `json:"unsure"`   // calls that failed and count with the most that they can have cost
	FromCache    int           `json:"from_cache"`
	InputTokens  int           `json:"input_tokens"`
	OutputTokens int           `json:"output_tokens"`
	CachedTokens int           `json:"cached_tokens"`
	SavedTokens  int           `json:"saved_tokens"` // by answers from the cache
	CostUSD      *float64      `json:"cost_usd"`
}

type monthJSON struct {
	Budget budgetJSON  `json:"budget"`
	Items  []usageJSON `json:"items"`
	Next   *string     `json:"next"` // always null: a month is one page
}

// showSpending tells what the caller's portal spent on models in a month: month=2006-01 (default: this one), by=day or month (default).
func (s *server) showSpending(c *gin.Context) {
	q := queryOf(c, "month", "by")
	at := s.Now()
	if text := q.text("month"); text != "" {
		var err error
		if at, err = time.Parse("2006-01", text); err != nil {
			q.refuse("month", "a month such as 2026-11")
		}
	}
	by := q.text("by")
	if by != "" && by != "day" && by != "month" {
		q.refuse("by", "day or month")
	}
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	budget, lines, err := s.spending(c, at, by == "day")
	if err != nil {
		s.fail(c, fmt.Errorf("usage: %w", err))
		return
	}
	s.reply(c, http.StatusOK, monthJSON{Budget: budget, Items: lines})
}

func (s *server) spending(c *gin.Context, at time.Time, daily bool) (budgetJSON, []usageJSON, error) {
	spent, err := s.Usage.Spending(c.Request.Context(), portalOf(c), at)
	if err != nil {
		return budgetJSON{}, nil, err
	}
	b, err := s.Usage.Budget(c.Request.Context(), portalOf(c), at)
	if err != nil {
		return budgetJSON{}, nil, err
	}
	if !daily {
		spent = wholeMonth(spent)
	}
	out := budgetJSON{Month: crm.Month(at).Format("2006-01"), MonthlyUSD: b.Limit.Float(), SpentUSD: b.Spent.Float(), ReservedUSD: b.Reserved.Float(), WaitingRuns: b.Waiting, RenewsAt: crm.NextMonth(at)}
	if b.Limit > 0 {
		left := max(0, b.Limit-b.Spent-b.Reserved)
		dollars := left.Float()
		out.LeftUSD, out.Stopped = &dollars, left == 0 || b.Waiting > 0
	}
	return out, each(spent, showUsage), nil
}

// wholeMonth adds the days up.
func wholeMonth(days []crm.Spent) (out []crm.Spent) {
	for _, d := range days {
		d.Day = ""
		i := slices.IndexFunc(out, func(o crm.Spent) bool { return o.Task == d.Task && o.Workflow == d.Workflow && o.Model == d.Model })
		if i < 0 {
			out = append(out, d)
			continue
		}
		out[i] = out[i].Add(d)
	}
	return out
}

func showUsage(s crm.Spent) usageJSON {
	out := usageJSON{Day: textOrNull(s.Day), Task: s.Task, Workflow: s.Workflow, Model: s.Model, Calls: s.Calls, Unpriced: s.Unpriced, Unsure: s.Unsure, FromCache: s.Usage.FromCache,
		InputTokens: s.Usage.InputTokens, OutputTokens: s.Usage.OutputTokens, CachedTokens: s.Usage.CachedTokens, SavedTokens: s.Saved}
	if s.Unpriced == 0 {
		cost := s.Cost.Float()
		out.CostUSD = &cost
	}
	return out
}
