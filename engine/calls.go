package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// shown lists every activity and record whose words the prompt may hold: what is kept of the answer is forgotten with any of them.
func (r *run) shown() []crm.Ref {
	var out []crm.Ref
	add := func(ref crm.Ref) {
		if !ref.IsZero() && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	for _, ref := range []crm.Ref{r.subject, r.record.Ref, r.account, r.focus.Ref, r.around.person.Ref, r.around.company.Ref, r.around.deal.Ref, r.around.ticket.Ref} {
		add(ref)
	}
	for _, p := range r.passages {
		add(p.Activity)
	}
	return out
}

// answerUsable marks the answer that parser and checks let through: only such a one may answer the same question again.
func (r *run) answerUsable() {
	if n := len(r.calls); n > 0 {
		r.calls[n-1].Usable = true
	}
}

// settling bounds how long a run that has ended waits for the ledger.
const settling = 10 * time.Second

// settleCalls records what the calls of a run cost that is not stored with it, and returns the run's own error. The run's context may be the reason why it failed, and the money
// is spent all the same.
func (r *run) settleCalls(ctx context.Context, err error) error {
	if r.Spending == nil || len(r.calls) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer cancel()
	if serr := r.Spending.Spend(ctx, r.calls); serr != nil {
		return errors.Join(err, fmt.Errorf("what its calls cost is not recorded: %w", serr))
	}
	r.calls = nil
	return err
}
