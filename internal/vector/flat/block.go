package flat

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// block is the vectors of one account, or of a whole portal, in memory. Row i of the table has vectors[i*dim:(i+1)*dim], or, when the block is coarse, code i.
type block struct {
	g    *generation
	path string // of the account; "" for a portal

	mu sync.RWMutex // guards what follows
	table
	coarse bool
	exact  [2][]float32 // by view
	codes  [2]codes
}

func (b *block) size() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n := b.table.size()
	for v := range b.exact {
		n += 4*cap(b.exact[v]) + cap(b.codes[v].values) + 4*cap(b.codes[v].scales)
	}
	return n
}

func (b *block) apply(c *change) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case c.unclear:
		return false
	case !c.in(b.path):
		b.remove(c.old)
	case c.vectors == nil:
		s := b.find(c.n)
		if s == nil {
			return false // it came from elsewhere: its vectors are in the file only
		}
		s.people = b.people.number(c.now.people)
	default:
		b.remove(c.old)
		b.push(c.n, c.now, c.vectors)
	}
	return !b.wasteful() && (b.coarse || b.path != "" || len(b.ids)*b.g.Dimension*4 <= 2*b.g.coarse)
}

// push adds an activity. vectors are all item vectors, then all window vectors.
func (b *block) push(n int64, f *facts, vectors []float32) {
	if !b.add(n, f, false) {
		return
	}
	size := f.chunks() * b.g.Dimension
	for v := range b.g.views() {
		part := vectors[v*size : (v+1)*size]
		if b.coarse {
			for row := range slices.Chunk(part, b.g.Dimension) {
				b.codes[v].push(row)
			}
			continue
		}
		b.exact[v] = appendAll(b.exact[v], part)
	}
}

// appendAll is appendOne for many.
func appendAll[T any](s, more []T) []T {
	if need := len(s) + len(more); need > cap(s) {
		grown := make([]T, len(s), need+need/16)
		copy(grown, s)
		s = grown
	}
	return append(s, more...)
}

// block finds or loads the block that a filter names.
func (g *generation) block(ctx context.Context, f crm.Filter) (*block, error) {
	at := address{vectorPart, f.Account}
	if f.Wide {
		at = portalAddress(vectorPart, f.Portal)
	}
	v, err := g.cache.find(ctx, at, func() (resident, error) { return g.load(ctx, f) })
	if err != nil {
		return nil, err
	}
	return v.(*block), nil
}

const (
	loadAccount = `SELECT a.type, a.id, a.n, a.facts, v.data FROM places p JOIN activities a ON a.n = p.n LEFT JOIN vectors v ON v.n = p.n
		WHERE p.portal = ? AND p.type = ? AND p.id = ? ORDER BY p.n`
	// Rows without vectors are read as well: they are damage. By number, not by the index on references: in the order that the rows lie in.
	loadPortal   = `SELECT a.type, a.id, a.n, a.facts, v.data FROM activities a NOT INDEXED LEFT JOIN vectors v ON v.n = a.n WHERE a.portal = ? ORDER BY a.n`
	countAccount = `SELECT count(*), coalesce(sum(chunks), 0) FROM places WHERE portal = ? AND type = ? AND id = ?`
	countPortal  = `SELECT count(*), coalesce(sum(chunks), 0) FROM activities WHERE portal = ?`
)

func (g *generation) load(ctx context.Context, f crm.Filter) (*block, error) {
	b := &block{g: g}
	query, counting, args := loadPortal, countPortal, []any{f.Portal}
	if !f.Wide {
		query, counting, args = loadAccount, countAccount, []any{f.Portal, f.Account.Type, f.Account.ID}
		b.path = f.Account.Path()
	}
	var activities, chunks int
	if err := g.read.QueryRowContext(ctx, counting, args...).Scan(&activities, &chunks); err != nil {
		return nil, damaged(err)
	}
	b.coarse = f.Wide && chunks*g.Dimension*4 > g.coarse
	b.reserve(activities, chunks)
	for v := range g.views() {
		if b.coarse {
			b.codes[v] = makeCodes(g.Dimension, chunks)
		} else {
			b.exact[v] = make([]float32, 0, chunks*g.Dimension)
		}
	}
	rows, err := g.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close() // reading: rows.Err below is what counts
	var vectors []float32
	ref := crm.Ref{Portal: f.Portal}
	for rows.Next() {
		var n int64
		var about, data sql.RawBytes
		if err := rows.Scan(&ref.Type, &ref.ID, &n, &about, &data); err != nil {
			return nil, damaged(err)
		}
		fact, err := decodeFacts(ref, about)
		if err != nil {
			return nil, err
		}
		if vectors, err = g.decodeVectors(vectors[:0], n, fact.chunks(), data); err != nil {
			return nil, err
		}
		b.push(n, &fact, vectors)
	}
	return b, damaged(rows.Err())
}

// encodeVectors is the row of an activity's vectors.
func (g *generation) encodeVectors(n int64, vectors []float32) []byte {
	return sealed(fmt.Sprint(n), appendFloats(make([]byte, 0, 4*len(vectors)+checksumBytes), vectors))
}

func (g *generation) decodeVectors(dst []float32, n int64, chunks int, data []byte) ([]float32, error) {
	body, err := unsealed(fmt.Sprint(n), data)
	if err != nil {
		return nil, fmt.Errorf("vectors: %w", err)
	}
	if len(body) != 4*chunks*g.Dimension*g.views() {
		return nil, fmt.Errorf("%w: %d bytes of vectors for %d chunks", ErrDamaged, len(body), chunks)
	}
	return decodeFloats(dst, body), nil
}
