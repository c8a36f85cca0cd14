package engine

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
)

func property(name string, confidence float64) crm.Change {
	return crm.Change{Kind: crm.PropertyKind, Target: crm.Ref{Portal: 7, Type: crm.Contacts, ID: "1"}, Property: name, After: "80", Confidence: confidence}
}

func TestGate(t *testing.T) {
	on := Policy{Write: true, Mode: crm.GateOn}
	link := []crm.Ref{{Portal: 7, Type: crm.Contacts, ID: "1"}}
	note := crm.Change{Kind: crm.NoteKind, Property: "hs_note_body", Key: "k", Links: link, Confidence: 0.9}
	with := func(c crm.Change, f func(*crm.Change)) crm.Change { f(&c); return c }
	for name, c := range map[string]struct {
		policy Policy
		change crm.Change
		state  GateState
		want   crm.Verdict
	}{
		"all well":             {on, property("ai_lead_score", 0.9), GateState{}, crm.Apply},
		"equal passes":         {on, property("ai_lead_score", 0.85), GateState{}, crm.Apply},
		"just below":           {on, property("ai_lead_score", math.Nextafter(0.85, 0)), GateState{}, crm.Review},
		"not a number":         {on, property("ai_lead_score", math.NaN()), GateState{}, crm.Review},
		"infinite":             {on, property("ai_lead_score", math.Inf(1)), GateState{}, crm.Review},
		"missing":              {on, property("ai_lead_score", 0), GateState{}, crm.Review},
		"threshold NaN":        {Policy{Write: true, Mode: crm.GateOn, Threshold: math.NaN()}, property("ai_lead_score", 1), GateState{}, crm.Review},
		"threshold negative":   {Policy{Write: true, Mode: crm.GateOn, Threshold: -1}, property("ai_lead_score", 1), GateState{}, crm.Review},
		"threshold above one":  {Policy{Write: true, Mode: crm.GateOn, Threshold: 2}, property("ai_lead_score", 1), GateState{}, crm.Review},
		"own threshold":        {on, with(property("ai_x", 0.9), func(c *crm.Change) { c.Threshold = 0.95 }), GateState{}, crm.Review},
		"writing off":          {Policy{}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
		"stopped":              {on, property("ai_lead_score", 0.9), GateState{Stopped: "by ann"}, crm.Review},
		"stale":                {on, property("ai_lead_score", 0.9), GateState{Stale: true}, crm.Review},
		"flagged":              {on, property("ai_lead_score", 0.9), GateState{Flags: []string{"x"}}, crm.Review},
		"HubSpot refuses":      {on, property("ai_lead_score", 0.9), GateState{Preflight: "read-only"}, crm.Review},
		"refused before":       {on, property("ai_lead_score", 0.9), GateState{Failed: "a rule"}, crm.Review},
		"people's last word":   {on, property("ai_lead_score", 0.9), GateState{Overruled: true}, crm.Review},
		"for people":           {on, property("ai_lead_score", 0.9), GateState{Human: true}, crm.Review},
		"policy for people":    {Policy{Write: true, Mode: crm.GateOn, HumanOnly: []string{"ai_lead_score"}}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
		"never":                {Policy{Write: true, Mode: crm.GateOn, Never: []string{"ai_lead_score"}}, property("ai_lead_score", 0.9), GateState{}, crm.Drop},
		"invalid":              {on, property("ai_lead_score", 0.9), GateState{Invalid: "too big"}, crm.Drop},
		"core property":        {on, property("lifecyclestage", 1), GateState{}, crm.Drop},
		"prefix only":          {on, property("ai_", 1), GateState{}, crm.Drop},
		"prefix tricks":        {on, property("ai_x/../amount", 1), GateState{}, crm.Drop},
		"upper case":           {on, property("AI_score", 1), GateState{}, crm.Drop},
		"other portal":         {on, with(property("ai_x", 1), func(c *crm.Change) { c.Target.Portal = 8 }), GateState{}, crm.Drop},
		"activity target":      {on, with(property("ai_x", 1), func(c *crm.Change) { c.Target.Type = crm.Calls }), GateState{}, crm.Drop},
		"no kind":              {on, crm.Change{Confidence: 1}, GateState{}, crm.Drop},
		"note":                 {on, note, GateState{}, crm.Apply},
		"policy notes":         {Policy{Write: true, Mode: crm.GateOn, HumanOnly: []string{"note"}}, note, GateState{}, crm.Review},
		"note without key":     {on, with(note, func(c *crm.Change) { c.Key = "" }), GateState{}, crm.Drop},
		"note on another":      {on, with(note, func(c *crm.Change) { c.Links = []crm.Ref{{Portal: 8, Type: crm.Contacts, ID: "1"}} }), GateState{}, crm.Drop},
		"note with a field":    {on, with(note, func(c *crm.Change) { c.Fields = map[string]string{"hs_attachment_ids": "1"} }), GateState{}, crm.Drop},
		"no mode":              {Policy{Write: true}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
		"off":                  {Policy{Write: true, Mode: crm.GateOff}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
		"shadow":               {Policy{Write: true, Mode: crm.GateShadow}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
		"workflow in shadow":   {on, property("ai_lead_score", 0.9), GateState{Mode: crm.GateShadow}, crm.Review},
		"workflow on":          {Policy{Write: true, Mode: crm.GateShadow}, property("ai_lead_score", 0.9), GateState{Mode: crm.GateOn}, crm.Review},
		"every record":         {Policy{Write: true, Mode: crm.GateCanary, Canary: 1}, property("ai_lead_score", 0.9), GateState{Record: crm.Record{Ref: link[0]}}, crm.Apply},
		"no record is chosen":  {Policy{Write: true, Mode: crm.GateCanary}, property("ai_lead_score", 0.9), GateState{Record: crm.Record{Ref: link[0]}}, crm.Review},
		"no record is known":   {Policy{Write: true, Mode: crm.GateCanary, Canary: 1}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
		"share NaN":            {Policy{Write: true, Mode: crm.GateCanary, Canary: math.NaN()}, property("ai_lead_score", 0.9), GateState{Record: crm.Record{Ref: link[0]}}, crm.Review},
		"below the hour's cap": {Policy{Write: true, Mode: crm.GateOn, MaxPerHour: 3}, property("ai_lead_score", 0.9), GateState{LastHour: 2}, crm.Apply},
		"at the hour's cap":    {Policy{Write: true, Mode: crm.GateOn, MaxPerHour: 3}, property("ai_lead_score", 0.9), GateState{LastHour: 3}, crm.Review},
		"at the record's cap":  {Policy{Write: true, Mode: crm.GateOn, MaxPerRecordPerDay: 1}, property("ai_lead_score", 0.9), GateState{RecordsDay: 1}, crm.Review},
		"cap below zero":       {Policy{Write: true, Mode: crm.GateOn, MaxPerHour: -1}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
		"a rule of no words":   {Policy{Write: true, Mode: crm.GateOn, Rules: []Rule{{}}}, property("ai_lead_score", 0.9), GateState{}, crm.Review},
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
		"jump": func(m *Measured) { m.Jump = 0.21 }, "focus": func(m *Measured) { m.FocusWhole = false },
		"one cut of many": func(m *Measured) { m.Supported, m.Cut = 1000, 1 }, "a field that people reject": func(m *Measured) { m.Field = calibration.Track{Right: 2, Decided: 6} },
		"a source that misled": func(m *Measured) { m.Source.Decided = 2 },
	} {
		m := rich
		spoil(&m)
		if c := Confidence(m); !(c < 0.85) || c <= 0 {
			t.Errorf("%s: %.3f, want below 0.85", name, c)
		}
	}
	// light doubts: good evidence outweighs one, poor evidence none but the lightest
	for name, spoil := range map[string]func(*Measured){
		"left out": func(m *Measured) { m.LeftOut = 0.9 }, "masked": func(m *Measured) { m.Masked = 1 }, "the model is unsure": func(m *Measured) { m.Unsure = 1 }, "replaces": func(m *Measured) { m.Replaces = true },
	} {
		good, bad := rich, poor
		spoil(&good)
		spoil(&bad)
		if c := Confidence(good); c < 0.85 || name != "masked" && c >= Confidence(rich)-1e-4 || c >= Confidence(rich) {
			t.Errorf("%s: rich evidence has %.4f, %.4f without", name, c, Confidence(rich))
		}
		if c := Confidence(bad); (c < 0.85) != (name != "replaces") {
			t.Errorf("%s: poor evidence has %.4f", name, c)
		}
	}
	best := rich
	best.Margin, best.Field, best.Source = 1, calibration.Track{Right: 500, Decided: 500}, calibration.Track{Right: 500, Decided: 500}
	if c := Confidence(best); c <= Confidence(rich) || c > 0.93 {
		t.Errorf("a good track: %.4f, %.4f without", c, Confidence(rich))
	}
	if Confidence(Measured{Overlap: 1, TimeKnown: true, FocusWhole: true, Coverage: 1}) != 0 {
		t.Error("nothing supported must be 0")
	}
}

// Outcomes of two lists of features are never learned from together: another list is another version, and what a version holds stays.
func TestFeaturesVersion(t *testing.T) {
	lists := map[int]string{
		3: "activities age_days contradicted coverage cut flags focus_whole jump overlap records repairs share sources supported time_known turned version",
		4: "activities age_days contradicted coverage cut field_decided field_right flags focus_whole jump left_out margin masked overlap quotes_call quotes_email quotes_meeting quotes_message quotes_note quotes_outside quotes_record quotes_task records repairs replaces share source_decided source_right sources supported time_known turned unsure version",
	}
	names := strings.Join(slices.Sorted(maps.Keys(Measured{}.Features())), " ")
	if lists[calibration.FeaturesVersion] != names {
		t.Errorf("features of version %d are %q here and %q in the code: raise calibration.FeaturesVersion and add the list", calibration.FeaturesVersion, lists[calibration.FeaturesVersion], names)
	}
}
