package generation_test

import (
	"context"
	"iter"
	"testing"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// slow is an embedder during whose work something happens, once.
type slow struct {
	short
	meanwhile *func()
}

func (s slow) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	if do := *s.meanwhile; do != nil && kind == crm.EmbedDocument {
		*s.meanwhile = nil
		do()
	}
	return s.short.Embed(ctx, kind, texts)
}

// late is a store that something happens to once it has been read.
type late struct {
	generation.Texts
	meanwhile func()
}

func (l *late) Indexed(ctx context.Context, p crm.PortalID, chunker int) iter.Seq2[crm.Indexed, error] {
	return func(yield func(crm.Indexed, error) bool) {
		for x, err := range l.Texts.Indexed(ctx, p, chunker) {
			if !yield(x, err) {
				return
			}
		}
		if do := l.meanwhile; do != nil {
			l.meanwhile = nil
			do()
		}
	}
}

func TestWhatIsForgottenWhileItIsEmbeddedStaysForgotten(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 20)
	var meanwhile func()
	set, err := generation.New(t.Context(), generation.Options{Store: w.back, Texts: w.db, Embedder: "slow", Make: func(_ context.Context, description string) (generation.Embedder, error) {
		if description == "slow" {
			return slow{meanwhile: &meanwhile}, nil
		}
		return builtin.Hash{}, nil
	}})
	check(t, err)
	g, err := set.Begin(t.Context())
	check(t, err)
	forget := func(ref crm.Ref) func() {
		return func() { // vectors first, as the indexer does
			check(t, set.Replace(t.Context(), []crm.Kept{{Activity: crm.Activity{Ref: ref}}}))
		}
	}
	meanwhile = forget(note(3))
	check(t, set.Build(t.Context(), g.Name, generation.Step{Portal: portal}, func(generation.Step) error { return nil }))
	next, err := set.Named(t.Context(), g.Name)
	check(t, err)
	if n, err := next.Index.Count(t.Context(), crm.Filter{Portal: portal, Account: company}); err != nil || n != 19 {
		t.Errorf("after the build: %d chunks, %v; want 19 without the one that was forgotten", n, err)
	}
	check(t, next.Index.Replace(t.Context(), []crm.Kept{{Activity: crm.Activity{Ref: note(3)}}, {Activity: crm.Activity{Ref: note(4)}}}))
	meanwhile = forget(note(4))
	_, err = set.Reconcile(t.Context(), g.Name, portal, true)
	check(t, err)
	if n, err := next.Index.Count(t.Context(), crm.Filter{Portal: portal, Account: company}); err != nil || n != 19 { // 3 was only out of the index
		t.Errorf("after reconciling: %d chunks, %v; want 19 without the one that was forgotten", n, err)
	}
}

func TestReconcilingUndoesNothingThatIsWrittenMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 20)
	texts := &late{Texts: w.db}
	set, err := generation.New(t.Context(), generation.Options{Store: w.back, Texts: texts, Embedder: "hash", Make: makeOf()})
	check(t, err)
	w.set = set
	texts.meanwhile = func() { // a new one, another text, other accounts; the store has not heard of the last two yet
		w.put(t, kept(t, builtin.Hash{}, note(100), "What came after the store was read.", company))
		check(t, set.Replace(t.Context(), []crm.Kept{kept(t, builtin.Hash{}, note(101), "What the store is told of next.", company)}))
		check(t, set.Replace(t.Context(), []crm.Kept{kept(t, builtin.Hash{}, note(5), "Another text by now.", company)}))
		check(t, set.Relink(t.Context(), note(6), []crm.Ref{other}, nil))
	}
	_, err = set.Reconcile(t.Context(), "", portal, true)
	check(t, err)
	r, err := set.Reconcile(t.Context(), "", portal, false)
	check(t, err)
	if want := (generation.Report{Same: 19, Stale: 1, Moved: 1, Orphans: 1}); r != want {
		t.Errorf("after reconciling the index holds %+v, want %+v: everything that was written meanwhile", r, want)
	}
}
