package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// TestLateRequestsAreMadeGood: a first request whose reply was lost arrives when its effect is settled already and a person has changed what it writes. That is looked at once nothing can
// arrive any more: her value stands again, and the change is a conflict. Where nobody has changed anything, or a later decision has been written since, nothing happens.
func TestLateRequestsAreMadeGood(t *testing.T) {
	for name, c := range map[string]struct {
		hers     string // after the effect is settled; "-": nothing
		soon     bool   // she is faster than the second request
		sent     bool   // a later decision has been written since
		want     string
		state    crm.EffectState
		requests int
	}{
		"nobody":                 {"-", false, false, "80", crm.EffectVerified, 2},
		"a person":               {"10", false, false, "10", crm.EffectConflict, 3},
		"a person, the same":     {"80.0", false, false, "80", crm.EffectVerified, 2},
		"a person, soon":         {"10", true, false, "10", crm.EffectConflict, 2},
		"a later decision since": {"10", false, true, "80", crm.EffectVerified, 2},
	} {
		b := newBench(crm.PropertyKind)
		place := ref(crm.Contacts, 2).String() + "/ai_lead_score"
		edit := func() {
			if c.hers != "-" {
				b.clock = b.clock.Add(time.Second)
				b.hub.set(place, crm.PastValue{Value: c.hers, At: b.clock, ByPerson: true, Source: "CRM_UI:userId:77"})
				b.clock = b.clock.Add(time.Second)
			}
		}
		b.hub.faults = []string{"late"}
		if err := b.once(t); !errors.Is(err, crm.ErrUnknown) {
			t.Fatal(err)
		}
		if c.soon {
			edit()
		}
		if err := b.once(t); err != nil {
			t.Fatal(err)
		}
		if !c.soon {
			edit()
		}
		b.box.newerSent = c.sent
		var wait *crm.RetryAfter
		if err := b.once(t); !errors.As(err, &wait) || !wait.At.Equal(b.box.e.Deadline) {
			t.Fatalf("%s: before the deadline: %v", name, err)
		}
		b.clock = b.box.e.Deadline
		b.hub.settle() // it arrives
		b.drain(t)
		if now := b.hub.values[place]; now.Value != c.want || b.box.e.State != c.state || b.hub.requests != c.requests {
			t.Errorf("%s: %q (%s: %s) after %d requests, want %q (%s) after %d", name, now.Value, b.box.e.State, b.box.e.LastError, b.hub.requests, c.want, c.state, c.requests)
		}
		if !b.box.e.Deadline.IsZero() {
			t.Errorf("%s: it is still waited for", name)
		}
		if err := b.once(t); err != nil || b.hub.requests != c.requests {
			t.Errorf("%s, once more: %v, %d requests", name, err, b.hub.requests)
		}
	}
	erased := newBench(crm.PropertyKind)
	erased.box.e.State, erased.box.e.Deadline, erased.box.e.LastError, erased.box.e.Change.After = crm.EffectVerified, erased.clock, crm.EffectErased, ""
	erased.hub.set(ref(crm.Contacts, 2).String()+"/ai_lead_score", crm.PastValue{Value: "10", At: erased.clock, ByPerson: true})
	erased.hub.set(ref(crm.Contacts, 2).String()+"/ai_lead_score", crm.PastValue{Value: "80", At: erased.clock.Add(time.Second), Source: "INTEGRATION:1"})
	if err := erased.once(t); err != nil || erased.box.e.State != crm.EffectVerified || !erased.box.e.Deadline.IsZero() || erased.hub.requests != 0 {
		t.Errorf("erased since: %v, %+v", err, erased.box.e)
	}
}

// TestOurAppIsRecognised: which app of HubSpot is ours shows in what a write leaves, if it can only be ours.
func TestOurAppIsRecognised(t *testing.T) {
	const known = "CRM_UI:userId:77"
	for name, c := range map[string]struct {
		between []crm.PastValue // happens before our write
		ours    string          // as what HubSpot shows it
		want    int
	}{
		"ours alone":                 {nil, "INTEGRATION:7", 1},
		"after a person":             {[]crm.PastValue{{Value: "10", Source: known}}, "INTEGRATION:7", 1},
		"a person, the same value":   {[]crm.PastValue{{Value: "80", Source: known}}, "INTEGRATION:7", 1},
		"another app, another value": {[]crm.PastValue{{Value: "10", Source: "INTEGRATION:9"}}, "INTEGRATION:7", 1},
		"another app, the same":      {[]crm.PastValue{{Value: "80", Source: "INTEGRATION:9"}}, "INTEGRATION:7", 0},
		"no app":                     {nil, "API:7", 0},
		"an app without a name":      {nil, "INTEGRATION:", 0},
	} {
		b := newBench(crm.PropertyKind)
		place := ref(crm.Contacts, 2).String() + "/ai_lead_score"
		b.hub.wrote = func(c2 crm.PastValue) crm.PastValue { c2.ByPerson, c2.Source = true, c.ours; return c2 } // HubSpot shows it as anybody's
		b.hub.between = func() {
			for _, x := range c.between {
				b.clock = b.clock.Add(time.Second)
				x.At, x.ByPerson = b.clock, true
				b.hub.set(place, x)
			}
			b.clock = b.clock.Add(time.Second)
		}
		b.drain(t)
		if len(b.hub.known) != c.want || c.want == 1 && b.hub.known[0] != "7" {
			t.Errorf("%s: recognised %v", name, b.hub.known)
		}
		if hers := len(c.between) > 0 && c.between[0].Value == "10" && c.want == 1; hers != (b.box.e.State == crm.EffectConflict) {
			t.Errorf("%s: %s, %s", name, b.box.e.State, b.box.e.LastError)
		}
	}
}

