package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Postings is the keyword side of one account; see retriever.Postings. It is loaded on first use and kept until a commit touches the account or the cache is full.
// An account of more chunks than Options.PostingsChunks is crm.ErrTooLarge, and nothing of it is loaded.
func (db *DB) Postings(ctx context.Context, account crm.Ref) (*crm.Postings, error) {
	p, err := db.postings.load(account, func() (p *crm.Postings, bytes int64, err error) {
		// Others may wait for this load, so the caller that began it may not take it along when it goes.
		err = db.r.read(context.WithoutCancel(ctx), func(v *view) error {
			p, bytes, err = v.postings(account, db.postingsChunks)
			return err
		})
		return p, bytes, err
	})
	if err != nil {
		return nil, fmt.Errorf("postings of %s: %w", account, err)
	}
	return p, nil
}

// refusedBytes is about what a remembered refusal takes.
const refusedBytes = 500

// packedActivity is one row of an account.
type packedActivity struct {
	path string
	body []byte
}

func (v *view) postings(account crm.Ref, limit int) (*crm.Postings, int64, error) {
	var chunks int
	err := v.one(`SELECT COALESCE(SUM(chunks), 0) FROM (SELECT chunks FROM activity_accounts WHERE portal = ? AND account = ? AND chunks > 0 LIMIT ?) some`,
		[]any{int64(account.Portal), path(account), limit + 1}, &chunks)
	if err != nil {
		return nil, 0, err
	}
	if chunks > limit {
		return nil, refusedBytes, fmt.Errorf("more than %d chunks: %w", limit, crm.ErrTooLarge)
	}
	var rows []packedActivity
	words := 0
	q := `SELECT p.activity, p.body FROM activity_accounts a JOIN postings p ON p.portal = a.portal AND p.activity = a.activity WHERE a.portal = ? AND a.account = ?
		AND a.chunks > 0`
	err = v.each(q, []any{int64(account.Portal), path(account)}, func(scan func(...any) error) error {
		var r packedActivity
		err := scan(&r.path, &r.body)
		_, n := size(r.body)
		words += n
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	// No type's name is the beginning of another's, so that paths sort as crm.Ref.Compare does, whatever the database's collation.
	slices.SortFunc(rows, func(a, b packedActivity) int { return strings.Compare(a.path, b.path) })
	a := newAssembly()
	a.grow(chunks, words)
	for _, r := range rows {
		ref, err := refOf(account.Portal, r.path)
		if err != nil {
			return nil, 0, err
		}
		if err := a.add(ref, r.body); err != nil {
			return nil, 0, err
		}
	}
	p, bytes := a.done()
	return p, bytes, nil
}
