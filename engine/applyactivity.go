package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// activity writes a note or task under its key and looks whether it is there. What a person has changed of it stays: a body that they have edited is left alone, and of the rest (its
// subject, when it is due, its state) what they have set, but for a completed task: that one is opened again with new content. What exists keeps its owner in any case. A change that comes
// since the evidence was read is a conflict; one that comes between our last look and the write is found in the histories that are read after it, and put back.
func (a *Applier) activity(ctx context.Context, e attempt) error {
	c, typ := e.Change, activityType(e.Change)
	properties := written(c)
	there, err := a.look(ctx, e, properties)
	if err != nil {
		return a.hopeless(ctx, e, err)
	}
	receipt := crm.Receipt{Object: there.ref, After: c.After}
	if there.exists() {
		if e.started || e.late {
			if err := a.recognise(ctx, e, there.now, func(string) until { return notAfter(e.ReadAt) }); err != nil {
				return err
			}
		}
		old := there.body(c).Value
		receipt.Before, receipt.WroteAt = &old, there.body(c).At
		if done, err := a.covered(ctx, e, there.ref, there.now, receipt); done || err != nil {
			return err
		}
		if e.late {
			return a.looked(ctx, e)
		}
		same := sameText(old, c.After)
		if same && e.Attempts <= 1 {
			e.flying = time.Time{} // the only request that carried it has arrived
		}
		if same && there.linked {
			return a.settle(ctx, e, crm.EffectVerified, crm.Receipt{Object: there.ref, After: c.After, Repeat: !e.started}, "")
		}
		if same { // it lacks a link only
			properties, receipt.Before = nil, nil
		} else if why, err := a.theirs(ctx, e.Effect, there); err != nil {
			return err
		} else if why != "" {
			receipt.After = old
			return a.settle(ctx, e, crm.EffectConflict, receipt, why)
		}
		maps.DeleteFunc(properties, func(name, _ string) bool { return there.keeps(c, name) })
	}
	if e.late {
		return a.looked(ctx, e)
	}
	if stale, err := a.stale(ctx, e); stale || err != nil {
		return err
	}
	if e, err = a.begin(ctx, e); err != nil {
		return err
	}
	err = a.send(ctx, func(ctx context.Context) (err error) {
		e.Object, err = a.Writer.UpsertActivity(ctx, e.Portal, typ, c.Key, properties, c.Links)
		return err
	})
	if err != nil {
		return a.unsent(ctx, e, err)
	}
	return a.wroteActivity(ctx, e, there, receipt)
}

// wroteActivity reads back what was written over what was there before, with the histories in between.
func (a *Applier) wroteActivity(ctx context.Context, e attempt, before seenActivity, receipt crm.Receipt) error {
	c := e.Change
	after, err := a.look(ctx, e, written(c))
	switch {
	case err != nil:
		return a.unknown(ctx, e, err)
	case !after.exists() || !after.linked:
		return a.unknown(ctx, e, errors.New("what was written is not to be found on all its records"))
	}
	receipt.Object = after.ref
	known := func(property string) until {
		if before.ref != after.ref {
			return func(crm.PastValue) bool { return false }
		}
		return seenIn(before.now[property])
	}
	if err := a.recognise(ctx, e, after.now, known); err != nil {
		return a.unknown(ctx, e, err)
	}
	if theirs := lost(c, after.now, known); len(theirs) > 0 {
		return a.giveBack(ctx, e, after.ref, receipt, theirs)
	}
	body := after.body(c)
	switch receipt.WroteAt = a.Now(); {
	case sameText(body.Value, c.After):
		return a.settle(ctx, e, crm.EffectVerified, receipt, "")
	case after.tellsOurs() && body.ByPerson:
		receipt.After = body.Value
		return a.settle(ctx, e, crm.EffectConflict, receipt, "a person changed it while it was being written")
	}
	return a.differs(ctx, e, "the text read back is not the one written")
}

// seenActivity is a note or task of ours as HubSpot has it; the zero value when there is none.
type seenActivity struct {
	ref    crm.Ref
	status string             // of a task
	now    map[string]Current // what is written of it, with the histories
	linked bool               // it sits on every one of its records
}

func (s seenActivity) exists() bool { return !s.ref.IsZero() }

func (s seenActivity) body(c crm.Change) Current { return s.now[c.Property] }

// completed tasks are opened again.
func (s seenActivity) completed() bool { return s.status == "COMPLETED" }

// tellsOurs says whether the histories tell our changes from those of people: they hold one of ours. As long as our app is not known they do not.
func (s seenActivity) tellsOurs() bool {
	for _, now := range s.now {
		if slices.ContainsFunc(now.Changes, func(c crm.PastValue) bool { return !c.ByPerson }) {
			return true
		}
	}
	return false
}

// keeps reports whether a property beside the body stays as it is: the owner, whom whoever has reassigned it meant, and what a person has set of a task that is not completed.
func (s seenActivity) keeps(c crm.Change, property string) bool {
	if property == ownerProperty {
		return true
	}
	return property != c.Property && !s.completed() && s.tellsOurs() && standing(s.now[property]).ByPerson
}

const ownerProperty = "hubspot_owner_id"

// look finds the note or task of an effect and reads these properties of it with their changes. One that goes meanwhile is not there.
func (a *Applier) look(ctx context.Context, e attempt, properties map[string]string) (s seenActivity, err error) {
	c := e.Change
	ref, found, err := a.Writer.FindActivity(ctx, e.Portal, activityType(c), c.Key, c.Links)
	s.ref, s.status, s.linked = ref, found["hs_task_status"], err == nil
	if err != nil && !errors.Is(err, crm.ErrNotFound) || !s.exists() {
		return s, ignore(err, crm.ErrNotFound)
	}
	if s.now, err = a.Writer.Standing(ctx, s.ref, slices.Sorted(maps.Keys(properties))); errors.Is(err, crm.ErrNotFound) {
		return seenActivity{}, nil
	}
	return s, err
}

func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// theirs is why a note or task is a person's, which no suggestion has given way to yet: something of it was changed after the evidence was read, or its body is neither one that was sent
// nor one that was left standing. An undo asks whether what it takes back still stands.
func (a *Applier) theirs(ctx context.Context, e crm.Effect, there seenActivity) (string, error) {
	const edited = "a person edited it"
	body := there.body(e.Change)
	if there.tellsOurs() {
		if why := changedSince(e.Change, there, e.ReadAt); why != "" {
			return why, nil
		}
	}
	if e.UndoOf != "" {
		if e.Change.Before == nil || !sameText(body.Value, *e.Change.Before) {
			return edited, nil
		}
		return "", nil
	}
	if there.completed() {
		return "", nil
	}
	sent, err := a.Effects.Sent(ctx, e)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(append(sent, e.Change.After), func(s string) bool { return sameText(s, body.Value) }) {
		return edited, nil
	}
	return "", nil
}

// changedSince says what a person has changed of a note or task of ours since a moment; "" for nothing.
func changedSince(c crm.Change, there seenActivity, at time.Time) string {
	theirs := map[string]crm.PastValue{}
	for property, now := range there.now {
		if property == ownerProperty {
			continue // it is never written over
		}
		if who := standing(now); who.ByPerson && who.At.After(at) {
			theirs[property] = who
		} else if who := sinceRead(now, at); who.ByPerson {
			theirs[property] = who
		}
	}
	if len(theirs) == 0 {
		return ""
	}
	return whose(c.Property, theirs)
}

func sameText(a, b string) bool { return textOf(a) == textOf(b) }
