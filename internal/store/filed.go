package store

import (
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// filedUnder lists the accounts that hold texts of an activity in memory: those in its row, and those that they were merged into. The row of a gone activity keeps the ids
// that it went with, while Earlier finds it under the present ones.
func (v *view) filedUnder(activity crm.Ref) ([]crm.Ref, error) {
	accounts, err := v.accountsOf(activity)
	if err != nil {
		return nil, err
	}
	for _, a := range slices.Clone(accounts) {
		now, err := v.resolve(a)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(accounts, now) {
			accounts = append(accounts, now)
		}
	}
	return accounts, nil
}

// turns tells whether a record that is deleted now was not before, or the other way round.
func (v *view) turns(record crm.Ref, deleted bool) (bool, error) {
	was, err := v.exists("SELECT 1 FROM records WHERE portal = ? AND ref = ? AND deleted_at <> 0", int64(record.Portal), path(record))
	return was != deleted, err
}

// forgetPast forgets the accounts that have gone activities of a record under any of its ids: what Earlier lists of them turns on whether the record is there, and whoever
// holds it must ask again.
func (t *tx) forgetPast(record crm.Ref) error {
	paths, err := t.strings("SELECT old_ref FROM aliases WHERE portal = ? AND new_ref = ?", int64(record.Portal), path(record))
	if err != nil {
		return err
	}
	ids, err := refsOf(record.Portal, append(paths, path(record)))
	if err != nil {
		return err
	}
	gone := map[crm.Ref]bool{}
	for _, id := range ids {
		if err := t.goneWith(id, gone); err != nil {
			return err
		}
	}
	for activity := range gone {
		accounts, err := t.filedUnder(activity)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			t.accounts.forget(a)
		}
	}
	return nil
}
