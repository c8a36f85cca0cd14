package generation_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// another is the version of another chunker than the program's.
const another = indexer.ChunkerVersion + 1

// words is another chunker: every word is a chunk. A text that says so makes it panic.
func words() indexer.Chunker {
	return indexer.Chunker{Version: another, Divide: func(a crm.Activity, d crm.Document, accounts []string) (out []crm.Chunk) {
		for _, c := range indexer.Chunk(a, d, accounts) {
			for at := c.Start; at < c.End; {
				end := at
				for end < c.End && d.Text[end] != ' ' {
					end++
				}
				if word := d.Text[at:end]; word != "" {
					if word == "impossible" {
						panic(word)
					}
					k := c
					k.Start, k.End, k.Text, k.Pos = at, end, word, len(out)
					k.ID = indexer.ChunkID(a.Ref, d.Version, another, k.Pos)
					out = append(out, k)
				}
				at = end + 1
			}
		}
		return out
	}}
}

// interrupted is a store that dies while the n-th batch of newly cut chunks is kept, when half of it is there.
type interrupted struct {
	generation.Texts
	left int
}

func (i *interrupted) KeepCut(ctx context.Context, batch []crm.Kept) error {
	if i.left--; i.left == 0 {
		return errors.Join(i.Texts.KeepCut(ctx, batch[:len(batch)/2]), errors.New("killed"))
	}
	return i.Texts.KeepCut(ctx, batch)
}

// TestAnotherChunker: its generation is built from the stored texts, goes on after a crash in the cutting and one in the embedding, swaps whole and rolls back; what its
// chunker cannot take stays as it was cut before.
func TestAnotherChunker(t *testing.T) {
	w := newWorld(t)
	const n = 30
	for i := range n {
		w.put(t, kept(t, builtin.Hash{}, note(i+1), fmt.Sprintf("note %d about the price of lifts", i), company))
	}
	w.put(t, kept(t, builtin.Hash{}, note(n+1), "this is impossible to cut", company))
	dying := &interrupted{Texts: w.db, left: 1}
	upgraded := func() *generation.Set {
		set, err := generation.New(t.Context(), generation.Options{Store: w.back, Texts: dying, Embedder: "hash", Make: makeOf(), Chunker: words()})
		check(t, err)
		return set
	}
	set := upgraded()
	if wanted, err := set.Wanted(t.Context()); err != nil || !wanted || set.Live().Chunker != indexer.ChunkerVersion {
		t.Fatalf("wanted %v, live is of chunker %d: %v", wanted, set.Live().Chunker, err)
	}
	g, err := set.Begin(t.Context())
	check(t, err)
	keep := func(generation.Step) error { return nil }
	if err := set.Build(t.Context(), g.Name, generation.Step{Portal: portal}, keep); err == nil {
		t.Fatal("built although the store died")
	}
	set = upgraded()
	if again, err := set.Begin(t.Context()); err != nil || again.Name != g.Name {
		t.Fatalf("%+v %v", again, err)
	}
	killed := errors.New("killed")
	var at generation.Step
	if err := set.Build(t.Context(), g.Name, generation.Step{Portal: portal}, func(s generation.Step) error { at = s; return killed }); !errors.Is(err, killed) {
		t.Fatal(err)
	}
	set = upgraded()
	check(t, set.Build(t.Context(), g.Name, at, keep))
	r, err := set.Reconcile(t.Context(), g.Name, portal, false)
	if err != nil || r.Differs() != 0 || r.Same != n+1 {
		t.Errorf("%+v %v", r, err)
	}
	f := crm.Filter{Portal: portal, Account: company}
	count := func(name string, want int) {
		t.Helper()
		o, err := set.Named(t.Context(), name)
		check(t, err)
		if got, err := o.Index.Count(t.Context(), f); err != nil || got != want {
			t.Errorf("generation %s holds %d chunks, want %d: %v", name, got, want, err)
		}
	}
	count("g1", n+1)
	count(g.Name, 7*n+1)
	check(t, set.SwapWhole(t.Context(), g.Name, []crm.PortalID{portal}))
	if live := set.Live(); live.Chunker != another || set.Fingerprint() != fmt.Sprintf("%s cut by %d", builtin.Hash{}.Fingerprint(), another) {
		t.Errorf("live is of chunker %d, %s", live.Chunker, set.Fingerprint())
	}
	check(t, set.SwapWhole(t.Context(), "g1", []crm.PortalID{portal}))
	count("g1", n+1)
	check(t, set.Close())
}
