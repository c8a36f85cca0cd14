package store

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Gone removes activities that no longer exist from the index and leaves a tombstone; their texts stay readable by version until they are erased. Suggestions that
// wait for a person and quote one of them are considered again.
func (db *DB) Gone(ctx context.Context, refs []crm.Ref, cause crm.Claim) error {
	err := db.w.write(ctx, func(t *tx) error {
		for _, ref := range refs {
			if err := t.gone(ref, cause); err != nil {
				return fmt.Errorf("%s: %w", ref, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark %d activities gone: %w", len(refs), err)
	}
	return nil
}

func (t *tx) gone(ref crm.Ref, cause crm.Claim) error {
	if !ref.Type.IsActivity() || ref.Portal <= 0 {
		return fmt.Errorf("not an activity: %w", crm.ErrInvalid)
	}
	now := micros(t.now)
	ids := map[string]string{}
	if cause.Key != "" {
		ids["cause"] = string(cause.Kind) + "/" + cause.Key
	}
	again, err := t.quoting(ref)
	if err != nil {
		return err
	}
	covers, err := t.spanOf(cause)
	if err != nil {
		return err
	}
	return errorsOf(
		t.markFor(covers, again),
		t.touch(ref),
		t.dropChunks(ref),
		t.unlink(ref),
		t.endText(ref, now),
		t.do(`INSERT INTO activities (portal, ref, kind, at, time_unknown, created_at, modified_at, direction, subject, format, minutes, people, thread, status,
			channel, owner, links, accounts, ours, version, mark, deleted_at) VALUES (?, ?, ?, 0, 0, 0, 0, '', '', '', 0, '', '', '', '', '', '', '', 0, '', '', ?)
			ON CONFLICT (portal, ref) DO UPDATE SET mark = '', deleted_at = CASE WHEN activities.deleted_at = 0 THEN excluded.deleted_at ELSE activities.deleted_at END`,
			int64(ref.Portal), path(ref), string(ref.Type.Kind()), now),
		t.audit(crm.AuditEntry{Action: "activity.gone", Actors: []crm.Actor{crm.System("indexer")}, Portal: ref.Portal, Subject: path(ref), IDs: ids}))
}

// quoting are the runs to repeat because an activity is gone: those whose suggestions wait for a person and stand on it.
func (t *tx) quoting(activity crm.Ref) (marks []crm.Mark, err error) {
	q := `SELECT DISTINCT p.workflow, p.subject FROM citations c JOIN proposals p ON p.portal = c.portal AND p.id = c.proposal
		WHERE c.portal = ? AND c.activity = ? AND p.state = 'pending' ORDER BY p.workflow, p.subject`
	err = t.each(q, []any{int64(activity.Portal), path(activity)}, func(scan func(...any) error) error {
		var workflow, subject string
		err := scan(&workflow, &subject)
		marks = append(marks, crm.Mark{Portal: activity.Portal, Kind: crm.ConsiderWork, Key: workflow + ":" + subject})
		return err
	})
	return marks, err
}

// ResetMarks forgets the marks of all activities of a portal, so that indexing looks at each again; texts and chunks stay. Says how many.
func (db *DB) ResetMarks(ctx context.Context, portal crm.PortalID) (n int, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		count, err := t.exec("UPDATE activities SET mark = '' WHERE portal = ? AND mark <> ''", int64(portal))
		n = int(count)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reset marks of portal %d: %w", portal, err)
	}
	return n, nil
}
