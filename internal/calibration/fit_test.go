package calibration

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

var two = Budget{0.02, 0.9}

func clean() map[string]float64 {
	return map[string]float64{"supported": 3, "sources": 3, "activities": 2, "coverage": 0.8, "age_days": 3, "time_known": 1, "overlap": 1, "focus_whole": 1}
}

func sample(i int, f map[string]float64, right bool) Sample {
	return Sample{ID: fmt.Sprint("c", i), Workflow: "w", Field: "ai_x", Features: f, Right: right, At: time.Unix(int64(i), 0)}
}

func learned(t *testing.T, g Group, samples []Sample) Fit {
	t.Helper()
	f, err := Learn(g, samples, time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// With 2 % at 90 % the first automatic write needs 114 clean outcomes above the fixed threshold; with 5 % it needs 45. One wrong one makes it 194.
func TestFirstWrite(t *testing.T) {
	for want, b := range map[int]Budget{114: two, 45: {0.05, 0.9}} {
		var samples []Sample
		for i := range want {
			f := learned(t, Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: b}, samples)
			if f.Open || f.Passes(clean()) || f.Needed != want-i {
				t.Fatalf("after %d of %d: %+v", i, want, f)
			}
			samples = append(samples, sample(i, clean(), true))
		}
		f := learned(t, Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: b}, samples)
		if !f.Open || !f.Passes(clean()) || f.Needed != 0 || f.Tests[0].Most > b.Wrong {
			t.Errorf("after all: %+v", f)
		}
		doubtful := clean()
		doubtful["overlap"], doubtful["repairs"], doubtful["cut"] = 0, 1, 3
		if f.Passes(doubtful) {
			t.Error("a change below every tested threshold passes")
		}
		samples[3].Right = false
		if f := learned(t, Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: b}, samples); f.Open || f.Needed != b.Needed(1)-want {
			t.Errorf("with a wrong one: %+v", f)
		}
	}
}

// Only the group's own outcomes prove its budget, be those of other fields as good as they may.
func TestPoolingProvesNothingForOthers(t *testing.T) {
	var samples []Sample
	for i := range 300 {
		s := sample(i, clean(), true)
		s.Field = []string{"ai_x", "ai_y", "ai_z"}[i%3]
		samples = append(samples, s)
	}
	if f := learned(t, Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: two}, samples); f.Open || f.Outcomes != 100 || f.Needed != 14 {
		t.Errorf("one field: %+v", f)
	}
	if f := learned(t, Group{Workflow: "w", Fields: []string{"ai_z", "ai_x"}, Budget: two}, samples); !f.Open || f.Outcomes != 200 || !slices.Equal(f.Fields, []string{"ai_x", "ai_z"}) {
		t.Errorf("two fields with one budget: %+v", f)
	}
	if f := learned(t, Group{Workflow: "v", Fields: []string{"ai_x"}, Budget: two}, samples); f.Open || f.Outcomes != 0 {
		t.Errorf("another workflow: %+v", f)
	}
}

// What outcomes say moves the curve, in the direction that its terms allow and no other, little with few of them and far with many; it is calibrated where it has not learned.
func TestCurve(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	draw := func(n int) (out []Sample) {
		for i := range n {
			f := clean()
			f["jump"], f["repairs"] = float64(rng.IntN(2)), float64(rng.IntN(2))
			risk := 0.05 + 0.4*f["jump"] - 0.03*f["repairs"] // jumps are bad here, and repairs do no harm
			out = append(out, sample(i, f, rng.Float64() >= risk))
		}
		return out
	}
	g := Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: two}
	f := learned(t, g, draw(3000))
	jump, repair := clean(), clean()
	jump["jump"], repair["repairs"] = 1, 1
	if !f.Fitted || f.Curve.Weights["repairs"] < 0 || f.Curve.Weights["repairs"] > 0.2 || math.Abs(f.Curve.Of(jump)-0.55) > 0.06 || math.Abs(f.Curve.Of(clean())-0.95) > 0.03 || f.Curve.Of(repair) > f.Curve.Of(clean()) {
		t.Errorf("%+v: jump %v, clean %v", f.Curve, f.Curve.Of(jump), f.Curve.Of(clean()))
	}
	if prior := Reliable(draw(3000), func(s Sample) float64 { return Prior().Of(s.Features) }); f.Reliability.Brier > prior.Brier-0.005 {
		t.Errorf("Brier score %v, of the prior %v", f.Reliability.Brier, prior.Brier)
	}
	for _, b := range f.Reliability.Bins {
		if share := float64(b.Right) / float64(b.Count); b.Count > 100 && math.Abs(share-b.Predicted) > 0.06 {
			t.Errorf("%+v: %v right", b, share)
		}
	}
	few, err := learn(Prior(), []Sample{sample(1, jump, false), sample(2, jump, false)})
	if err != nil || few.Of(jump) >= logistic(1.83) || few.Of(jump) < 0.5 {
		t.Errorf("two outcomes move it to %v (%v)", few.Of(jump), err)
	}
	if none, err := learn(Prior(), nil); err != nil || !reflect.DeepEqual(none, Prior()) {
		t.Errorf("%+v %v", none, err)
	}
}

