package store

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Cursor is where a long listing stands.
type Cursor struct {
	Name     string
	Value    string // what the listing continues after; "" at the beginning
	Done     int64
	Total    int64 // 0: unknown
	Finished bool
	Started  time.Time // when it was kept first, or first after it was finished
	Updated  time.Time
}

// Cursor reads one; the zero Cursor with that name when there is none yet.
func (db *DB) Cursor(ctx context.Context, portal crm.PortalID, name string) (c Cursor, err error) {
	all, err := db.cursors(ctx, portal, " AND name = ?", name)
	if err != nil {
		return c, err
	}
	if len(all) == 0 {
		return Cursor{Name: name}, nil
	}
	return all[0], nil
}

// Cursors lists a portal's cursors by name.
func (db *DB) Cursors(ctx context.Context, portal crm.PortalID) ([]Cursor, error) {
	return db.cursors(ctx, portal, "")
}

func (db *DB) cursors(ctx context.Context, portal crm.PortalID, where string, args ...any) (out []Cursor, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT name, value, done, total, finished, started_at, updated_at FROM cursors WHERE portal = ?" + where + " ORDER BY name"
		return v.each(q, append([]any{int64(portal)}, args...), func(scan func(...any) error) error {
			var c Cursor
			var started, updated int64
			err := scan(&c.Name, &c.Value, &c.Done, &c.Total, &c.Finished, &started, &updated)
			c.Started, c.Updated = moment(started), moment(updated)
			out = append(out, c)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cursors of portal %d: %w", portal, err)
	}
	return out, nil
}

// KeepCursor stores where a listing stands together with the marks that its last page caused: both or neither, so that a crash repeats a page and skips none.
// Started and Updated are the store's.
func (db *DB) KeepCursor(ctx context.Context, portal crm.PortalID, c Cursor, marks []crm.Mark) error {
	if portal <= 0 || c.Name == "" {
		return fmt.Errorf("keep cursor %q of portal %d: %w", c.Name, portal, crm.ErrInvalid)
	}
	err := db.w.write(ctx, func(t *tx) error {
		err := t.do(`INSERT INTO cursors (portal, name, value, done, total, finished, started_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (portal, name) DO UPDATE SET value = excluded.value, done = excluded.done, total = excluded.total, finished = excluded.finished,
			started_at = CASE WHEN cursors.finished = 1 AND excluded.finished = 0 THEN excluded.started_at ELSE cursors.started_at END, updated_at = excluded.updated_at`,
			int64(portal), c.Name, c.Value, c.Done, c.Total, flag(c.Finished), micros(t.now), micros(t.now))
		return errorsOf(err, t.markFor(span{}, marks))
	})
	if err != nil {
		return fmt.Errorf("keep cursor %q of portal %d: %w", c.Name, portal, err)
	}
	return nil
}

// DropCursor forgets a listing; an unknown one is no error.
func (db *DB) DropCursor(ctx context.Context, portal crm.PortalID, name string) error {
	err := db.w.write(ctx, func(t *tx) error {
		return t.do("DELETE FROM cursors WHERE portal = ? AND name = ?", int64(portal), name)
	})
	if err != nil {
		return fmt.Errorf("drop cursor %q of portal %d: %w", name, portal, err)
	}
	return nil
}
