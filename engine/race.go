package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// HubSpot has no conditional write: between our last look and our write a person's change can slip in, and the write covers it. The history that is read back tells, and
// then the person's value is put back: the time in between is the window that remains.

// overwritten is the newest change by a person that lies under a write of ours. Changes that until says were known before do not count, nor what a person has set since our write.
func overwritten(now Current, until func(crm.PastValue) bool) (crm.PastValue, bool) {
	for i, c := range now.Changes {
		switch {
		case until(c), c.ByPerson && i == 0:
			return crm.PastValue{}, false
		case c.ByPerson:
			return c, true
		}
	}
	return crm.PastValue{}, false
}

// seenIn says whether a change was part of what was read before the write.
func seenIn(before Current) func(crm.PastValue) bool {
	return knownSince(crm.PastValue{Value: before.Value, At: before.At, Source: before.Source})
}

// knownSince says whether a change is this one or an older one; times are of milliseconds, and two changes may have one.
func knownSince(known crm.PastValue) func(crm.PastValue) bool {
	return func(c crm.PastValue) bool {
		return c.At.Before(known.At) || c.At.Equal(known.At) && c.Source == known.Source && c.Value == known.Value
	}
}

// notAfter says whether a change was made when the evidence was read already.
func notAfter(t time.Time) func(crm.PastValue) bool {
	return func(c crm.PastValue) bool { return !c.At.After(t) }
}

// mostReturns is how often a person's value is put back where yet another write comes in between.
const mostReturns = 3

// spot is where a value of ours stands, a record's property or the body of a note or task, and how two values compare there.
type spot struct {
	target   crm.Ref
	property string
	same     func(a, b string) bool
}

// giveBack puts a person's value back that our write has covered, and ends the effect as the conflict that it was. Where a person has set another one since, that one stays.
func (a *Applier) giveBack(ctx context.Context, e attempt, at spot, receipt crm.Receipt, theirs crm.PastValue) error {
	for range mostReturns {
		now, err := a.Writer.Current(ctx, at.target, at.property)
		if err != nil {
			return a.unknown(ctx, e, err)
		}
		receipt.After, receipt.WroteAt = now.Value, now.At
		if newer, lost := overwritten(now, knownSince(theirs)); lost { // putting it back can lose a race, too
			theirs = newer
		}
		if len(now.Changes) > 0 && now.Changes[0].ByPerson || at.same(now.Value, theirs.Value) {
			why := fmt.Sprintf("changed by %s at %s while it was being written: their value stands", theirs.Source, theirs.At.UTC().Format(time.RFC3339))
			return a.settle(ctx, e, crm.EffectConflict, receipt, why)
		}
		if e, err = a.begin(ctx, e); err != nil { // looked at again later: it is known to have been sent
			return err
		}
		if err := a.send(ctx, func(ctx context.Context) error {
			return a.Writer.SetProperty(ctx, at.target, at.property, theirs.Value)
		}); err != nil {
			return a.unsent(ctx, e, err)
		}
	}
	return a.unknown(ctx, e, fmt.Errorf("%s keeps changing", at.property))
}
