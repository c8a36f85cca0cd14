package store

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

const policyCursor = "policy"

// PolicyInForce records by which policy the gate decides from now on. Another one than before leaves an audit entry with both hashes, in the same transaction.
func (db *DB) PolicyInForce(ctx context.Context, portal crm.PortalID, sha256 string) error {
	if portal <= 0 || sha256 == "" {
		return fmt.Errorf("policy %q of portal %d: %w", sha256, portal, crm.ErrInvalid)
	}
	last, err := db.Cursor(ctx, portal, policyCursor) // nearly always the same: no start needs to write for it
	if err == nil && last.Value == sha256 {
		return nil
	}
	err = db.w.write(ctx, func(t *tx) error {
		before, err := t.strings("SELECT value FROM cursors WHERE portal = ? AND name = ?", int64(portal), policyCursor)
		if err != nil || len(before) == 1 && before[0] == sha256 {
			return err
		}
		hashes := map[string]string{"policy": sha256}
		if len(before) == 1 {
			hashes["before"] = before[0]
		}
		return errorsOf(
			t.do(`INSERT INTO cursors (portal, name, value, done, total, finished, started_at, updated_at) VALUES (?, ?, ?, 0, 0, 1, ?, ?)
				ON CONFLICT (portal, name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, int64(portal), policyCursor, sha256, micros(t.now), micros(t.now)),
			t.audit(crm.AuditEntry{Action: "policy.changed", Actors: []crm.Actor{crm.System("configuration")}, Portal: portal, Subject: "policy", IDs: map[string]string{}, Hashes: hashes}))
	})
	if err != nil {
		return fmt.Errorf("policy of portal %d: %w", portal, err)
	}
	return nil
}

// ApprovePolicy records that somebody approves a policy, by its hash. Approving twice is approving once.
func (db *DB) ApprovePolicy(ctx context.Context, portal crm.PortalID, sha256 string, by crm.Actor) error {
	err := db.w.write(ctx, func(t *tx) error {
		n, err := t.exec("INSERT INTO policy_approvals (portal, policy, actor, at) VALUES (?, ?, ?, ?) ON CONFLICT (portal, policy, actor) DO NOTHING", int64(portal), sha256, by.String(), micros(t.now))
		if err != nil || n == 0 {
			return err
		}
		return t.audit(crm.AuditEntry{Action: "policy.approved", Actors: []crm.Actor{by}, Portal: portal, Subject: "policy", IDs: map[string]string{}, Hashes: map[string]string{"policy": sha256}})
	})
	if err != nil {
		return fmt.Errorf("approve policy %s of portal %d: %w", sha256, portal, err)
	}
	return nil
}

// PolicyApprovals lists who has approved a policy, first things first.
func (db *DB) PolicyApprovals(ctx context.Context, portal crm.PortalID, sha256 string) (out []crm.Approval, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT actor, at FROM policy_approvals WHERE portal = ? AND policy = ? ORDER BY at, actor"
		return v.each(q, []any{int64(portal), sha256}, func(scan func(...any) error) error {
			var actor string
			var at int64
			if err := scan(&actor, &at); err != nil {
				return err
			}
			by, err := actorOf(actor)
			out = append(out, crm.Approval{By: by, At: moment(at)})
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("approvals of policy %s of portal %d: %w", sha256, portal, err)
	}
	return out, nil
}

// WrittenAlone counts the effects that the gate let through by itself within the time before now; see engine.Proposals.
func (db *DB) WrittenAlone(ctx context.Context, portal crm.PortalID, record crm.Ref, within time.Duration) (n int, err error) {
	q, args := "SELECT COUNT(*) FROM effects AS e WHERE e.portal = ? AND e.approver = 'system:gate' AND e.created_at > ? AND e.undo_of = ''", []any{int64(portal), micros(db.now().Add(-within))}
	if !record.IsZero() {
		q += " AND EXISTS (SELECT 1 FROM proposals AS p WHERE p.portal = e.portal AND p.id = e.proposal AND p.record = ?)"
		args = append(args, path(record))
	}
	if err = db.r.read(ctx, func(v *view) error { return v.one(q, args, &n) }); err != nil {
		return 0, fmt.Errorf("count automatic writes of portal %d: %w", portal, err)
	}
	return n, nil
}
