package store

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// expireBatch bounds one transaction.
const expireBatch = 200

// Expire ends the suggestions of a workflow that have waited for a person since before then, and says how many. What is put away is left until its time has come.
func (db *DB) Expire(ctx context.Context, portal crm.PortalID, workflow string, before time.Time) (n int, err error) {
	if portal <= 0 {
		return 0, fmt.Errorf("expire suggestions: portal %d: %w", portal, crm.ErrInvalid)
	}
	for more := true; more; {
		err = db.w.write(ctx, func(t *tx) error {
			ids, err := t.strings("SELECT id FROM proposals WHERE portal = ? AND state = 'pending' AND workflow = ? AND created_at < ? AND snoozed_till <= ? ORDER BY created_at, id LIMIT ?",
				int64(portal), workflow, micros(before), micros(t.now), expireBatch)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := t.expire(portal, id); err != nil {
					return err
				}
			}
			n, more = n+len(ids), len(ids) == expireBatch
			return nil
		})
		if err != nil {
			return n, fmt.Errorf("expire suggestions of %s: %w", workflow, err)
		}
	}
	return n, nil
}

func (t *tx) expire(portal crm.PortalID, id string) error {
	p, err := t.proposal(portal, id)
	if err != nil {
		return err
	}
	return errorsOf(
		t.do("UPDATE changes SET state = 'expired' WHERE portal = ? AND proposal = ? AND state = 'pending'", int64(portal), id),
		t.do("UPDATE proposals SET state = 'expired', rev = rev + 1 WHERE portal = ? AND id = ?", int64(portal), id),
		t.auditProposal("proposal.expired", p, crm.System("review")))
}