// TestPeopleChangeOurTasks: what a person has set of a task stays, also where the text is written anew; what they set since the evidence, or while it is written, is a conflict. A completed
// task is opened again as a whole.
func TestPeopleChangeOurTasks(t *testing.T) {
	const old = "<p>old</p>"
	due := map[string]string{"ours": "2026-11-20T12:00:00Z", "new": "2026-12-01T12:00:00Z", "hers": "2027-01-01T09:00:00Z"}
	for name, c := range map[string]struct {
		set      map[string]string // by her, before the evidence was read
		since    map[string]string // and after
		between  map[string]string // and while it is written
		want     map[string]string
		state    crm.EffectState
		requests int
	}{
		"nobody":            {want: map[string]string{"hs_timestamp": due["new"], "hs_task_subject": "New", "hs_task_status": "NOT_STARTED"}, state: crm.EffectVerified, requests: 1},
		"a later day":       {set: map[string]string{"hs_timestamp": due["hers"]}, want: map[string]string{"hs_timestamp": due["hers"], "hs_task_subject": "New"}, state: crm.EffectVerified, requests: 1},
		"begun":             {set: map[string]string{"hs_task_status": "IN_PROGRESS"}, want: map[string]string{"hs_task_status": "IN_PROGRESS", "hs_task_subject": "New"}, state: crm.EffectVerified, requests: 1},
		"completed":         {set: map[string]string{"hs_task_status": "COMPLETED", "hs_timestamp": due["hers"]}, want: map[string]string{"hs_task_status": "NOT_STARTED", "hs_timestamp": due["new"]}, state: crm.EffectVerified, requests: 1},
		"completed since":   {since: map[string]string{"hs_task_status": "COMPLETED"}, want: map[string]string{"hs_task_status": "COMPLETED", "hs_task_subject": "Old"}, state: crm.EffectConflict},
		"a new owner since": {since: map[string]string{"hubspot_owner_id": "91"}, want: map[string]string{"hubspot_owner_id": "91", "hs_task_subject": "New"}, state: crm.EffectVerified, requests: 1},
		"a subject meanwhile": {between: map[string]string{"hs_task_subject": "Mine"}, want: map[string]string{"hs_task_subject": "Mine", "hs_task_body": "<p>new</p>"},
			state: crm.EffectConflict, requests: 2},
		"two meanwhile": {between: map[string]string{"hs_task_status": "COMPLETED", "hs_timestamp": due["hers"]}, want: map[string]string{"hs_task_status": "COMPLETED", "hs_timestamp": due["hers"]},
			state: crm.EffectConflict, requests: 3},
	} {
		b := newBench(crm.TaskKind)
		b.hub.unique, b.box.sent, b.box.e.Change.After = true, []string{old}, "<p>new</p>"
		b.box.e.Change.Fields = map[string]string{"hs_timestamp": due["new"], "hs_task_subject": "New", "hs_task_status": "NOT_STARTED", "hubspot_owner_id": "90"}
		n := hubNote{ref: ref(crm.Tasks, 1), key: "key", properties: map[string]string{}}
		n.change(noon.Add(-3*time.Hour), false, map[string]string{"hs_task_body": old, "hs_timestamp": due["ours"], "hs_task_subject": "Old", "hs_task_status": "NOT_STARTED", "hubspot_owner_id": "90"})
		n.change(noon.Add(-2*time.Hour), true, c.set)
		n.change(noon.Add(-time.Minute), true, c.since)
		b.hub.notes = []hubNote{n}
		b.hub.between = func() {
			b.clock = b.clock.Add(time.Second)
			b.hub.notes[0].change(b.clock, true, c.between)
			b.clock = b.clock.Add(time.Second)
		}
		b.drain(t)
		if b.box.e.State != c.state || b.hub.requests != c.requests {
			t.Errorf("%s: %s (%s) after %d requests, want %s after %d", name, b.box.e.State, b.box.e.LastError, b.hub.requests, c.state, c.requests)
		}
		for property, want := range c.want {
			if got := b.hub.notes[0].properties[property]; got != want {
				t.Errorf("%s: %s is %q, want %q", name, property, got, want)
			}
		}
	}
}

