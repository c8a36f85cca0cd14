package crm

import (
	"context"
	"fmt"
	"math"
	"time"
)

// ModelTask is what a model was asked for.
type ModelTask string

// The tasks. A repair is the second question of a run, after an answer that could not be used.
const (
	ChatTask      ModelTask = "chat"
	RepairTask    ModelTask = "repair"
	EmbeddingTask ModelTask = "embedding"
)

// USD is money in billionths of a US dollar, so that sums are exact: a token costs some dozens of them.
type USD int64

// Dollars makes an amount of dollars, rounded to the nearest billionth. What is larger than can be held is the largest amount.
func Dollars(d float64) USD {
	n := math.Round(d * 1e9)
	switch {
	case math.IsNaN(n) || n <= 0:
		return 0
	case n >= math.MaxInt64:
		return math.MaxInt64
	}
	return USD(n)
}

// Float is the amount in dollars.
func (u USD) Float() float64 { return float64(u) / 1e9 }

// String is dollars and cents, with more digits where there are no whole cents.
func (u USD) String() string {
	if u != 0 && u > -10_000_000 && u < 10_000_000 {
		return fmt.Sprintf("$%.6f", u.Float())
	}
	return fmt.Sprintf("$%.2f", u.Float())
}

// Day is the UTC day of a moment, as the ledger names it.
func Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Month is the first moment of the UTC calendar month of t, and NextMonth that of the one behind it: a budget is for one of them.
func Month(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// NextMonth is when the month of t ends.
func NextMonth(t time.Time) time.Time { return Month(t).AddDate(0, 1, 0) }

// ModelCall is one question to a model, what was set aside for it and what it cost. It is made where the model is asked and recorded by the store, with what became of the run.
type ModelCall struct {
	ID       string // of what was set aside for it; "": nothing was
	Portal   PortalID
	Day      string // on which it was asked
	Task     ModelTask
	Workflow string // "" for embeddings
	Model    string // provider/model as configured
	Most     USD    // what it can cost at most
	Cost     USD
	Unsure   bool // it failed in a way that may have been charged for: Cost is Most
	Usage    Usage
	Saved    int      // tokens that an answer from the cache cost when it was given
	Times    int      // how many calls this is the sum of; 0: it is one
	Requests []string // ids that the provider gave to its requests, as far as it gives any; of a sum, the newest ones

	Key     string // of the answer in the cache; "": it is not to be kept
	Answer  []byte // as the model gave it
	Answers string // who answered: provider/model@digest
	Sources []Ref  // whose words were in the prompt: erasing one of them erases the answer
	Usable  bool   // the answer passed parser and checks: only such a one is kept
}

// KeptAnswer is a model's answer from the cache.
type KeptAnswer struct {
	Body  []byte
	Model string // who answered
	Usage Usage  // what it cost when it was given
}

// Spent is a line of the ledger: the sums of one day (or of whatever a reader has added up).
type Spent struct {
	Day      string
	Task     ModelTask
	Workflow string
	Model    string
	Calls    int // that a model was asked, failed ones included where they may have been charged for
	Unsure   int // calls of which only the most that they can have cost is known
	Unpriced int // calls of a model whose price nobody has said: not in Cost
	Usage    Usage
	Saved    int // tokens that answers from the cache did not cost again
	Cost     USD
}

// Add sums two lines; the names are those of s.
func (s Spent) Add(o Spent) Spent {
	s.Calls, s.Unsure, s.Unpriced, s.Saved = s.Calls+o.Calls, s.Unsure+o.Unsure, s.Unpriced+o.Unpriced, s.Saved+o.Saved
	s.Usage, s.Cost = s.Usage.Add(o.Usage), s.Cost+o.Cost
	return s
}

// MonthSpend is how a portal stands in one month: what was spent, and what is set aside for calls that are under way.
type MonthSpend struct {
	Spent    USD
	Reserved USD
	Waiting  int // runs that wait for money
}

// OverBudget says that a call was not made because it might have cost more than is left of the month's budget. It unwraps to ErrPaused: the work is kept.
type OverBudget struct {
	Budget, Spent, Reserved, Most USD
	Until                         time.Time // when the next month's budget begins
}

// BudgetWords begin the text of an OverBudget, and so the last error of work that waits for money.
const BudgetWords = "the budget of the month is used up"

// Error says all amounts and when it ends.
func (e *OverBudget) Error() string {
	text := fmt.Sprintf("%s: %s of %s spent", BudgetWords, e.Spent, e.Budget)
	if e.Reserved > 0 {
		text += fmt.Sprintf(", %s set aside for calls under way", e.Reserved)
	}
	return text + fmt.Sprintf(", this call can cost %s: it waits until %s, or until budget.monthly_usd is raised", e.Most, e.Until.UTC().Format(time.RFC3339))
}

// Unwrap is the kind.
func (e *OverBudget) Unwrap() error { return ErrPaused }

type payersKey struct{}

// WithPayers names the portals that what is done under the context is done for, each with its share (any measure, such as bytes of text): an embedder is not told.
func WithPayers(ctx context.Context, shares map[PortalID]int) context.Context {
	return context.WithValue(ctx, payersKey{}, shares)
}

// Payers are the portals of WithPayers; nil when nobody named any.
func Payers(ctx context.Context) map[PortalID]int {
	shares, _ := ctx.Value(payersKey{}).(map[PortalID]int) // absent: nil
	return shares
}
