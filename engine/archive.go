package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// archive undoes a note or task that was new: it goes to HubSpot's recycle bin, unless a person has changed it since the undo was asked for. It is looked at right before and, in the bin,
// right after: what a person has changed in between is written anew, as HubSpot lets nobody but people take something out of the bin, and the undo ends as a conflict. Gone already is as
// good as archived.
func (a *Applier) archive(ctx context.Context, e attempt) error {
	c := e.Change
	all := ownProperties(c.Kind)
	there, err := a.look(ctx, e, all)
	if err != nil {
		return a.hopeless(ctx, e, err)
	}
	asked := func(string) until { return notAfter(e.ReadAt) }
	switch {
	case !there.exists() && (e.started || e.late) && !e.Object.IsZero():
		taken, err := a.taken(ctx, e, asked)
		if taken.exists() || err != nil {
			return a.restore(ctx, e, taken, err)
		}
		if e.late {
			return a.looked(ctx, e)
		}
		return a.settle(ctx, e, crm.EffectVerified, crm.Receipt{Before: c.Before}, "")
	case e.late:
		return a.looked(ctx, e)
	case !there.exists():
		return a.settle(ctx, e, crm.EffectVerified, crm.Receipt{Before: c.Before, Repeat: true}, "")
	case e.started && !e.Object.IsZero() && there.ref != e.Object:
		return a.restored(ctx, e, there.ref, there.body(c).Value)
	}
	if why := a.edited(e, there); why != "" {
		return a.kept(ctx, e, there, why)
	}
	if stale, err := a.stale(ctx, e); stale || err != nil {
		return err
	}
	e.Object = there.ref
	if e, err = a.begin(ctx, e); err != nil {
		return err
	}
	last, err := a.look(ctx, e, all)
	switch {
	case err != nil:
		return a.unknown(ctx, e, err)
	case !last.exists():
		return a.settle(ctx, e, crm.EffectVerified, crm.Receipt{Object: there.ref, Before: c.Before, Repeat: !e.started}, "")
	}
	if why := a.edited(e, last); why != "" {
		return a.kept(ctx, e, last, why)
	}
	if err := a.send(ctx, func(ctx context.Context) error { return a.Writer.ArchiveActivity(ctx, last.ref, c.Key) }); err != nil {
		return a.unsent(ctx, e, err)
	}
	again, err := a.look(ctx, e, all)
	switch {
	case err != nil:
		return a.unknown(ctx, e, err)
	case again.exists():
		return a.differs(ctx, e, "it is still there after it was archived")
	}
	taken, err := a.taken(ctx, e, func(property string) until { return seenIn(last.now[property]) })
	if taken.exists() || err != nil {
		return a.restore(ctx, e, taken, err)
	}
	body := last.body(c).Value
	return a.settle(ctx, e, crm.EffectVerified, crm.Receipt{Object: last.ref, Before: &body, WroteAt: a.Now()}, "")
}

// ownProperties are all that contextd ever writes of its notes and tasks, and so what a person may have changed of them.
func ownProperties(kind crm.ChangeKind) map[string]string {
	out := map[string]string{bodyProperty(kind): ""}
	for _, name := range bodyFields(kind) {
		out[name] = ""
	}
	return out
}

// edited is why a note or task stays: its body is another one than the one that is undone, or a person has changed something since the undo was asked for.
func (a *Applier) edited(e attempt, there seenActivity) string {
	if e.Change.Before == nil || !sameText(there.body(e.Change).Value, *e.Change.Before) {
		return "a person edited it"
	}
	return changedSince(e.Change, there, e.ReadAt) // nothing of ours is written there in between
}

// kept ends an undo that gave way to a person.
func (a *Applier) kept(ctx context.Context, e attempt, there seenActivity, why string) error {
	body := there.body(e.Change).Value
	return a.settle(ctx, e, crm.EffectConflict, crm.Receipt{Object: there.ref, Before: &body, After: body}, why)
}

// taken reads an effect's note or task in the recycle bin; the zero value when it is not there, or holds no change that was not known before.
func (a *Applier) taken(ctx context.Context, e attempt, known func(property string) until) (seenActivity, error) {
	now, err := a.Writer.Archived(ctx, e.Object, slices.Sorted(maps.Keys(ownProperties(e.Change.Kind))))
	if err != nil {
		return seenActivity{}, ignore(err, crm.ErrNotFound)
	}
	for property, n := range now {
		if old := known(property); slices.ContainsFunc(n.Changes, func(c crm.PastValue) bool { return c.ByPerson && !old(c) }) {
			return seenActivity{ref: e.Object, now: now}, nil
		}
	}
	return seenActivity{}, nil
}

// restore writes a note or task anew, as it lies in the recycle bin, under its key and on its records. Where HubSpot refuses that, the conflict says where it lies.
func (a *Applier) restore(ctx context.Context, e attempt, taken seenActivity, err error) error {
	if err != nil {
		return a.unknown(ctx, e, err)
	}
	c, properties := e.Change, map[string]string{}
	for name, now := range taken.now {
		if now.Value != "" {
			properties[name] = now.Value
		}
	}
	if e, err = a.begin(ctx, e); err != nil {
		return err
	}
	var anew crm.Ref
	err = a.send(ctx, func(ctx context.Context) (err error) {
		anew, err = a.Writer.UpsertActivity(ctx, e.Portal, activityType(c), c.Key, properties, c.Links)
		return err
	})
	switch {
	case errors.Is(err, crm.ErrInvalid), errors.Is(err, crm.ErrConflict), errors.Is(err, crm.ErrNotFound):
		why := fmt.Sprintf("a person changed %s while it was being archived; it lies in HubSpot's recycle bin, where a person can restore it, and could not be written anew: %s", e.Object.Path(), err)
		return a.settle(ctx, e, crm.EffectConflict, crm.Receipt{Object: e.Object, After: taken.body(c).Value}, why)
	case err != nil:
		return a.unsent(ctx, e, err)
	}
	return a.restored(ctx, e, anew, taken.body(c).Value)
}

// restored ends an undo that took a person's change along.
func (a *Applier) restored(ctx context.Context, e attempt, anew crm.Ref, body string) error {
	why := fmt.Sprintf("a person changed it while it was being archived: it was written anew as %s, and %s lies in HubSpot's recycle bin", anew.Path(), e.Object.Path())
	return a.settle(ctx, e, crm.EffectConflict, crm.Receipt{Object: anew, After: body, WroteAt: a.Now()}, why)
}
