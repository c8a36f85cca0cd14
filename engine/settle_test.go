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

// TestAnotherValueThanWritten: what HubSpot turns into something else is given up after a bounded number of writes: as failed, or, for a text, which a person could
// have changed, as a conflict.
func TestAnotherValueThanWritten(t *testing.T) {
	for _, kind := range []crm.ChangeKind{crm.PropertyKind, crm.NoteKind} {
		b := newBench(kind)
		b.hub.unique, b.hub.keeps = true, "something else"
		b.drain(t)
		want := map[crm.ChangeKind]crm.EffectState{crm.PropertyKind: crm.EffectFailed, crm.NoteKind: crm.EffectConflict}[kind]
		if b.box.e.State != want || b.hub.requests > 10 || b.box.e.LastError == "" {
			t.Errorf("%s: %s after %d requests: %q", kind, b.box.e.State, b.hub.requests, b.box.e.LastError)
		}
	}
}

// TestPeopleEditOurNotes: a body that a person has edited is not overwritten, whether or not it still sits on all records, unless its suggestion has seen that edit.
func TestPeopleEditOurNotes(t *testing.T) {
	for name, c := range map[string]struct {
		kind   crm.ChangeKind
		body   string
		sent   []string
		status string
		want   crm.EffectState
	}{
		"ours":                     {crm.NoteKind, "<p>old</p>", []string{"<div>old</div>"}, "", crm.EffectVerified},
		"edited":                   {crm.NoteKind, "<p>old, but wrong</p>", []string{"<p>old</p>"}, "", crm.EffectConflict},
		"emptied":                  {crm.NoteKind, "", []string{"<p>old</p>"}, "", crm.EffectConflict},
		"of an earlier life":       {crm.NoteKind, "<p>old</p>", nil, "", crm.EffectConflict},
		"edited, seen in review":   {crm.NoteKind, "<p>old, but wrong</p>", []string{"<p>old, but wrong</p>", "<p>old</p>"}, "", crm.EffectVerified},
		"task edited":              {crm.TaskKind, "<p>better</p>", []string{"<p>old</p>"}, "NOT_STARTED", crm.EffectConflict},
		"task edited and finished": {crm.TaskKind, "<p>better</p>", []string{"<p>old</p>"}, "COMPLETED", crm.EffectVerified},
	} {
		for _, unlinked := range []bool{false, true} {
			b := newBench(c.kind)
			b.hub.unique, b.hub.unlinked, b.box.sent = true, unlinked, c.sent
			typ := activityType(b.box.e.Change)
			b.box.e.Change.Fields = map[string]string{"hubspot_owner_id": "90"}
			if c.kind == crm.TaskKind {
				b.box.e.Change.Fields["hs_task_status"] = "NOT_STARTED"
			}
			b.hub.notes = []hubNote{{ref: ref(typ, 1), key: "key", properties: map[string]string{bodyProperty(c.kind): c.body, "hs_task_status": c.status, "hubspot_owner_id": "91"}}}
			if err := b.once(t); err != nil || b.box.e.State != c.want || len(b.hub.notes) != 1 {
				t.Errorf("%s, unlinked %v: %v, %s, want %s", name, unlinked, err, b.box.e.State, c.want)
				continue
			}
			got := b.hub.notes[0].properties
			if kept := got[bodyProperty(c.kind)] == c.body; kept != (c.want == crm.EffectConflict) || got["hubspot_owner_id"] != "91" {
				t.Errorf("%s: %+v", name, got)
			}
			if r := b.box.receipts[len(b.box.receipts)-1]; c.want == crm.EffectConflict && r.After != c.body {
				t.Errorf("%s: the conflict does not tell what stands there: %+v", name, r)
			}
		}
	}
}

// TestHalfWrittenNoteIsOnlyLinked: when the text arrived and the links did not, the text is not sent a second time.
func TestHalfWrittenNoteIsOnlyLinked(t *testing.T) {
	b := newBench(crm.NoteKind)
	b.hub.unique, b.hub.unlinked, b.hub.notes = true, true, []hubNote{{ref: ref(crm.Notes, 1), key: "key", properties: map[string]string{"hs_note_body": b.box.e.Change.After}}}
	b.box.e.State = crm.EffectSending
	if err := b.once(t); err != nil || b.box.e.State != crm.EffectVerified || b.hub.relinked != 1 || b.hub.requests != 1 {
		t.Errorf("%v, %s, %d requests of which %d only link", err, b.box.e.State, b.hub.requests, b.hub.relinked)
	}
}

// TestOvertakenEffects: an older value never follows a newer decision's, and gives way only when nothing of it can arrive any more.
func TestOvertakenEffects(t *testing.T) {
	for _, kind := range []crm.ChangeKind{crm.PropertyKind, crm.NoteKind} {
		b := newBench(kind)
		b.hub.unique, b.box.newer = true, true
		if err := b.once(t); err != nil || b.box.e.State != crm.EffectSuperseded || b.effects() != 0 {
			t.Errorf("%s: %v, %s, %d effects", kind, err, b.box.e.State, b.effects())
		}
		b = newBench(kind)
		b.hub.unique, b.hub.faults = true, []string{"late"}
		if err := b.once(t); !errors.Is(err, crm.ErrUnknown) {
			t.Fatal(err)
		}
		b.box.newer, b.clock = true, b.clock.Add(time.Second)
		var after *crm.RetryAfter
		if err := b.once(t); !errors.As(err, &after) || !after.At.Equal(b.box.e.Deadline) || b.box.e.State != crm.EffectUnknown {
			t.Errorf("%s: %v, %s", kind, err, b.box.e.State)
		}
		if b.drain(t); b.box.e.State != crm.EffectVerified || b.effects() != 1 || b.hub.requests != 1 { // it arrived after all, and the newer one follows
			t.Errorf("%s: %s, %d requests", kind, b.box.e.State, b.hub.requests)
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

// TestTheFirstRequestIsRemembered: an effect that a second request has settled says until when its first may still arrive; one whose requests were all answered, or whose
// only request has arrived, says nothing.
func TestTheFirstRequestIsRemembered(t *testing.T) {
	for _, kind := range []crm.ChangeKind{crm.PropertyKind, crm.NoteKind} {
		for fault, remembered := range map[string]bool{"": false, "drop after apply": false, "busy": false, "drop before apply": true, "late": true} {
			b := newBench(kind)
			b.hub.unique = true
			if fault != "" {
				b.hub.faults = []string{fault}
			}
			b.drain(t)
			if got := b.box.e.Deadline.After(b.clock); got != remembered || b.box.e.State != crm.EffectVerified {
				t.Errorf("%s, %q: %s at %s, deadline %s", kind, fault, b.box.e.State, b.clock, b.box.e.Deadline)
			}
		}
	}
}
