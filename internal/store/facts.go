package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Facts reads what accounts are compared by beside their texts: the company and the deals that belong to it now, as they stood at asOf (zero: now); see crm.FactsOf.
// Accounts that are not companies, or unknown or deleted ones, are absent.
func (db *DB) Facts(ctx context.Context, accounts []crm.Ref, asOf time.Time) (map[crm.Ref]crm.AccountFacts, error) {
	out := make(map[crm.Ref]crm.AccountFacts, len(accounts))
	err := db.r.read(ctx, func(v *view) error {
		for _, account := range accounts {
			if account.Type != crm.Companies {
				continue
			}
			company, err := v.record(account)
			if errors.Is(err, crm.ErrNotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("%s: %w", account, err)
			}
			deals, err := v.deals(account)
			if err != nil {
				return fmt.Errorf("deals of %s: %w", account, err)
			}
			out[account] = crm.FactsOf(company, deals, asOf)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("facts of %d accounts: %w", len(accounts), err)
	}
	return out, nil
}

// deals are those that belong to an account now.
func (v *view) deals(account crm.Ref) (out []crm.Record, err error) {
	q := `SELECT DISTINCT r.ref, r.name, r.properties, r.created_at FROM memberships m JOIN records r ON r.portal = m.portal AND r.ref = m.member AND r.deleted_at = 0
		WHERE m.portal = ? AND m.account = ? AND m.valid_to = 0 AND r.type = 'deals'`
	err = v.each(q, []any{int64(account.Portal), path(account)}, func(scan func(...any) error) error {
		var d crm.Record
		var ref, properties string
		var created int64
		if err := scan(&ref, &d.Name, &properties, &created); err != nil {
			return err
		}
		var err error
		if d.Ref, err = refOf(account.Portal, ref); err != nil {
			return err
		}
		d.Created = moment(created)
		err = decode(properties, &d.Properties)
		out = append(out, d)
		return err
	})
	return out, err
}
