package flat

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/crm"
)

// Cosines is Nearest without the order. All of an account comes in the order that its vectors lie in, so that one sweep is all it takes, and with the very same list of
// chunks until the account changes. Of an account that is held as codes the sweep is over them and the cosines are those of the codes.
func (x *Index) Cosines(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) (crm.Cosines, error) {
	g, err := x.acquire(ctx)
	if err != nil {
		return crm.Cosines{}, fmt.Errorf("search vectors: %w", err)
	}
	defer g.release()
	if err := g.askable(vec, view, f); err != nil {
		return crm.Cosines{}, fmt.Errorf("search vectors of %s: %w", place(f), err)
	}
	if !f.Wide {
		b, err := g.block(ctx, f)
		if err != nil {
			return crm.Cosines{}, fmt.Errorf("search vectors of %s: %w", place(f), err)
		}
		if all, ok := b.everything(f, view, appendUnit(nil, vec), n); ok {
			return all, nil
		}
	}
	hits, err := g.nearest(ctx, vec, view, f, n)
	if err != nil {
		return crm.Cosines{}, fmt.Errorf("search vectors of %s: %w", place(f), err)
	}
	return crm.CosinesOf(hits), nil
}

// everything compares all that passes the filter; false when that may be more than n.
func (b *block) everything(f crm.Filter, view crm.View, q []float32, n int) (crm.Cosines, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.live > n {
		return crm.Cosines{}, false
	}
	s, compare := sift(f, &b.table, false), b.comparer(view, q)
	out := crm.Cosines{Of: make([]float32, b.live)}
	if s.open {
		out.Chunks = b.listed()
	}
	n = 0
	s.runs(b.spans, func(from, to uint32) {
		if !s.open {
			out.Chunks = append(out.Chunks, b.named()[from:to]...)
		}
		compare(int(from), out.Of[n:n+int(to-from)])
		n += int(to - from)
	})
	out.Of = out.Of[:n]
	return out, true
}

// comparer writes the cosines of rows from one on, as the block has them.
func (b *block) comparer(view crm.View, q []float32) func(from int, out []float32) {
	if b.coarse {
		codes := &b.codes[view]
		coded := codes.Ask(q)
		return func(from int, out []float32) { codes.Products(&coded, from, out) }
	}
	dim, vectors := len(q), b.exact[view]
	return func(from int, out []float32) {
		for i := range out {
			r := from + i
			out[i] = vek32.Dot(q, vectors[r*dim:(r+1)*dim])
		}
	}
}

// names are the ids of a table as they are written, made when they are first asked for.
type names struct {
	rows   []string // of all rows so far, dead ones too
	listed []string // of the live ones; nil when it must be made again. What was handed out is never written to
}

// nameBytes is what a name takes: its header and its text.
const nameBytes = 16 + 2*idBytes

// named are the ids of all rows. The caller holds the lock of the block.
func (b *block) named() []string {
	b.naming.Lock()
	defer b.naming.Unlock()
	return b.name()
}

func (b *block) name() []string {
	if missing := b.ids[len(b.names.rows):]; len(missing) > 0 {
		text := make([]byte, 0, 2*idBytes*len(missing))
		for i := range missing {
			text = hex.AppendEncode(text, missing[i][:])
		}
		all := string(text) // one for all of them
		for i := range missing {
			b.names.rows = appendOne(b.names.rows, all[2*idBytes*i:2*idBytes*(i+1)])
		}
	}
	return b.names.rows
}

// listed are the ids of all live rows, in their order. The caller holds the lock of the block.
func (b *block) listed() []string {
	b.naming.Lock()
	defer b.naming.Unlock()
	if b.names.listed == nil {
		rows := b.name()
		if b.live == len(rows) {
			b.names.listed = rows[:len(rows):len(rows)]
			return b.names.listed
		}
		b.names.listed = make([]string, 0, b.live)
		for i := range b.spans {
			if a := &b.spans[i]; !a.dead {
				b.names.listed = append(b.names.listed, rows[a.from:a.to]...)
			}
		}
	}
	return b.names.listed
}
