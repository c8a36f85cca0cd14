package flat

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
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
	switch {
	case !f.Valid():
		return nil, fmt.Errorf("the filter names no portal and account: %w", crm.ErrInvalid)
	case !crm.ValidVector(vec, g.Dimension):
		return nil, fmt.Errorf("want %d finite numbers that are not all zero, have %d: %w", g.Dimension, len(vec), crm.ErrInvalid)
	case view < 0 || int(view) >= g.views():
		return nil, fmt.Errorf("the index has no view %d: %w", view, crm.ErrInvalid)
	case n <= 0:
		return nil, nil
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

// errBehind says that a row in memory is no longer in the file: a write is on its way, or the row was lost.
var errBehind = fmt.Errorf("%w: vectors of an activity are missing", ErrDamaged)

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

// depth is how many rows are ordered exactly for n hits. On vectors of real texts of 256 dimensions the codes put all of the best 10 among their first 20.
func depth(n int) int { return 2*n + 30 }

// searchCoarse scans the codes and orders the best by the float32 vectors in the file. errBehind: one of them is not there.
func (b *block) searchCoarse(ctx context.Context, f crm.Filter, view crm.View, q []float32, n int) ([]crm.Hit, error) {
	candidates := b.scanCodes(f, view, q, depth(n))
	numbers := make([]int64, len(candidates))
	for i, c := range candidates {
		numbers[i] = c.n
	}
	slices.Sort(numbers)
	vectors, err := b.g.fetch(ctx, slices.Compact(numbers))
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	best := &top{n: n, t: &b.table}
	for _, c := range candidates {
		data, ok := vectors[c.n]
		if !ok {
			return nil, errBehind
		}
		dim := b.g.Dimension
		from := (int(view)*c.chunks + c.pos) * dim
		if len(data) < from+dim {
			return nil, fmt.Errorf("%w: too few vectors of an activity", ErrDamaged)
		}
		best.offer(vek32.Dot(q, data[from:from+dim]), c.row)
	}
	return best.hits(), nil
}

// candidate is a row by its place in the file.
type candidate struct {
	n           int64
	pos, chunks int
	row         uint32
}

func (b *block) scanCodes(f crm.Filter, view crm.View, q []float32, n int) []candidate {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s, coded, c := sift(f, &b.table, false), asQuestion(q), &b.codes[view]
	dots := b.g.dots
	best := b.parallel(n, len(coded), func(h *top, spans []span) {
		out := make([]int32, 512)
		scan := func(from, to uint32) {
			for from < to {
				rows := min(uint32(len(out)), to-from)
				dots(coded, c.values[int(from)*len(coded):int(from+rows)*len(coded)], out[:rows])
				for i, dot := range out[:rows] {
					h.offer(float32(dot)*c.scales[int(from)+i], from+uint32(i))
				}
				from += rows
			}
		}
		var from, to uint32 // rows that pass and lie together
		for i := range spans {
			if a := &spans[i]; s.passes(a) {
				if a.from != to {
					scan(from, to)
					from = a.from
				}
				to = a.to
			}
		}
		scan(from, to)
	})
	out := make([]candidate, len(best.rows))
	for i, r := range best.rows {
		a := &b.spans[sort.Search(len(b.spans), func(i int) bool { return b.spans[i].to > r.row })]
		out[i] = candidate{a.n, int(r.row - a.from), int(a.to - a.from), r.row}
	}
	return out
}

const fetchVectors = `SELECT n, data FROM vectors WHERE n IN (SELECT value FROM json_each(?))`

// fetch reads the vectors of activities by number; those that are gone are not in the answer.
func (g *generation) fetch(ctx context.Context, numbers []int64) (map[int64][]float32, error) {
	list, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	rows, err := g.read.QueryContext(ctx, fetchVectors, string(list))
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close() // reading: rows.Err below is what counts
	out := make(map[int64][]float32, len(numbers))
	for rows.Next() {
		var n int64
		var data sql.RawBytes
		if err := rows.Scan(&n, &data); err != nil {
			return nil, damaged(err)
		}
		body, err := unsealed(fmt.Sprint(n), data)
		if err != nil {
			return nil, err
		}
		out[n] = decodeFloats(make([]float32, 0, len(body)/4), body)
	}
	return out, damaged(rows.Err())
}
