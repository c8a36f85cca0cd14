// Package work owns the runner: it claims dirty rows from the store, hands them to handlers in batches, renews leases, retries with jittered back-off, buries what
// cannot succeed, and stops gracefully. What a handler does is idempotent by contract: it reads the present state and makes the world agree with it.
package work

import (
	"context"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Queue is the durable dirty set. The store implements it; all methods are safe for concurrent use.
type Queue interface {
	// Claim leases up to n rows of one kind that are dirty (wanted > done), due and not leased, the given lanes in order, oldest first. Each claim gets a new
	// fence. At most one running claim exists per key. An empty result is not an error.
	Claim(ctx context.Context, kind crm.WorkKind, lanes []crm.Lane, n int, owner string, lease time.Duration) ([]crm.Claim, error)
	// Extend renews the leases of claims that still hold their fence; the others are reported as lost (by index) and must stop.
	Extend(ctx context.Context, claims []crm.Claim, lease time.Duration) (lost []int, err error)
	// Finish sets done to the claim's Seq and clears attempts. crm.ErrConflict when the fence is no longer the newest.
	Finish(ctx context.Context, claims []crm.Claim) (errs []error, err error)
	// Retry releases a claim until notBefore. burn counts an attempt; an outage of a dependency or a stop does not burn. crm.ErrConflict as for Finish.
	Retry(ctx context.Context, c crm.Claim, notBefore time.Time, cause string, burn bool) error
	// Bury ends a row until it is marked anew by redrive or a newer change; it stays, with its cause. crm.ErrConflict as for Finish.
	Bury(ctx context.Context, c crm.Claim, cause string) error
	// Reclaim releases every lease of this owner at once, without burning attempts; called at start. Returns how many.
	Reclaim(ctx context.Context, owner string) (int, error)
	// NextDue is the earliest moment at which a dirty row of this kind and these lanes becomes claimable (not-before or lease expiry); zero when there is none.
	NextDue(ctx context.Context, kind crm.WorkKind, lanes []crm.Lane) (time.Time, error)
	// Marked returns a channel that receives (coalesced) after any commit that may have made rows of this kind claimable. Each call is a subscription of its own
	// and lasts until ctx ends.
	Marked(ctx context.Context, kind crm.WorkKind) <-chan struct{}
}

// Handler works on a batch of claims of one kind and returns one error per claim (nil: done), in order; a returned slice of another length is a programmer error.
// Errors are judged by kind: crm.ErrInvalid buries; crm.RetryAfter waits until its moment without burning an attempt; crm.ErrTemporary, ErrForbidden and ErrStopped are
// outages: waited for with back-off for up to a day, and with crm.ErrPaused for as long as it takes; crm.ErrNotFound counts as done; anything else is
// retried with back-off and buried after the last attempt. A handler may already have finished a claim in its own transaction and then returns ErrFinished.
type Handler func(ctx context.Context, claims []crm.Claim) []error
