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
	return x.update(ctx, func(tx *sql.Tx, touched map[crm.Ref]bool) error {
		for _, k := range batch {
			accounts := k.Accounts
			if len(k.Chunks) == 0 {
				accounts = nil
			}
			if err := place(ctx, tx, k.Activity.Ref, accounts, touched); err != nil {
				return err
			}
			if err := put(ctx, tx, k, x.dim, len(accounts) > 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// Relink moves an activity's chunks to exactly these accounts. crm.ErrNotFound when it has none here; no accounts removes it.
func (x *Index) Relink(ctx context.Context, activity crm.Ref, accounts []crm.Ref) error {
	return x.update(ctx, func(tx *sql.Tx, touched map[crm.Ref]bool) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM activities WHERE portal = ? AND type = ? AND id = ?`, activity.Portal, activity.Type, activity.ID).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("vectors of %s: %w", activity, crm.ErrNotFound)
		}
		if err := place(ctx, tx, activity, accounts, touched); err != nil {
			return err
		}
		if len(accounts) == 0 {
			_, err := tx.ExecContext(ctx, `DELETE FROM activities WHERE portal = ? AND type = ? AND id = ?`, activity.Portal, activity.Type, activity.ID)
			return err
		}
		return nil
	})
}

// update runs one transaction and forgets the cached accounts that it touched.
func (x *Index) update(ctx context.Context, change func(*sql.Tx, map[crm.Ref]bool) error) error {
	x.writes.Lock()
	defer x.writes.Unlock()
	tx, err := x.write.BeginTx(ctx, nil)
	if err != nil {
		return damaged(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, the first error counts
	touched := map[crm.Ref]bool{}
	if err := change(tx, touched); err != nil {
		return classify(err)
	}
	if err := tx.Commit(); err != nil {
		return damaged(err)
	}
	for account := range touched {
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

func place(ctx context.Context, tx *sql.Tx, activity crm.Ref, accounts []crm.Ref, touched map[crm.Ref]bool) error {
	rows, err := tx.QueryContext(ctx, `DELETE FROM places WHERE portal = ? AND type = ? AND id = ? RETURNING account_type, account_id`, activity.Portal, activity.Type, activity.ID)
	if err != nil {
		return err
	}
	for rows.Next() {
		old := crm.Ref{Portal: activity.Portal}
		if err := rows.Scan(&old.Type, &old.ID); err != nil {
			return errors.Join(err, rows.Close())
		}
		touched[old] = true
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, a := range accounts {
		if a.Portal != activity.Portal {
			return fmt.Errorf("vectors of %s: account %s is of another portal: %w", activity, a, crm.ErrInvalid)
		}
		touched[a] = true
		if _, err := tx.ExecContext(ctx, `INSERT INTO places (portal, account_type, account_id, type, id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			a.Portal, a.Type, a.ID, activity.Type, activity.ID); err != nil {
			return err
		}
	}
	return nil
}

func put(ctx context.Context, tx *sql.Tx, k crm.Kept, dim int, keep bool) error {
	r := k.Activity.Ref
	if !keep {
		_, err := tx.ExecContext(ctx, `DELETE FROM activities WHERE portal = ? AND type = ? AND id = ?`, r.Portal, r.Type, r.ID)
		return err
	}
	ids, vectors := encode(k.Chunks, dim)
	first := k.Chunks[0]
	_, err := tx.ExecContext(ctx, `INSERT INTO activities (portal, type, id, kind, time, created, chunks, vectors, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (portal, type, id) DO UPDATE SET kind = excluded.kind, time = excluded.time, created = excluded.created,
			chunks = excluded.chunks, vectors = excluded.vectors, checksum = excluded.checksum`,
		r.Portal, r.Type, r.ID, first.Kind, micros(first.Time), micros(first.Created), ids, vectors, int64(checksum(ids, vectors)))
	return err
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
