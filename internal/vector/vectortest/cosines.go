package vectortest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// hitsOf are cosines in the order of hits.
func hitsOf(t *testing.T, name string, c crm.Cosines) []crm.Hit {
	t.Helper()
	if len(c.Chunks) != len(c.Of) {
		t.Fatalf("%s: %d chunks and %d cosines", name, len(c.Chunks), len(c.Of))
	}
	hits := make([]crm.Hit, len(c.Of))
	for i, x := range c.Of {
		hits[i] = crm.Hit{Chunk: c.Chunks[i], Score: float64(x)}
	}
	slices.SortFunc(hits, compare)
	return hits
}

// coded is how far one of them may be from the exact one: what a byte per dimension loses where there are as few as here. At 256 it is a tenth of that.
const coded = 1e-2

// unordered compares cosines with the exact answer.
func unordered(t *testing.T, x Index, name string, q []float32, view crm.View, f crm.Filter, n int, w world) {
	t.Helper()
	c, err := x.Cosines(t.Context(), q, view, f, n)
	check(t, err)
	within(t, coded, name, hitsOf(t, name, c), w.nearest(q, view, f, max(0, n)))
}

// cosines asks for all of an account between writes: what an earlier question was answered stays as it was.
func cosines(t *testing.T, s *space) {
	w := world{activity(note(1), 3, start, acme), activity(note(2), 4, start, acme, bolt), activity(note(3), 2, start, bolt)}
	check(t, s.x.Replace(t.Context(), w))
	var asked []crm.Cosines
	var copies []crm.Cosines
	step := func(name string) {
		t.Helper()
		for _, f := range []crm.Filter{in(acme), in(bolt), wide(1), {Portal: 1, Account: acme, AsOf: start}, {Portal: 1, Account: acme, Kinds: []crm.Kind{crm.Note}}} {
			for _, n := range []int{-1, 0, 1, 5, 7, 8, 1000} {
				unordered(t, s.x, fmt.Sprintf("%s, %+v, n %d", name, f, n), vector(Dim, 9), crm.ItemView, f, n, w)
			}
		}
		for range 2 {
			c, err := s.x.Cosines(t.Context(), vector(Dim, 4), crm.ItemView, in(acme), 1000)
			check(t, err)
			asked, copies = append(asked, c), append(copies, crm.Cosines{Chunks: slices.Clone(c.Chunks), Of: slices.Clone(c.Of)})
		}
		for i := range asked {
			if !slices.Equal(asked[i].Chunks, copies[i].Chunks) || !slices.Equal(asked[i].Of, copies[i].Of) {
				t.Fatalf("%s: the answer of question %d has changed", name, i)
			}
		}
	}
	step("stored")
	w = append(w, activity(note(4), 5, start, acme))
	check(t, s.x.Replace(t.Context(), w[3:]))
	step("one more activity")
	w[0] = activity(note(1), 1, start, acme)
	check(t, s.x.Replace(t.Context(), w[:1]))
	step("a shorter text")
	check(t, s.x.Relink(t.Context(), note(2), []crm.Ref{bolt}, nil))
	w[1].Accounts = []crm.Ref{bolt}
	step("moved away")
	check(t, s.x.Relink(t.Context(), note(2), []crm.Ref{acme}, nil))
	w[1].Accounts = []crm.Ref{acme}
	step("and back")
	check(t, s.x.Replace(t.Context(), []crm.Kept{activity(note(4), 0, start)}))
	w = w[:3]
	step("removed")
}
