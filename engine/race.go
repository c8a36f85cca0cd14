package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// HubSpot has no conditional write: between our last look and our write a person's change can slip in, and the write covers it; a request whose reply was lost can arrive later than
// another change. The histories that are read afterwards tell, and then the person's values are put back: the time in between is the window that remains.

// until says which changes were known before a write.
type until func(crm.PastValue) bool

// overwritten is the newest change by a person that lies under a write of ours. Changes that were known before do not count, nor what a person has set since our write.
func overwritten(now Current, known until) (crm.PastValue, bool) {
	for i, c := range now.Changes {
		switch {
		case known(c), c.ByPerson && i == 0:
			return crm.PastValue{}, false
		case c.ByPerson:
			return c, true
		}
	}
	return crm.PastValue{}, false
}

// seenIn says whether a change was part of what was read before the write.
func seenIn(before Current) until {
	return knownSince(crm.PastValue{Value: before.Value, At: before.At, Source: before.Source})
}

// knownSince says whether a change is this one or an older one; times are of milliseconds, and two changes may have one.
func knownSince(known crm.PastValue) until {
	return func(c crm.PastValue) bool {
		return c.At.Before(known.At) || c.At.Equal(known.At) && c.Source == known.Source && c.Value == known.Value
	}
}

// notAfter says whether a change was made when the evidence was read already.
func notAfter(t time.Time) until {
	return func(c crm.PastValue) bool { return !c.At.After(t) }
}

// standing is the change that a value stands by. It is a person's, too, where we only put back what a write of ours had covered, or an undo took back: then since that moment.
func standing(now Current) crm.PastValue {
	if len(now.Changes) == 0 {
		return crm.PastValue{Value: now.Value, At: now.At, ByPerson: now.ByPerson, Source: now.Source}
	}
	newest := now.Changes[0]
	if newest.ByPerson {
		return newest
	}
	for i, c := range now.Changes[1:] {
		if !c.ByPerson {
			continue
		}
		if i > 0 && c.Value == newest.Value {
			newest.ByPerson, newest.Source = true, c.Source
		}
		break
	}
	return newest
}

// equal compares two values of a property: texts by their words, others by what they mean.
func equal(property, a, b string) bool {
	if property == bodyProperty(crm.NoteKind) || property == bodyProperty(crm.TaskKind) {
		return sameText(a, b)
	}
	return sameValue(a, b)
}

// lost are people's values under writes of ours that say something else, by property.
func lost(c crm.Change, now map[string]Current, known func(property string) until) map[string]crm.PastValue {
	sent, out := written(c), map[string]crm.PastValue{}
	for property, n := range now {
		if theirs, is := overwritten(n, known(property)); is && !equal(property, theirs.Value, sent[property]) {
			out[property] = theirs
		}
	}
	return out
}

// written is everything that a change sets, by property.
func written(c crm.Change) map[string]string {
	out := map[string]string{}
	maps.Copy(out, c.Fields)
	out[c.Property] = c.After
	return out
}

// covered gives people's values back that an earlier request of this effect, whose outcome was not known, has covered, unless a later decision has been written there since.
func (a *Applier) covered(ctx context.Context, e attempt, target crm.Ref, now map[string]Current, receipt crm.Receipt) (done bool, err error) {
	if !e.started && !e.late {
		return false, nil
	}
	theirs := lost(e.Change, now, func(string) until { return notAfter(e.ReadAt) })
	if len(theirs) == 0 {
		return false, nil
	}
	if _, sent, err := a.Effects.Newer(ctx, e.Effect); sent || err != nil {
		return false, err
	}
	return true, a.giveBack(ctx, e, target, receipt, theirs)
}

// mostReturns is how often values of people are put back where yet another write comes in between.
const mostReturns = 3

// giveBack puts people's values back that our write has covered, and ends the effect as the conflict that it was. Where a person has set another one since, that one stays.
func (a *Applier) giveBack(ctx context.Context, e attempt, target crm.Ref, receipt crm.Receipt, theirs map[string]crm.PastValue) error {
	properties := slices.Sorted(maps.Keys(theirs))
	for range mostReturns {
		read := properties
		if !slices.Contains(read, e.Change.Property) {
			read = append(slices.Clone(read), e.Change.Property)
		}
		now, err := a.Writer.Standing(ctx, target, read)
		if err != nil {
			return a.unknown(ctx, e, err)
		}
		receipt.After, receipt.WroteAt = now[e.Change.Property].Value, now[e.Change.Property].At
		back := slices.DeleteFunc(slices.Clone(properties), func(p string) bool {
			if newer, is := overwritten(now[p], knownSince(theirs[p])); is { // putting it back can lose a race, too
				theirs[p] = newer
			}
			return len(now[p].Changes) > 0 && now[p].Changes[0].ByPerson || equal(p, now[p].Value, theirs[p].Value)
		})
		if len(back) == 0 {
			return a.settle(ctx, e, crm.EffectConflict, receipt, whose(e.Change.Property, theirs)+" while it was being written: their value stands")
		}
		if e, err = a.begin(ctx, e); err != nil { // looked at again later: it is known to have been sent
			return err
		}
		for _, p := range back {
			if err := a.send(ctx, func(ctx context.Context) error { return a.Writer.SetProperty(ctx, target, p, theirs[p].Value) }); err != nil {
				return a.unsent(ctx, e, err)
			}
		}
	}
	return a.unknown(ctx, e, fmt.Errorf("%s keeps changing", strings.Join(properties, ", ")))
}

// whose says who changed what and when; main needs no name.
func whose(main string, theirs map[string]crm.PastValue) string {
	var out []string
	for _, p := range slices.Sorted(maps.Keys(theirs)) {
		line := fmt.Sprintf("changed by %s at %s", theirs[p].Source, theirs[p].At.UTC().Format(time.RFC3339))
		if p != main {
			line = p + " " + line
		}
		out = append(out, line)
	}
	return strings.Join(out, ", ")
}

// recognise learns under which name HubSpot shows what we write, where that is not known: by a change that was not known before, holds what was sent and was made by an app. Where two
// apps have done that, nobody can say which was ours. What is learned counts in now already.
func (a *Applier) recognise(ctx context.Context, e attempt, now map[string]Current, known func(property string) until) error {
	source := ""
	for property, value := range written(e.Change) {
		for _, c := range now[property].Changes {
			if known(property)(c) {
				break
			}
			app := strings.HasPrefix(c.Source, appSource) && len(c.Source) > len(appSource)
			switch {
			case !app || !equal(property, c.Value, value):
			case !c.ByPerson, source != "" && source != c.Source: // known already, or two
				return nil
			default:
				source = c.Source
			}
		}
	}
	if source == "" {
		return nil
	}
	if err := a.Writer.Recognise(ctx, e.Portal, strings.TrimPrefix(source, appSource)); err != nil {
		return fmt.Errorf("keep that %s is our own app: %w", source, err)
	}
	for property, n := range now {
		n.Changes = slices.Clone(n.Changes)
		for i := range n.Changes {
			n.Changes[i].ByPerson = n.Changes[i].ByPerson && n.Changes[i].Source != source
		}
		n.ByPerson = n.ByPerson && n.Source != source
		now[property] = n
	}
	return nil
}

// appSource begins the source of what apps change.
const appSource = "INTEGRATION:"

// looked ends the look at an effect that was settled while an earlier request of it could still arrive: nothing came of it.
func (a *Applier) looked(ctx context.Context, e attempt) error {
	if err := a.Effects.Looked(ctx, e.Effect); err != nil {
		return fmt.Errorf("end the look at what may have arrived late: %w", err)
	}
	return nil
}
