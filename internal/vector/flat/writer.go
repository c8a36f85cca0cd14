package flat

import (
	"context"
	"database/sql"
	"errors"

	"github.com/contextd/contextd/internal/crm"
)

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
	deleteVectors  = `DELETE FROM vectors WHERE n BETWEEN ? AND ?`
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
	now := w.g.last + 1
	w.g.last += int64(p.facts.chunks())
	if err := errors.Join(w.exec(insertActivity, now, p.ref.Portal, p.ref.Type, p.ref.ID, p.facts.chunks(), p.facts.encode(p.ref), p.words),
		w.vectors(now, p.facts.chunks(), p.vectors),
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

// vectors writes the rows of an activity's chunks.
func (w *writer) vectors(n int64, chunks int, vectors []float32) error {
	width := w.g.width()
	for at, end := n, n+int64(chunks); at < end; {
		next := w.g.layout.end(at, end)
		if err := w.exec(insertVectors, at, encodeVectors(at, vectors[int(at-n)*width:int(next-n)*width])); err != nil {
			return err
		}
		at = next
	}
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
	return errors.Join(w.exec(deleteActivity, n), w.exec(deleteVectors, n, n+int64(old.chunks())-1), w.unput(ref.Portal, old.accounts, n))
}

// move gives an activity other accounts and people; its number stays, and with it its vectors and words.
func (w *writer) move(ref crm.Ref, n int64, old, now *facts) error {
	w.changes = append(w.changes, &change{portal: ref.Portal, ref: ref, old: n, was: old.accounts, n: n, now: now})
	if err := w.exec(moveActivity, now.encode(ref), n); err != nil || old.accounts == now.accounts {
		return err
	}
	return errors.Join(w.unput(ref.Portal, old.accounts, n), w.put(ref.Portal, now.accounts, n, now.chunks()))
}
