package crm

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func pendingAt(confidence ...float64) (out []Change) {
	for _, c := range confidence {
		out = append(out, Change{State: Pending, Confidence: c})
	}
	return out
}

func TestLookWorth(t *testing.T) {
	t.Parallel()
	ordered := []struct {
		name    string
		changes []Change
		stake   float64
	}{
		{"doubtful and much at stake", pendingAt(.6), 100_000},
		{"doubtful and something at stake", pendingAt(.6), 10_000},
		{"three doubtful changes, nothing at stake", pendingAt(.6, .6, .6), 0},
		{"sure and something at stake", pendingAt(.95), 10_000},
		{"one doubtful change, nothing at stake", pendingAt(.6), 0},
		{"a sure one", pendingAt(.95), 0},
		{"one that is hardly right", pendingAt(.05), 0},
		{"one that is wrong", pendingAt(0), 0},
	}
	for i := 1; i < len(ordered); i++ {
		a, b := ordered[i-1], ordered[i]
		if LookWorth(a.changes, a.stake) <= LookWorth(b.changes, b.stake) {
			t.Errorf("%s: %v, not above %s: %v", a.name, LookWorth(a.changes, a.stake), b.name, LookWorth(b.changes, b.stake))
		}
	}
	if got := LookWorth([]Change{{State: Applied, Confidence: .6}}, 1e6); got != 0 {
		t.Errorf("nothing pending is worth %v", got)
	}
}

func TestLookWorthIsANumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		confidence := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}))
		changes := pendingAt(rapid.SliceOf(confidence).Draw(t, "confidence")...)
		if got := LookWorth(changes, rapid.Float64Range(-1, 1e15).Draw(t, "stake")); math.IsNaN(got) || math.IsInf(got, 0) || got < 0 {
			t.Fatal(got)
		}
	})
}

func TestOpenAmount(t *testing.T) {
	t.Parallel()
	deal := func(properties map[string]string) Record { return Record{Properties: properties} }
	got := OpenAmount([]Record{
		deal(map[string]string{"amount": "1000", "dealstage": "qualifiedtobuy"}),
		deal(map[string]string{"amount": "500.5", "dealstage": "presentationscheduled"}),
		deal(map[string]string{"amount": "70000", "dealstage": "closedwon"}),
		deal(map[string]string{"amount": "90000", "hs_is_closed": "true"}),
		deal(map[string]string{"amount": "a lot"}),
	})
	if got != 1500.5 {
		t.Fatal(got)
	}
}
