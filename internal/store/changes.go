package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// ChangedAccounts lists at most limit accounts of a portal whose memory (chunks, links), company or deals changed after that number, in the order of their last change,
// and the number to go on after: after itself when there are none. 0 is the beginning. An account that changes again moves to the end and is listed again.
func (db *DB) ChangedAccounts(ctx context.Context, portal crm.PortalID, after int64, limit int) (accounts []crm.Ref, last int64, err error) {
	last = after
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT account, seq FROM account_changes WHERE portal = ? AND seq > ? ORDER BY seq LIMIT ?"
		return v.each(q, []any{int64(portal), after, limit}, func(scan func(...any) error) error {
			var p string
			if err := scan(&p, &last); err != nil {
				return err
			}
			a, err := refOf(portal, p)
			accounts = append(accounts, a)
			return err
		})
	})
	if err != nil {
		return nil, after, fmt.Errorf("changed accounts of portal %d: %w", portal, err)
	}
	return accounts, last, nil
}

// noteChanges numbers the accounts that this transaction changed. Rows are never deleted, or a number could be given twice.
func (t *tx) noteChanges() error {
	all := maps.Clone(t.facts)
	for a := range t.accounts {
		all[a] = true
	}
	for _, a := range slices.SortedFunc(maps.Keys(all), crm.Ref.Compare) {
		err := t.do(`INSERT INTO account_changes (portal, account, seq) VALUES (?, ?, (SELECT COALESCE(MAX(seq), 0) + 1 FROM account_changes WHERE portal = ?))
			ON CONFLICT (portal, account) DO UPDATE SET seq = excluded.seq`, int64(a.Portal), path(a), int64(a.Portal))
		if err != nil {
			return fmt.Errorf("note change of %s: %w", a, err)
		}
	}
	return nil
}

// factsOf notes the accounts whose facts a record is part of: a company itself, a deal's companies.
func (t *tx) factsOf(record crm.Ref) error {
	switch record.Type {
	case crm.Companies:
		t.facts[record] = true
	case crm.Deals:
		members, err := t.memberships(record)
		for _, m := range members {
			t.facts[m.Account] = true
		}
		return err
	}
	return nil
}
