package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Earlier lists the texts that the activities of an account had and have no longer, by activity and time, those of activities that are gone among them. An activity belongs
// to its present accounts, also with its earlier texts; a gone one to those it had last. Left out are our own activities, what was erased, and what is gone together with a
// record that it was linked to: a person who was deleted or opted out is hidden at once, not only when the erasure follows.
func (db *DB) Earlier(ctx context.Context, account crm.Ref) (out []crm.Standing, err error) {
	err = db.r.read(ctx, func(v *view) error {
		gone, err := v.goneFrom(account)
		if err != nil {
			return err
		}
		err = v.standings(account.Portal, `SELECT v.activity, v.version, v.learned_at, v.superseded_at FROM activity_accounts x
			JOIN versions v ON v.portal = x.portal AND v.activity = x.activity AND v.superseded_at <> 0 JOIN activities a ON a.portal = x.portal AND a.ref = x.activity
			WHERE x.portal = ? AND x.account = ? AND a.ours = 0 ORDER BY v.activity, v.id`, []any{int64(account.Portal), path(account)}, &out)
		if err != nil {
			return err
		}
		return inParts(gone, func(part []string) error {
			marks, args := listOf(part)
			return v.standings(account.Portal, `SELECT activity, version, learned_at, superseded_at FROM versions WHERE portal = ? AND superseded_at <> 0
				AND activity IN (`+marks+`) ORDER BY activity, id`, append([]any{int64(account.Portal)}, args...), &out)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("earlier texts of %s: %w", account, err)
	}
	slices.SortStableFunc(out, func(a, b crm.Standing) int { return a.Activity.Compare(b.Activity) })
	return out, nil
}

func (v *view) standings(portal crm.PortalID, q string, args []any, out *[]crm.Standing) error {
	return v.each(q, args, func(scan func(...any) error) error {
		var s crm.Standing
		var activity string
		var from, to int64
		err := scan(&activity, &s.Version, &from, &to)
		if err != nil {
			return err
		}
		s.From, s.To = moment(from), moment(to)
		s.Activity, err = refOf(portal, activity)
		*out = append(*out, s)
		return err
	})
}

// goneFrom lists the activities that an account, under any of its ids, had when they went, without those that a record went with.
func (v *view) goneFrom(account crm.Ref) ([]string, error) {
	portal := int64(account.Portal)
	ids, err := v.strings("SELECT old_ref FROM aliases WHERE portal = ? AND new_ref = ?", portal, path(account))
	if err != nil {
		return nil, err
	}
	linked := map[string][]string{} // activity → its records
	var records []string
	for _, id := range append(ids, path(account)) {
		listed, err := encode([]string{id}) // as it stands in the list of accounts, between brackets
		if err != nil {
			return nil, err
		}
		q := "SELECT ref, links FROM activities WHERE portal = ? AND deleted_at <> 0 AND accounts LIKE ? AND ours = 0"
		err = v.each(q, []any{portal, "%" + strings.Trim(listed, "[]") + "%"}, func(scan func(...any) error) error {
			var ref, links string
			if err := scan(&ref, &links); err != nil {
				return err
			}
			var l crm.Links
			err := decode(links, &l)
			linked[ref] = nil
			for _, r := range l.All() {
				linked[ref] = append(linked[ref], path(r))
			}
			records = append(records, linked[ref]...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	hidden, err := v.goneRecords(portal, records)
	if err != nil {
		return nil, err
	}
	var out []string
	for ref, of := range linked {
		if !slices.ContainsFunc(of, func(r string) bool { return hidden[r] }) {
			out = append(out, ref)
		}
	}
	slices.Sort(out)
	return out, nil
}

// goneRecords tells which of these records are deleted or erased. One that was merged into another is not deleted: it is what the other is.
func (v *view) goneRecords(portal int64, records []string) (map[string]bool, error) {
	out := map[string]bool{}
	slices.Sort(records)
	err := inParts(slices.Compact(records), func(part []string) error {
		marks, args := listOf(part)
		args = append([]any{portal}, args...)
		found, err := v.strings(`SELECT r.ref FROM records r WHERE r.portal = ? AND r.deleted_at <> 0 AND r.ref IN (`+marks+`)
				AND NOT EXISTS (SELECT 1 FROM aliases a WHERE a.portal = r.portal AND a.old_ref = r.ref)
			UNION SELECT a.old_ref FROM aliases a JOIN records r ON r.portal = a.portal AND r.ref = a.new_ref AND r.deleted_at <> 0 WHERE a.portal = ? AND a.old_ref IN (`+marks+`)
			UNION SELECT a.old_ref FROM aliases a JOIN erased e ON e.portal = a.portal AND e.ref = a.new_ref WHERE a.portal = ? AND a.old_ref IN (`+marks+`)
			UNION SELECT ref FROM erased WHERE portal = ? AND ref IN (`+marks+`)`, slices.Concat(args, args, args, args)...)
		for _, r := range found {
			out[r] = true
		}
		return err
	})
	return out, err
}

// Superseded reads the texts that Earlier listed, in any order, each with its activity: subject and language of then, people and links of today. What was erased meanwhile
// is left out.
func (db *DB) Superseded(ctx context.Context, portal crm.PortalID, want []crm.Standing) (out []crm.Stored, err error) {
	wanted := make(map[crm.Standing]bool, len(want))
	var paths []string
	for _, s := range want {
		wanted[s] = true
		paths = append(paths, path(s.Activity))
	}
	slices.Sort(paths)
	err = db.r.read(ctx, func(v *view) error {
		return inParts(slices.Compact(paths), func(part []string) error { return v.superseded(portal, part, wanted, &out) })
	})
	if err != nil {
		return nil, fmt.Errorf("%d earlier texts: %w", len(want), err)
	}
	return out, nil
}

func (v *view) superseded(portal crm.PortalID, activities []string, wanted map[crm.Standing]bool, out *[]crm.Stored) error {
	marks, args := listOf(activities)
	var hashes []string
	from := len(*out)
	q := "SELECT " + activityColumns + `, v.version, v.language, v.turns, v.learned_at, v.superseded_at, v.subject FROM activities a
		JOIN versions v ON v.portal = a.portal AND v.activity = a.ref AND v.superseded_at <> 0 WHERE a.portal = ? AND a.ref IN (` + marks + ")"
	err := v.each(q, append([]any{int64(portal)}, args...), func(scan func(...any) error) error {
		var d crm.Document
		var turns, subject string
		var learned, superseded int64
		s, err := scanActivity(portal, func(dest ...any) error {
			return scan(append(dest, &d.Version, &d.Language, &turns, &learned, &superseded, &subject)...)
		})
		if err != nil || !wanted[crm.Standing{Activity: s.Ref, Version: d.Version, From: moment(learned), To: moment(superseded)}] {
			return err
		}
		d.Ref, s.Subject, s.LearnedAt, s.SupersededAt = s.Ref, subject, moment(learned), optional(superseded)
		s.Document = d
		hashes = append(hashes, d.Version)
		*out = append(*out, s)
		return decode(turns, &(*out)[len(*out)-1].Document.Turns)
	})
	if err != nil {
		return err
	}
	texts, err := v.texts(portal, hashes)
	for i := from; i < len(*out); i++ {
		(*out)[i].Document.Text = texts[(*out)[i].Document.Version]
	}
	*out = slices.DeleteFunc(*out, func(s crm.Stored) bool { return s.Document.Text == "" }) // erased, or empty: nothing to find in it
	return err
}
