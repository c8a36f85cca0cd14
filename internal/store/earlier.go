package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Earlier is what an account knew before asOf and the index no longer says: activities whose present text became known at asOf or later, or that were deleted since, each
// with the text that it had then, by reference. It completes a search with crm.Filter.AsOf: an activity is found there or here, never both. People, subject and links are
// today's. Left out are activities that took place at asOf or later or at an unknown time, our own, and what was erased.
func (db *DB) Earlier(ctx context.Context, account crm.Ref, asOf time.Time) (out []crm.Stored, err error) {
	err = db.r.read(ctx, func(v *view) error {
		portal, then := int64(account.Portal), micros(asOf)
		changed, err := v.earlier(account.Portal, "activity_accounts x JOIN activities a ON a.portal = x.portal AND a.ref = x.activity",
			"x.portal = ? AND x.account = ? AND a.deleted_at = 0", []any{portal, path(account)}, then)
		if err != nil {
			return err
		}
		// The accounts of what is gone are only in its own row.
		gone, err := v.earlier(account.Portal, "activities a", "a.portal = ? AND a.deleted_at <> 0 AND a.deleted_at >= ?", []any{portal, then}, then)
		if err != nil {
			return err
		}
		out = append(changed, slices.DeleteFunc(gone, func(s crm.Stored) bool { return !slices.Contains(s.Accounts, account) })...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("earlier texts of %s: %w", account, err)
	}
	slices.SortFunc(out, func(a, b crm.Stored) int { return a.Ref.Compare(b.Ref) })
	return out, nil
}

// earlier reads the activities a of some tables and a condition with the texts that were known before then and are superseded since.
func (v *view) earlier(portal crm.PortalID, from, where string, args []any, then int64) (out []crm.Stored, err error) {
	q := "SELECT " + activityColumns + ", v.version, v.language, v.turns, v.cuts, v.learned_at, v.superseded_at, t.body FROM " + from + `
		JOIN versions v ON v.portal = a.portal AND v.activity = a.ref JOIN texts t ON t.portal = v.portal AND t.hash = v.version
		WHERE ` + where + ` AND a.ours = 0 AND a.at <> 0 AND a.at < ? AND v.learned_at < ? AND v.superseded_at >= ?
		AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.portal = a.portal AND c.activity = a.ref AND c.created_at < ?) ORDER BY a.ref, v.id DESC`
	err = v.each(q, append(args, then, then, then, then), func(scan func(...any) error) error {
		var d crm.Document
		var turns, cuts string
		var learned, superseded int64
		s, err := scanActivity(portal, func(dest ...any) error {
			return scan(append(dest, &d.Version, &d.Language, &turns, &cuts, &learned, &superseded, &d.Text)...)
		})
		if err != nil {
			return err
		}
		if n := len(out); n > 0 && out[n-1].Ref == s.Ref {
			return nil // a text from before that one
		}
		d.Ref, s.LearnedAt, s.SupersededAt = s.Ref, moment(learned), optional(superseded)
		err = errorsOf(decode(turns, &d.Turns), decode(cuts, &d.Cuts))
		s.Document = d
		out = append(out, s)
		return err
	})
	return out, err
}
