package engine

import (
	"context"
	"errors"

	"github.com/contextd/contextd/internal/crm"
)

// archive undoes a note or task that was new: it goes to HubSpot's recycle bin, unless a person has edited it since. Gone already is as good.
func (a *Applier) archive(ctx context.Context, e attempt) error {
	c, typ := e.Change, activityType(e.Change)
	ref, found, err := a.Writer.FindActivity(ctx, e.Portal, typ, c.Key, c.Links)
	switch {
	case errors.Is(err, crm.ErrNotFound) && ref.IsZero():
		return a.settle(ctx, e, crm.EffectVerified, crm.Receipt{Before: c.Before, Repeat: !e.started}, "")
	case err != nil && !errors.Is(err, crm.ErrNotFound): // found but not linked everywhere is found
		return a.hopeless(ctx, e, err)
	}
	body := found[c.Property]
	if c.Before == nil || textOf(body) != textOf(*c.Before) {
		return a.settle(ctx, e, crm.EffectConflict, crm.Receipt{Object: ref, Before: &body, After: body}, "a person edited it")
	}
	if stale, err := a.stale(ctx, e); stale || err != nil {
		return err
	}
	if e, err = a.begin(ctx, e); err != nil {
		return err
	}
	e.Object = ref
	if err := a.send(ctx, func(ctx context.Context) error { return a.Writer.ArchiveActivity(ctx, ref, c.Key) }); err != nil {
		return a.unsent(ctx, e, err)
	}
	again, _, err := a.Writer.FindActivity(ctx, e.Portal, typ, c.Key, c.Links)
	switch {
	case errors.Is(err, crm.ErrNotFound) && again.IsZero():
		return a.settle(ctx, e, crm.EffectVerified, crm.Receipt{Object: ref, Before: &body, WroteAt: a.Now()}, "")
	case err != nil && !errors.Is(err, crm.ErrNotFound):
		return a.unknown(ctx, e, err)
	}
	return a.differs(ctx, e, "it is still there after it was archived")
}
