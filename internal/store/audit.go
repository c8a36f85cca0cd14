package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/contextd/contextd/internal/crm"
)

// audit appends an entry in the transaction of what it records. Time and Seq are set here; the entry becomes the next leaf of the tree.
func (t *tx) audit(e crm.AuditEntry) error {
	var last int64
	if err := t.one("SELECT seq FROM audit ORDER BY seq DESC LIMIT 1", nil, &last); err != nil && !errors.Is(err, crm.ErrNotFound) {
		return err
	}
	actors, err1 := encode(e.Actors)
	ids, err2 := encode(e.IDs)
	hashes, err3 := encode(e.Hashes)
	if err := errorsOf(err1, err2, err3); err != nil {
		return err
	}
	r := auditRow{seq: last + 1, at: micros(t.now), portal: int64(e.Portal), action: e.Action, subject: e.Subject, actors: actors, ids: ids, hashes: hashes}
	line, err := r.line()
	if err != nil {
		return err
	}
	tree, err := t.completes(last, tlog.RecordHash(line))
	if err != nil {
		return err
	}
	return t.do("INSERT INTO audit (seq, at, portal, action, subject, actors, ids, hashes, tree) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.seq, r.at, r.portal, r.action, r.subject, r.actors, r.ids, r.hashes, packHashes(tree))
}

// auditRow is an entry as it is stored: actors, ids and hashes are JSON.
type auditRow struct {
	seq, at, portal                      int64
	action, subject, actors, ids, hashes string
}

const auditColumns = "seq, at, portal, action, subject, actors, ids, hashes"

func (r *auditRow) scan(scan func(...any) error) error {
	return scan(&r.seq, &r.at, &r.portal, &r.action, &r.subject, &r.actors, &r.ids, &r.hashes)
}

// line is the entry as one line of JSON without its end, the very bytes that encoding/json makes of a crm.AuditEntry: what the tree's leaf is the hash of, and what an
// export holds.
func (r *auditRow) line() ([]byte, error) {
	action, err1 := json.Marshal(r.action)
	subject, err2 := json.Marshal(r.subject)
	if err := errorsOf(err1, err2); err != nil {
		return nil, fmt.Errorf("audit entry %d: %w", r.seq, err)
	}
	b := make([]byte, 0, 128+len(action)+len(subject)+len(r.actors)+len(r.ids)+len(r.hashes))
	b = strconv.AppendInt(append(b, `{"seq":`...), r.seq, 10)
	b = moment(r.at).AppendFormat(append(b, `,"time":"`...), time.RFC3339Nano)
	b = append(append(b, `","action":`...), action...)
	b = append(append(b, `,"actors":`...), r.actors...)
	b = strconv.AppendInt(append(b, `,"portal":`...), r.portal, 10)
	b = append(append(b, `,"subject":`...), subject...)
	b = append(append(b, `,"ids":`...), r.ids...)
	b = append(append(b, `,"hashes":`...), r.hashes...)
	return append(b, '}'), nil
}

func (r *auditRow) entry() (crm.AuditEntry, error) {
	e := crm.AuditEntry{Seq: r.seq, Time: moment(r.at), Action: r.action, Portal: crm.PortalID(r.portal), Subject: r.subject}
	return e, errorsOf(decode(r.actors, &e.Actors), decode(r.ids, &e.IDs), decode(r.hashes, &e.Hashes))
}

// AuditEntries lists a portal's entries, newest first; subject "" is all of them. Entries of the service itself have portal 0 and belong to every list without
// a subject. next is "" at the end.
func (db *DB) AuditEntries(ctx context.Context, portal crm.PortalID, subject, cursor string, limit int) (out []crm.AuditEntry, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	if portal <= 0 {
		return nil, "", fmt.Errorf("list audit: portal %d: %w", portal, crm.ErrInvalid)
	}
	where, args := "portal IN (0, ?)", []any{int64(portal)}
	if subject != "" {
		where, args = "portal IN (0, ?) AND subject = ?", append(args, subject)
	}
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT " + auditColumns + " FROM audit WHERE " + where + " AND (? = 0 OR seq < ?) ORDER BY seq DESC LIMIT ?"
		return v.each(q, append(args, before.id, before.id, limit+1), func(scan func(...any) error) error {
			var r auditRow
			if err := r.scan(scan); err != nil {
				return err
			}
			if len(out) == limit {
				next = pageCursor{id: out[limit-1].Seq}.String()
				return nil
			}
			e, err := r.entry()
			out = append(out, e)
			return err
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list audit: %w", err)
	}
	return out, next, nil
}

// AuditLines calls each with a portal's entries from number first on (and those of the service itself), oldest first, at most limit of them. A line is JSON without its
// end, byte for byte what the tree was made of. last is the number of the last one, 0 when there was none.
func (db *DB) AuditLines(ctx context.Context, portal crm.PortalID, first int64, limit int, each func(crm.AuditEntry, []byte) error) (last int64, err error) {
	if portal <= 0 {
		return 0, fmt.Errorf("export audit: portal %d: %w", portal, crm.ErrInvalid)
	}
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT " + auditColumns + " FROM audit WHERE portal IN (0, ?) AND seq >= ? ORDER BY seq LIMIT ?"
		return v.each(q, []any{int64(portal), first, limit}, func(scan func(...any) error) error {
			var r auditRow
			if err := r.scan(scan); err != nil {
				return err
			}
			line, err1 := r.line()
			e, err2 := r.entry()
			if err := errorsOf(err1, err2); err != nil {
				return err
			}
			last = r.seq
			return each(e, line)
		})
	})
	if err != nil {
		return 0, fmt.Errorf("export audit: %w", err)
	}
	return last, nil
}
