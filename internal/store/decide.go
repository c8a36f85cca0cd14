package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Decide records a person's word on pending changes; see engine.Proposals. crm.ErrInvalid for an unknown change, an unknown reason, or an edit of what is not
// being approved; crm.ErrConflict when the suggestion is not the one the person saw, or a named change is no longer pending.
func (db *DB) Decide(ctx context.Context, d crm.Decision) (p crm.Proposal, err error) {
	err = db.w.write(ctx, func(t *tx) (err error) {
		p, err = t.decide(d)
		return err
	})
	if err != nil {
		return crm.Proposal{}, fmt.Errorf("decide suggestion %s: %w", d.Proposal, err)
	}
	return p, nil
}

func (t *tx) decide(d crm.Decision) (crm.Proposal, error) {
	none := crm.Proposal{}
	p, err := t.seen(d.Portal, d.Proposal, d.Seen)
	if err != nil {
		return none, err
	}
	changes, err := chosen(p, d)
	if err != nil {
		return none, err
	}
	at := d.At
	if at.IsZero() {
		at = t.now
	}
	cause, err := t.proposalSpan(d.Portal, d.Proposal)
	if err != nil {
		return none, err
	}
	for _, c := range changes {
		if err := t.decideChange(p, c, d, at, cause); err != nil {
			return none, fmt.Errorf("change %s: %w", c.ID, err)
		}
	}
	err = errorsOf(
		t.do("UPDATE proposals SET decided_at = ?, decided_by = ? WHERE portal = ? AND id = ?", micros(at), d.Actor.String(), int64(d.Portal), d.Proposal),
		t.moveProposal(d.Portal, d.Proposal),
		t.comment(p, d.Comment, d.Actor, at))
	if err != nil {
		return none, err
	}
	action := "review.reject"
	if d.Approve {
		action = "review.approve"
	}
	e := proposalEntry(action, p, d.Actor)
	e.IDs["changes"] = changeIDs(changes)
	if !d.Approve {
		e.IDs["reason"] = d.Reason
	}
	if d.Comment != "" {
		e.IDs["comment"] = "1"
	}
	if err := t.audit(e); err != nil {
		return none, err
	}
	return t.proposal(d.Portal, d.Proposal)
}

// changeIDs names changes as entries do.
func changeIDs(changes []crm.Change) string {
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.ID
	}
	return strings.Join(ids, " ")
}

// seen reads a suggestion that is still as the person saw it.
func (t *tx) seen(portal crm.PortalID, id, etag string) (crm.Proposal, error) {
	p, err := t.proposal(portal, id)
	if err != nil {
		return p, err
	}
	if p.ETag() != etag {
		return p, fmt.Errorf("it has moved from %s to %s: %w", etag, p.ETag(), crm.ErrConflict)
	}
	return p, nil
}

// chosen are the changes a decision is about, with edits applied.
func chosen(p crm.Proposal, d crm.Decision) ([]crm.Change, error) {
	if !d.Approve && (len(d.Edits) > 0 || !slices.Contains(crm.RejectReasons(), d.Reason)) {
		return nil, fmt.Errorf("reject with reason %q and %d edits: want one of %v and no edits: %w", d.Reason, len(d.Edits), crm.RejectReasons(), crm.ErrInvalid)
	}
	var out []crm.Change
	for _, c := range p.Changes {
		named := slices.Contains(d.Changes, c.ID)
		if c.State != crm.Pending {
			if named {
				return nil, fmt.Errorf("change %s is %s: %w", c.ID, c.State, crm.ErrConflict)
			}
			continue
		}
		if named || len(d.Changes) == 0 {
			out = append(out, c)
		}
	}
	has := func(id string) bool { return slices.ContainsFunc(out, func(c crm.Change) bool { return c.ID == id }) }
	for _, id := range d.Changes {
		if !has(id) {
			return nil, fmt.Errorf("no change %q: %w", id, crm.ErrInvalid)
		}
	}
	for id := range d.Edits {
		if !has(id) {
			return nil, fmt.Errorf("edit of change %q, which is not being approved: %w", id, crm.ErrInvalid)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("nothing of it is pending: %w", crm.ErrConflict)
	}
	return out, nil
}

// decideChange moves one change and logs its outcome.
func (t *tx) decideChange(p crm.Proposal, c crm.Change, d crm.Decision, at time.Time, cause span) error {
	word, state, reason := "reject", crm.Rejected, d.Reason
	var edited *string
	if d.Approve {
		word, state, reason = "approve", crm.Approved, ""
		if after, ok := d.Edits[c.ID]; ok && after != c.After {
			word, edited, c.After = "edit", &after, after
		}
	}
	err := t.do("UPDATE changes SET state = ?, edited = ? WHERE portal = ? AND proposal = ? AND id = ?", string(state), edited, int64(p.Portal), p.ID, c.ID)
	if err != nil {
		return err
	}
	if d.Approve {
		c.State = state
		if _, err := t.addEffect(p, c, d.Actor, "", cause, crm.ReviewLane); err != nil {
			return err
		}
	}
	return t.outcome(crm.Outcome{Portal: p.Portal, Change: c.ID, Proposal: p.ID, Workflow: p.Workflow, Field: field(c), Decision: word, Reason: reason,
		Actor: d.Actor, Features: c.Features, FeaturesVersion: int(c.Features["version"]), Confidence: c.Confidence, Seconds: d.Seconds, At: at})
}

// field is what calibration is kept per: the property, or the kind of object for notes and tasks.
func field(c crm.Change) string {
	if c.Kind == crm.PropertyKind {
		return c.Property
	}
	return string(c.Kind)
}

// proposalSpan is what the run of a proposal covered.
func (t *tx) proposalSpan(portal crm.PortalID, id string) (s span, err error) {
	s.portal = portal
	err = t.one("SELECT cause_kind, cause_key, cause_from, cause_seq FROM proposals WHERE portal = ? AND id = ?", []any{int64(portal), id}, &s.kind, &s.key, &s.from, &s.to)
	return s, err
}
