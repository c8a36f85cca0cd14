package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Begin records that a request is about to leave; see engine.Effects. From its commit on the value counts as our own write.
func (db *DB) Begin(ctx context.Context, e crm.Effect) error {
	err := db.w.write(ctx, func(t *tx) error {
		stored, err := t.fenced(e)
		if err != nil {
			return err
		}
		switch busy, err := t.underWay(stored); {
		case err != nil:
			return err
		case !busy.IsZero():
			at := t.now.Add(time.Second) // it may be settled long before its deadline
			if busy.After(t.now) && busy.Before(at) {
				at = busy
			}
			return &crm.RetryAfter{At: at, Err: errors.New("an earlier write to the same place may still arrive, or has not been looked at since")}
		}
		object := e.Object
		if object.IsZero() {
			object = stored.Object
		}
		return t.do("UPDATE effects SET state = 'sending', first_end = ?, object = ?, fence = ?, deadline = ?, attempts = attempts + 1, begun_at = ?, settled_at = 0 WHERE portal = ? AND id = ?",
			firstEnd(stored), path(object), e.Fence, micros(e.Deadline), micros(t.now), int64(e.Portal), e.ID)
	})
	if err != nil {
		return fmt.Errorf("begin effect %s: %w", e.ID, err)
	}
	return nil
}

// fenced reads an effect that this fence may still touch: crm.ErrConflict when a newer holder has claimed or begun it, or it is settled already.
func (t *tx) fenced(e crm.Effect) (crm.Effect, error) {
	if e.Fence <= 0 {
		return e, fmt.Errorf("fence %d: %w", e.Fence, crm.ErrInvalid)
	}
	stored, err := t.effect(e.Portal, e.ID)
	if err != nil {
		return stored, err
	}
	newest := stored.Fence
	row, err := t.workRow(e.Portal, crm.ApplyWork, e.ID)
	if err != nil && !errors.Is(err, crm.ErrNotFound) {
		return stored, err
	}
	newest = max(newest, row.fence)
	if e.Fence < newest {
		return stored, fmt.Errorf("fence %d, newest %d: %w", e.Fence, newest, crm.ErrConflict)
	}
	if again := !stored.Deadline.IsZero() && e.Fence > stored.Fence; !stored.SettledAt.IsZero() && !again {
		return stored, fmt.Errorf("already %s: %w", stored.State, crm.ErrConflict)
	}
	return stored, nil
}

// firstEnd is how an effect has ended that is taken up again: a request that was still on its way then may have arrived since.
func firstEnd(stored crm.Effect) string {
	if stored.FirstEnd == "" && !stored.SettledAt.IsZero() {
		return string(stored.State)
	}
	return string(stored.FirstEnd)
}

// Looked ends the look at an effect that was settled while an earlier request of it could still arrive; see engine.Effects.
func (db *DB) Looked(ctx context.Context, e crm.Effect) error {
	err := db.w.write(ctx, func(t *tx) error {
		stored, err := t.fenced(e)
		if err == nil && stored.SettledAt.IsZero() {
			err = fmt.Errorf("it is %s: %w", stored.State, crm.ErrConflict)
		}
		if err != nil {
			return err
		}
		return t.do("UPDATE effects SET deadline = 0, fence = ? WHERE portal = ? AND id = ?", e.Fence, int64(e.Portal), e.ID)
	})
	if err != nil {
		return fmt.Errorf("end the look at effect %s: %w", e.ID, err)
	}
	return nil
}

// Settle records what became of a write; see engine.Effects. Settling the same end twice with the same fence does nothing the second time.
func (db *DB) Settle(ctx context.Context, e crm.Effect, r crm.Receipt) error {
	err := db.w.write(ctx, func(t *tx) error {
		stored, err := t.fenced(e)
		if errors.Is(err, crm.ErrConflict) && stored.Fence == e.Fence && !stored.SettledAt.IsZero() && stored.State == e.State {
			return nil
		}
		if err != nil {
			return err
		}
		return t.settle(stored, e, r)
	})
	if err != nil {
		return fmt.Errorf("settle effect %s: %w", e.ID, err)
	}
	return nil
}

