package engine

import (
	"flag"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"pgregory.net/rapid"
)

func property(name string, confidence float64) crm.Change {
	return crm.Change{Kind: crm.PropertyKind, Target: crm.Ref{Portal: 7, Type: crm.Contacts, ID: "1"}, Property: name, After: "80", Confidence: confidence}
}

func TestGate(t *testing.T) {
	on := Policy{Write: true}
	link := []crm.Ref{{Portal: 7, Type: crm.Contacts, ID: "1"}}
	note := crm.Change{Kind: crm.NoteKind, Property: "hs_note_body", Key: "k", Links: link, Confidence: 0.9}
	with := func(c crm.Change, f func(*crm.Change)) crm.Change { f(&c); return c }
	for name, c := range map[string]struct {
		policy Policy
		change crm.Change
		state  GateState
		want   crm.Verdict
	}{
		"all well":            {on, property("ai_lead_score", 0.9), GateState{}, crm.Apply},
		"equal passes":        {on, property("ai_lead_score", 0.85), GateState{}, crm.Apply},
		"just below":          {on, property("ai_lead_score", math.Nextafter(0.85, 0)), GateState{}, crm.Review},
		"not a number":        {on, property("ai_lead_score", math.NaN()), GateState{}, crm.Review},
		"infinite":            {on, property("ai_lead_score", math.Inf(1)), GateState{}, crm.Review},
		"missing":             {on, property("ai_lead_score", 0), GateState{}, crm.Review},
		"threshold NaN":       {Policy{Write: true, Threshold: math.NaN()}, property("ai_lead_score", 1), GateState{}, crm.Review},
		"threshold negative":  {Policy{Write: true, Threshold: -1}, property("ai_lead_score", 1), GateState{}, crm.Review},
		"threshold above one": {Policy{Write: true, Threshold: 2}, property("ai_lead_score", 1), GateState{}, crm.Review},
		"own threshold":       {on, with(property("ai_x", 0.9), func(c *crm.Change) { c.Threshold = 0.95 }), GateState{}, crm.Review},
		"writing off":         {Policy{}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
		"stopped":             {on, property("ai_lead_score", 0.9), GateState{Stopped: "by ann"}, crm.Review},
		"stale":               {on, property("ai_lead_score", 0.9), GateState{Stale: true}, crm.Review},
		"flagged":             {on, property("ai_lead_score", 0.9), GateState{Flags: []string{"x"}}, crm.Review},
		"people's last word":  {on, property("ai_lead_score", 0.9), GateState{Overruled: true}, crm.Review},
		"for people":          {on, property("ai_lead_score", 0.9), GateState{Human: true}, crm.Review},
		"policy for people":   {Policy{Write: true, HumanOnly: []string{"ai_lead_score"}}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
		"never":               {Policy{Write: true, Never: []string{"ai_lead_score"}}, property("ai_lead_score", 0.9), GateState{}, crm.Drop},
		"invalid":             {on, property("ai_lead_score", 0.9), GateState{Invalid: "too big"}, crm.Drop},
		"core property":       {on, property("lifecyclestage", 1), GateState{}, crm.Drop},
		"prefix only":         {on, property("ai_", 1), GateState{}, crm.Drop},
		"prefix tricks":       {on, property("ai_x/../amount", 1), GateState{}, crm.Drop},
		"upper case":          {on, property("AI_score", 1), GateState{}, crm.Drop},
		"other portal":        {on, with(property("ai_x", 1), func(c *crm.Change) { c.Target.Portal = 8 }), GateState{}, crm.Drop},
		"activity target":     {on, with(property("ai_x", 1), func(c *crm.Change) { c.Target.Type = crm.Calls }), GateState{}, crm.Drop},
		"no kind":             {on, crm.Change{Confidence: 1}, GateState{}, crm.Drop},
		"note":                {on, note, GateState{}, crm.Apply},
		"policy notes":        {Policy{Write: true, HumanOnly: []string{"note"}}, note, GateState{}, crm.Review},
		"note without key":    {on, with(note, func(c *crm.Change) { c.Key = "" }), GateState{}, crm.Drop},
		"note on another":     {on, with(note, func(c *crm.Change) { c.Links = []crm.Ref{{Portal: 8, Type: crm.Contacts, ID: "1"}} }), GateState{}, crm.Drop},
		"note with a field":   {on, with(note, func(c *crm.Change) { c.Fields = map[string]string{"hs_attachment_ids": "1"} }), GateState{}, crm.Drop},
	} {
		got, why := Gate(c.policy, 7, c.change, c.state)
		if got != c.want || len(why) == 0 {
			t.Errorf("%s: %v %q, want %v", name, got, why, c.want)
		}
	}
	if v, _ := Gate(on, 0, property("ai_x", 1), GateState{}); v != crm.Drop {
		t.Error("no portal must never be written")
	}
}

// TestGateProperty: whatever the policy, change and state, what is applied is allowed, confident enough, valid, fresh, not stopped and not flagged.
func TestGateProperty(t *testing.T) {
	number := rapid.OneOf(rapid.SampledFrom([]float64{0, 0.84, 0.85, 0.86, 1, 1.5, -1, math.NaN(), math.Inf(1), math.Inf(-1)}), rapid.Float64Range(0, 1))
	names := rapid.SampledFrom([]string{"ai_score", "ai_fit", "ai_next", "amount", "ai_", "AI_score", "hs_note_body", "hs_task_body", ""})
	portals := rapid.SampledFrom([]crm.PortalID{7, 7, 7, 7, 7, 0, 8, -1})
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"ai_score", "ai_fit", "note", "task"}), 0, 2)
	seldom := rapid.Custom(func(t *rapid.T) bool { return rapid.IntRange(0, 15).Draw(t, "n") == 7 })
	if err := flag.Set("rapid.nofailfile", "true"); err != nil { // the seed in the message is enough
		t.Fatal(err)
	}
	applied := 0
	one := func(t *rapid.T) {
		p := Policy{Write: !seldom.Draw(t, "off"), Threshold: rapid.OneOf(rapid.Just(0.0), rapid.Just(0.5), number).Draw(t, "threshold"), HumanOnly: words.Draw(t, "human"), Never: words.Draw(t, "never")}
		ref := func() crm.Ref {
			return crm.Ref{Portal: portals.Draw(t, "portal"), Type: rapid.SampledFrom([]crm.ObjectType{crm.Contacts, crm.Contacts, crm.Deals, crm.Deals, crm.Calls, ""}).Draw(t, "type"), ID: rapid.SampledFrom([]string{"1", "2", "3", ""}).Draw(t, "id")}
		}
		c := crm.Change{Kind: rapid.SampledFrom([]crm.ChangeKind{crm.PropertyKind, crm.PropertyKind, crm.NoteKind, crm.TaskKind, ""}).Draw(t, "kind"), Property: names.Draw(t, "name"),
			Confidence: number.Draw(t, "confidence"), Threshold: rapid.OneOf(rapid.Just(0.0), rapid.Just(0.0), number).Draw(t, "own")}
		if c.Kind == crm.PropertyKind {
			c.Target = ref()
		} else {
			c.Key, c.Links = "k", []crm.Ref{ref()}
		}
		s := GateState{Stale: seldom.Draw(t, "stale"), Human: seldom.Draw(t, "for people")}
		for name, to := range map[string]*string{"stop": &s.Stopped, "bad": &s.Invalid} {
			if seldom.Draw(t, name) {
				*to = name
			}
		}
		if seldom.Draw(t, "flag") {
			s.Flags = []string{"flag"}
		}
		portal := portals.Draw(t, "own portal")
		v, why := Gate(p, portal, c, s)
		if len(why) == 0 {
			t.Fatal("no reason given")
		}
		if v != crm.Apply {
			return
		}
		applied++
		threshold := p.Threshold
		if c.Threshold != 0 {
			threshold = c.Threshold
		}
		if threshold == 0 {
			threshold = 0.85
		}
		name := c.Property
		if c.Kind != crm.PropertyKind {
			name = string(c.Kind)
		}
		where := append(slices.Clone(c.Links), c.Target)
		for _, r := range where {
			if !r.IsZero() && r.Portal != portal {
				t.Fatalf("wrote into portal %d from %d", r.Portal, portal)
			}
		}
		switch {
		case !p.Write, s.Stopped != "", s.Stale, s.Human, s.Invalid != "", len(s.Flags) > 0, slices.Contains(p.Never, name), slices.Contains(p.HumanOnly, name):
			t.Fatalf("applied against the state %+v %+v", p, s)
		case !(c.Confidence >= threshold), !(threshold > 0 && threshold <= 1):
			t.Fatalf("applied with confidence %v at %v", c.Confidence, threshold)
		case c.Kind == crm.PropertyKind && !strings.HasPrefix(c.Property, "ai_"):
			t.Fatalf("applied to %q", c.Property)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for range 200 { // × rapid's 100 checks
			one(t)
		}
	})
	t.Logf("%d of 20,000 cases were applied", applied)
	if applied < 100 {
		t.Errorf("only %d of 20,000 cases were applied: the generator is blind", applied)
	}
}

