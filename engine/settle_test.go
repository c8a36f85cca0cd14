package engine

import (
	"errors"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// settled runs until the effect is settled and says how much time the applier asked for.
func (b *bench) settled(t *testing.T) time.Duration {
	t.Helper()
	start := b.clock
	b.drain(t)
	return b.clock.Sub(start)
}

// TestUnknownSettlesSoonWhereARepeatIsHarmless: a reply that was lost costs a second for a property or a note under a unique key, but the whole deadline for a create.
func TestUnknownSettlesSoonWhereARepeatIsHarmless(t *testing.T) {
	for name, c := range map[string]struct {
		kind      crm.ChangeKind
		unique    bool
		least, at time.Duration // how long settling may take
	}{
		"property":         {crm.PropertyKind, false, 0, time.Second},
		"note, unique key": {crm.NoteKind, true, 0, time.Second},
		"task, unique key": {crm.TaskKind, true, 0, time.Second},
		"note, plain":      {crm.NoteKind, false, 10 * time.Second, 20 * time.Second},
		"task, plain":      {crm.TaskKind, false, 10 * time.Second, 20 * time.Second},
	} {
		for _, fault := range []string{"drop after apply", "drop before apply"} {
			b := newBench(c.kind)
			b.hub.unique, b.hub.faults, b.timeout = c.unique, []string{fault}, 0
			if took := b.settled(t); took < c.least || took > c.at || b.box.e.State != crm.EffectVerified || b.effects() != 1 {
				t.Errorf("%s, %s: %s after %v, %d effects", name, fault, b.box.e.State, took, b.effects())
			}
		}
		for at := 1; at < 6; at++ { // killed anywhere: the next start settles it
			b := newBench(c.kind)
			b.hub.unique, b.crash, b.timeout = c.unique, at, 0
			if err := b.once(t); err == nil {
				t.Fatal("not killed")
			}
			if took := b.settled(t); took > c.at || b.effects() != 1 || b.box.e.State != crm.EffectVerified {
				t.Errorf("%s, killed at %d: %s after %v, %d effects", name, at, b.box.e.State, took, b.effects())
			}
		}
	}
}

// TestAnotherValueThanWritten: what HubSpot turns into something else is given up after a bounded number of writes, as failed.
func TestAnotherValueThanWritten(t *testing.T) {
	for _, kind := range []crm.ChangeKind{crm.PropertyKind, crm.NoteKind} {
		b := newBench(kind)
		b.hub.unique, b.hub.keeps = true, "something else"
		b.drain(t)
		if b.box.e.State != crm.EffectFailed || b.hub.requests > 10 || b.box.e.LastError == "" {
			t.Errorf("%s: %s after %d requests: %q", kind, b.box.e.State, b.hub.requests, b.box.e.LastError)
		}
	}
}

// TestOutageOfWritesIsWaitedFor: replies that never come are an outage, however many.
func TestOutageOfWritesIsWaitedFor(t *testing.T) {
	b := newBench(crm.PropertyKind)
	for range 15 {
		b.hub.faults = append(b.hub.faults, "drop before apply")
		var after *crm.RetryAfter
		if err := b.once(t); !errors.As(err, &after) || !errors.Is(err, crm.ErrTemporary) || after.At.Sub(b.clock) > time.Minute {
			t.Fatal(err)
		}
		b.clock = after.At
	}
	if b.drain(t); b.box.e.State != crm.EffectVerified {
		t.Error(b.box.e.State)
	}
}
