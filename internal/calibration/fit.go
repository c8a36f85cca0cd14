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
	From            int64       `json:"from"`   // State.From when it was made
	At              time.Time   `json:"at"`
	Outcomes        int         `json:"outcomes"`
	Budget          Budget      `json:"budget"`
	First           float64     `json:"first"`  // the fixed threshold: nothing below it is tested
	Level           float64     `json:"level"`  // how likely this look was allowed to err
	Spent           float64     `json:"spent"`  // how likely it could err at the most; 0: it could prove nothing
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
	First    float64 // the fixed threshold, which a budget only ever raises; 0: 0.85
	Level    float64 // how likely this look may err; 0: 1 − Budget.Confidence, of which Next leaves something for later looks
}

func (g Group) first() float64 { return cmp.Or(g.First, fixed) }

// fixed is the threshold of a group that names none.
const fixed = 0.85

// How many outcomes a group needs before its curve is learned, and which share of them it is learned from: the others test its threshold, and may not have been seen.
const (
	enough = 400
	share  = 1.0 / 3
)

// Learn makes a fit of a group from all samples of its workflow. The curve of the workflow is learned from its other fields, too: what is pooled for a curve costs no
// guarantee. What is pooled for the threshold is the group alone.
//
// The guarantee is that of Learn then Test (Angelopoulos et al., arXiv 2110.01052): thresholds are tested in an order that does not depend on the outcomes that test them,
// each by an exact binomial test at the look's level, and the first that fails ends the sequence; the fixed threshold is the last. With fewer than 400 outcomes the curve is
// the prior and the fixed threshold the only one; with more, curve and thresholds come from a third of them, chosen by their ids, and the other two thirds test.
func Learn(g Group, samples []Sample, at time.Time) (Fit, error) {
	if err := g.Budget.Check(); err != nil {
		return Fit{}, err
	}
	own := g.of(samples)
	f := Fit{FeaturesVersion: FeaturesVersion, Workflow: g.Workflow, Fields: slices.Sorted(slices.Values(g.Fields)), At: at, Outcomes: len(own), Budget: g.Budget, Curve: Prior(), Threshold: 1,
		First: g.first(), Level: cmp.Or(g.Level, 1-g.Budget.Confidence)}
	test, ladder := own, []float64{f.First}
	if len(own) >= enough {
		var fitting []Sample
		fitting, test = split(own)
		if err := f.learn(g, fitting, samples); err != nil {
			return Fit{}, err
		}
		ladder = f.ladder(fitting, len(test))
	}
	f.Reliability = Reliable(test, func(s Sample) float64 { return f.Curve.Of(s.Features) })
	f.test(ladder, test)
	f.Below = f.under(test)
	return f, nil
}

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

// ladder are quantiles of the confidences of the outcomes that were learned from, strictest first, and then the fixed threshold. It begins where as many outcomes of the
// test are to be expected above as prove the budget with one of them wrong.
func (f *Fit) ladder(fitting []Sample, tests int) (out []float64) {
	var c []float64
	for _, s := range fitting {
		c = append(c, f.Curve.Of(s.Features))
	}
	slices.Sort(c)
	first := float64(f.bar().Needed(1)) / float64(max(tests, 1))
	for top := math.Min(first, 1); ; top = math.Min(top+0.05, 1) {
		t := c[min(int((1-top)*float64(len(c))), len(c)-1)]
		if t = math.Floor(t*1e6) / 1e6; t > f.First && (len(out) == 0 || t < out[len(out)-1]) {
			out = append(out, t)
		}
		if top >= 1 || t <= f.First {
			return append(out, f.First)
		}
	}
}

// bar is the budget with the confidence that this look has to bring.
func (f *Fit) bar() Budget { return Budget{f.Budget.Wrong, 1 - f.Level} }

// test walks down the ladder as long as the budget holds. The walk errs when it passes the first threshold that it must not pass, so it may err as often as one of them.
func (f *Fit) test(ladder []float64, samples []Sample) {
	bar, failed := f.bar(), false
	for i, t := range ladder {
		above := slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return f.Curve.Of(s.Features) < t })
		n, wrong := counts(above)
		f.Spent = max(f.Spent, bar.size(n))
		if failed {
			continue
		}
		step := Test{Threshold: t, Count: n, Wrong: wrong, Most: bar.Most(n, wrong), Holds: bar.Holds(n, wrong)}
		f.Tests = append(f.Tests, step)
		if step.Holds {
			f.Open, f.Threshold = true, t
			continue
		}
		if failed = true; i == 0 {
			f.Needed = bar.Needed(wrong) - n
		}
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
