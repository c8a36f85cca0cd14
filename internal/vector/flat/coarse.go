package flat

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/crm"
)

// errBehind says that a row in memory is no longer in the file: a write is on its way, or the row was lost.
var errBehind = fmt.Errorf("%w: vectors of an activity are missing", ErrDamaged)

// depth is how many rows are ordered exactly for n hits. On 42,731 real texts and 900 questions to them nothing was lost, neither of the best 10 nor of the best 100.
func depth(n int) int { return 2*n + 30 }

// searchCoarse scans the codes and orders the best by the float32 vectors in the file. errBehind: one of them is not there.
func (b *block) searchCoarse(ctx context.Context, f crm.Filter, view crm.View, q []float32, n int) ([]crm.Hit, error) {
	candidates := b.scanCodes(f, view, q, depth(n))
	vectors, err := b.g.fetch(ctx, candidates)
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	best := &top{n: n, t: &b.table}
	for _, c := range candidates {
		data, ok := vectors[c.at]
		if !ok {
			return nil, errBehind
		}
		from := c.pos*b.g.width() + int(view)*len(q)
		best.offer(vek32.Dot(q, data[from:from+len(q)]), c.row)
	}
	return best.hits(), nil
}

// candidate is a chunk in memory and in the file: in the row of the chunks at…end, at place pos.
type candidate struct {
	row     uint32
	at, end int64
	pos     int
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
		n, end := a.n+int64(r.row-a.from), a.n+int64(a.to-a.from)
		at := b.g.layout.start(a.n, n)
		out[i] = candidate{r.row, at, b.g.layout.end(at, end), int(n - at)}
	}
	return out
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