// TestUndoTakesNothingAlong: what a person changes of a note while an undo archives it is there again, under the note's key, whatever step the process dies at; and the undo is a conflict.
func TestUndoTakesNothingAlong(t *testing.T) {
	for _, fault := range []string{"", "drop after apply", "late"} {
		for crash := 0; ; crash++ {
			b := undoing("")
			b.hub.notes[0].change(noon.Add(-2*time.Hour), false, map[string]string{"hs_note_body": *b.box.e.Change.Before})
			b.crash = crash
			if fault != "" {
				b.hub.faults = []string{fault}
			}
			b.hub.between = func() {
				b.clock = b.clock.Add(time.Second)
				b.hub.edit("<p>Mine now.</p>")
				b.clock = b.clock.Add(time.Second)
			}
			err := b.once(t)
			reached := crash > 0 && b.calls >= crash
			b.crash = 0
			if err != nil {
				b.drain(t)
			}
			b.clock = b.clock.Add(time.Hour)
			b.hub.settle()
			b.drain(t)
			if b.box.e.State != crm.EffectConflict || len(b.hub.notes) != 1 || b.hub.notes[0].properties["hs_note_body"] != "<p>Mine now.</p>" || b.hub.notes[0].key != "key" {
				t.Fatalf("%q, killed at %d: %s (%s), %+v, in the bin %+v", fault, crash, b.box.e.State, b.box.e.LastError, b.hub.notes, b.hub.bin)
			}
			if crash > 0 && !reached {
				break
			}
		}
	}
	refused := undoing("")
	refused.hub.between = func() {
		refused.clock = refused.clock.Add(time.Second)
		refused.hub.edit("<p>Mine now.</p>")
		refused.hub.between = func() { refused.hub.faults = []string{"refuse"} }
	}
	refused.drain(t)
	if e := refused.box.e; e.State != crm.EffectConflict || len(refused.hub.bin) != 1 || len(refused.hub.notes) != 0 || e.LastError == "" {
		t.Errorf("refused: %s, %q", e.State, e.LastError)
	}
}

// TestWhoseValueStands: a person's word counts where a write of ours lies over it that the evidence has not seen, and where it was only put back.
func TestWhoseValueStands(t *testing.T) {
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	ours := func(v string, minute int) crm.PastValue {
		return crm.PastValue{Value: v, At: at(minute), Source: "INTEGRATION:1"}
	}
	hers := func(v string, minute int) crm.PastValue {
		return crm.PastValue{Value: v, At: at(minute), ByPerson: true, Source: "CRM_UI:userId:77"}
	}
	seen := func(v string) *string { return &v }
	for name, c := range map[string]struct {
		past   []crm.PastValue // newest first
		before *string
		read   int
		want   bool
	}{
		"ours":                              {[]crm.PastValue{ours("70", 1)}, seen("70"), 2, false},
		"hers, seen":                        {[]crm.PastValue{hers("10", 1), ours("70", 0)}, seen("10"), 2, false},
		"hers, since":                       {[]crm.PastValue{hers("10", 3), ours("70", 0)}, seen("70"), 2, true},
		"hers, since, under ours":           {[]crm.PastValue{ours("70", 4), hers("10", 3), ours("70", 0)}, seen("70"), 2, true},
		"hers, before, under ours":          {[]crm.PastValue{ours("70", 4), hers("10", 1), ours("70", 0)}, seen("70"), 2, false},
		"hers, put back since":              {[]crm.PastValue{ours("10", 4), ours("70", 2), hers("10", 1)}, seen("70"), 3, true},
		"hers, put back, seen":              {[]crm.PastValue{ours("10", 4), ours("70", 2), hers("10", 1)}, seen("10"), 5, false},
		"ours, which happens to be as hers": {[]crm.PastValue{ours("10", 4), ours("70", 2), hers("11", 1)}, seen("70"), 3, false},
	} {
		now := Current{Value: c.past[0].Value, At: c.past[0].At, ByPerson: c.past[0].ByPerson, Source: c.past[0].Source, Changes: c.past}
		if why := conflict(now, crm.Change{Before: c.before, After: "80"}, at(c.read)); (why != "") != c.want {
			t.Errorf("%s: %q", name, why)
		} else if c.want && !strings.Contains(why, "CRM_UI:userId:77") {
			t.Errorf("%s does not say who: %q", name, why)
		}
	}
}

// TestUndoLooksRightBefore: a change that comes while the undo is recorded is seen before anything is archived.
func TestUndoLooksRightBefore(t *testing.T) {
	b := undoing("")
	b.hub.notes[0].change(noon.Add(-2*time.Hour), false, map[string]string{"hs_note_body": *b.box.e.Change.Before})
	a := b.applier()
	a.Enabled = func(crm.PortalID) error {
		b.clock = b.clock.Add(time.Second)
		b.hub.edit("<p>Mine now.</p>")
		return nil
	}
	if err := a.Apply(t.Context(), []crm.Claim{{Portal: 7, Kind: crm.ApplyWork, Key: "e", Fence: 1}})[0]; err != nil {
		t.Fatal(err)
	}
	if b.box.e.State != crm.EffectConflict || b.hub.requests != 0 || len(b.hub.bin) != 0 {
		t.Errorf("%s after %d requests, in the bin %+v", b.box.e.State, b.hub.requests, b.hub.bin)
	}
}
