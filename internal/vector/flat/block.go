package flat

import (
	"context"
	"sync"

	"github.com/contextd/contextd/internal/codes"
	"github.com/contextd/contextd/internal/crm"
)

// block is the vectors of one account, or of a whole portal, in memory. Row i of the table has vectors[i*dim:(i+1)*dim], or, when the block is coarse, code i.
type block struct {
	g    *generation
	path string // of the account; "" for a portal

	mu sync.RWMutex // guards what follows
	table
	coarse bool         // held as codes
	rests  bool         // with what they leave out
	exact  [2][]float32 // by view
	codes  [2]codes.Rows

	naming sync.Mutex // of those who only read; who changes the block is alone anyway
	names  names
}

func (b *block) size() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n := b.table.size()
	if b.path != "" {
		n += nameBytes * len(b.ids) // as if they were made already
	}
	for v := range b.exact {
		n += 4*cap(b.exact[v]) + b.codes[v].Bytes()
	}
	return n
}

func (b *block) apply(c *change) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names.listed = nil
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
	return !b.wasteful() && (b.coarse || len(b.ids)*b.g.Dimension*4 <= 2*b.g.coarse)
}

// push adds an activity with its vectors, as the file has them.
func (b *block) push(n int64, f *facts, vectors []float32) {
	if !b.add(n, f, false) {
		return
	}
	dim := b.g.Dimension
	for i := 0; len(vectors) > 0; i++ {
		v := i % b.g.views()
		if b.coarse {
			b.codes[v].Push(vectors[:dim])
		} else {
			b.exact[v] = appendAll(b.exact[v], vectors[:dim])
		}
		vectors = vectors[dim:]
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
