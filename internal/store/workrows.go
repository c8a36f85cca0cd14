package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

func topicOf(kind crm.WorkKind) string { return "work:" + string(kind) }

const workColumns = `id, portal, kind, key, wanted, done, lane, attempts, marked_at, quiet_until, retry_at, fence, owner, lease_until, run_seq, run_marked_at,
	buried, last_error`

func scanRow(scan func(...any) error) (r workRow, err error) {
	var marked, quiet, retry, lease, run int64
	err = scan(&r.id, &r.portal, &r.kind, &r.key, &r.wanted, &r.done, &r.lane, &r.attempts, &marked, &quiet, &retry, &r.fence, &r.owner, &lease, &r.runSeq, &run,
		&r.buried, &r.lastError)
	r.markedAt, r.quietUntil, r.retryAt, r.leaseUntil, r.runMarkedAt = moment(marked), moment(quiet), moment(retry), moment(lease), moment(run)
	return r, err
}

// workRow reads one row; crm.ErrNotFound.
func (v *view) workRow(portal crm.PortalID, kind crm.WorkKind, key string) (r workRow, err error) {
	scan := func(dest ...any) error {
		return v.one("SELECT "+workColumns+" FROM work WHERE portal = ? AND kind = ? AND key = ?", []any{int64(portal), string(kind), key}, dest...)
	}
	return scanRow(scan)
}

