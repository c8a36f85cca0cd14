package calibration

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// TestPiecesAreTheWhole: worked off as they come, outcomes bring the very state that all of them together bring: looks, fits, alarms and what is missing, with undos, other fields,
// other features and rollbacks among them. All that counts is read when something was undone or a look is made, and else never.
func TestPiecesAreTheWhole(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 5))
		var log []crm.Outcome
		var pieces, whole State
		var fitsP, fitsW []Fit
		reads, looks, undos := 0, 0, 0
		for n := 0; n < 600; {
			for range 1 + rng.IntN(20) {
				n++
				o := decided(int64(n), fmt.Sprint("c", n), "ai_x", "approve")
				o.Features, o.At = clean(), time.Unix(int64(n), 0)
				o.Features["coverage"] = rng.Float64()
				switch r := rng.Float64(); {
				case r < 0.004+0.1*float64(n/500):
					o.Decision = "reject"
				case r < 0.2:
					o.Field = "ai_y"
				case r < 0.22:
					o.FeaturesVersion--
				case r < 0.23 && n > 10:
					o.Decision, o.Change = "undo", fmt.Sprint("c", n-1-rng.IntN(8))
					undos++
				case r < 0.3:
					o.Features["cut"] = 1
				}
				log = append(log, o)
			}
			at := time.Unix(int64(n), 0)
			from := pieces.Seen
			var err error
			var events []Event
			pieces, events, err = Advance(group, pieces, fitsP, Past{Outcomes: after(log, max(from, pieces.From)), Whole: func() ([]crm.Outcome, error) { reads++; return after(log, pieces.From), nil }}, at)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.Action == Fitted {
					fitsP = append(fitsP, e.Fit)
					looks++
				}
			}
			forgotten := whole
			forgotten.Tally = Tally{}
			if whole, events, err = Advance(group, forgotten, fitsW, Past{Outcomes: log}, at); err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.Action == Fitted {
					fitsW = append(fitsW, e.Fit)
				}
			}
			if fmt.Sprintf("%+v", pieces) != fmt.Sprintf("%+v", whole) {
				t.Fatalf("seed %d, after %d outcomes:\n%+v\n%+v", seed, n, pieces, whole)
			}
		}
		if most := undos + looks + 2; reads > most || looks == 0 {
			t.Errorf("seed %d: read whole %d times, with %d looks and %d undos", seed, reads, looks, undos)
		}
	}
	broken := errors.New("broken")
	old := State{Features: FeaturesVersion, Seen: 3}
	if _, _, err := Advance(group, old, nil, Past{Whole: func() ([]crm.Outcome, error) { return nil, broken }}, time.Unix(9, 0)); !errors.Is(err, broken) {
		t.Errorf("a state from before there were tallies: %v", err)
	}
}

// TestRewriteIsBounded: what can be undone no more is read no more, and the alarm is what it would be over all of it.
func TestRewriteIsBounded(t *testing.T) {
	f := Fit{Budget: Budget{0.02, 0.9}, Below: Test{Most: 0.1}}
	day := func(d int) time.Time { return time.Unix(0, 0).Add(time.Duration(d) * 24 * time.Hour) }
	rng := rand.New(rand.NewPCG(1, 1))
	var all []Write
	bounded := NewWatch(f, Watch{})
	for d := 1; d <= 200; d++ {
		for range 5 {
			all = append(all, Write{At: day(d)}) // five at one moment
		}
		if recent := all[max(0, len(all)-100):]; d%3 == 0 { // within the month
			recent[rng.IntN(len(recent))].Undone = rng.Float64() < 0.3
		}
		var left []Write
		for _, x := range all {
			if x.At.After(bounded.Frozen) {
				left = append(left, x)
			}
		}
		if len(left) > 33*5 {
			t.Fatalf("day %d: %d writes are read", d, len(left))
		}
		bounded.Rewrite(left, day(d).Add(-settledFor))
		whole := NewWatch(f, Watch{})
		whole.Rewrite(all, time.Time{})
		if bounded.Written != whole.Written {
			t.Fatalf("day %d: %+v, over all %+v", d, bounded.Written, whole.Written)
		}
	}
	if bounded.Written.State.Wrong == 0 {
		t.Error("nothing was undone: the test is blind")
	}
}

// BenchmarkDecision: one more decision about a field with a long past.
func BenchmarkDecision(b *testing.B) {
	const past = 100_000
	log := make([]crm.Outcome, past)
	for i := range log {
		log[i] = decided(int64(i+1), fmt.Sprint("c", i), "ai_x", "reject")
		log[i].Features, log[i].At = clean(), time.Unix(int64(i), 0)
	}
	known, _, err := Advance(group, State{Looks: []Look{{Budget: two, Outcomes: past, Spent: 0.09}}}, nil, Past{Outcomes: log}, time.Unix(past, 0))
	if err != nil {
		b.Fatal(err)
	}
	next := decided(past+1, "next", "ai_x", "reject")
	next.Features = clean()
	for name, p := range map[string]Past{"all": {Outcomes: append(log, next)}, "new": {Outcomes: []crm.Outcome{next}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := known
				if name == "all" {
					s.Tally = Tally{}
				}
				if _, _, err := Advance(group, s, nil, p, time.Unix(past, 0)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
