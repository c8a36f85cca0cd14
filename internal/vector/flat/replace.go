package flat

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
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
	vectors []float32 // of unit length, all items before all windows
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
	p.vectors = make([]float32, 0, len(chunks)*g.Dimension*g.views())
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
	}
	if g.Windows {
		for i := range chunks {
			p.vectors = appendUnit(p.vectors, chunks[i].Window)
		}
	}
	return nil
}

// writer is one write transaction and what it changed.
type writer struct {
	*sql.Tx
	g       *generation
	ctx     context.Context // of the transaction
	stmts   map[string]*sql.Stmt
	changes []*change
}

const (
	findActivity   = `SELECT n, facts FROM activities WHERE portal = ? AND type = ? AND id = ?`
	deleteActivity = `DELETE FROM activities WHERE n = ?`
	insertActivity = `INSERT INTO activities (n, portal, type, id, chunks, facts, words) VALUES (?, ?, ?, ?, ?, ?, ?)`
	moveActivity   = `UPDATE activities SET facts = ? WHERE n = ?`
	deleteVectors  = `DELETE FROM vectors WHERE n = ?`
	insertVectors  = `INSERT INTO vectors (n, data) VALUES (?, ?)`
	deletePlace    = `DELETE FROM places WHERE portal = ? AND type = ? AND id = ? AND n = ?`
	insertPlace    = `INSERT INTO places (portal, type, id, n, chunks) VALUES (?, ?, ?, ?, ?)`
)

// stmt is the prepared statement of this transaction; it is closed with it.
func (w *writer) stmt(q string) (*sql.Stmt, error) {
	if s := w.stmts[q]; s != nil {
		return s, nil
	}
	s, err := w.PrepareContext(w.ctx, q)
	if err != nil {
		return nil, err
	}
	w.stmts[q] = s
	return s, nil
}

func (w *writer) exec(q string, args ...any) error {
	s, err := w.stmt(q)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(w.ctx, args...)
	return err
}

// update runs one transaction, and brings what it changed to memory.
func (g *generation) update(ctx context.Context, do func(*writer) error) error {
	g.writes.Lock()
	defer g.writes.Unlock()
	tx, err := g.write.BeginTx(ctx, nil)
	if err != nil {
		return damaged(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, the first error counts
	w := &writer{Tx: tx, g: g, ctx: ctx, stmts: map[string]*sql.Stmt{}}
	if err := do(w); err != nil {
		return damaged(err)
	}
	if err := tx.Commit(); err != nil {
		g.cache.clear() // it may have happened
		return damaged(err)
	}
	g.cache.apply(w.changes)
	return nil
}

// find returns an activity's number and facts; 0 when it is not there.
func (w *writer) find(ref crm.Ref) (int64, *facts, error) {
	s, err := w.stmt(findActivity)
	if err != nil {
		return 0, nil, err
	}
	var n int64
	var about []byte
	switch err := s.QueryRowContext(w.ctx, ref.Portal, ref.Type, ref.ID).Scan(&n, &about); {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil, nil
	case err != nil:
		return 0, nil, err
	}
	f, err := decodeFacts(ref, about)
	return n, &f, err
}

func (w *writer) replace(p *prepared) error {
	n, old, err := w.find(p.ref)
	if err != nil {
		return err
	}
	if n != 0 {
		if p.facts.modified != 0 && p.facts.modified < old.modified {
			return nil
		}
		if err := w.remove(p.ref, n, old); err != nil {
			return err
		}
	}
	if len(p.facts.ids) == 0 || p.facts.accounts == "" {
		return nil
	}
	w.g.last++
	now := w.g.last
	if err := errors.Join(w.exec(insertActivity, now, p.ref.Portal, p.ref.Type, p.ref.ID, p.facts.chunks(), p.facts.encode(p.ref), p.words),
		w.exec(insertVectors, now, w.g.encodeVectors(now, p.vectors)),
		w.put(p.ref.Portal, p.facts.accounts, now, p.facts.chunks())); err != nil {
		return err
	}
	c := &change{portal: p.ref.Portal, ref: p.ref, n: now, now: &p.facts, vectors: p.vectors, words: p.words}
	if n != 0 { // replaced, not removed: one change
		last := len(w.changes) - 1
		c.old, c.was = n, old.accounts
		w.changes = w.changes[:last]
	}
	w.changes = append(w.changes, c)
	return nil
}

// put places an activity into accounts.
func (w *writer) put(portal crm.PortalID, accounts string, n int64, chunks int) error {
	for _, a := range refsOf(portal, accounts) {
		if err := w.exec(insertPlace, portal, a.Type, a.ID, n, chunks); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) unput(portal crm.PortalID, accounts string, n int64) error {
	for _, a := range refsOf(portal, accounts) {
		if err := w.exec(deletePlace, portal, a.Type, a.ID, n); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) remove(ref crm.Ref, n int64, old *facts) error {
	w.changes = append(w.changes, &change{portal: ref.Portal, ref: ref, old: n, was: old.accounts})
	return errors.Join(w.exec(deleteActivity, n), w.exec(deleteVectors, n), w.unput(ref.Portal, old.accounts, n))
}

// move gives an activity other accounts and people; its number stays, and with it its vectors and words.
func (w *writer) move(ref crm.Ref, n int64, old, now *facts) error {
	w.changes = append(w.changes, &change{portal: ref.Portal, ref: ref, old: n, was: old.accounts, n: n, now: now})
	if err := w.exec(moveActivity, now.encode(ref), n); err != nil || old.accounts == now.accounts {
		return err
	}
	return errors.Join(w.unput(ref.Portal, old.accounts, n), w.put(ref.Portal, now.accounts, n, now.chunks()))
}
