package calibration

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Fit is everything that was learned about a group of fields at a moment: a value that is stored, shown and taken back.
type Fit struct {
	Version         int         `json:"version"` // counts the fits of a group; assigned by whoever stores them
	FeaturesVersion int         `json:"features_version"`
	Workflow        string      `json:"workflow"`
	Fields          []string    `json:"fields"` // one, or those that share a budget
	At              time.Time   `json:"at"`
	Outcomes        int         `json:"outcomes"`
	Budget          Budget      `json:"budget"`
	Fitted          bool        `json:"fitted"` // Curve was learned; else it is the prior
	Curve           Curve       `json:"curve"`
	Reliability     Reliability `json:"reliability"` // of Curve, on outcomes it has not learned from
	Open            bool        `json:"open"`        // Threshold keeps the budget; else nothing may be written without a person
	Threshold       float64     `json:"threshold"`
	Needed          int         `json:"needed"` // how many more right outcomes at or above the first threshold would open it; 0 when it is open
	Tests           []Test      `json:"tests"`
	Below           Test        `json:"below"` // what is under Threshold: Most is with 99 % confidence, and what it is watched by
}

// Test is one step of the sequence: how many outcomes at or above a threshold, how many wrong, and the largest share that they do not rule out.
type Test struct {
	Threshold float64 `json:"threshold"`
	Count     int     `json:"count"`
	Wrong     int     `json:"wrong"`
	Most      float64 `json:"most"`
	Holds     bool    `json:"holds"`
}

// Group is what is fitted together. Several fields may share one budget, which is then a promise about their writes together and about none of them alone.
type Group struct {
	Workflow string
	Fields   []string
	Budget   Budget
	First    float64 // the threshold that is tested first as long as nothing is fitted; 0: 0.85
}

// How many outcomes a group needs before its curve is learned, and which share of them it is learned from: the others test its threshold, and may not have been seen.
const (
	enough = 400
	share  = 1.0 / 3
)

// Learn makes a fit of a group from all samples of its workflow. The curve of the workflow is learned from its other fields, too: what is pooled for a curve costs no
// guarantee. What is pooled for the threshold is the group alone.
//
// The guarantee is that of Learn then Test (Angelopoulos et al., arXiv 2110.01052): thresholds are tested in an order that does not depend on the outcomes that test them,
// each by an exact binomial test at the full level, and the first that fails ends the sequence. With fewer than 400 outcomes the curve is the prior and the first threshold is
// the fixed one; with more, curve and thresholds come from a third of them, chosen by their ids, and the other two thirds test. It is a guarantee per fit; fit anew when the
// outcomes have grown by half (Due), not after each.
func Learn(g Group, samples []Sample, at time.Time) (Fit, error) {
	if err := g.Budget.Check(); err != nil {
		return Fit{}, err
	}
	own := slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return s.Workflow != g.Workflow || !slices.Contains(g.Fields, s.Field) })
	f := Fit{FeaturesVersion: FeaturesVersion, Workflow: g.Workflow, Fields: slices.Sorted(slices.Values(g.Fields)), At: at, Outcomes: len(own), Budget: g.Budget, Curve: Prior(), Threshold: 1}
	test, ladder := own, []float64{cmp.Or(g.First, 0.85)}
	if len(own) >= enough {
		var fitting []Sample
		fitting, test = split(own)
		if err := f.learn(g, fitting, samples); err != nil {
			return Fit{}, err
		}
		ladder = f.ladder(fitting, len(test))
	} else {
		ladder = append(ladder, below(ladder[0])...)
	}
	f.Reliability = Reliable(test, func(s Sample) float64 { return f.Curve.Of(s.Features) })
	f.test(ladder, test)
	f.Below = f.under(test)
	return f, nil
}

// Due tells whether a group has grown enough since a fit to make another: by half. Every fit is a look at the outcomes, and every look may err.
func Due(last Fit, outcomes int) bool { return outcomes >= last.Outcomes+max(last.Outcomes/2, 1) }

// learn learns the curve: of the workflow first, pulled towards the prior, then of the group, pulled towards the workflow's.
func (f *Fit) learn(g Group, fitting, all []Sample) error {
	near := slices.Clone(fitting)
	for _, s := range all {
		if s.Workflow == g.Workflow && !slices.Contains(g.Fields, s.Field) {
			near = append(near, s)
		}
	}
	parent, err := learn(Prior(), near)
	if err != nil {
		return fmt.Errorf("workflow %s: %w", g.Workflow, err)
	}
	if f.Curve, err = learn(parent, fitting); err != nil {
		return fmt.Errorf("workflow %s, fields %v: %w", g.Workflow, g.Fields, err)
	}
	f.Fitted = true
	return nil
}

// split takes a share of the samples for the curve, by their ids.
func split(samples []Sample) (fitting, test []Sample) {
	for _, s := range samples {
		if fraction("fit", s.ID) < share {
			fitting = append(fitting, s)
		} else {
			test = append(test, s)
		}
	}
	return fitting, test
}

// below are thresholds under the first, as the prior has them.
func below(first float64) (out []float64) {
	for t := first - 0.05; t >= 0.5-1e-9; t -= 0.05 {
		out = append(out, math.Round(t*1000)/1000)
	}
	return out
}

// ladder are quantiles of the confidences of the outcomes that were learned from, strictest first. It begins where as many outcomes of the test are to be expected above as
// prove the budget with one of them wrong.
func (f *Fit) ladder(fitting []Sample, tests int) (out []float64) {
	var c []float64
	for _, s := range fitting {
		c = append(c, f.Curve.Of(s.Features))
	}
	slices.Sort(c)
	first := float64(f.Budget.Needed(1)) / float64(max(tests, 1))
	for top := math.Min(first, 1); ; top = math.Min(top+0.05, 1) {
		t := c[min(int((1-top)*float64(len(c))), len(c)-1)]
		if t = math.Floor(t*1e6) / 1e6; len(out) == 0 || t < out[len(out)-1] {
			out = append(out, t)
		}
		if top >= 1 {
			return out
		}
	}
}

// test walks down the ladder as long as the budget holds.
func (f *Fit) test(ladder []float64, samples []Sample) {
	for i, t := range ladder {
		above := slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return f.Curve.Of(s.Features) < t })
		n, wrong := counts(above)
		step := Test{Threshold: t, Count: n, Wrong: wrong, Most: f.Budget.Most(n, wrong), Holds: f.Budget.Holds(n, wrong)}
		f.Tests = append(f.Tests, step)
		if !step.Holds {
			if i == 0 {
				f.Needed = f.Budget.Needed(wrong) - n
			}
			return
		}
		f.Open, f.Threshold = true, t
	}
}

// watched is the confidence with which the share of wrong ones below the threshold is known: an alarm about it must not be one about bad luck before.
const watched = 0.99

// under sums up what lies below the threshold.
func (f *Fit) under(samples []Sample) Test {
	rest := slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return f.Passes(s.Features) })
	n, wrong := counts(rest)
	return Test{Threshold: f.Threshold, Count: n, Wrong: wrong, Most: Budget{f.Budget.Wrong, watched}.Most(n, wrong)}
}

// Passes tells whether the fit lets a change with these features be written without a person.
func (f Fit) Passes(features map[string]float64) bool {
	return f.Open && f.Curve.Of(features) >= f.Threshold
}
