package engine

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
)

// gateCase is one policy, change and state of the gate.
type gateCase struct {
	policy Policy
	portal crm.PortalID
	change crm.Change
	state  GateState
}

// gateCases draws them: mostly what may be written, with every part spoiled now and then.
type gateCases struct {
	rules []Rule
}

var (
	numbers = rapid.OneOf(rapid.SampledFrom([]float64{0, 0.84, 0.85, 0.86, 1, 1.5, -1, math.NaN(), math.Inf(1), math.Inf(-1)}), rapid.Float64Range(0, 1))
	modes   = rapid.SampledFrom([]crm.GateMode{crm.GateOn, crm.GateOn, crm.GateOn, crm.GateOn, crm.GateOn, crm.GateOn, crm.GateCanary, crm.GateCanary, crm.GateShadow, crm.GateOff, "", "full"})
	seldom  = rapid.Custom(func(t *rapid.T) bool { return rapid.IntRange(0, 15).Draw(t, "n") == 7 })
)

func (g gateCases) draw(t *rapid.T) (c gateCase) {
	portals := rapid.SampledFrom(append(slices.Repeat([]crm.PortalID{7}, 30), 0, 8, -1))
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"ai_score", "ai_fit", "note", "task", "x", "x", "x", "x", "x", "x", "x", "x"}), 0, 1)
	counts := rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, -1})
	ref := func() crm.Ref {
		return crm.Ref{Portal: portals.Draw(t, "portal"), Type: rapid.SampledFrom([]crm.ObjectType{crm.Contacts, crm.Contacts, crm.Deals, crm.Deals, crm.Companies, crm.Companies, crm.Tickets, crm.Tickets, crm.Calls, ""}).Draw(t, "type"),
			ID: rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6", "7", "8", ""}).Draw(t, "id")}
	}
	c.portal = portals.Draw(t, "own portal")
	c.policy = Policy{Write: !seldom.Draw(t, "off"), Mode: modes.Draw(t, "mode"), Canary: rapid.OneOf(rapid.Just(1.0), numbers).Draw(t, "share"),
		Threshold: rapid.OneOf(rapid.Just(0.0), rapid.Just(0.5), numbers).Draw(t, "threshold"), HumanOnly: words.Draw(t, "human"), Never: words.Draw(t, "never"),
		MaxPerHour: counts.Draw(t, "hour"), MaxPerRecordPerDay: counts.Draw(t, "day"), Rules: rapid.SliceOfN(rapid.SampledFrom(g.rules), 0, 1).Draw(t, "rules")}
	c.change = crm.Change{Kind: rapid.SampledFrom([]crm.ChangeKind{crm.PropertyKind, crm.PropertyKind, crm.NoteKind, crm.TaskKind, ""}).Draw(t, "kind"),
		Property:   rapid.SampledFrom([]string{"ai_score", "ai_score", "ai_fit", "amount", "lifecyclestage", "ai_", "AI_score", "hs_note_body", "hs_note_body", "hs_task_body", ""}).Draw(t, "name"),
		Confidence: rapid.OneOf(rapid.Just(0.9), rapid.Just(0.95), numbers).Draw(t, "confidence"), Threshold: rapid.OneOf(rapid.Just(0.0), rapid.Just(0.0), numbers).Draw(t, "own"), After: "80"}
	if c.change.Kind == crm.PropertyKind {
		c.change.Target = ref()
	} else {
		c.change.Key, c.change.Links = "k", []crm.Ref{ref()}
	}
	c.state = GateState{Stale: seldom.Draw(t, "stale"), Human: seldom.Draw(t, "for people"), Overruled: seldom.Draw(t, "overruled"), Record: crm.Record{Ref: ref()},
		LastHour: rapid.IntRange(0, 3).Draw(t, "last hour"), RecordsDay: rapid.IntRange(0, 3).Draw(t, "last day"), Now: noon}
	for name, to := range map[string]*string{"stop": &c.state.Stopped, "bad": &c.state.Invalid, "read-only": &c.state.Preflight, "refused before": &c.state.Failed} {
		if seldom.Draw(t, name) {
			*to = name
		}
	}
	c.policy.Budget = rapid.SampledFrom(append(slices.Repeat([]calibration.Budget{{}}, 8), calibration.Budget{Wrong: 0.02, Confidence: 0.9}, calibration.Budget{Wrong: 0.05, Confidence: 0.9},
		calibration.Budget{Wrong: math.NaN(), Confidence: 0.9}, calibration.Budget{Wrong: 0.02})).Draw(t, "budget")
	c.state.Proof = calibration.Proof{Open: !seldom.Draw(t, "closed"), Threshold: rapid.OneOf(rapid.Just(0.5), rapid.Just(0.85), numbers).Draw(t, "proved")}
	c.state.Explored = seldom.Draw(t, "explored")
	if seldom.Draw(t, "flag") {
		c.state.Flags = []string{"flag"}
	}
	if seldom.Draw(t, "workflow's mode") {
		c.state.Mode = modes.Draw(t, "own mode")
	}
	return c
}