// saveRow writes one row whole.
func (t *tx) saveRow(r workRow) error {
	values := []any{r.wanted, r.done, int(r.lane), r.attempts, micros(r.markedAt), micros(r.quietUntil), micros(r.retryAt), micros(r.due()), r.fence, r.owner,
		micros(r.leaseUntil), r.runSeq, micros(r.runMarkedAt), flag(r.buried), r.lastError}
	if r.id != 0 {
		return t.do(`UPDATE work SET wanted = ?, done = ?, lane = ?, attempts = ?, marked_at = ?, quiet_until = ?, retry_at = ?, due = ?, fence = ?, owner = ?,
			lease_until = ?, run_seq = ?, run_marked_at = ?, buried = ?, last_error = ? WHERE id = ?`, append(values, r.id)...)
	}
	return t.do(`INSERT INTO work (wanted, done, lane, attempts, marked_at, quiet_until, retry_at, due, fence, owner, lease_until, run_seq, run_marked_at, buried,
		last_error, portal, kind, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append(values, int64(r.portal), string(r.kind), r.key)...)
}

// Mark makes rows dirty by hand, from a sweep or a command. cause is the work that found them dirty (zero: none); its events then wait for them too.
func (db *DB) Mark(ctx context.Context, marks []crm.Mark, cause crm.Claim) error {
	err := db.w.write(ctx, func(t *tx) error {
		s, err := t.spanOf(cause)
		if err != nil {
			return err
		}
		return t.markFor(s, marks)
	})
	if err != nil {
		return fmt.Errorf("mark %d rows: %w", len(marks), err)
	}
	return nil
}

// WorkFilter selects rows of one portal. Empty fields select all; State is one of ready, waiting, running, buried, done, or open for everything unfinished
// that is not buried.
type WorkFilter struct {
	Portal crm.PortalID
	Kind   crm.WorkKind
	Key    string
	State  string
}

// where is the filter's SQL; now decides what is running or waiting.
func (f WorkFilter) where(now int64) (string, []any, error) {
	if f.Portal <= 0 {
		return "", nil, fmt.Errorf("portal %d: %w", f.Portal, crm.ErrInvalid)
	}
	parts, args := []string{"portal = ?"}, []any{int64(f.Portal)}
	add := func(part string, values ...any) { parts, args = append(parts, part), append(args, values...) }
	if f.Kind != "" {
		add("kind = ?", string(f.Kind))
	}
	if f.Key != "" {
		add("key = ?", f.Key)
	}
	switch f.State {
	case "":
	case "done":
		add("wanted <= done")
	case "buried":
		add("buried = 1")
	case "open":
		add("wanted > done AND buried = 0")
	case "running":
		add("wanted > done AND buried = 0 AND owner <> '' AND lease_until > ?", now)
	case "waiting":
		add("wanted > done AND buried = 0 AND (owner = '' OR lease_until <= ?) AND due > ?", now, now)
	case "ready":
		add("wanted > done AND buried = 0 AND (owner = '' OR lease_until <= ?) AND due <= ?", now, now)
	default:
		return "", nil, fmt.Errorf("work state %q: want ready, waiting, running, buried, open or done: %w", f.State, crm.ErrInvalid)
	}
	return strings.Join(parts, " AND "), args, nil
}

// WorkRows lists rows, the newest row first. cursor is "" or what the last call returned; next is "" at the end.
func (db *DB) WorkRows(ctx context.Context, f WorkFilter, cursor string, limit int) (out []crm.WorkRow, next string, err error) {
	now := db.now()
	where, args, err := f.where(micros(now))
	if err != nil {
		return nil, "", err
	}
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT " + workColumns + " FROM work WHERE " + where + " AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?"
		return v.each(q, append(args, before.id, before.id, limit+1), func(scan func(...any) error) error {
			r, err := scanRow(scan)
			if len(out) == limit {
				next = pageCursor{id: before.id}.String()
				return err
			}
			before.id = r.id
			out = append(out, crm.WorkRow{Claim: r.claim(), State: r.state(now), NotBefore: r.due(), LastError: r.lastError})
			return err
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list work: %w", err)
	}
	return out, next, nil
}

// Row reads one row of the dirty set; crm.ErrNotFound when nothing ever marked it.
func (db *DB) Row(ctx context.Context, portal crm.PortalID, kind crm.WorkKind, key string) (out crm.WorkRow, err error) {
	err = db.r.read(ctx, func(v *view) error {
		r, err := v.workRow(portal, kind, key)
		if err != nil {
			return err
		}
		out = crm.WorkRow{Claim: r.claim(), State: r.state(db.now()), NotBefore: r.due(), LastError: r.lastError}
		return nil
	})
	if err != nil {
		return crm.WorkRow{}, fmt.Errorf("work %s %s: %w", kind, key, err)
	}
	return out, nil
}

// Redrive makes the buried rows of a filter ready again, with no attempts counted, and says how many.
func (db *DB) Redrive(ctx context.Context, f WorkFilter, by crm.Actor) (int, error) {
	f.State = "buried"
	return db.moveRows(ctx, f, "work.redrive", by, func(t *tx, r workRow) workRow { return r.redriven(t.now) })
}

// BuryRows ends the unfinished rows of a filter that nobody works on, with a cause, and says how many.
func (db *DB) BuryRows(ctx context.Context, f WorkFilter, cause string, by crm.Actor) (int, error) {
	if f.State == "" {
		f.State = "open"
	}
	return db.moveRows(ctx, f, "work.bury", by, func(t *tx, r workRow) workRow {
		if s := r.state(t.now); s != "ready" && s != "waiting" {
			return r
		}
		return r.buriedFor(r.wanted, cause)
	})
}

// moveRows applies a person's change to every row of a filter, with an audit entry each.
func (db *DB) moveRows(ctx context.Context, f WorkFilter, action string, by crm.Actor, move func(*tx, workRow) workRow) (n int, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		where, args, err := f.where(micros(t.now))
		if err != nil {
			return err
		}
		var rows []workRow
		err = t.each("SELECT "+workColumns+" FROM work WHERE "+where+" ORDER BY id", args, func(scan func(...any) error) error {
			r, err := scanRow(scan)
			rows = append(rows, r)
			return err
		})
		if err != nil {
			return err
		}
		n = 0
		for _, r := range rows {
			moved := move(t, r)
			if moved == r {
				continue
			}
			n++
			t.topics[topicOf(r.kind)] = true
			entry := crm.AuditEntry{Action: action, Actors: []crm.Actor{by}, Portal: r.portal, Subject: string(r.kind) + "/" + r.key}
			if err := errorsOf(t.saveRow(moved), t.audit(entry)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", action, err)
	}
	return n, nil
}
