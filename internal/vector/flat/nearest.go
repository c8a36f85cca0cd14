package flat

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sort"
	"sync"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/crm"
)

// Nearest returns the min(n, matching) chunks with the highest cosine, best first, ties by chunk id.
func (x *Index) Nearest(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) ([]crm.Hit, error) {
	g, err := x.acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("search vectors: %w", err)
	}
	defer g.release()
	hits, err := g.nearest(ctx, vec, view, f, n)
	if err != nil {
		return nil, fmt.Errorf("search vectors of %s: %w", place(f), err)
	}
	return hits, nil
}

// place is what a filter looks in, for errors.
func place(f crm.Filter) string {
	if f.Wide {
		return "portal " + f.Portal.String()
	}
	return f.Account.String()
}

func (g *generation) nearest(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) ([]crm.Hit, error) {
	if err := g.askable(vec, view, f); err != nil || n <= 0 {
		return nil, err
	}
	q := appendUnit(nil, vec)
	b, err := g.block(ctx, f)
	if err != nil {
		return nil, err
	}
	if !b.coarse {
		return b.search(f, view, q, n), nil
	}
	if hits, err := b.searchCoarse(ctx, f, view, q, n); !errors.Is(err, errBehind) {
		return hits, err
	}
	// A write was committed and has yet to reach memory. With writes held up, file and memory are the same.
	g.writes.Lock()
	defer g.writes.Unlock()
	if b, err = g.block(ctx, f); err != nil {
		return nil, err
	}
	return b.searchCoarse(ctx, f, view, q, n)
}

// askable refuses what no search can answer.
func (g *generation) askable(vec []float32, view crm.View, f crm.Filter) error {
	switch {
	case !f.Valid():
		return fmt.Errorf("the filter names no portal and account: %w", crm.ErrInvalid)
	case !crm.ValidVector(vec, g.Dimension):
		return fmt.Errorf("want %d finite numbers that are not all zero, have %d: %w", g.Dimension, len(vec), crm.ErrInvalid)
	case view < 0 || int(view) >= g.views():
		return fmt.Errorf("the index has no view %d: %w", view, crm.ErrInvalid)
	}
	return nil
}

// search is exact.
func (b *block) search(f crm.Filter, view crm.View, q []float32, n int) []crm.Hit {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s, dim, vectors := sift(f, &b.table, false), len(q), b.exact[view]
	return b.parallel(n, 4*dim, func(h *top, spans []span) {
		for i := range spans {
			a := &spans[i]
			if !s.passes(a) {
				continue
			}
			for r := int(a.from); r < int(a.to); r++ {
				h.offer(vek32.Dot(q, vectors[r*dim:(r+1)*dim]), uint32(r))
			}
		}
	}).hits()
}

// parallelBytes is what one core scans in about a tenth of a millisecond: less is not worth a second one.
const parallelBytes = 4 << 20

// parallel scans the spans in as many parts as pay. The caller holds the lock.
func (b *block) parallel(n, rowBytes int, scan func(*top, []span)) *top {
	best := &top{n: min(n, len(b.ids)), t: &b.table}
	parts := min(runtime.GOMAXPROCS(0), 1+len(b.ids)*rowBytes/parallelBytes)
	if parts == 1 || best.n == 0 {
		if best.n > 0 {
			scan(best, b.spans)
		}
		return best
	}
	tops := make([]*top, parts)
	var wg sync.WaitGroup
	for p := range parts {
		first, last := b.cut(p, parts), b.cut(p+1, parts)
		tops[p] = &top{n: best.n, t: &b.table}
		wg.Go(func() { scan(tops[p], b.spans[first:last]) })
	}
	wg.Wait()
	for _, t := range tops {
		for _, s := range t.rows {
			best.offer(s.score, s.row)
		}
	}
	return best
}

// cut is the span at which part p of parts begins.
func (b *block) cut(p, parts int) int {
	row := uint32(len(b.ids) * p / parts)
	return sort.Search(len(b.spans), func(i int) bool { return b.spans[i].from >= row })
}
