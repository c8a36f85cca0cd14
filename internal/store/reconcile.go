package store

import (
	"context"
	"fmt"
	"iter"

	"github.com/contextd/contextd/internal/crm"
)

// reconcilePage is how many activities one read covers: short enough that no snapshot keeps the write-ahead log from being cut.
const reconcilePage = 256

// Indexed yields what a vector back end must hold of each chunk of a portal for a generation of a chunker (0: of each activity the newest), by activity and position: activities without an account are left out, as back ends do not
// store them. Every page is a snapshot of its own: what is written meanwhile may or may not be seen, so that a difference is to be looked at again before it is
// mended. An error is yielded once, last.
func (db *DB) Indexed(ctx context.Context, portal crm.PortalID, chunker int) iter.Seq2[crm.Indexed, error] {
	return func(yield func(crm.Indexed, error) bool) {
		for after, more := "", true; more; {
			var page []crm.Indexed
			err := db.r.read(ctx, func(v *view) (err error) {
				page, after, more, err = v.indexed(portal, chunker, after)
				return err
			})
			if err != nil {
				yield(crm.Indexed{}, fmt.Errorf("list what portal %d has indexed: %w", portal, err))
				return
			}
			for _, x := range page {
				if !yield(x, nil) {
					return
				}
			}
		}
	}
}

// indexed reads one page; last is the activity to go on after.
func (v *view) indexed(portal crm.PortalID, chunker int, after string) (out []crm.Indexed, last string, more bool, err error) {
	known, cut := map[string]crm.Indexed{}, map[string]int{}
	last = after
	q := `SELECT p.activity, p.chunker, p.digest, p.chunks, p.people, a.accounts FROM postings p JOIN activities a ON a.portal = p.portal AND a.ref = p.activity
		WHERE p.portal = ? AND p.activity > ? AND ` + picked + ` ORDER BY p.activity LIMIT ?`
	rows := 0
	err = v.each(q, []any{int64(portal), after, chunker, reconcilePage}, func(scan func(...any) error) error {
		var x crm.Indexed
		var people, accounts string
		var by int
		if err := scan(&last, &by, &x.Digest, &x.Chunks, &people, &accounts); err != nil {
			return err
		}
		rows++
		cut[last] = by
		var err1, err2, err3 error
		x.Activity, err1 = refOf(portal, last)
		x.People, err2 = decodeRefs(portal, people)
		x.Accounts, err3 = decodeRefs(portal, accounts)
		if len(x.Accounts) > 0 {
			known[last] = x
		}
		return errorsOf(err1, err2, err3)
	})
	if err != nil || rows == 0 {
		return nil, after, false, err
	}
	q = "SELECT id, activity, chunker FROM chunks WHERE portal = ? AND activity > ? AND activity <= ? ORDER BY activity, pos"
	err = v.each(q, []any{int64(portal), after, last}, func(scan func(...any) error) error {
		var id, activity string
		var by int
		err := scan(&id, &activity, &by)
		if x, ok := known[activity]; ok && cut[activity] == by {
			x.Chunk = id
			out = append(out, x)
		}
		return err
	})
	return out, last, rows == reconcilePage, err
}
