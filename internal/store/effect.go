package store

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// effectID is the same for the same change of the same run, however often it is allowed; an undo is an effect of its own.
func effectID(p crm.Proposal, c crm.Change, undoOf string) string {
	return sum([]byte("effect\x00" + p.Portal.String() + "\x00" + p.ID + "\x00" + c.ID + "\x00" + undoOf))
}

// addEffect puts one allowed change into the outbox and marks it for the applier. cause is the run whose events wait for it.
func (t *tx) addEffect(p crm.Proposal, c crm.Change, approver crm.Actor, undoOf string, cause span, lane crm.Lane) (id string, err error) {
	id = effectID(p, c, undoOf)
	body, err := encode(c)
	if err != nil {
		return "", err
	}
	n, err := t.exec(`INSERT INTO effects (portal, id, proposal, change, change_body, workflow, subject, target, property, value, object, approver, proposer, state, fence,
		deadline, attempts, last_error, undo_of, receipt, read_at, created_at, begun_at, settled_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, 'new', 0, 0, 0, '', ?, '', ?, ?, 0, 0) ON CONFLICT (portal, id) DO NOTHING`,
		int64(p.Portal), id, p.ID, c.ID, body, p.Workflow, path(p.Subject), path(c.Target), c.Property, c.After, approver.String(), proposer(p).String(), undoOf,
		micros(p.ReadAt), micros(t.now))
	if err != nil {
		return "", fmt.Errorf("effect %s: %w", id, err)
	}
	if n > 0 {
		ids := map[string]string{"effect": id, "proposal": p.ID, "change": c.ID, "workflow": p.Workflow, "property": c.Property}
		if undoOf != "" {
			ids["undo_of"] = undoOf
		}
		e := crm.AuditEntry{Action: "effect.allowed", Actors: []crm.Actor{approver, proposer(p)}, Portal: p.Portal, Subject: path(p.Subject), IDs: ids, Hashes: map[string]string{}}
		if err := t.audit(e); err != nil {
			return "", err
		}
	}
	return id, t.markFor(cause, []crm.Mark{{Portal: p.Portal, Kind: crm.ApplyWork, Key: id, Lane: lane}})
}

const effectColumns = `id, proposal, change_body, workflow, subject, object, approver, proposer, state, fence, deadline, attempts, last_error, undo_of, read_at,
	created_at, settled_at, first_end`

func scanEffect(portal crm.PortalID, scan func(...any) error) (e crm.Effect, err error) {
	e.Portal = portal
	var change, subject, object, approver, proposer string
	var deadline, read, created, settled int64
	err = scan(&e.ID, &e.Proposal, &change, &e.Workflow, &subject, &object, &approver, &proposer, &e.State, &e.Fence, &deadline, &e.Attempts, &e.LastError, &e.UndoOf,
		&read, &created, &settled, &e.FirstEnd)
	if err != nil {
		return e, err
	}
	e.Deadline, e.ReadAt, e.CreatedAt, e.SettledAt = moment(deadline), moment(read), moment(created), moment(settled)
	var errs [5]error
	errs[0] = decode(change, &e.Change)
	e.Subject, errs[1] = refOf(portal, subject)
	e.Object, errs[2] = refOf(portal, object)
	e.Approver, errs[3] = actorOf(approver)
	e.Proposer, errs[4] = actorOf(proposer)
	return e, errorsOf(errs[:]...)
}

func (v *view) effect(portal crm.PortalID, id string) (crm.Effect, error) {
	return scanEffect(portal, func(dest ...any) error {
		return v.one("SELECT "+effectColumns+" FROM effects WHERE portal = ? AND id = ?", []any{int64(portal), id}, dest...)
	})
}

// Effect by id; crm.ErrNotFound.
func (db *DB) Effect(ctx context.Context, portal crm.PortalID, id string) (e crm.Effect, err error) {
	err = db.r.read(ctx, func(v *view) (err error) {
		e, err = v.effect(portal, id)
		return err
	})
	if err != nil {
		return crm.Effect{}, fmt.Errorf("effect %s: %w", id, err)
	}
	return e, nil
}

// PendingEffects lists effects that are not settled, oldest first.
func (db *DB) PendingEffects(ctx context.Context, portal crm.PortalID, limit int) ([]crm.Effect, error) {
	return db.effects(ctx, portal, "settled_at = 0 ORDER BY created_at, id LIMIT ?", limit)
}

// EffectsOf lists the effects of a proposal, in the order they were made.
func (db *DB) EffectsOf(ctx context.Context, portal crm.PortalID, proposal string) ([]crm.Effect, error) {
	return db.effects(ctx, portal, "proposal = ? ORDER BY created_at, id", proposal)
}

func (db *DB) effects(ctx context.Context, portal crm.PortalID, where string, args ...any) (out []crm.Effect, err error) {
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT " + effectColumns + " FROM effects WHERE portal = ? AND " + where
		return v.each(q, append([]any{int64(portal)}, args...), func(scan func(...any) error) error {
			e, err := scanEffect(portal, scan)
			out = append(out, e)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list effects of portal %d: %w", portal, err)
	}
	return out, nil
}
