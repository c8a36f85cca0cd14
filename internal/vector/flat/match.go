package flat

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Okapi BM25 with the parameters of the contract.
const (
	saturation   = 1.2 // k1
	lengthWeight = .75 // b
)

// Match is BM25 over the terms of a portal's chunks, with the statistics of that portal.
func (x *Index) Match(ctx context.Context, terms []string, f crm.Filter, n int) ([]crm.Hit, error) {
	if !f.Valid() {
		return nil, fmt.Errorf("match words: the filter names no portal and account: %w", crm.ErrInvalid)
	}
	g, err := x.acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("match words: %w", err)
	}
	defer g.release()
	if n <= 0 || len(terms) == 0 {
		return nil, nil
	}
	w, err := g.words(ctx, f.Portal)
	if err != nil {
		return nil, fmt.Errorf("match words of %s: %w", place(f), err)
	}
	return w.match(terms, f, n), nil
}

func (w *words) match(terms []string, f crm.Filter, n int) []crm.Hit {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.live == 0 {
		return nil
	}
	scores, touched := w.score(terms)
	best := &top{n: n, t: &w.table}
	if s := sift(f, &w.table, true); s.open {
		for _, r := range touched {
			best.offer(scores[r], r)
		}
	} else {
		for i := range w.spans {
			a := &w.spans[i]
			if !s.passes(a) {
				continue
			}
			for r := a.from; r < a.to; r++ {
				if scores[r] > 0 {
					best.offer(scores[r], r)
				}
			}
		}
	}
	return best.hits()
}

// score gives every row its BM25, and lists the live rows that have one.
func (w *words) score(terms []string) (scores []float32, touched []uint32) {
	scores = make([]float32, len(w.ids))
	norm := saturation * lengthWeight * float64(w.speaking) / float64(max(w.total, 1)) // over the average length
	var seen []uint32
	for _, term := range terms {
		hash := hashTerm(term)
		if slices.Contains(seen, hash) {
			continue
		}
		seen = append(seen, hash)
		place, ok := w.at[hash]
		if !ok {
			continue
		}
		list := w.lists[place]
		df := 0
		for _, p := range list {
			if w.lengths[p>>countBits] != gone {
				df++
			}
		}
		idf := math.Log(1 + (float64(w.speaking)-float64(df)+.5)/(float64(df)+.5))
		for _, p := range list {
			r, tf := p>>countBits, float64(p&(1<<countBits-1))
			length := w.lengths[r]
			if length == gone {
				continue
			}
			if scores[r] == 0 {
				touched = append(touched, r)
			}
			scores[r] += float32(idf * tf * (saturation + 1) / (tf + saturation*(1-lengthWeight) + norm*float64(length)))
		}
	}
	return scores, touched
}
