package vectortest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func generations(t *testing.T, s Store) []crm.Generation {
	t.Helper()
	gs, err := s.Generations(t.Context())
	check(t, err)
	for i := range gs {
		gs[i].Created = gs[i].Created.UTC()
	}
	return gs
}

func create(t *testing.T, s *space) {
	ctx := t.Context()
	first := crm.Generation{Name: "g1", Fingerprint: "suite@1", Dimension: Dim, Created: start, Live: true}
	second := crm.Generation{Name: "g2", Fingerprint: "ollama/all-minilm sha256:1b22 384 v3", Dimension: 384, Windows: true, Embedder: "ollama/all-minilm http://localhost:11434",
		Created: start.Add(time.Hour + 123456*time.Microsecond)}
	check(t, s.Create(ctx, second))
	again := second
	again.Embedder, again.Created = "elsewhere", start.AddDate(1, 0, 0)
	check(t, s.Create(ctx, again))
	if got := generations(t, s); !slices.Equal(got, []crm.Generation{first, second}) {
		t.Errorf("generations are %+v", got)
	}
	for name, change := range map[string]func(*crm.Generation){
		"another fingerprint": func(g *crm.Generation) { g.Fingerprint = "other" }, "another dimension": func(g *crm.Generation) { g.Dimension = 8 },
		"windows": func(g *crm.Generation) { g.Windows = false },
	} {
		g := second
		change(&g)
		if err := s.Create(ctx, g); !errors.Is(err, crm.ErrConflict) {
			t.Errorf("the same name with %s: %v, want a conflict", name, err)
		}
	}
	for name, change := range map[string]func(*crm.Generation){
		"no name": func(g *crm.Generation) { g.Name = "" }, "a name with a dash": func(g *crm.Generation) { g.Name = "g-3" },
		"a name with a quote": func(g *crm.Generation) { g.Name = `g3"; drop` }, "an upper-case name": func(g *crm.Generation) { g.Name = "G3" },
		"no fingerprint": func(g *crm.Generation) { g.Fingerprint = "" }, "no dimension": func(g *crm.Generation) { g.Dimension = 0 },
		"a negative dimension": func(g *crm.Generation) { g.Dimension = -4 },
	} {
		g := crm.Generation{Name: "g3", Fingerprint: "suite@3", Dimension: Dim}
		change(&g)
		invalid(t, "a generation with "+name, s.Create(ctx, g))
	}
	if err := s.Swap(ctx, "g9"); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("swap to an unknown generation: %v", err)
	}
	if x, err := s.Open(ctx, "g9"); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("an unknown generation was opened: %v %v", x, err)
	}
	if err := s.Drop(ctx, "g1"); !errors.Is(err, crm.ErrConflict) {
		t.Errorf("dropping the live generation: %v, want a conflict", err)
	}
	check(t, s.Drop(ctx, "g9"))
	if got := generations(t, s); !slices.Equal(got, []crm.Generation{first, second}) {
		t.Errorf("after all refusals: %+v", got)
	}
}

func swap(t *testing.T, s *space) {
	ctx := t.Context()
	check(t, s.Create(ctx, crm.Generation{Name: "g2", Fingerprint: "suite@2", Dimension: 8, Created: start.Add(time.Hour)}))
	old, next := openIndex(t, s, "g1"), openIndex(t, s, "g2")
	k := activity(note(1), 3, start, acme)
	check(t, old.Replace(ctx, []crm.Kept{k}))
	if n := count(t, next, wide(1)); n != 0 {
		t.Errorf("a new generation has %d chunks", n)
	}
	invalid(t, "a vector of the old generation in the new one", next.Replace(ctx, []crm.Kept{k}))
	k2 := each(activity(note(1), 2, start, acme), func(c *crm.Chunk) { c.Vector = vector(8, uint64(c.Pos)) })
	check(t, next.Replace(ctx, []crm.Kept{k2}))
	check(t, next.PutProfiles(ctx, []crm.Profile{{Account: acme, Vector: vector(8, 1)}}))
	size := func(when string, x Index, want int) {
		t.Helper()
		if got := count(t, x, in(acme)); got != want {
			t.Errorf("%s: %d chunks, want %d", when, got, want)
		}
	}
	size("before the swap", s.x, 3)
	for range 2 {
		check(t, s.Swap(ctx, "g2"))
		size("the live one follows", s.x, 2)
		size("opened by name", old, 3)
		size("opened by name", next, 2)
	}
	_, err := s.x.Nearest(ctx, vector(Dim, 1), crm.ItemView, in(acme), 5)
	invalid(t, "a question of the old embedder to the new generation", err)
	if ps, err := s.x.Profiles(ctx, []crm.Ref{acme}); err != nil || len(ps) != 1 {
		t.Errorf("the new generation has its own profiles: %v %v", ps, err)
	}
	check(t, s.Swap(ctx, "g1")) // rolled back
	size("rolled back", s.x, 3)
	if ps, err := s.x.Profiles(ctx, []crm.Ref{acme}); err != nil || len(ps) != 0 {
		t.Errorf("profiles of another generation: %v %v", ps, err)
	}
	check(t, s.Drop(ctx, "g2"))
	check(t, s.Drop(ctx, "g2"))
	if _, err := s.Open(ctx, "g2"); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("a dropped generation was opened: %v", err)
	}
	if n, err := next.Count(ctx, in(acme)); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("an index of a dropped generation answers %d, %v, want not found", n, err)
	}
	if err := next.Replace(ctx, []crm.Kept{k2}); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("an index of a dropped generation was written: %v", err)
	}
	if got := generations(t, s); len(got) != 1 || got[0].Name != "g1" || !got[0].Live {
		t.Errorf("generations are %+v", got)
	}
	check(t, s.Create(ctx, crm.Generation{Name: "g2", Fingerprint: "suite@9", Dimension: 4, Created: start.Add(2 * time.Hour)}))
	size("a new one of the old name is empty", openIndex(t, s, "g2"), 0)
	size("the live one stays", s.x, 3)
}

// swapUnderLoad searches the live generation while two are swapped: each answer is wholly of one of them and the last search sees the last swap.
func swapUnderLoad(t *testing.T, s *space) {
	ctx := t.Context()
	check(t, s.Create(ctx, crm.Generation{Name: "g2", Fingerprint: "suite@2", Dimension: Dim, Created: start.Add(time.Hour)}))
	a, b := activity(note(1), 6, start, acme), activity(note(1), 9, start, acme)
	for i := range b.Chunks {
		b.Chunks[i].ID, _ = chunkID(note(1), "second", i)
	}
	check(t, s.x.Replace(ctx, []crm.Kept{a}))
	check(t, openIndex(t, s, "g2").Replace(ctx, []crm.Kept{b}))
	sets := [][]string{chunkIDs(a.Chunks), chunkIDs(b.Chunks)}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				hits, err := s.x.Nearest(ctx, vector(Dim, 1), crm.ItemView, in(acme), 20)
				if got := sorted(ids(hits)); err != nil || !slices.ContainsFunc(sets, func(want []string) bool { return slices.Equal(got, want) }) {
					t.Errorf("during a swap: %d hits of both or neither generation, %v", len(got), err)
					return
				}
			}
		})
	}
	for i := range 20 {
		if err := s.Swap(ctx, []string{"g2", "g1"}[i%2]); err != nil {
			t.Error(err)
		}
		if got := sorted(nearest(t, s.x, in(acme), 20)); !slices.Equal(got, sets[(i+1)%2]) {
			t.Errorf("a search after swap %d answers from the other generation", i)
		}
	}
	close(done)
	wg.Wait()
}
