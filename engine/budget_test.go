package engine

import (
	"context"
	"errors"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
)

// TestBudgets: under an error budget a field is written to without a person when outcomes prove it, from the threshold on that they prove, with the confidence of their curve,
// and not where chance chose to show it. What only chance held back is known as what would have been written.
func TestBudgets(t *testing.T) {
	two := calibration.Budget{Wrong: 0.02, Confidence: 0.9}
	under := func(f func(*Policy)) Policy {
		p := Policy{Write: true, Mode: crm.GateOn, Budget: two}
		f(&p)
		return p
	}
	usual := func(*Policy) {}
	proved := calibration.Proof{Version: 3, Open: true, Threshold: 0.86, Curve: calibration.Prior()}
	bold := calibration.Prior()
	bold.Bias = 6
	for name, c := range map[string]struct {
		policy    Policy
		proof     calibration.Proof
		writes    bool
		would     bool
		threshold float64
		why       string
	}{
		"no budget asks nobody":         {Policy{Write: true, Mode: crm.GateOn}, calibration.Proof{Why: "?"}, true, false, 0.85, "confidence 0."},
		"nothing is proved":             {under(usual), calibration.Proof{Why: "about 114 more right outcomes are needed"}, false, false, 0.85, "that at most 2 % of such writes are wrong is not proved: about 114 more"},
		"nothing is known":              {under(usual), calibration.Proof{}, false, false, 0.85, "nothing is known"},
		"proved":                        {under(usual), proved, true, false, 0.86, "reaches 0.86"},
		"proved from higher on":         {under(usual), calibration.Proof{Open: true, Threshold: 0.99, Curve: calibration.Prior()}, false, false, 0.99, "below 0.99"},
		"it learned to trust":           {under(usual), calibration.Proof{Open: true, Threshold: 0.99, Curve: bold}, true, false, 0.99, "confidence 1.00 reaches 0.99"},
		"a budget lowers no threshold":  {under(func(p *Policy) { p.Threshold = 0.97 }), calibration.Proof{Open: true, Threshold: 0.5, Curve: calibration.Prior()}, false, false, 0.97, "below 0.97"},
		"a threshold that is none":      {under(usual), calibration.Proof{Open: true, Threshold: math.NaN(), Curve: calibration.Prior()}, false, false, math.NaN(), "is not between"},
		"all of it is shown to people":  {under(func(p *Policy) { p.Explore = 1 }), proved, false, true, 0.86, "chosen by chance"},
		"also while writing is off":     {under(func(p *Policy) { p.Explore, p.Write = 1, false }), proved, false, true, 0.86, "chosen by chance"},
		"chance alone opens nothing":    {under(func(p *Policy) { p.Explore = 1 }), calibration.Proof{}, false, false, 0.85, "not proved"},
		"no share":                      {under(func(p *Policy) { p.Budget.Wrong = 1.5 }), proved, false, false, 0.85, "the error budget is none"},
		"a shadow knows what is proved": {under(func(p *Policy) { p.Mode = crm.GateShadow }), proved, false, true, 0.86, "shadow"},
	} {
		w := newWorld()
		e := engineOf(t, w, quoter())
		e.Policy = func(crm.PortalID) Policy { return c.policy }
		var asked []calibration.Group
		e.Proofs = func(_ context.Context, portal crm.PortalID, g calibration.Group) (calibration.Proof, error) {
			asked = append(asked, g)
			return c.proof, nil
		}
		change := consider(t, e, w, "call_summary", ref(crm.Calls, 12)).Changes[0]
		if (change.Verdict == crm.Apply) != c.writes || change.Would != c.would || !sameNumber(change.Threshold, c.threshold) || !strings.Contains(strings.Join(change.Reasons, "; "), c.why) {
			t.Errorf("%s: %v, would be written: %v, threshold %v (%q)", name, change.Verdict, change.Would, change.Threshold, change.Reasons)
		}
		if c.policy.Budget == two && (len(asked) != 1 || asked[0].Workflow != "call_summary" || asked[0].Fields[0] != "note" || asked[0].Budget != two || asked[0].First != Threshold(c.policy.Threshold)) ||
			c.policy.Budget.Wrong == 0 && len(asked) > 0 {
			t.Errorf("%s: asked for %+v", name, asked)
		}
	}
	// what cannot be read lets nothing through, and is no suggestion either
	w := newWorld()
	e := engineOf(t, w, quoter())
	e.Policy = func(crm.PortalID) Policy { return under(usual) }
	e.Proofs = func(context.Context, crm.PortalID, calibration.Group) (calibration.Proof, error) {
		return proved, crm.ErrTemporary
	}
	if errs := e.Consider(t.Context(), []crm.Claim{{Portal: 7, Kind: crm.ConsiderWork, Key: ConsiderKey("call_summary", ref(crm.Calls, 12)), Seq: 1}}); !errors.Is(errs[0], crm.ErrTemporary) {
		t.Errorf("%v", errs)
	}
	// it stays a matter of the gate's inputs: kept and read again, they bring the same word
	in := Inputs{Policy: under(func(p *Policy) { p.Explore = 0.2 }), Portal: 7, Change: property("ai_x", 0), State: GateState{Proof: proved, Explored: true}, Measured: Measured{Supported: 1, Overlap: 1, TimeKnown: true, FocusWhole: true}}
	text, err := KeepInputs(in, in.Decide())
	if err != nil {
		t.Fatal(err)
	}
	back, word, err := ReadInputs(text)
	if err != nil || !back.Decide().Same(word) || !word.Would || !maps.Equal(back.State.Proof.Curve.Weights, proved.Curve.Weights) {
		t.Errorf("%v: %+v of %s", err, word, text)
	}
}
