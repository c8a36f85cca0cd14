// Package spend stands between whoever asks a model and the model: it answers from the cache what was asked before, sets money aside before a question that costs some,
// refuses it when the month's budget has no room for the most that it can cost, and tells the ledger what it did cost. It sees the request as the provider does: whatever hides
// something from a provider stands before it, so that the cache never holds what was hidden.
package spend

import (
	"context"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Ledger keeps what calls cost. Its methods are durable when they return.
type Ledger interface {
	// Reserve sets c.Most aside under c.ID; *crm.OverBudget (which is crm.ErrPaused) when that is more than is left of the budget in c's month. 0 is no budget.
	Reserve(ctx context.Context, c crm.ModelCall, budget crm.USD) error
	// Spend records what calls cost, in the place of what was set aside for them.
	Spend(ctx context.Context, calls []crm.ModelCall) error
}

// Answers is the cache. What is put into it is stored with the run that could use it (crm.Raw), never here.
type Answers interface {
	// Answer is what was answered to this very question of this portal, not before oldest; crm.ErrNotFound.
	Answer(ctx context.Context, portal crm.PortalID, key string, oldest time.Time) (crm.KeptAnswer, error)
}
