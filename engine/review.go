package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// Reviewer carries out what people decide about suggestions. All fields but Definitions are required.
type Reviewer struct {
	Definitions Definitions // nil: nobody looks whether HubSpot would take a value before it is approved
	Workflows   []prompts.Workflow
	Proposals   Proposals
	Writer      Writer
	Enabled     func(crm.PortalID) error // nil, or why nothing may be written now (crm.ErrStopped)
	Marker      WorkMarker               // makes the subject of a conflict dirty
}

// WorkMarker marks subjects for another look; the store does.
type WorkMarker interface {
	Mark(ctx context.Context, marks []crm.Mark, cause crm.Claim) error
}

// rereading is how long the run after a conflict waits, so that the record that a person has changed is read again first.
const rereading = 2 * time.Second

// Decide approves or rejects pending changes. Approving while writing is off is crm.ErrStopped with the reason, and approving over what a person has changed in
// HubSpot meanwhile is crm.ErrConflict with who and when; both leave everything pending. After the latter the record is read and the workflow run again: what it
// then suggests takes the old suggestion's place. An unknown change, an edit that HubSpot or the rules of the field would refuse, and a
// rejection without one of crm.RejectReasons are crm.ErrInvalid.
func (r *Reviewer) Decide(ctx context.Context, d Decision) (crm.Proposal, error) {
	p, err := r.decide(ctx, d)
	if err != nil {
		return p, fmt.Errorf("decide suggestion %s: %w", d.Proposal, err)
	}
	return p, nil
}

func (r *Reviewer) decide(ctx context.Context, d Decision) (crm.Proposal, error) {
	p, err := r.Proposals.Proposal(ctx, d.Portal, d.Proposal)
	if err != nil {
		return crm.Proposal{}, err
	}
	if d.Seen != "" && d.Seen != p.ETag() {
		return p, fmt.Errorf("it has moved since it was shown: %w", crm.ErrConflict)
	}
	changes, err := chosen(p, d)
	if err != nil {
		return p, err
	}
	if !d.Approve {
		if !slices.Contains(crm.RejectReasons(), d.Reason) {
			return p, fmt.Errorf("reason %q: want one of %s: %w", d.Reason, strings.Join(crm.RejectReasons(), ", "), crm.ErrInvalid)
		}
		if len(d.Edits) > 0 {
			return p, fmt.Errorf("a rejection has no edits: %w", crm.ErrInvalid)
		}
		return r.Proposals.Decide(ctx, d)
	}
	if err := r.Enabled(p.Portal); err != nil {
		return p, stopped(err)
	}
	d.Edits = maps.Clone(d.Edits)
	for _, c := range changes {
		if err := r.approvable(ctx, p, c, d.Edits); err != nil {
			if errors.Is(err, crm.ErrConflict) {
				err = errors.Join(err, r.again(ctx, p, c))
			}
			return p, err
		}
	}
	return r.Proposals.Decide(ctx, d)
}

// again has the target of a conflict read and its suggestion thought over: without that a person would only meet the same refusal.
func (r *Reviewer) again(ctx context.Context, p crm.Proposal, c crm.Change) error {
	marks := []crm.Mark{{Portal: p.Portal, Kind: crm.ConsiderWork, Key: ConsiderKey(p.Workflow, p.Subject), Lane: crm.ReviewLane, Quiet: rereading}}
	if c.Target.Type.IsRecord() {
		marks = append(marks, crm.Mark{Portal: p.Portal, Kind: crm.RecordWork, Key: c.Target.Path(), Lane: crm.ReviewLane})
	}
	if err := r.Marker.Mark(ctx, marks, crm.Claim{}); err != nil {
		return fmt.Errorf("consider it again: %w", err)
	}
	return nil
}

// chosen are the pending changes that a decision names, all pending ones when it names none. Edits must be of chosen changes.
func chosen(p crm.Proposal, d Decision) ([]crm.Change, error) {
	var out []crm.Change
	for _, c := range p.Changes {
		if c.State == crm.Pending && (len(d.Changes) == 0 || slices.Contains(d.Changes, c.ID)) {
			out = append(out, c)
		}
	}
	for _, id := range d.Changes {
		i := slices.IndexFunc(p.Changes, func(c crm.Change) bool { return c.ID == id })
		switch {
		case i < 0:
			return nil, fmt.Errorf("change %q is not part of it: %w", id, crm.ErrInvalid)
		case p.Changes[i].State != crm.Pending:
			return nil, fmt.Errorf("change %s is %s: %w", id, p.Changes[i].State, crm.ErrConflict)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("nothing of it is pending: %w", crm.ErrConflict)
	}
	for id := range d.Edits {
		if !slices.ContainsFunc(out, func(c crm.Change) bool { return c.ID == id }) {
			return nil, fmt.Errorf("edit of %q, which is not decided here: %w", id, crm.ErrInvalid)
		}
	}
	return out, nil
}

// approvable checks what would be written, and that HubSpot still holds what the evidence saw. An edit of a note or task is replaced by the HTML that is written.
func (r *Reviewer) approvable(ctx context.Context, p crm.Proposal, c crm.Change, edits map[string]string) error {
	edit, edited := edits[c.ID]
	if edited {
		c.After = edit
	}
	if !Suggestable(c, p.Portal) {
		return fmt.Errorf("change %s is not on the allow-list: %w", c.ID, crm.ErrForbidden)
	}
	if c.Kind != crm.PropertyKind {
		if !edited {
			return nil
		}
		body, err := EditedBody(edit, c.Key)
		if err != nil {
			return fmt.Errorf("change %s: %w", c.ID, err)
		}
		if why := tooLong(body); why != "" {
			return fmt.Errorf("change %s: %s: %w", c.ID, why, crm.ErrInvalid)
		}
		edits[c.ID] = body
		return nil
	}
	if edited {
		if why := r.valueProblem(p.Workflow, c); why != "" {
			return fmt.Errorf("change %s of %s: %s: %w", c.ID, c.Property, why, crm.ErrInvalid)
		}
	}
	if why := preflight(ctx, r.Definitions, p.Portal, c); why != "" {
		return fmt.Errorf("change %s of %s: %s: %w", c.ID, c.Property, why, crm.ErrInvalid)
	}
	now, err := r.Writer.Current(ctx, c.Target, c.Property)
	if errors.Is(err, crm.ErrNotFound) {
		return fmt.Errorf("%s is gone: %w", c.Target.Path(), crm.ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("read %s of %s: %w", c.Property, c.Target.Path(), err)
	}
	if why := conflict(now, c, p.ReadAt); why != "" && !sameValue(now.Value, c.After) {
		return fmt.Errorf("%s of %s was %s: %w", c.Property, c.Target.Path(), why, crm.ErrConflict)
	}
	return nil
}

func (r *Reviewer) valueProblem(workflow string, c crm.Change) string {
	for _, w := range r.Workflows {
		if w.Name != workflow {
			continue
		}
		if rules, ok := rulesFor(w, c); ok {
			return rules.Problem(c.After)
		}
	}
	return "its workflow no longer knows this property"
}
