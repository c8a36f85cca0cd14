package store

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Postings is the keyword side of one account; see retriever.Postings. It is loaded on first use and kept until the cache is full; what commits have touched since is read
// again, activity by activity, and an account of which something was erased as a whole. An account of more chunks than Options.PostingsChunks is crm.ErrTooLarge, and
// nothing of it is loaded.
func (db *DB) Postings(ctx context.Context, account crm.Ref) (*crm.Postings, error) {
	return db.postingsOf(ctx, accountCut{account, 0})
}

func (db *DB) postingsOf(ctx context.Context, account accountCut) (*crm.Postings, error) {
	p, err := db.postings.load(account, func(before *assembled) (a *assembled, err error) {
		reading := func() uint64 { return db.readings.Add(1) }
		// Others may wait for this load, so the caller that began it may not take it along when it goes.
		err = db.r.read(context.WithoutCancel(ctx), func(v *view) error {
			if before.patchable() {
				a, err = v.patch(account, before, db.postingsChunks, reading)
			} else {
				a, err = v.postings(account, db.postingsChunks, reading)
			}
			return err
		})
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("postings of %s: %w", account.account, err)
	}
	return p, nil
}

// refusedBytes is about what a remembered refusal takes.
const refusedBytes = 500

// packedActivity is one row of an account.
type packedActivity struct {
	path    string
	chunker int
	body    []byte
}

func (v *view) postings(account accountCut, limit int, reading func() uint64) (*assembled, error) {
	var chunks int
	err := v.one(`SELECT COALESCE(SUM(chunks), 0) FROM (SELECT chunks FROM activity_accounts WHERE portal = ? AND account = ? AND chunks > 0 LIMIT ?) some`,
		[]any{int64(account.account.Portal), path(account.account), limit + 1}, &chunks)
	if err != nil {
		return nil, err
	}
	if chunks > limit {
		return nil, fmt.Errorf("more than %d chunks: %w", limit, crm.ErrTooLarge)
	}
	rows, chunks, words, err := v.packed(account, "")
	if err != nil {
		return nil, err
	}
	a := newAssembly()
	a.grow(chunks, words)
	for _, r := range rows {
		ref, err := refOf(account.account.Portal, r.path)
		if err != nil {
			return nil, err
		}
		a.reading = reading()
		if err := a.add(ref, r.body); err != nil {
			return nil, err
		}
	}
	return a.done(len(a.p.Words)), nil
}
