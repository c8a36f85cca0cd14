package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Applier carries effects to HubSpot. An effect goes new → sending → verified, conflict or failed; unknown when nobody can say whether a request was applied. A
// sending or unknown effect is settled by reading back: at once where writing the same again is harmless (a property, a note under a unique key), else once no request
// of an earlier holder can still be on its way. All fields but Timeout and Log are required.
type Applier struct {
	Effects Effects
	Writer  Writer
	Enabled func(crm.PortalID) error // nil, or why nothing may be written now (crm.ErrStopped)
	Now     func() time.Time
	Timeout time.Duration // of one write, all its requests together; 0: 10 s
	Log     *slog.Logger  // nil: silent
}

// grace is added to a write's time-out before it counts as dead: a request that left the machine in time can still be applied later than its sender gave up.
const grace = 10 * time.Second

// mostWrites is how often a value is written that HubSpot keeps changing into another one.
const mostWrites = 8

// Apply works on effects (the claims' keys): one error per claim, nil when the effect is settled. While writing is off an effect stays as it is (crm.ErrStopped); an
// effect whose request may still be on its way is a crm.RetryAfter.
func (a *Applier) Apply(ctx context.Context, claims []crm.Claim) []error {
	errs := make([]error, len(claims))
	for i, c := range claims {
		if err := a.apply(ctx, c); err != nil {
			errs[i] = fmt.Errorf("apply effect %s: %w", c.Key, err)
		}
	}
	return errs
}

func (a *Applier) apply(ctx context.Context, claim crm.Claim) error {
	ctx, _ = crm.WithRequests(ctx)
	e, err := a.Effects.Effect(ctx, claim.Portal, claim.Key)
	if err != nil {
		return err
	}
	started := e.State == crm.EffectSending || e.State == crm.EffectUnknown
	late := !started && e.State != crm.EffectNew
	switch {
	case late && e.Deadline.IsZero():
		return nil // settled
	case late && a.Now().Before(e.Deadline):
		return &crm.RetryAfter{At: e.Deadline, Err: fmt.Errorf("settled, but an earlier request may still be on its way: %w", crm.ErrUnknown)}
	}
	e.Fence = claim.Fence
	if late && e.LastError == crm.EffectErased { // there is nothing left to compare with
		return a.looked(ctx, attempt{Effect: e})
	}
	if !Allowed(e.Change, e.Portal) || e.Portal != claim.Portal {
		return a.settle(ctx, attempt{Effect: e}, crm.EffectFailed, crm.Receipt{}, "not on the allow-list")
	}
	at := attempt{Effect: e, started: started, late: late, repeatable: true}
	if started && a.Now().Before(e.Deadline) {
		at.flying = e.Deadline
	}
	if e.Change.Kind == crm.PropertyKind {
		return a.property(ctx, at)
	}
	unique, err := a.Writer.UniqueKeys(ctx, e.Portal, activityType(e.Change))
	if err != nil {
		return fmt.Errorf("ask whether keys are unique: %w", err)
	}
	if started && !unique && a.Now().Before(e.Deadline) {
		return &crm.RetryAfter{At: e.Deadline, Err: fmt.Errorf("an earlier request may still be on its way: %w", crm.ErrUnknown)}
	}
	if e.UndoOf != "" && e.Change.After == "" {
		return a.archive(ctx, at) // archiving twice is archiving once
	}
	at.repeatable = unique
	return a.activity(ctx, at)
}

// attempt is one try at an effect.
type attempt struct {
	crm.Effect
	started    bool // an earlier try may have sent a request
	late       bool // settled, and what an earlier request did until its deadline is looked at
	repeatable bool // HubSpot itself makes a second request harmless

	flying time.Time // until when an earlier request without an answer can still arrive; zero: none can
}

func activityType(c crm.Change) crm.ObjectType {
	if c.Kind == crm.TaskKind {
		return crm.Tasks
	}
	return crm.Notes
}

