package generation_test

import (
	"runtime"
	"testing"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// TestWhatIsBetweenTheIndexAndTheStoreIsWaitedFor: a swap, or a comparison, that begins when the index has a change and the store has not heard of it yet would take what the
// store has for the truth, and nobody would look again: the text before it would be live for good, and what was removed would be back.
func TestWhatIsBetweenTheIndexAndTheStoreIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		what string
		do   func(set *generation.Set, name string) error
	}{
		{"swap", func(set *generation.Set, name string) error {
			return set.SwapWhole(t.Context(), name, []crm.PortalID{portal})
		}},
		{"mend", func(set *generation.Set, _ string) error {
			_, err := set.Reconcile(t.Context(), "", portal, true)
			return err
		}},
	} {
		w := newWorld(t)
		w.fill(t, 20)
		set := w.open(t, "short", makeOf())
		g, err := set.Begin(t.Context())
		check(t, err)
		check(t, set.Build(t.Context(), g.Name, generation.Step{Portal: portal}, func(generation.Step) error { return nil }))

		changed := kept(t, builtin.Hash{}, note(5), "Another text by now.", company)
		done := set.Hold()
		check(t, set.Replace(t.Context(), []crm.Kept{changed, {Activity: crm.Activity{Ref: note(6)}}}))
		ended := make(chan error, 1)
		go func() { ended <- c.do(set, g.Name) }()
		for len(ended) == 0 && !set.Awaited() {
			runtime.Gosched()
		}
		if len(ended) > 0 {
			t.Errorf("%s: did not wait", c.what)
		}
		check(t, w.db.Keep(t.Context(), []crm.Kept{changed}))
		check(t, w.db.Gone(t.Context(), []crm.Ref{note(6)}, crm.Claim{}))
		done()
		check(t, <-ended)
		w.agrees(t, set, "", 19)
	}
}
