package engine

import (
	"context"
	"math"
	"testing"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// TestRisk: a class scales what may be wrong, by the policy's threshold and by its budget; what is none stays none.
func TestRisk(t *testing.T) {
	two := calibration.Budget{Wrong: 0.02, Confidence: 0.9}
	for name, c := range map[string]struct {
		risk                crm.Risk
		threshold, budget   float64
		threshold2, budget2 float64
	}{
		"low": {crm.RiskLow, 0, 0.02, 0.775, 0.03}, "medium": {crm.RiskMedium, 0, 0.02, 0, 0.02}, "high": {crm.RiskHigh, 0, 0.02, 0.925, 0.01}, "of no class": {"", 0.9, 0.02, 0.9, 0.02},
		"low, of another threshold": {crm.RiskLow, 0.9, 0, 0.85, 0}, "high, of another threshold": {crm.RiskHigh, 0.9, 0, 0.95, 0},
		"low, where nothing would be left": {crm.RiskLow, 0.2, 0.8, 0.2, 0.8}, "everything is wanted": {crm.RiskHigh, 1, 0, 1, 0}, "below zero": {crm.RiskHigh, -1, -1, -1, -1}, "above one": {crm.RiskLow, 2, 2, 2, 2},
		"an unknown class": {"extreme", 0.9, 0.02, 0.9, 0.02},
	} {
		p := Policy{Threshold: c.threshold, Budget: calibration.Budget{Wrong: c.budget, Confidence: two.Confidence}}.At(c.risk)
		if math.Abs(p.Threshold-c.threshold2) > 1e-9 || math.Abs(p.Budget.Wrong-c.budget2) > 1e-9 || p.Budget.Confidence != 0.9 {
			t.Errorf("%s: threshold %v, budget %v; want %v and %v", name, p.Threshold, p.Budget, c.threshold2, c.budget2)
		}
	}
	if p := (Policy{Threshold: math.NaN()}).At(crm.RiskLow); !math.IsNaN(p.Threshold) {
		t.Errorf("a threshold that is none became %v", p.Threshold)
	}
	p := Policy{LowRisk: []string{"ai_a", "note"}, HighRisk: []string{"ai_b"}}
	for want, c := range map[crm.Risk][]prompts.Change{
		crm.RiskLow:    {{Kind: crm.PropertyKind, Property: "ai_a", Risk: crm.RiskHigh}, {Kind: crm.NoteKind}, {Kind: crm.TaskKind, Risk: crm.RiskLow}},
		crm.RiskMedium: {{Kind: crm.PropertyKind, Property: "ai_c"}, {Kind: crm.TaskKind, Risk: crm.RiskMedium}},
		crm.RiskHigh:   {{Kind: crm.PropertyKind, Property: "ai_b", Risk: crm.RiskLow}, {Kind: crm.TaskKind, Risk: crm.RiskHigh}},
	} {
		for _, one := range c {
			if got := p.RiskOf(one); got != want {
				t.Errorf("%+v is of %s risk, want %s", one, got, want)
			}
		}
	}
}

// TestRiskDecides: the same value is written or waits for a person by the class of its field; a threshold of the workflow's own holds as it is; the proof is asked for the budget of
// the class; and the verdict can be repeated.
func TestRiskDecides(t *testing.T) {
	for name, c := range map[string]struct {
		set       func(*Policy, *prompts.Workflow)
		want      crm.Verdict
		risk      crm.Risk
		threshold float64
	}{
		"medium":                        {func(*Policy, *prompts.Workflow) {}, crm.Apply, crm.RiskMedium, 0.85},
		"high by the configuration":     {func(p *Policy, _ *prompts.Workflow) { p.HighRisk = []string{"ai_lead_score"} }, crm.Review, crm.RiskHigh, 0.925},
		"high by the workflow":          {func(_ *Policy, w *prompts.Workflow) { w.Changes[0].Risk = crm.RiskHigh }, crm.Review, crm.RiskHigh, 0.925},
		"high, with an own threshold":   {func(_ *Policy, w *prompts.Workflow) { w.Changes[0].Risk, w.Changes[0].Threshold = crm.RiskHigh, 0.86 }, crm.Apply, crm.RiskHigh, 0.86},
		"a strict policy":               {func(p *Policy, _ *prompts.Workflow) { p.Threshold = 0.93 }, crm.Review, crm.RiskMedium, 0.93},
		"a strict policy, and low risk": {func(p *Policy, _ *prompts.Workflow) { p.Threshold, p.LowRisk = 0.93, []string{"ai_lead_score"} }, crm.Apply, crm.RiskLow, 0.895},
	} {
		w := newWorld()
		w.answerable = 1
		e := engineOf(t, w, quoter())
		policy := Policy{Write: true, Mode: crm.GateOn}
		for i := range e.Workflows {
			if e.Workflows[i].Name == "lead_score" {
				e.Workflows[i].Changes = append([]prompts.Change{}, e.Workflows[i].Changes...)
				c.set(&policy, &e.Workflows[i])
			}
		}
		e.Policy = func(crm.PortalID) Policy { return policy }
		p := consider(t, e, w, "lead_score", ref(crm.Contacts, 2))
		got := p.Changes[0]
		if got.Verdict != c.want || got.Risk != c.risk || math.Abs(got.Threshold-c.threshold) > 1e-9 {
			t.Errorf("%s: %v at %v of %v, risk %q: %v", name, got.Verdict, got.Threshold, got.Confidence, got.Risk, got.Reasons)
		}
		in, word, err := ReadInputs(w.raws[p.ID].Inputs[got.ID])
		if err != nil || !in.Decide().Same(word) || word.Verdict != c.want {
			t.Errorf("%s: repeated: %+v, %v", name, word, err)
		}
	}
	asked := map[string]float64{}
	w := newWorld()
	e := engineOf(t, w, quoter())
	e.Policy = func(crm.PortalID) Policy {
		return Policy{Write: true, Mode: crm.GateOn, Budget: calibration.Budget{Wrong: 0.02, Confidence: 0.9}, HighRisk: []string{"ai_lead_score"}}
	}
	e.Proofs = func(_ context.Context, _ crm.PortalID, g calibration.Group) (calibration.Proof, error) {
		asked[g.Fields[0]] = g.Budget.Wrong
		return calibration.Proof{Why: "?"}, nil
	}
	consider(t, e, w, "lead_score", ref(crm.Contacts, 2))
	if asked["ai_lead_score"] != 0.01 || asked["ai_lead_fit"] != 0.02 {
		t.Errorf("proofs are asked for %v", asked)
	}
}