// The outcomes that test a threshold are none of those that the curve and the ladder came from.
func TestTestsSeeNothingLearned(t *testing.T) {
	var samples []Sample
	for i := range 900 {
		samples = append(samples, sample(i, clean(), true))
	}
	fitting, test := split(samples)
	if n := len(fitting); n < 240 || n > 360 || len(test) != 900-n {
		t.Errorf("%d of 900 are learned from", n)
	}
	f := learned(t, Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: two}, samples)
	if f.Tests[0].Count != len(test) || f.Reliability.Count != len(test) || !f.Open {
		t.Errorf("%+v", f)
	}
	for i, s := range samples { // whatever the labels of the tests are, curve and ladder stay
		samples[i].Right = !slices.ContainsFunc(test, func(x Sample) bool { return x.ID == s.ID })
	}
	other := learned(t, Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: two}, samples)
	if !reflect.DeepEqual(f.Curve, other.Curve) || f.Tests[0].Threshold != other.Tests[0].Threshold || other.Open {
		t.Errorf("the curve has seen what tests it: %+v", other)
	}
}

// Of fits over outcomes whose share of wrong ones is just above the budget at most one in ten opens.
func TestGuaranteePerFit(t *testing.T) {
	opened := map[int]int{}
	const fits = 400
	for seed := range uint64(fits) {
		rng := rand.New(rand.NewPCG(seed, 11))
		for _, n := range []int{114, 350, 1200} {
			var samples []Sample
			for i := range n {
				f := clean()
				f["coverage"] = rng.Float64()
				samples = append(samples, sample(int(seed)*10000+i, f, rng.Float64() >= 0.021))
			}
			if learned(t, Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: two}, samples).Open {
				opened[n]++
			}
		}
	}
	for n, k := range opened {
		if k > fits*14/100 { // 10 %, and what chance makes of it in 400
			t.Errorf("%d of %d fits over %d outcomes opened", k, fits, n)
		}
	}
	if len(opened) == 0 {
		t.Error("not one opened: the test is not at its level")
	}
}

func TestFitIsAValue(t *testing.T) {
	var samples []Sample
	for i := range 600 {
		samples = append(samples, sample(i, clean(), i%97 > 0))
	}
	f := learned(t, Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: Budget{0.05, 0.9}}, samples)
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back Fit
	if err := json.Unmarshal(raw, &back); err != nil || !back.Passes(clean()) || back.Curve.Of(clean()) != f.Curve.Of(clean()) {
		t.Errorf("%v: %s", err, raw)
	}
	if again := learned(t, Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: Budget{0.05, 0.9}}, samples); !reflect.DeepEqual(again, f) {
		t.Error("the same outcomes make another fit")
	}
	if _, err := Learn(Group{}, nil, time.Time{}); err == nil {
		t.Error("a budget of nothing is accepted")
	}
}

func TestSamples(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	o := func(change, decision string, s int) crm.Outcome {
		return crm.Outcome{Proposal: "p", Change: change, Workflow: "w", Field: "f", Decision: decision, FeaturesVersion: FeaturesVersion, At: at(s)}
	}
	old := o("old", "approve", 1)
	old.FeaturesVersion++
	got := Samples([]crm.Outcome{o("b", "reject", 2), o("a", "approve", 1), o("c", "edit", 3), o("d", "approve", 4), o("d", "undo", 9), o("e", "undo", 5), o("f", "snooze", 6), old})
	var brief []string
	for _, s := range got {
		brief = append(brief, fmt.Sprint(s.ID, s.Right))
	}
	if want := []string{"p/atrue", "p/bfalse", "p/cfalse", "p/dfalse"}; !slices.Equal(brief, want) {
		t.Errorf("%v, want %v", brief, want)
	}
}
