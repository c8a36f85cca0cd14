package flat

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Replace makes the given chunks the only ones of each activity, in its accounts, in one durable transaction for the batch. An activity without chunks or accounts
// is removed. An invalid vector is crm.ErrInvalid and changes nothing.
func (x *Index) Replace(ctx context.Context, batch []crm.Kept) error {
	for _, k := range batch {
		for _, c := range k.Chunks {
			if !crm.ValidVector(c.Vector, x.dim) {
				return fmt.Errorf("vectors of %s: chunk %d: want %d finite numbers that are not all zero: %w", k.Activity.Ref, c.Pos, x.dim, crm.ErrInvalid)
			}
			if raw, err := hex.DecodeString(c.ID); err != nil || len(raw) != idBytes {
				return fmt.Errorf("vectors of %s: chunk id %q: want %d hex bytes: %w", k.Activity.Ref, c.ID, idBytes, crm.ErrInvalid)
			}
		}
	}
	return x.update(ctx, func(tx *change) error {
		for _, k := range batch {
			accounts := k.Accounts
			if len(k.Chunks) == 0 {
				accounts = nil
			}
			if err := tx.place(k.Activity.Ref, accounts); err != nil {
				return err
			}
			if err := tx.put(k, x.dim, len(accounts) > 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// Relink moves an activity's chunks to exactly these accounts. crm.ErrNotFound when it has none here; no accounts removes it.
func (x *Index) Relink(ctx context.Context, activity crm.Ref, accounts []crm.Ref) error {
	return x.update(ctx, func(tx *change) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM activities WHERE portal = ? AND type = ? AND id = ?`, activity.Portal, activity.Type, activity.ID).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("vectors of %s: %w", activity, crm.ErrNotFound)
		}
		if err := tx.place(activity, accounts); err != nil || len(accounts) > 0 {
			return err
		}
		return tx.exec(deleteActivity, activity.Portal, activity.Type, activity.ID)
	})
}

// change is one write transaction: its statements, each prepared once, and the accounts that it touches.
type change struct {
	*sql.Tx
	ctx     context.Context // of the transaction
	stmts   map[string]*sql.Stmt
	touched map[crm.Ref]bool
}

const (
	deletePlaces   = `DELETE FROM places WHERE portal = ? AND type = ? AND id = ? RETURNING account_type, account_id`
	insertPlace    = `INSERT INTO places (portal, account_type, account_id, type, id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	deleteActivity = `DELETE FROM activities WHERE portal = ? AND type = ? AND id = ?`
	putActivity    = `INSERT INTO activities (portal, type, id, kind, time, created, chunks, vectors, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (portal, type, id) DO UPDATE SET kind = excluded.kind, time = excluded.time, created = excluded.created,
			chunks = excluded.chunks, vectors = excluded.vectors, checksum = excluded.checksum`
)

// stmt is the prepared statement; it is closed with the transaction.
func (c *change) stmt(q string) (*sql.Stmt, error) {
	if s := c.stmts[q]; s != nil {
		return s, nil
	}
	s, err := c.PrepareContext(c.ctx, q)
	if err != nil {
		return nil, err
	}
	c.stmts[q] = s
	return s, nil
}

func (c *change) exec(q string, args ...any) error {
	s, err := c.stmt(q)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(c.ctx, args...)
	return err
}

// update runs one transaction and forgets the cached accounts that it touched.
func (x *Index) update(ctx context.Context, do func(*change) error) error {
	x.writes.Lock()
	defer x.writes.Unlock()
	tx, err := x.write.BeginTx(ctx, nil)
	if err != nil {
		return damaged(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, the first error counts
	c := &change{Tx: tx, ctx: ctx, stmts: map[string]*sql.Stmt{}, touched: map[crm.Ref]bool{}}
	if err := do(c); err != nil {
		return classify(err)
	}
	if err := tx.Commit(); err != nil {
		return damaged(err)
	}
	for account := range c.touched {
		x.cache.forget(account)
	}
	return nil
}

// classify keeps our own error kinds and maps the driver's.
func classify(err error) error {
	for _, kind := range []error{crm.ErrNotFound, crm.ErrInvalid, ErrDamaged} {
		if errors.Is(err, kind) {
			return err
		}
	}
	return damaged(err)
}

// place puts an activity into exactly these accounts.
func (c *change) place(activity crm.Ref, accounts []crm.Ref) error {
	s, err := c.stmt(deletePlaces)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(c.ctx, activity.Portal, activity.Type, activity.ID)
	if err != nil {
		return err
	}
	for rows.Next() {
		old := crm.Ref{Portal: activity.Portal}
		if err := rows.Scan(&old.Type, &old.ID); err != nil {
			return errors.Join(err, rows.Close())
		}
		c.touched[old] = true
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, a := range accounts {
		if a.Portal != activity.Portal {
			return fmt.Errorf("vectors of %s: account %s is of another portal: %w", activity, a, crm.ErrInvalid)
		}
		c.touched[a] = true
		if err := c.exec(insertPlace, a.Portal, a.Type, a.ID, activity.Type, activity.ID); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) put(k crm.Kept, dim int, keep bool) error {
	r := k.Activity.Ref
	if !keep {
		return c.exec(deleteActivity, r.Portal, r.Type, r.ID)
	}
	ids, vectors := encode(k.Chunks, dim)
	first := k.Chunks[0]
	return c.exec(putActivity, r.Portal, r.Type, r.ID, first.Kind, micros(first.Time), micros(first.Created), ids, vectors, int64(checksum(ids, vectors)))
}

const idBytes = 16

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(ids, vectors []byte) uint32 {
	return crc32.Update(crc32.Checksum(ids, castagnoli), castagnoli, vectors)
}

func encode(chunks []crm.Chunk, dim int) (ids, vectors []byte) {
	ids = make([]byte, 0, idBytes*len(chunks))
	vectors = make([]byte, 0, 4*dim*len(chunks))
	for _, c := range chunks {
		raw, _ := hex.DecodeString(c.ID) // checked by Replace
		ids = append(ids, raw...)
		for _, v := range c.Vector {
			vectors = binary.LittleEndian.AppendUint32(vectors, math.Float32bits(v))
		}
	}
	return ids, vectors
}

// micros stores a time; 0 is the zero time, which no activity has.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
