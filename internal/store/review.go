package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Snooze hides a suggestion from the queue until then (zero: shows it again). seen is the ETag the person was shown; crm.ErrConflict when it has moved.
func (db *DB) Snooze(ctx context.Context, portal crm.PortalID, id string, till time.Time, by crm.Actor, seen string) (crm.Proposal, error) {
	return db.note(ctx, portal, id, seen, "review.snooze", by, func(t *tx, _ crm.Proposal, _ *crm.AuditEntry) error {
		return t.do("UPDATE proposals SET snoozed_till = ?, rev = rev + 1 WHERE portal = ? AND id = ?", micros(till), int64(portal), id)
	})
}

// Assign gives a suggestion to somebody ("": to nobody); seen as for Snooze.
func (db *DB) Assign(ctx context.Context, portal crm.PortalID, id, assignee string, by crm.Actor, seen string) (crm.Proposal, error) {
	return db.note(ctx, portal, id, seen, "review.assign", by, func(t *tx, _ crm.Proposal, _ *crm.AuditEntry) error {
		return t.do("UPDATE proposals SET assignee = ?, rev = rev + 1 WHERE portal = ? AND id = ?", assignee, int64(portal), id)
	})
}

// Comment adds a person's remark; seen as for Snooze. It does not move the suggestion's ETag: nothing that could be approved has changed.
func (db *DB) Comment(ctx context.Context, portal crm.PortalID, id, text string, by crm.Actor, seen string) (crm.Proposal, error) {
	return db.note(ctx, portal, id, seen, "review.comment", by, func(t *tx, p crm.Proposal, _ *crm.AuditEntry) error { return t.comment(p, text, by, t.now) })
}

// note is one transaction that changes what surrounds a suggestion, not its verdicts. change may add to the entry.
func (db *DB) note(ctx context.Context, portal crm.PortalID, id, seen, action string, by crm.Actor, change func(*tx, crm.Proposal, *crm.AuditEntry) error) (p crm.Proposal, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		before, err := t.seen(portal, id, seen)
		if err != nil {
			return err
		}
		e := proposalEntry(action, before, by)
		if err := errorsOf(change(t, before, &e), t.audit(e)); err != nil {
			return err
		}
		p, err = t.proposal(portal, id)
		return err
	})
	if err != nil {
		return crm.Proposal{}, fmt.Errorf("%s suggestion %s: %w", action, id, err)
	}
	return p, nil
}

func (t *tx) comment(p crm.Proposal, text string, by crm.Actor, at time.Time) error {
	if text == "" {
		return nil
	}
	return t.do("INSERT INTO comments (portal, proposal, actor, at, body) VALUES (?, ?, ?, ?, ?)", int64(p.Portal), p.ID, by.String(), micros(at), text)
}

// Comments lists what people wrote about a suggestion, oldest first.
func (db *DB) Comments(ctx context.Context, portal crm.PortalID, id string) (out []crm.Comment, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT actor, at, body FROM comments WHERE portal = ? AND proposal = ? ORDER BY id"
		return v.each(q, []any{int64(portal), id}, func(scan func(...any) error) error {
			var c crm.Comment
			var actor string
			var at int64
			if err := scan(&actor, &at, &c.Text); err != nil {
				return err
			}
			c.At = moment(at)
			c.Actor, err = actorOf(actor)
			out = append(out, c)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("comments on suggestion %s: %w", id, err)
	}
	return out, nil
}

// Undo puts applied changes back to what was there before (all of them when changes is empty), a note or task that was new into the recycle bin: an effect each, in one
// transaction with its outcome; see engine.Proposals.
func (db *DB) Undo(ctx context.Context, portal crm.PortalID, id string, changes []string, by crm.Actor, seen string) (p crm.Proposal, err error) {
	return db.note(ctx, portal, id, seen, "review.undo", by, func(t *tx, p crm.Proposal, e *crm.AuditEntry) error {
		for _, id := range changes {
			if !slices.ContainsFunc(p.Changes, func(c crm.Change) bool { return c.ID == id }) {
				return fmt.Errorf("no change %q: %w", id, crm.ErrInvalid)
			}
		}
		var undone []crm.Change
		for _, c := range p.Changes {
			if c.State != crm.Applied || !(len(changes) == 0 || slices.Contains(changes, c.ID)) {
				continue
			}
			if err := t.undo(p, c, by); err != nil {
				return fmt.Errorf("change %s: %w", c.ID, err)
			}
			undone = append(undone, c)
		}
		if len(undone) == 0 || (len(changes) > 0 && len(undone) != len(changes)) {
			return fmt.Errorf("%d of its changes are applied: %w", len(undone), crm.ErrConflict)
		}
		e.IDs["changes"] = changeIDs(undone)
		return t.moveProposal(portal, id)
	})
}

func (t *tx) undo(p crm.Proposal, c crm.Change, by crm.Actor) error {
	written := effectID(p, c, "")
	before, settled, err := t.replaced(p.Portal, written)
	if err != nil {
		return err
	}
	if t.now.Sub(settled) > crm.UndoFor {
		return fmt.Errorf("it was written on %s, longer ago than %d days: %w", settled.Format(time.DateOnly), int(crm.UndoFor.Hours()/24), crm.ErrConflict)
	}
	back := c
	back.Before, back.After, back.Fields = &c.After, before, nil
	p.ReadAt = t.now // a person's change between the write and this moment was seen by whoever asks for the undo
	if _, err := t.addEffect(p, back, by, written, span{portal: p.Portal}, crm.ReviewLane); err != nil {
		return err
	}
	return t.outcome(crm.Outcome{Portal: p.Portal, Change: c.ID, Proposal: p.ID, Workflow: p.Workflow, Field: field(c), Decision: "undo", Actor: by,
		Features: c.Features, FeaturesVersion: int(c.Features["version"]), Confidence: c.Confidence, At: t.now})
}

// replaced is what an effect found in its place, "" for nothing, and when it was settled.
func (t *tx) replaced(portal crm.PortalID, effect string) (before string, settled time.Time, err error) {
	var receipt string
	var at int64
	if err := t.one("SELECT receipt, settled_at FROM effects WHERE portal = ? AND id = ?", []any{int64(portal), effect}, &receipt, &at); err != nil {
		return "", settled, fmt.Errorf("effect %s: %w", effect, err)
	}
	var r crm.Receipt
	if err := decode(receipt, &r); err != nil {
		return "", settled, err
	}
	if r.Before != nil {
		before = *r.Before
	}
	return before, moment(at), nil
}
