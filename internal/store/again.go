package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// OpenTasks lists the tasks of ours about a subject that were written and, as far as is known, neither completed nor deleted; see engine.Proposals.
func (db *DB) OpenTasks(ctx context.Context, subject crm.Ref) (out []crm.Ref, err error) {
	err = db.r.read(ctx, func(v *view) error {
		paths, err := v.strings(`SELECT DISTINCT e.object FROM effects e WHERE e.portal = ? AND e.subject = ? AND e.property = 'hs_task_body' AND e.state = 'verified' AND e.object <> ''
			AND NOT EXISTS (SELECT 1 FROM activities a WHERE a.portal = e.portal AND a.ref = e.object AND (a.deleted_at <> 0 OR a.status = 'COMPLETED'))
			AND NOT EXISTS (SELECT 1 FROM effects u WHERE u.portal = e.portal AND u.undo_of = e.id AND u.state = 'verified')
			ORDER BY e.object`, int64(subject.Portal), path(subject))
		if err != nil {
			return err
		}
		out, err = refsOf(subject.Portal, paths)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open tasks about %s: %w", subject, err)
	}
	return out, nil
}

// RecordsOf lists the records of a type that belong to an account now, newest first; see engine.History.
func (db *DB) RecordsOf(ctx context.Context, account crm.Ref, typ crm.ObjectType) (out []crm.Record, err error) {
	err = db.r.read(ctx, func(v *view) error {
		paths, err := v.strings(`SELECT r.ref FROM records r WHERE r.portal = ? AND r.type = ? AND r.deleted_at = 0 AND EXISTS (SELECT 1 FROM memberships m
			WHERE m.portal = r.portal AND m.member = r.ref AND m.account = ? AND m.valid_to = 0) ORDER BY r.created_at DESC, r.ref`,
			int64(account.Portal), string(typ), path(account))
		if err != nil {
			return err
		}
		out, err = v.recordsAt(account.Portal, paths)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", typ, account, err)
	}
	return out, nil
}

// recordsAt reads the stored records of these paths, in their order; each must be there.
func (v *view) recordsAt(portal crm.PortalID, paths []string) ([]crm.Record, error) {
	var out []crm.Record
	for _, p := range paths {
		ref, err := refOf(portal, p)
		if err != nil {
			return nil, err
		}
		r, err := v.record(ref)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ref, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// KnownRecords reads records as they were last stored; unknown and deleted ones are absent. See indexer.Texts.
func (db *DB) KnownRecords(ctx context.Context, refs []crm.Ref) (map[crm.Ref]crm.Record, error) {
	out := make(map[crm.Ref]crm.Record, len(refs))
	err := db.r.read(ctx, func(v *view) error {
		for _, ref := range refs {
			r, err := v.record(ref)
			switch {
			case errors.Is(err, crm.ErrNotFound):
			case err != nil:
				return fmt.Errorf("%s: %w", ref, err)
			default:
				out[ref] = r
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %d stored records: %w", len(refs), err)
	}
	return out, nil
}

// Unseen lists records of a type after a path ("": from the first on), by path, about which a workflow has never run, at most limit of them. Those whose run waits, is under way or was
// buried are left out: marking them again would ask a model once more about what it has just been asked, or has failed at for good.
func (db *DB) Unseen(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, workflow, after string, limit int) (out []crm.Record, err error) {
	err = db.r.read(ctx, func(v *view) error {
		paths, err := v.strings(`SELECT r.ref FROM records r WHERE r.portal = ? AND r.type = ? AND r.deleted_at = 0 AND r.ref > ? AND NOT EXISTS (SELECT 1 FROM proposals p
			WHERE p.portal = r.portal AND p.workflow = ? AND p.subject = r.ref) AND NOT EXISTS (SELECT 1 FROM work k
			WHERE k.portal = r.portal AND k.kind = ? AND k.key = ? || r.ref AND k.wanted > k.done) ORDER BY r.ref LIMIT ?`,
			int64(portal), string(typ), after, workflow, string(crm.ConsiderWork), workflow+":", limit)
		if err != nil {
			return err
		}
		out, err = v.recordsAt(portal, paths)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s of portal %d that %s has not seen: %w", typ, portal, workflow, err)
	}
	return out, nil
}

// Due marks the runs of a portal whose time to be repeated has come by now, at most limit of them, and clears that time, in one transaction: each is repeated once. Workflows that
// are not among the given ones are left alone. It tells how many were marked.
func (db *DB) Due(ctx context.Context, portal crm.PortalID, now time.Time, workflows []string, limit int) (marked int, err error) {
	if len(workflows) == 0 {
		return 0, nil
	}
	err = db.w.write(ctx, func(t *tx) error {
		marked = 0
		args := []any{int64(portal), micros(now)}
		for _, w := range workflows {
			args = append(args, w)
		}
		in := strings.TrimSuffix(strings.Repeat("?, ", len(workflows)), ", ")
		var marks []crm.Mark
		var ids []string
		q := "SELECT id, workflow, subject FROM proposals WHERE portal = ? AND look_again_at <> 0 AND look_again_at <= ? AND workflow IN (" + in + ") ORDER BY look_again_at LIMIT ?"
		err := t.each(q, append(args, limit), func(scan func(...any) error) error {
			var id, workflow, subject string
			err := scan(&id, &workflow, &subject)
			ids = append(ids, id)
			marks = append(marks, crm.Mark{Portal: portal, Kind: crm.ConsiderWork, Key: workflow + ":" + subject, Lane: crm.BackfillLane})
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := t.do("UPDATE proposals SET look_again_at = 0 WHERE portal = ? AND id = ?", int64(portal), id); err != nil {
				return err
			}
		}
		marked = len(ids)
		return t.markFor(span{}, marks)
	})
	if err != nil {
		return 0, fmt.Errorf("mark the runs of portal %d that are due: %w", portal, err)
	}
	return marked, nil
}
