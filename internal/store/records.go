package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Memberships lists every membership of these members, by member, then oldest first.
func (db *DB) Memberships(ctx context.Context, members []crm.Ref) (out []crm.Membership, err error) {
	err = db.r.read(ctx, func(v *view) error {
		for _, m := range members {
			of, err := v.memberships(m)
			if err != nil {
				return fmt.Errorf("%s: %w", m, err)
			}
			out = append(out, of...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("memberships: %w", err)
	}
	return out, nil
}

func (v *view) memberships(member crm.Ref) (out []crm.Membership, err error) {
	q := "SELECT account, is_primary, valid_from, valid_to FROM memberships WHERE portal = ? AND member = ? ORDER BY valid_from, account"
	err = v.each(q, []any{int64(member.Portal), path(member)}, func(scan func(...any) error) error {
		m := crm.Membership{Member: member}
		var account string
		var from, to int64
		if err := scan(&account, &m.Primary, &from, &to); err != nil {
			return err
		}
		m.From, m.To = moment(from), moment(to)
		m.Account, err = refOf(member.Portal, account)
		out = append(out, m)
		return err
	})
	return out, err
}

// HasRecords tells which records are stored, deleted and merged ones included.
func (db *DB) HasRecords(ctx context.Context, refs []crm.Ref) (out map[crm.Ref]bool, err error) {
	out = make(map[crm.Ref]bool, len(refs))
	err = db.r.read(ctx, func(v *view) error {
		for _, r := range refs {
			found, err := v.exists(`SELECT 1 FROM records WHERE portal = ? AND ref = ? UNION ALL SELECT 1 FROM aliases WHERE portal = ? AND old_ref = ?`,
				int64(r.Portal), path(r), int64(r.Portal), path(r))
			if err != nil {
				return err
			}
			if found {
				out[r] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up %d records: %w", len(refs), err)
	}
	return out, nil
}

// KeepRecords stores records with their memberships; see indexer.Texts. A record's memberships replace its earlier ones; ids merged into it become aliases. The
// answer names the activities, each once, whose accounts may be others now; they are marked as index work in the same transaction.
func (db *DB) KeepRecords(ctx context.Context, records []crm.Record, memberships []crm.Membership, gone []crm.Ref, cause crm.Claim, triggers []crm.Mark) (moved []crm.Ref, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		affected := map[crm.Ref]bool{}
		for _, r := range records {
			if err := t.keepRecord(r, memberships, affected); err != nil {
				return fmt.Errorf("%s: %w", r.Ref, err)
			}
		}
		for _, r := range gone {
			if err := t.recordGone(r); err != nil {
				return fmt.Errorf("%s: %w", r, err)
			}
		}
		moved = make([]crm.Ref, 0, len(affected))
		for r := range affected {
			moved = append(moved, r)
		}
		slices.SortFunc(moved, crm.Ref.Compare)
		s, err := t.spanOf(cause)
		if err != nil {
			return err
		}
		marks := slices.Clone(triggers)
		for _, r := range moved { // in this transaction: run again, the memberships are no news and nobody would know of the move
			marks = append(marks, crm.Mark{Portal: r.Portal, Kind: crm.IndexWork, Key: path(r), Lane: cause.Lane})
		}
		return t.markFor(s, marks)
	})
	if err != nil {
		return nil, fmt.Errorf("keep %d records: %w", len(records), err)
	}
	return moved, nil
}

func (t *tx) keepRecord(r crm.Record, memberships []crm.Membership, affected map[crm.Ref]bool) error {
	if !r.Ref.Type.IsRecord() || r.Ref.Portal <= 0 {
		return fmt.Errorf("not a record: %w", crm.ErrInvalid)
	}
	if erased, err := t.isErased(r.Ref.Portal, r.Ref); err != nil || erased {
		return err
	}
	properties, err1 := encode(r.Properties)
	links, err2 := encode(r.Links)
	merged, err3 := encode(r.MergedIDs)
	history, err4 := encode(r.History)
	if err := errorsOf(err1, err2, err3, err4); err != nil {
		return err
	}
	deleted := int64(0)
	if r.Archived {
		deleted = micros(t.now)
	}
	turns, err := t.turns(r.Ref, r.Archived)
	if err != nil {
		return err
	}
	if err := t.noteFacts(r.Ref, properties, deleted); err != nil {
		return err
	}
	err = t.do(`INSERT INTO records (portal, ref, type, name, properties, history, links, merged_ids, created_at, modified_at, read_at, deleted_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (portal, ref) DO UPDATE SET name = excluded.name, properties = excluded.properties, history = excluded.history, links = excluded.links,
		merged_ids = excluded.merged_ids, created_at = excluded.created_at, modified_at = excluded.modified_at, read_at = excluded.read_at,
		deleted_at = excluded.deleted_at`,
		int64(r.Ref.Portal), path(r.Ref), string(r.Ref.Type), r.Name, properties, history, links, merged, micros(r.Created), micros(r.Modified), micros(t.now), deleted)
	if err != nil {
		return err
	}
	if err := t.keepAliases(r, affected); err != nil {
		return err
	}
	if turns {
		if err := t.forgetPast(r.Ref); err != nil {
			return err
		}
	}
	if err := t.keepMemberships(r.Ref, memberships, affected); err != nil {
		return err
	}
	return t.audit(crm.AuditEntry{
		Action: "record.kept", Actors: []crm.Actor{crm.System("indexer")}, Portal: r.Ref.Portal, Subject: path(r.Ref), Hashes: map[string]string{"properties": sum([]byte(properties))},
	})
}

// noteFacts notes the accounts whose facts change with a record's properties.
func (t *tx) noteFacts(r crm.Ref, properties string, deleted int64) error {
	same, err := t.exists("SELECT 1 FROM records WHERE portal = ? AND ref = ? AND properties = ? AND (deleted_at = 0) = (? = 0)", int64(r.Portal), path(r), properties, deleted)
	if err != nil || same {
		return err
	}
	return t.factsOf(r)
}

// keepAliases points the ids that were merged into r at it, and whatever pointed at them.
func (t *tx) keepAliases(r crm.Record, affected map[crm.Ref]bool) error {
	for _, id := range r.MergedIDs {
		old := crm.Ref{Portal: r.Ref.Portal, Type: r.Ref.Type, ID: id}
		if old == r.Ref {
			continue
		}
		portal := int64(r.Ref.Portal)
		known, err := t.exists("SELECT 1 FROM aliases WHERE portal = ? AND old_ref = ? AND new_ref = ?", portal, path(old), path(r.Ref))
		if err != nil {
			return err
		}
		if known {
			continue
		}
		err = errorsOf(
			t.do("UPDATE aliases SET new_ref = ? WHERE portal = ? AND new_ref = ?", path(r.Ref), portal, path(old)),
			t.do("INSERT INTO aliases (portal, old_ref, new_ref) VALUES (?, ?, ?) ON CONFLICT (portal, old_ref) DO UPDATE SET new_ref = excluded.new_ref",
				portal, path(old), path(r.Ref)),
			t.do("DELETE FROM aliases WHERE portal = ? AND old_ref = ?", portal, path(r.Ref)),
			t.do("UPDATE records SET deleted_at = ? WHERE portal = ? AND ref = ? AND deleted_at = 0", micros(t.now), portal, path(old)),
			t.linkedTo(old, affected), t.factsOf(old), t.factsOf(r.Ref))
		if err != nil {
			return fmt.Errorf("merged %s: %w", old, err)
		}
		if r.Ref.Type == crm.Companies {
			t.accounts.forget(r.Ref) // what is gone of the old one is its past from now on
		}
	}
	return nil
}

// keepMemberships replaces the member's memberships by those of the list that are its own.
func (t *tx) keepMemberships(member crm.Ref, all []crm.Membership, affected map[crm.Ref]bool) error {
	before, err := t.memberships(member)
	if err != nil {
		return err
	}
	var now []crm.Membership
	for _, m := range all {
		if m.Member == member {
			m.From, m.To = moment(micros(m.From)), moment(micros(m.To))
			now = append(now, m)
		}
	}
	slices.SortFunc(now, func(a, b crm.Membership) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return strings.Compare(path(a.Account), path(b.Account))
	})
	if slices.Equal(before, now) {
		return nil
	}
	err = errorsOf(t.factsOf(member), // those that it leaves; then those that it joins
		t.do("DELETE FROM memberships WHERE portal = ? AND member = ?", int64(member.Portal), path(member)))
	if err != nil {
		return err
	}
	for _, m := range now {
		err := t.do("INSERT INTO memberships (portal, member, account, is_primary, valid_from, valid_to) VALUES (?, ?, ?, ?, ?, ?)",
			int64(member.Portal), path(member), path(m.Account), flag(m.Primary), micros(m.From), micros(m.To))
		if err != nil {
			return fmt.Errorf("membership in %s from %s: %w", m.Account, m.From, err)
		}
	}
	return errorsOf(t.factsOf(member), t.linkedTo(member, affected))
}

// linkedTo adds the existing activities of a record.
func (t *tx) linkedTo(record crm.Ref, into map[crm.Ref]bool) error {
	paths, err := t.strings("SELECT activity FROM links WHERE portal = ? AND record = ?", int64(record.Portal), path(record))
	if err != nil {
		return err
	}
	refs, err := refsOf(record.Portal, paths)
	for _, r := range refs {
		into[r] = true
	}
	return err
}

// recordGone marks a record deleted. An unknown one leaves a tombstone too, so that it counts as read.
func (t *tx) recordGone(r crm.Ref) error {
	if !r.Type.IsRecord() || r.Portal <= 0 {
		return fmt.Errorf("not a record: %w", crm.ErrInvalid)
	}
	turns, err := t.turns(r, true)
	if err != nil {
		return err
	}
	n, err := t.exec(`INSERT INTO records (portal, ref, type, name, properties, links, merged_ids, created_at, modified_at, read_at, deleted_at)
		VALUES (?, ?, ?, '', '', '', '', 0, 0, ?, ?) ON CONFLICT (portal, ref) DO UPDATE SET read_at = excluded.read_at,
		deleted_at = CASE WHEN records.deleted_at = 0 THEN excluded.deleted_at ELSE records.deleted_at END`,
		int64(r.Portal), path(r), string(r.Type), micros(t.now), micros(t.now))
	if err != nil {
		return err
	}
	if err := t.factsOf(r); err != nil {
		return err
	}
	if turns {
		if err := t.forgetPast(r); err != nil {
			return err
		}
	}
	return t.audit(crm.AuditEntry{Action: "record.gone", Actors: []crm.Actor{crm.System("indexer")}, Portal: r.Portal, Subject: path(r),
		IDs: map[string]string{"rows": strconv.FormatInt(n, 10)}})
}
