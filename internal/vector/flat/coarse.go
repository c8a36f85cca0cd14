package flat

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"sync"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/crm"
)

// A portal's vectors are scanned as codes, which are a quarter of the size, and what is read is what a scan takes time for. Each product of codes comes with bounds on the true
// one, so that the answer is exact: whatever could be among the best n is compared by its true product, and nothing else can be. For 10 hits that is about 20 rows, for 100
// about 200 (42,731 real texts, and vectors of pure chance).

// errBehind says that a row in memory is no longer in the file: a write is on its way, or the row was lost.
var errBehind = fmt.Errorf("%w: vectors of an activity are missing", ErrDamaged)

// rerankStep is how many rows are compared at a time. Most questions need no second step.
const rerankStep = 256

// searchCoarse returns what search would. errBehind: a row is not in the file.
func (b *block) searchCoarse(ctx context.Context, f crm.Filter, view crm.View, q []float32, n int) ([]crm.Hit, error) {
	candidates := b.scanCodes(f, view, q, n)
	// The most promising first: the best that are found soon rule out the others.
	slices.SortFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.high, a.high) })
	best := &top{n: n, t: &b.table}
	for len(candidates) > 0 && (len(best.rows) < n || candidates[0].high >= best.rows[0].score) {
		step := candidates[:min(rerankStep, len(candidates))]
		candidates = candidates[len(step):]
		if err := b.rerank(ctx, best, view, q, step); err != nil {
			return nil, err
		}
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return best.hits(), nil
}

// rerank offers the true products of rows, from memory or from the file.
func (b *block) rerank(ctx context.Context, best *top, view crm.View, q []float32, step []candidate) error {
	var vectors map[int64][]float32
	if !b.rests {
		var err error
		if vectors, err = b.g.fetch(ctx, step); err != nil {
			return err
		}
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	coded := b.codes[view].Ask(q)
	for _, c := range step {
		if b.rests {
			best.offer(b.codes[view].Product(&coded, int(c.row)), c.row)
			continue
		}
		data, ok := vectors[c.at]
		if !ok {
			return errBehind
		}
		from := c.pos*b.g.width() + int(view)*len(q)
		best.offer(vek32.Dot(q, data[from:from+len(q)]), c.row)
	}
	return nil
}

// candidate is a chunk in memory and in the file: in the row of the chunks at…end, at place pos.
type candidate struct {
	row     uint32
	high    float32 // what its product is at most
	at, end int64
	pos     int
}

// scanCodes returns the rows that could be among the best n.
func (b *block) scanCodes(f crm.Filter, view crm.View, q []float32, n int) []candidate {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s, c := sift(f, &b.table, false), &b.codes[view]
	coded := c.Ask(q)
	var mu sync.Mutex
	var all []candidate
	best := b.parallel(n, len(q), func(h *top, spans []span) { // h: the best lower bounds
		var found []candidate
		out := make([]float32, 512)
		s.runs(spans, func(from, to uint32) {
			for from < to {
				rows := min(uint32(len(out)), to-from)
				c.Products(&coded, int(from), out[:rows])
				for i, mid := range out[:rows] {
					row := from + uint32(i)
					off := c.Off(&coded, int(row))
					if len(h.rows) == h.n && mid+off < h.rows[0].score {
						continue
					}
					found = append(found, candidate{row: row, high: mid + off})
					h.offer(mid-off, row)
				}
				from += rows
			}
		})
		mu.Lock()
		defer mu.Unlock()
		all = append(all, found...)
	})
	if len(best.rows) == n {
		all = slices.DeleteFunc(all, func(c candidate) bool { return c.high < best.rows[0].score })
	}
	if !b.rests {
		for i := range all {
			b.place(&all[i])
		}
	}
	return all
}

// place completes where a candidate is in the file.
func (b *block) place(c *candidate) {
	a := &b.spans[sort.Search(len(b.spans), func(i int) bool { return b.spans[i].to > c.row })]
	n, end := a.n+int64(c.row-a.from), a.n+int64(a.to-a.from)
	c.at = b.g.layout.start(a.n, n)
	c.end, c.pos = b.g.layout.end(c.at, end), int(n-c.at)
}

const fetchVectors = `SELECT n, data FROM vectors WHERE n IN (SELECT value FROM json_each(?))`

// fetch reads the rows of candidates, by number; those that are gone are not in the answer.
func (g *generation) fetch(ctx context.Context, candidates []candidate) (map[int64][]float32, error) {
	ends, numbers := make(map[int64]int64, len(candidates)), make([]int64, 0, len(candidates))
	for _, c := range candidates {
		if _, twice := ends[c.at]; !twice {
			ends[c.at], numbers = c.end, append(numbers, c.at)
		}
	}
	list, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	rows, err := g.query(ctx, fetchVectors, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close() // reading: rows.Err below is what counts
	out := make(map[int64][]float32, len(numbers))
	for rows.Next() {
		var n int64
		var data sql.RawBytes
		if err := rows.Scan(&n, &data); err != nil {
			return nil, damaged(err)
		}
		body, err := g.openVectors(n, ends[n], data)
		if err != nil {
			return nil, err
		}
		out[n] = decodeFloats(nil, body)
	}
	return out, damaged(rows.Err())
}
