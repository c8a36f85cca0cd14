package calibration

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// While the share of wrong ones is just the budget, alarms in 2,000 long lives are as rare as promised; when it is six times that, they come within a few hundred writes, also
// after a long good time.
func TestDrift(t *testing.T) {
	alarms, late, delays := 0, 0, 0
	const livesLived = 2000
	for seed := range uint64(livesLived) {
		rng := rand.New(rand.NewPCG(seed, 7))
		quiet := Drift{Budget: 0.02}
		for range 3000 {
			quiet.Observe(rng.Float64() < 0.02)
		}
		if quiet.State.Alarm {
			alarms++
		}
		bad := Drift{Budget: 0.02}
		for range 1000 {
			bad.Observe(rng.Float64() < 0.01)
		}
		if bad.State.Alarm {
			continue
		}
		n := 0
		for ; n < 1000 && !bad.Observe(rng.Float64() < 0.12); n++ {
		}
		delays += n
		if n == 1000 {
			late++
		}
	}
	if alarms > livesLived*5/100 || late > 0 || delays/livesLived > 150 {
		t.Errorf("%d false alarms of %d, %d never, %d writes on average", alarms, livesLived, late, delays/livesLived)
	}
}

func TestDriftIsAValue(t *testing.T) {
	a, b := Drift{Budget: 0.02}, Drift{Budget: 0.02}
	for i := range 200 {
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		b = Drift{}
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		if x, y := a.Observe(i%9 == 0), b.Observe(i%9 == 0); x != y || a != b {
			t.Fatalf("after %d: %+v and %+v", i, a, b)
		}
	}
	if !a.State.Alarm {
		t.Error("every ninth is wrong, and no alarm")
	}
	if nothing := (Drift{Budget: 1}); nothing.Observe(true) || nothing.State.Seen != 0 {
		t.Error("a share of 1 is no promise")
	}
}

func TestWatch(t *testing.T) {
	f := Fit{Budget: Budget{0.02, 0.9}, Below: Test{Most: 0.1}}
	for name, spoil := range map[string]func(*Watch) bool{"shown": func(w *Watch) bool { return w.Explored(true) }, "undone": func(w *Watch) bool { return w.Wrote(true) }, "below": func(w *Watch) bool { return w.Reviewed(true) }} {
		w := NewWatch(f, Watch{})
		n := 0
		for ; n < 40 && !spoil(&w); n++ {
		}
		if n == 40 || n < 2 || !w.Alarm() {
			t.Errorf("%s: alarm after %d", name, n)
		}
		if next := NewWatch(f, w); next.Alarm() != (name != "below") {
			t.Errorf("%s: a new fit forgets the wrong things: %+v", name, next)
		}
	}
}

func TestExplore(t *testing.T) {
	n := 0
	for i := range 20000 {
		id := string(rune('a'+i%26)) + json.Number(rune(i)).String()
		if Explore("7", id, 0.1) {
			n++
			if !Explore("7", id, 0.1) || !Explore("7", id, 0.2) || Explore("7", id, 0) {
				t.Fatal("not by the id alone")
			}
		}
	}
	if n < 1800 || n > 2200 {
		t.Errorf("%d of 20000 at a tenth", n)
	}
}
