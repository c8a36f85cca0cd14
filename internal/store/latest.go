package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Latest is the newest suggestion of a workflow about a subject with a change in one of the states, made before a moment (zero: at any time); crm.ErrNotFound when
// there is none; see engine.Proposals.
func (db *DB) Latest(ctx context.Context, subject crm.Ref, workflow string, before time.Time, states ...crm.State) (p crm.Proposal, err error) {
	if len(states) == 0 {
		return p, fmt.Errorf("latest %s about %s: no state: %w", workflow, subject, crm.ErrInvalid)
	}
	q := `SELECT id FROM proposals p WHERE portal = ? AND workflow = ? AND subject = ? AND (? = 0 OR created_at < ?)
		AND EXISTS (SELECT 1 FROM changes c WHERE c.portal = p.portal AND c.proposal = p.id AND c.state IN (`
	until := int64(0)
	if !before.IsZero() {
		until = micros(before)
	}
	args := []any{int64(subject.Portal), workflow, path(subject), until, until}
	var list []string
	for _, s := range states {
		list = append(list, string(s))
	}
	marks, values := listOf(list)
	err = db.r.read(ctx, func(v *view) error {
		var id string
		err := v.one(q+marks+")) ORDER BY created_at DESC, id DESC LIMIT 1", append(args, values...), &id)
		if err != nil {
			return err
		}
		p, err = v.proposal(subject.Portal, id)
		return err
	})
	if err != nil {
		return crm.Proposal{}, fmt.Errorf("latest %s about %s: %w", workflow, subject, err)
	}
	return p, nil
}

// Known is crm.Stored.Seq of the newest text that an account has; 0 when it has none.
func (db *DB) Known(ctx context.Context, account crm.Ref) (seq int64, err error) {
	err = db.r.read(ctx, func(v *view) error {
		now, err := v.resolve(account)
		if err != nil {
			return err
		}
		err = v.one(`SELECT COALESCE(MAX(v.id), 0) FROM activity_accounts x JOIN versions v ON v.portal = x.portal AND v.activity = x.activity
			WHERE x.portal = ? AND x.account = ?`, []any{int64(now.Portal), path(now)}, &seq)
		if errors.Is(err, crm.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("newest text of %s: %w", account, err)
	}
	return seq, nil
}