// broken says in which way a change that was let through should not have been: written apart from the gate, from what the policy promises.
func (c gateCase) broken() string {
	p, s := c.policy, c.state
	threshold, name := 0.85, c.change.Property
	if p.Threshold != 0 {
		threshold = p.Threshold
	}
	if c.change.Threshold != 0 {
		threshold = c.change.Threshold
	}
	if p.Budget.Wrong != 0 { // a budget only ever takes away
		switch {
		case !(p.Budget.Wrong > 0 && p.Budget.Wrong < 1 && p.Budget.Confidence > 0 && p.Budget.Confidence < 1):
			return "under a budget that is none"
		case !s.Proof.Open:
			return "not proved"
		case s.Proof.Threshold > threshold, math.IsNaN(s.Proof.Threshold):
			threshold = s.Proof.Threshold
		}
	}
	if c.change.Kind != crm.PropertyKind {
		name = string(c.change.Kind)
	}
	where := c.change.Links
	if c.change.Kind == crm.PropertyKind {
		where = []crm.Ref{c.change.Target}
	}
	for _, r := range where {
		if r.Portal != c.portal || c.portal <= 0 || r.ID == "" || !slices.Contains(crm.RecordTypes(), r.Type) {
			return fmt.Sprintf("written to %+v", r)
		}
	}
	switch {
	case c.change.Kind == crm.PropertyKind && (!strings.HasPrefix(c.change.Property, "ai_") || len(c.change.Property) < 4):
		return "not an ai_ property"
	case c.change.Kind == crm.NoteKind && c.change.Property != "hs_note_body", c.change.Kind == crm.TaskKind && c.change.Property != "hs_task_body", c.change.Kind == "":
		return "not a body"
	case !p.Write, s.Stopped != "":
		return "writing is off or stopped"
	case s.Stale, s.Human, s.Overruled, s.Explored, s.Invalid != "", s.Preflight != "", s.Failed != "", len(s.Flags) > 0:
		return "against the state"
	case slices.Contains(p.Never, name), slices.Contains(p.HumanOnly, name):
		return "against the lists"
	case !(c.change.Confidence >= threshold), !(c.change.Confidence <= 1), !(threshold > 0 && threshold <= 1):
		return fmt.Sprintf("confidence %v at %v", c.change.Confidence, threshold)
	case p.MaxPerHour != 0 && s.LastHour >= p.MaxPerHour, p.MaxPerRecordPerDay != 0 && s.RecordsDay >= p.MaxPerRecordPerDay:
		return "over a cap"
	case slices.ContainsFunc(p.Rules, func(r Rule) bool {
		return r.String() != "true" && r.String() != "confidence > 0.5" || r.String() == "confidence > 0.5" && !(c.change.Confidence > 0.5)
	}):
		return "against a rule"
	}
	for _, m := range []crm.GateMode{p.Mode, s.Mode} {
		switch {
		case m == crm.GateOn, m == "" && p.Mode != "":
		case m == crm.GateCanary && p.Canary > 0 && !s.Record.Ref.IsZero():
		default:
			return fmt.Sprintf("in mode %q with %v", m, p.Canary)
		}
	}
	return ""
}

// TestGateProperty: in 100,000 random cases, whatever is applied is allowed, confident enough, valid, fresh, not stopped, and within mode, lists, caps and rules; and
// nothing else is held back.
func TestGateProperty(t *testing.T) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil { // the seed in the message is enough
		t.Fatal(err)
	}
	var g gateCases
	for _, text := range []string{"true", "true", "true", "true", "true", "true", "confidence > 0.5", "false", `float(record.amount) < 5`} { // the last one cannot be judged: the record has none
		r, err := CompileRule(text)
		if err != nil {
			t.Fatal(err)
		}
		g.rules = append(g.rules, r)
	}
	began := time.Now()
	applied, why := 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 1000 { // × rapid's 100 checks
			c := g.draw(t)
			v, reasons := Gate(c.policy, c.portal, c.change, c.state)
			if len(reasons) == 0 {
				t.Fatal("no reason given")
			}
			broken := c.broken()
			if v == crm.Apply && broken != "" {
				t.Fatalf("applied %+v: %s", c, broken)
			}
			if partly := c.policy.Mode == crm.GateCanary || c.state.Mode == crm.GateCanary; v != crm.Apply && broken == "" && !partly {
				t.Fatalf("held back %+v: %q", c, reasons)
			}
			if v == crm.Apply {
				applied++
			} else if len(reasons) == 1 {
				why[reasons[0]]++
			}
		}
	})
	t.Logf("%d of 100,000 cases were applied, %d different single reasons, in %s", applied, len(why), time.Since(began).Round(time.Millisecond))
	if applied < 1000 || len(why) < 12 {
		t.Errorf("only %d of 100,000 cases were applied, and %d reasons ever stood alone: the generator is blind", applied, len(why))
	}
}
