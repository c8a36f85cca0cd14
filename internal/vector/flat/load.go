package flat

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/contextd/contextd/internal/codes"
	"github.com/contextd/contextd/internal/crm"
)

const (
	loadColumns = `SELECT a.n, a.type, a.id, a.facts, v.n, v.data `
	// Activities without vectors are read as well: they are damage.
	loadVectors = ` LEFT JOIN vectors v ON v.n BETWEEN a.n AND a.n + a.chunks - 1 `
	loadAccount = loadColumns + `FROM places p JOIN activities a ON a.n = p.n` + loadVectors + `WHERE p.portal = ? AND p.type = ? AND p.id = ? ORDER BY p.n, v.n`
	// By number, not by the index on references: in the order that the rows lie in.
	loadPortal   = loadColumns + `FROM activities a NOT INDEXED` + loadVectors + `WHERE a.portal = ? ORDER BY a.n, v.n`
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
	if err := g.one(ctx, counting, args, &activities, &chunks); err != nil {
		return nil, err
	}
	b.coarse = chunks*g.Dimension*4 > g.coarse
	b.rests = b.coarse && codes.RestedBytes(chunks*g.width()) <= g.cache.limit/2
	b.reserve(activities, chunks)
	var means []float32
	if b.coarse {
		var err error
		if means, err = g.means(ctx, f.Portal); err != nil {
			return nil, err
		}
	}
	for v := range g.views() {
		if b.coarse {
			b.codes[v] = codes.Make(g.Dimension, means[v*g.Dimension:(v+1)*g.Dimension], chunks, b.rests)
		} else {
			b.exact[v] = make([]float32, 0, chunks*g.Dimension)
		}
	}
	rows, err := g.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() // reading: rows.Err below is what counts
	l := loader{block: b}
	l.ref.Portal = f.Portal
	for rows.Next() {
		if err := l.next(rows); err != nil {
			return nil, damaged(err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, damaged(err)
	}
	return b, l.complete()
}

const someVectors = `SELECT v.n, v.data FROM activities a JOIN vectors v ON v.n = a.n WHERE a.portal = ? LIMIT 64`

// means is the mean of some vectors of each view. Any will do: a better one makes codes better, and no answer wrong.
func (g *generation) means(ctx context.Context, portal crm.PortalID) ([]float32, error) {
	sums, n := make([]float32, g.width()), 0
	rows, err := g.query(ctx, someVectors, portal)
	if err != nil {
		return nil, err
	}
	defer rows.Close() // reading: rows.Err below is what counts
	for rows.Next() {
		var number int64
		var data sql.RawBytes
		if err := rows.Scan(&number, &data); err != nil {
			return nil, damaged(err)
		}
		body, err := unsealed(strconv.FormatInt(number, 10), data)
		if err != nil {
			return nil, err
		}
		for row := range slices.Chunk(decodeFloats(nil, body), g.width()) {
			for i := range min(len(row), len(sums)) {
				sums[i] += row[i]
			}
			n++
		}
	}
	for i := range sums {
		sums[i] /= float32(max(n, 1))
	}
	return sums, damaged(rows.Err())
}

// loader fills a block with rows in the order of their numbers.
type loader struct {
	*block
	ref     crm.Ref
	n       int64 // of the activity
	due     int64 // the chunk of it that comes next
	end     int64 // the number after its last one
	scratch []float32
}

func (l *loader) next(rows *sql.Rows) error {
	var number, at any // what the driver has: anything else is converted, which takes longer than reading it
	var typ, id, about, data sql.RawBytes
	if err := rows.Scan(&number, &typ, &id, &about, &at, &data); err != nil {
		return err
	}
	if n, ok := number.(int64); ok && n != l.n {
		l.ref.Type, l.ref.ID = crm.ObjectType(typ), string(id)
		if err := l.begin(n, about); err != nil {
			return err
		}
	}
	n, ok := at.(int64)
	if !ok || n != l.due || l.due == l.end {
		return fmt.Errorf("%w: vectors of %s are missing", ErrDamaged, l.ref)
	}
	l.due = l.g.layout.end(l.due, l.end)
	body, err := l.g.openVectors(n, l.due, data)
	if err != nil {
		return err
	}
	l.pushBytes(body)
	return nil
}

// pushBytes adds the vectors of the next rows of the table, as the file has them.
func (l *loader) pushBytes(body []byte) {
	dim := l.g.Dimension
	for i := 0; len(body) > 0; i++ {
		v := i % l.g.views()
		if l.coarse {
			l.scratch = decodeFloats(l.scratch[:0], body[:4*dim])
			l.codes[v].Push(l.scratch)
		} else {
			l.exact[v] = decodeFloats(l.exact[v], body[:4*dim])
		}
		body = body[4*dim:]
	}
}

// begin takes up the next activity.
func (l *loader) begin(n int64, about []byte) error {
	if err := l.complete(); err != nil {
		return err
	}
	f, err := decodeFacts(l.ref, about)
	if err != nil {
		return err
	}
	l.add(n, &f, false)
	l.n, l.due, l.end = n, n, n+int64(f.chunks())
	return nil
}

// complete says whether all chunks of the activity were there.
func (l *loader) complete() error {
	if l.due != l.end {
		return fmt.Errorf("%w: vectors of activity %d are missing", ErrDamaged, l.n)
	}
	return nil
}

// encodeVectors is the row of the vectors of chunks from n.
func encodeVectors(n int64, vectors []float32) []byte {
	return sealed(strconv.FormatInt(n, 10), appendFloats(make([]byte, 0, 4*len(vectors)+checksumBytes), vectors))
}

// openVectors is the numbers in such a row, in bytes, of the chunks from n up to end.
func (g *generation) openVectors(n, end int64, data []byte) ([]byte, error) {
	body, err := unsealed(strconv.FormatInt(n, 10), data)
	if err != nil {
		return nil, fmt.Errorf("vectors: %w", err)
	}
	if len(body) != 4*g.width()*int(end-n) {
		return nil, fmt.Errorf("%w: %d bytes of vectors for %d chunks", ErrDamaged, len(body), end-n)
	}
	return body, nil
}

func appendFloats(b []byte, v []float32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func decodeFloats(dst []float32, b []byte) []float32 {
	from := len(dst)
	dst = slices.Grow(dst, len(b)/4)[:from+len(b)/4]
	to := dst[from:]
	for len(to) >= 4 && len(b) >= 16 { // so that no bound is checked
		to[0] = math.Float32frombits(binary.LittleEndian.Uint32(b))
		to[1] = math.Float32frombits(binary.LittleEndian.Uint32(b[4:]))
		to[2] = math.Float32frombits(binary.LittleEndian.Uint32(b[8:]))
		to[3] = math.Float32frombits(binary.LittleEndian.Uint32(b[12:]))
		to, b = to[4:], b[16:]
	}
	for i := range to {
		to[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return dst
}