func TestConfidence(t *testing.T) {
	clean := Measured{Supported: 3, Sources: 3, Activities: 1, Age: time.Hour, TimeKnown: true, Coverage: 0.5, Overlap: 1, FocusWhole: true}
	poor := Measured{Supported: 1, Sources: 1, Activities: 1, Age: 400 * 24 * time.Hour, TimeKnown: true, Overlap: 1, FocusWhole: true}
	rich := Measured{Supported: 9, Sources: 20, Activities: 9, TimeKnown: true, Coverage: 1, Overlap: 1, FocusWhole: true}
	for name, m := range map[string]Measured{"clean": clean, "poor": poor, "rich": rich} {
		if c := Confidence(m); c < 0.86 || c > 0.93 {
			t.Errorf("%s: %.3f, want 0.86 to 0.93", name, c)
		}
	}
	for name, spoil := range map[string]func(*Measured){
		"cut": func(m *Measured) { m.Cut = 1 }, "repair": func(m *Measured) { m.Repairs = 1 }, "flag": func(m *Measured) { m.Flags = 1 }, "time": func(m *Measured) { m.TimeKnown = false },
		"overlap": func(m *Measured) { m.Overlap = 0.1 }, "NaN overlap": func(m *Measured) { m.Overlap = math.NaN() }, "turned": func(m *Measured) { m.Turned = 1 },
		"jump": func(m *Measured) { m.Jump = true }, "focus": func(m *Measured) { m.FocusWhole = false },
		"one cut of many": func(m *Measured) { m.Supported, m.Cut = 1000, 1 },
	} {
		m := rich
		spoil(&m)
		if c := Confidence(m); !(c < 0.85) || c <= 0 {
			t.Errorf("%s: %.3f, want below 0.85", name, c)
		}
	}
	if Confidence(Measured{Overlap: 1, TimeKnown: true, FocusWhole: true, Coverage: 1}) != 0 {
		t.Error("nothing supported must be 0")
	}
	if len(clean.Features()) != 16 {
		t.Errorf("%d features", len(clean.Features()))
	}
}
