package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Resolve follows merges: it is ref itself unless HubSpot merged it into another record.
func (db *DB) Resolve(ctx context.Context, ref crm.Ref) (out crm.Ref, err error) {
	err = db.r.read(ctx, func(v *view) (err error) {
		out, err = v.resolve(ref)
		return err
	})
	if err != nil {
		return crm.Ref{}, fmt.Errorf("resolve %s: %w", ref, err)
	}
	return out, nil
}

func (v *view) resolve(ref crm.Ref) (crm.Ref, error) {
	var to string
	err := v.one("SELECT new_ref FROM aliases WHERE portal = ? AND old_ref = ?", []any{int64(ref.Portal), path(ref)}, &to)
	if errors.Is(err, crm.ErrNotFound) {
		return ref, nil
	}
	if err != nil {
		return ref, err
	}
	return refOf(ref.Portal, to)
}

// Record is a record as last read, under its present id; crm.ErrNotFound when unknown or deleted.
func (db *DB) Record(ctx context.Context, ref crm.Ref) (r crm.Record, err error) {
	err = db.r.read(ctx, func(v *view) error {
		now, err := v.resolve(ref)
		if err != nil {
			return err
		}
		r, err = v.record(now)
		return err
	})
	if err != nil {
		return crm.Record{}, fmt.Errorf("record %s: %w", ref, err)
	}
	return r, nil
}

func (v *view) record(ref crm.Ref) (crm.Record, error) {
	r := crm.Record{Ref: ref}
	var properties, history, links, merged string
	var created, modified int64
	err := v.one("SELECT name, properties, history, links, merged_ids, created_at, modified_at FROM records WHERE portal = ? AND ref = ? AND deleted_at = 0",
		[]any{int64(ref.Portal), path(ref)}, &r.Name, &properties, &history, &links, &merged, &created, &modified)
	if err != nil {
		return r, err
	}
	r.Created, r.Modified = moment(created), moment(modified)
	return r, errorsOf(decode(properties, &r.Properties), decode(history, &r.History), decode(links, &r.Links), decode(merged, &r.MergedIDs))
}

// Account is whose memory a record belongs to now: a company itself; else its present company; a deal or ticket without one goes by its own links; a contact
// without one is its own account. An activity's account is its primary one. crm.ErrNotFound when there is none.
func (db *DB) Account(ctx context.Context, ref crm.Ref) (out crm.Ref, err error) {
	err = db.r.read(ctx, func(v *view) error {
		now, err := v.resolve(ref)
		if err != nil {
			return err
		}
		out, err = v.account(now)
		return err
	})
	if err != nil {
		return crm.Ref{}, fmt.Errorf("account of %s: %w", ref, err)
	}
	return out, nil
}

func (v *view) account(ref crm.Ref) (crm.Ref, error) {
	if ref.Type == crm.Companies {
		return ref, nil
	}
	if ref.Type.IsActivity() {
		return first(v.accountsOf(ref))
	}
	members, err := v.memberships(ref)
	if err != nil {
		return crm.Ref{}, err
	}
	accounts := crm.AccountsOf(crm.Links{}.Add(ref), members, time.Time{})
	if len(accounts) > 0 {
		return v.resolve(accounts[0])
	}
	r, err := v.record(ref)
	if err != nil {
		return crm.Ref{}, err
	}
	for _, contact := range r.Links.Contacts {
		of, err := v.memberships(contact)
		if err != nil {
			return crm.Ref{}, err
		}
		members = append(members, of...)
	}
	return first(crm.AccountsOf(crm.Links{Companies: r.Links.Companies, Contacts: r.Links.Contacts}, members, time.Time{}), nil)
}

func first(refs []crm.Ref, err error) (crm.Ref, error) {
	if err == nil && len(refs) == 0 {
		err = crm.ErrNotFound
	}
	if err != nil {
		return crm.Ref{}, err
	}
	return refs[0], nil
}

// Accounts lists a portal's accounts: the companies that exist, and whatever else owns an activity. By type and id.
func (db *DB) Accounts(ctx context.Context, portal crm.PortalID) (out []crm.Ref, err error) {
	err = db.r.read(ctx, func(v *view) error {
		paths, err := v.strings(`SELECT ref FROM records WHERE portal = ? AND type = 'companies' AND deleted_at = 0
			UNION SELECT account FROM activity_accounts WHERE portal = ? ORDER BY 1`, int64(portal), int64(portal))
		if err != nil {
			return err
		}
		out, err = refsOf(portal, paths)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("accounts of portal %d: %w", portal, err)
	}
	return out, nil
}
