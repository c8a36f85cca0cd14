package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// audit appends an entry in the transaction of what it records. Time and Seq are set here; the entry is chained to the one before it.
func (t *tx) audit(e crm.AuditEntry) error {
	var prev string
	err := t.one("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", nil, &e.Seq, &prev)
	if err != nil && !errors.Is(err, crm.ErrNotFound) {
		return err
	}
	e.Seq++
	e.Time = moment(micros(t.now))
	hash, err := chain(prev, e)
	if err != nil {
		return err
	}
	actors, err1 := encode(e.Actors)
	ids, err2 := encode(e.IDs)
	hashes, err3 := encode(e.Hashes)
	if err := errorsOf(err1, err2, err3); err != nil {
		return err
	}
	return t.do("INSERT INTO audit (seq, at, portal, action, subject, actors, ids, hashes, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		e.Seq, micros(e.Time), int64(e.Portal), e.Action, e.Subject, actors, ids, hashes, hash)
}

// chain is an entry's hash: SHA-256 over the previous one and the entry's JSON, whose keys encoding/json sorts.
func chain(prev string, e crm.AuditEntry) (string, error) {
	text, err := encode(e)
	if err != nil {
		return "", err
	}
	return sum([]byte(prev + "\n" + text)), nil
}

func scanAudit(scan func(...any) error) (e crm.AuditEntry, hash string, err error) {
	var at int64
	var actors, ids, hashes string
	if err := scan(&e.Seq, &at, &e.Portal, &e.Action, &e.Subject, &actors, &ids, &hashes, &hash); err != nil {
		return e, "", err
	}
	e.Time = moment(at)
	return e, hash, errorsOf(decode(actors, &e.Actors), decode(ids, &e.IDs), decode(hashes, &e.Hashes))
}

const auditColumns = "seq, at, portal, action, subject, actors, ids, hashes, hash"

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
			e, _, err := scanAudit(scan)
			if len(out) == limit {
				next = pageCursor{id: out[limit-1].Seq}.String()
				return err
			}
			out = append(out, e)
			return err
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list audit: %w", err)
	}
	return out, next, nil
}

// AuditHead is the newest entry's number and hash: whoever keeps it elsewhere can later prove that nothing before it was changed or cut off.
type AuditHead struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// VerifyAudit recomputes the chain from its beginning and returns its head. crm.ErrConflict names the first entry that does not fit, or that known (a head kept
// elsewhere; zero: none) is not part of the chain.
func (db *DB) VerifyAudit(ctx context.Context, known AuditHead) (head AuditHead, err error) {
	err = db.r.read(ctx, func(v *view) error {
		seen := known.Seq == 0
		err := v.each("SELECT "+auditColumns+" FROM audit ORDER BY seq", nil, func(scan func(...any) error) error {
			e, hash, err := scanAudit(scan)
			if err != nil {
				return err
			}
			want, err := chain(head.Hash, e)
			if err != nil {
				return err
			}
			if e.Seq != head.Seq+1 || want != hash {
				return fmt.Errorf("entry %d does not follow entry %d: %w", e.Seq, head.Seq, crm.ErrConflict)
			}
			head = AuditHead{Seq: e.Seq, Hash: hash}
			seen = seen || head == known
			return nil
		})
		if err == nil && !seen {
			err = fmt.Errorf("entry %d is not the one that was kept elsewhere: %w", known.Seq, crm.ErrConflict)
		}
		return err
	})
	if err != nil {
		return AuditHead{}, fmt.Errorf("verify audit: %w", err)
	}
	return head, nil
}