// property writes an absolute value, unless it is there already or a person has changed it since the evidence was read.
func (a *Applier) property(ctx context.Context, e attempt) error {
	c := e.Change
	stands, before, err := a.reads(ctx, e, func(string) until { return notAfter(e.ReadAt) }, e.started || e.late)
	if e.late && errors.Is(err, crm.ErrNotFound) {
		return a.looked(ctx, e)
	}
	if err != nil {
		return a.hopeless(ctx, e, err)
	}
	receipt := crm.Receipt{Object: c.Target, Before: &before.Value, After: c.After, WroteAt: before.At}
	if done, err := a.covered(ctx, e, c.Target, stands, receipt); done || err != nil {
		return err
	}
	if e.late {
		return a.looked(ctx, e)
	}
	if sameValue(before.Value, c.After) {
		receipt.Repeat = !e.started
		return a.settle(ctx, e, crm.EffectVerified, receipt, "")
	}
	if why := conflict(before, c, e.ReadAt); why != "" {
		receipt.After = before.Value
		return a.settle(ctx, e, crm.EffectConflict, receipt, why)
	}
	if stale, err := a.stale(ctx, e); stale || err != nil {
		return err
	}
	if e, err = a.begin(ctx, e); err != nil {
		return err
	}
	if err := a.send(ctx, func(ctx context.Context) error { return a.Writer.SetProperty(ctx, c.Target, c.Property, c.After) }); err != nil {
		return a.unsent(ctx, e, err)
	}
	known := func(string) until { return seenIn(before) }
	stands, after, err := a.reads(ctx, e, known, true)
	if err != nil {
		return a.unknown(ctx, e, err)
	}
	if theirs := lost(c, stands, known); len(theirs) > 0 {
		return a.giveBack(ctx, e, c.Target, receipt, theirs)
	}
	switch receipt.After, receipt.WroteAt = after.Value, after.At; {
	case sameValue(after.Value, c.After):
		receipt.After = c.After
		return a.settle(ctx, e, crm.EffectVerified, receipt, "")
	case after.ByPerson && after.At.After(before.At):
		return a.settle(ctx, e, crm.EffectConflict, receipt, "a person changed it while it was being written")
	}
	return a.differs(ctx, e, "the value read back is not the one written")
}

// reads reads the property of a change; after a write, the app that has made it is known then.
func (a *Applier) reads(ctx context.Context, e attempt, known func(string) until, wrote bool) (map[string]Current, Current, error) {
	stands, err := a.Writer.Standing(ctx, e.Change.Target, []string{e.Change.Property})
	if err == nil && wrote {
		err = a.recognise(ctx, e, stands, known)
	}
	return stands, stands[e.Change.Property], err
}

// conflict says that a person made the present value after, or otherwise than, the evidence saw it, or changed it since then at all.
func conflict(now Current, c crm.Change, readAt time.Time) string {
	seen := ""
	if c.Before != nil {
		seen = *c.Before
	}
	who := standing(now)
	if !who.ByPerson || !who.At.After(readAt) && sameValue(now.Value, seen) {
		who = sinceRead(now, readAt)
	}
	if !who.ByPerson {
		return ""
	}
	return fmt.Sprintf("changed by %s at %s", who.Source, who.At.UTC().Format(time.RFC3339))
}

// sinceRead is a person's newest change since the evidence was read, also where a write of ours lies over it; else the zero value.
func sinceRead(now Current, readAt time.Time) crm.PastValue {
	for _, c := range now.Changes {
		if c.ByPerson && c.At.After(readAt) {
			return c
		}
	}
	return crm.PastValue{}
}

// stale ends an effect that a later decision has overtaken, once nothing of it can arrive any more: an older value must not follow a newer one.
func (a *Applier) stale(ctx context.Context, e attempt) (bool, error) {
	newer, _, err := a.Effects.Newer(ctx, e.Effect)
	switch {
	case err != nil || !newer:
		return false, err
	case e.started && a.Now().Before(e.Deadline):
		return true, &crm.RetryAfter{At: e.Deadline, Err: fmt.Errorf("overtaken, but a request may still be on its way: %w", crm.ErrUnknown)}
	}
	return true, a.settle(ctx, e, crm.EffectSuperseded, crm.Receipt{}, "a later decision writes to the same place")
}
