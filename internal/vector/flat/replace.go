package flat

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Replace makes each activity's chunks the only ones of it, in one durable transaction for the batch.
func (x *Index) Replace(ctx context.Context, batch []crm.Kept) error {
	g, err := x.acquire(ctx)
	if err != nil {
		return fmt.Errorf("replace vectors: %w", err)
	}
	defer g.release()
	ready := make([]prepared, 0, len(batch))
	for i := range batch {
		p, err := g.prepare(&batch[i])
		if err != nil {
			return fmt.Errorf("vectors of %s: %w", batch[i].Activity.Ref, err)
		}
		ready = append(ready, p)
	}
	if len(ready) == 0 {
		return nil
	}
	return g.update(ctx, func(w *writer) error {
		for i := range ready {
			if err := w.replace(&ready[i]); err != nil {
				return fmt.Errorf("vectors of %s: %w", ready[i].ref, err)
			}
		}
		return nil
	})
}

// Relink moves an activity's chunks to exactly these accounts and people; no accounts removes it. crm.ErrNotFound when it has none here.
func (x *Index) Relink(ctx context.Context, activity crm.Ref, accounts, people []crm.Ref) error {
	g, err := x.acquire(ctx)
	if err != nil {
		return fmt.Errorf("relink vectors of %s: %w", activity, err)
	}
	defer g.release()
	err = g.update(ctx, func(w *writer) error {
		n, old, err := w.find(activity)
		if err != nil {
			return err
		}
		if n == 0 {
			return crm.ErrNotFound
		}
		f := *old
		if f.accounts, err = setOf(activity.Portal, accounts); err != nil {
			return err
		}
		if f.people, err = setOf(activity.Portal, people); err != nil {
			return err
		}
		if f.accounts == "" {
			return w.remove(activity, n, old)
		}
		return w.move(activity, n, old, &f)
	})
	if err != nil {
		return fmt.Errorf("relink vectors of %s: %w", activity, err)
	}
	return nil
}

// prepared is one activity, checked and encoded before the transaction begins.
type prepared struct {
	ref     crm.Ref
	facts   facts
	vectors []float32 // of unit length, chunk by chunk: its own, then that of its window
	words   []byte
}

func (g *generation) prepare(k *crm.Kept) (prepared, error) {
	p := prepared{ref: k.Activity.Ref, facts: facts{modified: micros(k.Activity.Modified), digest: k.Digest}}
	if !validRef(p.ref) {
		return p, fmt.Errorf("it has no portal, type or id: %w", crm.ErrInvalid)
	}
	var err error
	if p.facts.accounts, err = setOf(p.ref.Portal, k.Accounts); err != nil {
		return p, fmt.Errorf("account %w", err)
	}
	if len(k.Chunks) == 0 {
		return p, nil
	}
	first := &k.Chunks[0]
	if p.facts.people, err = setOf(p.ref.Portal, first.People); err != nil {
		return p, fmt.Errorf("person %w", err)
	}
	if len(k.Terms) != 0 && len(k.Terms) != len(k.Chunks) {
		return p, fmt.Errorf("%d chunks have %d lists of terms: %w", len(k.Chunks), len(k.Terms), crm.ErrInvalid)
	}
	p.facts.kind, p.facts.generated, p.facts.time, p.facts.created = kindNumber(first.Kind), first.Generated, micros(first.Time), micros(first.Created)
	if err := g.prepareChunks(&p, k.Chunks); err != nil {
		return p, err
	}
	p.words = encodeWords(p.ref, k.Terms, len(k.Chunks))
	return p, nil
}

func (g *generation) prepareChunks(p *prepared, chunks []crm.Chunk) error {
	p.vectors = make([]float32, 0, len(chunks)*g.width())
	p.facts.ids = make([]byte, 0, idBytes*len(chunks))
	for i := range chunks {
		c := &chunks[i]
		if !crm.ValidVector(c.Vector, g.Dimension) {
			return fmt.Errorf("chunk %d: want %d finite numbers that are not all zero: %w", i, g.Dimension, crm.ErrInvalid)
		}
		if g.Windows != crm.ValidVector(c.Window, g.Dimension) || !g.Windows && len(c.Window) > 0 {
			return fmt.Errorf("chunk %d: the window's vector must be there exactly where the index has them (%t) and valid: %w", i, g.Windows, crm.ErrInvalid)
		}
		raw, err := hex.DecodeString(c.ID)
		if err != nil || len(raw) != idBytes {
			return fmt.Errorf("chunk id %q: want %d hex bytes: %w", c.ID, idBytes, crm.ErrInvalid)
		}
		p.facts.ids = append(p.facts.ids, raw...)
		p.vectors = appendUnit(p.vectors, c.Vector)
		if g.Windows {
			p.vectors = appendUnit(p.vectors, c.Window)
		}
	}
	return nil
}
