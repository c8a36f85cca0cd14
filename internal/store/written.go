package store

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Written is the newest suggestion of a workflow about a subject that was let through, by the gate or by a person, before a moment (zero: now); crm.ErrNotFound.
func (db *DB) Written(ctx context.Context, workflow string, subject crm.Ref, before time.Time) (p crm.Proposal, err error) {
	q := `SELECT id FROM proposals WHERE portal = ? AND workflow = ? AND subject = ? AND state IN (?, ?)`
	args := []any{int64(subject.Portal), workflow, path(subject), string(crm.Approved), string(crm.Applied)}
	if !before.IsZero() {
		q += " AND created_at < ?"
		args = append(args, micros(before))
	}
	err = db.r.read(ctx, func(v *view) error {
		var id string
		if err := v.one(q+" ORDER BY created_at DESC, id DESC LIMIT 1", args, &id); err != nil {
			return err
		}
		p, err = v.proposal(subject.Portal, id)
		return err
	})
	if err != nil {
		return crm.Proposal{}, fmt.Errorf("last %s of %s: %w", workflow, subject.Path(), err)
	}
	return p, nil
}
