package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Undo puts applied changes of a suggestion back (all of them when changes is empty) for crm.UndoFor after they were written. It is refused with crm.ErrConflict where
// something else than what was written stands there now, with who changed it and when, and leaves everything as it is; with crm.ErrStopped while writing is off. An undo
// is an effect like any other: read before and after, audited, and it gives way to a person who is faster.
func (r *Reviewer) Undo(ctx context.Context, portal crm.PortalID, id string, changes []string, by crm.Actor, seen string) (crm.Proposal, error) {
	p, err := r.undo(ctx, portal, id, changes, by, seen)
	if err != nil {
		return p, fmt.Errorf("undo suggestion %s: %w", id, err)
	}
	return p, nil
}

func (r *Reviewer) undo(ctx context.Context, portal crm.PortalID, id string, changes []string, by crm.Actor, seen string) (crm.Proposal, error) {
	p, err := r.Proposals.Proposal(ctx, portal, id)
	if err != nil {
		return p, err
	}
	if err := r.Enabled(portal); err != nil {
		return p, stopped(err)
	}
	for _, c := range p.Changes {
		if c.State != crm.Applied || len(changes) > 0 && !slices.Contains(changes, c.ID) {
			continue
		}
		if err := r.standing(ctx, p.Portal, c); err != nil {
			return p, fmt.Errorf("change %s: %w", c.ID, err)
		}
	}
	return r.Proposals.Undo(ctx, portal, id, changes, by, seen)
}

// standing is nil while what was written is still what stands there. A note or task that is gone needs no undoing, and is no obstacle to it either.
func (r *Reviewer) standing(ctx context.Context, portal crm.PortalID, c crm.Change) error {
	if c.Kind == crm.PropertyKind {
		now, err := r.Writer.Current(ctx, c.Target, c.Property)
		if errors.Is(err, crm.ErrNotFound) {
			return fmt.Errorf("%s is gone: %w", c.Target.Path(), crm.ErrConflict)
		}
		if err != nil {
			return fmt.Errorf("read %s of %s: %w", c.Property, c.Target.Path(), err)
		}
		if !sameValue(now.Value, c.After) {
			return fmt.Errorf("%s of %s was changed by %s at %s: %w", c.Property, c.Target.Path(), now.Source, now.At.UTC().Format("2006-01-02T15:04:05Z"), crm.ErrConflict)
		}
		return nil
	}
	ref, found, err := r.Writer.FindActivity(ctx, portal, activityType(c), c.Key, c.Links)
	switch {
	case errors.Is(err, crm.ErrNotFound) && ref.IsZero():
		return nil
	case err != nil && !errors.Is(err, crm.ErrNotFound):
		return fmt.Errorf("read the %s: %w", c.Kind, err)
	case textOf(found[c.Property]) != textOf(c.After):
		return fmt.Errorf("%s was edited since it was written: %w", ref.Path(), crm.ErrConflict)
	}
	return nil
}
