package engine

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// activity writes a note or task under its key and looks whether it is there. What exists keeps its owner: whoever has reassigned it meant it. A body that a person
// has edited is left alone, but for a completed task's: that one is opened again with new content. An edit that comes between our last look at the body and the write
// is found in the history that is read after it, and put back.
func (a *Applier) activity(ctx context.Context, e attempt) error {
	c, typ := e.Change, activityType(e.Change)
	properties := maps.Clone(c.Fields)
	if properties == nil {
		properties = map[string]string{}
	}
	properties[c.Property] = c.After
	there, err := a.look(ctx, e)
	if err != nil {
		return a.hopeless(ctx, e, err)
	}
	receipt := crm.Receipt{Object: there.ref, After: c.After}
	if there.exists() {
		old := there.body.Value
		receipt.Before, receipt.WroteAt = &old, there.body.At
		if done, err := a.coveredEarlier(ctx, e, there, receipt); done || err != nil {
			return err
		}
		same := sameText(old, c.After)
		if same && there.linked {
			return a.settle(ctx, e, crm.EffectVerified, crm.Receipt{Object: there.ref, After: c.After, Repeat: !e.started}, "")
		}
		if properties = without(properties, "hubspot_owner_id"); same { // it lacks a link only
			properties, receipt.Before = nil, nil
		} else if edited, err := a.edited(ctx, e.Effect, there.body); err != nil {
			return err
		} else if edited && there.properties["hs_task_status"] != "COMPLETED" {
			receipt.After = old
			return a.settle(ctx, e, crm.EffectConflict, receipt, "a person edited it")
		}
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

// wroteActivity reads back what was written over what was there before, with the history in between.
func (a *Applier) wroteActivity(ctx context.Context, e attempt, before seenActivity, receipt crm.Receipt) error {
	c := e.Change
	after, err := a.look(ctx, e)
	switch {
	case err != nil:
		return a.unknown(ctx, e, err)
	case !after.exists() || !after.linked:
		return a.unknown(ctx, e, errors.New("what was written is not to be found on all its records"))
	}
	receipt.Object = after.ref
	if before.ref == after.ref {
		if theirs, lost := overwritten(after.body, seenIn(before.body)); lost && !sameText(theirs.Value, c.After) {
			return a.giveBack(ctx, e, spot{after.ref, c.Property, sameText}, receipt, theirs)
		}
	}
	switch receipt.WroteAt = a.Now(); {
	case sameText(after.body.Value, c.After):
		return a.settle(ctx, e, crm.EffectVerified, receipt, "")
	case tellsOurs(after.body) && after.body.ByPerson:
		receipt.After = after.body.Value
		return a.settle(ctx, e, crm.EffectConflict, receipt, "a person changed it while it was being written")
	}
	return a.differs(ctx, e, "the text read back is not the one written")
}

// seenActivity is a note or task of ours as HubSpot has it; the zero value when there is none.
type seenActivity struct {
	ref        crm.Ref
	properties map[string]string
	body       Current // with its history
	linked     bool    // it sits on every one of its records
}

func (s seenActivity) exists() bool { return !s.ref.IsZero() }

// look finds the note or task of an effect and reads its body with the changes of it. One that goes meanwhile is not there.
func (a *Applier) look(ctx context.Context, e attempt) (s seenActivity, err error) {
	c := e.Change
	s.ref, s.properties, err = a.Writer.FindActivity(ctx, e.Portal, activityType(c), c.Key, c.Links)
	s.linked = err == nil
	if err != nil && !errors.Is(err, crm.ErrNotFound) || !s.exists() {
		return s, ignore(err, crm.ErrNotFound)
	}
	if s.body, err = a.Writer.Current(ctx, s.ref, c.Property); errors.Is(err, crm.ErrNotFound) {
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

func without(properties map[string]string, name string) map[string]string {
	delete(properties, name)
	return properties
}

// coveredEarlier gives a person's text back that an earlier request of this effect, whose outcome was not known, has covered.
func (a *Applier) coveredEarlier(ctx context.Context, e attempt, there seenActivity, receipt crm.Receipt) (done bool, err error) {
	theirs, lost := overwritten(there.body, notAfter(e.ReadAt))
	if !lost || !e.started || sameText(theirs.Value, e.Change.After) {
		return false, nil
	}
	if newer, err := a.Effects.Newer(ctx, e.Effect); newer || err != nil { // which has made good for it
		return false, err
	}
	return true, a.giveBack(ctx, e, spot{there.ref, e.Change.Property, sameText}, receipt, theirs)
}

// edited reports whether a body is a person's that no suggestion has given way to yet: it is neither one that was sent nor one that was left standing, or it was put there
// after the evidence was read. An undo asks whether what it takes back still stands.
func (a *Applier) edited(ctx context.Context, e crm.Effect, body Current) (bool, error) {
	if e.UndoOf != "" {
		return e.Change.Before == nil || !sameText(body.Value, *e.Change.Before), nil
	}
	if tellsOurs(body) && body.ByPerson && body.At.After(e.ReadAt) {
		return true, nil
	}
	sent, err := a.Effects.Sent(ctx, e)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(append(sent, e.Change.After), func(s string) bool { return sameText(s, body.Value) }), nil
}

// tellsOurs says whether a history tells our changes from those of people: it holds one of ours. Without our app's id it cannot.
func tellsOurs(body Current) bool {
	return slices.ContainsFunc(body.Changes, func(c crm.PastValue) bool { return !c.ByPerson })
}

func sameText(a, b string) bool { return textOf(a) == textOf(b) }
