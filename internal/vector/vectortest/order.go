package vectortest

import (
	"math"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// exact compares hits with the exact answer: as many, best first, ties by id, each rank's score within slack.
func exact(t *testing.T, name string, got, want []crm.Hit) {
	t.Helper()
	within(t, slack, name, got, want)
}

// within is exact with another slack.
func within(t *testing.T, slack float64, name string, got, want []crm.Hit) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d hits, want %d", name, len(got), len(want))
		return
	}
	for i, h := range got {
		if math.Abs(h.Score-want[i].Score) > slack {
			t.Errorf("%s: hit %d scores %.5f, want %.5f", name, i, h.Score, want[i].Score)
		}
		if i > 0 && compare(got[i-1], h) >= 0 {
			t.Errorf("%s: hits %d and %d are out of order: %v, %v", name, i-1, i, got[i-1], h)
		}
	}
}

func order(t *testing.T, s *space) {
	var w world
	for i := range 40 {
		w = append(w, activity(note(i), 5, start, acme))
	}
	for i := range 6 { // the same words in several activities: the same vectors
		k := activity(note(100+i), 2, start, acme)
		for j := range k.Chunks {
			k.Chunks[j].Vector = vector(Dim, 1)
		}
		w = append(w, k)
	}
	check(t, s.x.Replace(t.Context(), w))
	for _, f := range []crm.Filter{in(acme), wide(1)} {
		for seed := range uint64(5) {
			for _, n := range []int{1, 12, 30, 400} {
				hits, err := s.x.Nearest(t.Context(), vector(Dim, seed), crm.ItemView, f, n)
				check(t, err)
				exact(t, "exact search", hits, w.nearest(vector(Dim, seed), crm.ItemView, f, n))
			}
		}
	}
}

// lengths stores and asks with vectors that are not of unit length: the score is the cosine.
func lengths(t *testing.T, s *space) {
	w := world{activity(note(1), 8, start, acme)}
	for i := range w[0].Chunks {
		for j := range w[0].Chunks[i].Vector {
			w[0].Chunks[i].Vector[j] *= float32(1+i*i) / 3
		}
	}
	check(t, s.x.Replace(t.Context(), w))
	q := vector(Dim, 2)
	for i := range q {
		q[i] *= 40
	}
	for _, f := range []crm.Filter{in(acme), wide(1)} {
		hits, err := s.x.Nearest(t.Context(), q, crm.ItemView, f, 8)
		check(t, err)
		exact(t, "vectors of other lengths", hits, w.nearest(q, crm.ItemView, f, 8))
	}
}

func views(t *testing.T, s *space) {
	var w world
	for i := range 10 {
		k := activity(note(i), 3, start, acme)
		for j := range k.Chunks {
			k.Chunks[j].Window = vector(Dim, uint64(5000+10*i+j))
		}
		w = append(w, k)
	}
	check(t, s.x.Replace(t.Context(), w))
	target := w[4].Chunks[1]
	for view, v := range map[crm.View][]float32{crm.ItemView: target.Vector, crm.WindowView: target.Window} {
		hits, err := s.x.Nearest(t.Context(), v, view, in(acme), 5)
		check(t, err)
		exact(t, "a view", hits, w.nearest(v, view, in(acme), 5))
		if len(hits) > 0 && (hits[0].Chunk != target.ID || math.Abs(hits[0].Score-1) > slack) {
			t.Errorf("view %d: the chunk's own vector finds %v first", view, hits[0])
		}
	}
	if _, err := s.x.Nearest(t.Context(), target.Vector, crm.View(2), in(acme), 5); err == nil {
		t.Error("a view that does not exist was searched")
	}
}
