package store

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Audit appends an entry for something that changed no row of the store, such as another generation of the index. Time and Seq are set here.
func (db *DB) Audit(ctx context.Context, e crm.AuditEntry) error {
	if err := db.w.write(ctx, func(t *tx) error { return t.audit(e) }); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

// Subjects lists the newest n activities of a portal that have a subject line of their own (in their account no other activity has the same one) and chunks: a question
// whose answer is known. Ref, Subject, Time and Accounts are set.
func (db *DB) Subjects(ctx context.Context, portal crm.PortalID, n int) (out []crm.Stored, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := `SELECT a.ref, a.subject, a.at, a.accounts FROM activities a WHERE a.portal = ? AND a.subject <> '' AND a.deleted_at = 0 AND a.ours = 0 AND a.accounts <> '[]'
			AND EXISTS (SELECT 1 FROM postings p WHERE p.portal = a.portal AND p.activity = a.ref)
			AND NOT EXISTS (SELECT 1 FROM activity_accounts mine JOIN activity_accounts theirs ON theirs.portal = mine.portal AND theirs.account = mine.account
				JOIN activities b ON b.portal = theirs.portal AND b.ref = theirs.activity
				WHERE mine.portal = a.portal AND mine.activity = a.ref AND b.ref <> a.ref AND b.subject = a.subject AND b.deleted_at = 0)
			ORDER BY a.at DESC, a.ref LIMIT ?`
		return v.each(q, []any{int64(portal), n}, func(scan func(...any) error) error {
			var s crm.Stored
			var ref, accounts string
			var at int64
			if err := scan(&ref, &s.Subject, &at, &accounts); err != nil {
				return err
			}
			var err1, err2 error
			s.Ref, err1 = refOf(portal, ref)
			s.Accounts, err2 = decodeRefs(portal, accounts)
			s.Time = moment(at)
			out = append(out, s)
			return errorsOf(err1, err2)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("subjects of portal %d: %w", portal, err)
	}
	return out, nil
}

// Members lists the records that belong, or belonged, to an account, itself first, with their names; those without a name are left out.
func (db *DB) Members(ctx context.Context, account crm.Ref) (out []crm.Member, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := `SELECT r.ref, r.name FROM records r WHERE r.portal = ? AND r.name <> '' AND r.deleted_at = 0 AND (r.ref = ?
			OR r.ref IN (SELECT m.member FROM memberships m WHERE m.portal = ? AND m.account = ?)) ORDER BY r.ref <> ?, r.ref`
		args := []any{int64(account.Portal), path(account), int64(account.Portal), path(account), path(account)}
		return v.each(q, args, func(scan func(...any) error) error {
			var m crm.Member
			var ref string
			if err := scan(&ref, &m.Name); err != nil {
				return err
			}
			var err error
			m.Ref, err = refOf(account.Portal, ref)
			out = append(out, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("members of %s: %w", account, err)
	}
	return out, nil
}