func (t *tx) settle(stored, e crm.Effect, r crm.Receipt) error {
	var change crm.State
	settled := micros(t.now)
	switch e.State {
	case crm.EffectVerified:
		if change = crm.Applied; stored.UndoOf != "" {
			change = crm.Undone
		}
	case crm.EffectConflict:
		change = crm.Conflicted
	case crm.EffectFailed:
		change = crm.Failed
	case crm.EffectSuperseded:
		change = crm.Superseded
	case crm.EffectUnknown:
		settled = 0
	case crm.EffectNew, crm.EffectSending:
		return fmt.Errorf("state %q settles nothing: %w", e.State, crm.ErrInvalid)
	default:
		return fmt.Errorf("state %q: %w", e.State, crm.ErrInvalid)
	}
	object := r.Object
	if object.IsZero() {
		object = e.Object
	}
	receipt, err := encode(r)
	if err != nil {
		return err
	}
	err = t.do("UPDATE effects SET state = ?, first_end = ?, fence = ?, deadline = ?, object = ?, receipt = ?, last_error = ?, settled_at = ? WHERE portal = ? AND id = ?",
		string(e.State), firstEnd(stored), e.Fence, micros(e.Deadline), path(object), receipt, e.LastError, settled, int64(e.Portal), e.ID)
	if err != nil {
		return err
	}
	if settled > 0 && e.Deadline.After(t.now) { // an earlier request can arrive until then
		if _, err := t.mark(crm.Mark{Portal: e.Portal, Kind: crm.ApplyWork, Key: e.ID, Lane: crm.ReviewLane, Quiet: e.Deadline.Sub(t.now)}); err != nil {
			return err
		}
	}
	if change != "" {
		if err := t.moveChange(stored, change); err != nil {
			return err
		}
	}
	if e.State == crm.EffectVerified {
		if err := t.keepValue(stored, stored.Change.After); err != nil {
			return err
		}
	}
	if e.State == crm.EffectConflict && stored.UndoOf == "" {
		if err := t.keepValue(stored, r.After); err != nil {
			return err
		}
		if stored.Workflow != "" { // else it belongs to no suggestion
			if err := t.reconsider(stored, e); err != nil {
				return err
			}
		}
	}
	if err := t.signalled(stored, e.State); err != nil {
		return err
	}
	salt, err := t.effectSalt(e.Portal, e.ID)
	if err != nil {
		return err
	}
	ids := map[string]string{"effect": e.ID, "proposal": stored.Proposal, "change": stored.Change.ID, "object": path(object), "property": stored.Change.Property}
	for name, requests := range map[string][]string{"write_requests": r.Written, "read_requests": r.Read} {
		if len(requests) > 0 {
			ids[name] = strings.Join(requests, " ")
		}
	}
	return t.audit(crm.AuditEntry{Action: "effect." + string(e.State), Actors: []crm.Actor{stored.Approver, stored.Proposer}, Portal: e.Portal, Subject: path(stored.Subject),
		IDs: ids, Hashes: map[string]string{"value": saltedHash(salt, stored.Change.After)}})
}

// effectSalt is what the audit's hashes of an effect's value are made with. It goes when the value is erased, and then nobody can try values against them.
func (t *tx) effectSalt(portal crm.PortalID, id string) (salt string, err error) {
	err = t.one("SELECT salt FROM effects WHERE portal = ? AND id = ?", []any{int64(portal), id}, &salt)
	if err != nil || salt != "" {
		return salt, err
	}
	salt = rand.Text()
	return salt, t.do("UPDATE effects SET salt = ? WHERE portal = ? AND id = ?", salt, int64(portal), id)
}

// moveChange carries an effect's end to its change and, once nothing of it is open, to the suggestion. An undo that did not succeed leaves the change applied.
func (t *tx) moveChange(e crm.Effect, state crm.State) error {
	if e.UndoOf != "" && state != crm.Undone {
		state = crm.Applied
	}
	portal := int64(e.Portal)
	err := t.do("UPDATE changes SET state = ? WHERE portal = ? AND proposal = ? AND id = ?", string(state), portal, e.Proposal, e.Change.ID)
	if err != nil {
		return err
	}
	return t.moveProposal(e.Portal, e.Proposal)
}

// moveProposal makes a suggestion's state agree with its changes and raises its revision. A superseded or expired one stays so.
func (t *tx) moveProposal(portal crm.PortalID, id string) error {
	changes, err := t.changes(portal, id)
	if err != nil {
		return err
	}
	var stake int64
	if err := t.one("SELECT stake FROM proposals WHERE portal = ? AND id = ?", []any{int64(portal), id}, &stake); isKind(err, crm.ErrNotFound) {
		return nil // an effect that belongs to no suggestion
	} else if err != nil {
		return err
	}
	return t.do("UPDATE proposals SET rev = rev + 1, look = ?, state = CASE WHEN state IN ('superseded', 'expired') THEN state ELSE ? END WHERE portal = ? AND id = ?",
		lookOf(changes, float64(stake)), string(rollup(changes)), int64(portal), id)
}

// lookOf is crm.LookWorth as it is stored, in thousandths.
func lookOf(changes []crm.Change, stake float64) int64 {
	return int64(math.Round(1000 * crm.LookWorth(changes, stake)))
}

// reconsider runs the workflow again after a conflict, for the events that led to it.
func (t *tx) reconsider(stored, e crm.Effect) error {
	cause := span{portal: e.Portal, kind: crm.ApplyWork, key: e.ID}
	row, err := t.workRow(e.Portal, crm.ApplyWork, e.ID)
	if err != nil && !errors.Is(err, crm.ErrNotFound) {
		return err
	}
	if err == nil {
		cause.from, cause.to = row.done, row.wanted
	}
	return t.markFor(cause, []crm.Mark{{Portal: e.Portal, Kind: crm.ConsiderWork, Key: stored.Workflow + ":" + path(stored.Subject)}})
}
