package calibration

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func decided(seq int64, change, field, decision string, quotes ...string) crm.Outcome {
	o := crm.Outcome{Seq: seq, Proposal: "p", Change: change, Workflow: "w", Field: field, Decision: decision, Features: map[string]float64{}, FeaturesVersion: FeaturesVersion}
	for _, q := range quotes {
		o.Features[QuotesOf+q]++
	}
	return o
}

func TestTracks(t *testing.T) {
	log := []crm.Outcome{
		decided(1, "a", "ai_x", "approve", "email"),
		decided(2, "b", "ai_x", "edit", "email", "call"),
		decided(3, "c", "ai_y", "approve", "call"),
		decided(4, "d", "ai_x", "undo", "email"), // was written without a person
		decided(5, "a", "ai_x", "undo", "email"),
		decided(6, "e", "ai_x", "approve", "note"),
		decided(7, "f", "ai_x", "snooze", "note"),
	}
	slices.Reverse(log)
	for name, c := range map[string]struct {
		kinds      []string
		of, source Track
	}{
		"a mail": {[]string{"email"}, Track{1, 3}, Track{0, 2}}, "a call": {[]string{"call"}, Track{1, 3}, Track{1, 2}}, "the worse of two": {[]string{"call", "email"}, Track{1, 3}, Track{0, 2}},
		"one that nobody has decided about": {[]string{"meeting"}, Track{1, 3}, Track{}}, "no quote": {nil, Track{1, 3}, Track{}},
	} {
		if of, source := Tracks(log, "ai_x", c.kinds); of != c.of || source != c.source {
			t.Errorf("%s: %v and %v, want %v and %v", name, of, source, c.of, c.source)
		}
	}
	if s := (Track{}).Share(); s != 0.9 {
		t.Errorf("of none %v", s)
	}
	if one, two := (Track{0, 1}).Share(), (Track{0, 2}).Share(); one < fair || two >= fair {
		t.Errorf("one rejection %v, two %v", one, two)
	}
}

// Where just more than the budget is wrong, whatever the features say, at most one group in ten opens, also where what became of earlier changes is among the features of later
// ones.
func TestThePromiseHoldsWithATrack(t *testing.T) {
	const groups = 400
	g := group
	g.Budget = Budget{0.05, 0.9}
	opened, kept := 0, 0
	for seed := range uint64(groups) {
		rng := rand.New(rand.NewPCG(seed, 22))
		var log []crm.Outcome
		if grow(t, g, &State{}, 399, func(i int) Sample {
			f := clean()
			f["coverage"] = rng.Float64()
			of, source := Tracks(log[max(0, len(log)-10):], // so few that a bad week is seen at once
				"ai_x", []string{"email"})
			f["field_right"], f["field_decided"], f["source_right"], f["source_decided"] = float64(of.Right), float64(of.Decided), float64(source.Right), float64(source.Decided)
			s := sample(int(seed)*10000+i, f, rng.Float64() >= 0.0505)
			if Prior().Of(f) < fixed {
				kept++
			}
			word := "reject"
			if s.Right {
				word = "approve"
			}
			log = append(log, decided(int64(i+1), strconv.Itoa(i), "ai_x", word, "email"))
			return s
		}, false) > 0 {
			opened++
		}
	}
	t.Logf("of %d groups %d opened; %d changes were in doubt for their track", groups, opened, kept)
	if opened > groups*14/100 || opened == 0 || kept < 100 {
		t.Errorf("%d of %d groups opened, %d changes in doubt", opened, groups, kept)
	}
}

// What was proved by other features opens nothing: the field is closed, says so, and learns anew from outcomes that have these; what looks have cost stays spent.
func TestOtherFeatures(t *testing.T) {
	var log []crm.Outcome
	for i := range 130 {
		o := decided(int64(i+1), strconv.Itoa(i), "ai_x", "approve")
		o.Features, o.At = clean(), time.Unix(int64(i), 0)
		log = append(log, o)
	}
	s, events, err := Advance(group, State{}, nil, Past{Outcomes: log}, time.Unix(1000, 0))
	if err != nil || s.Live != 1 || s.Features != FeaturesVersion {
		t.Fatalf("%+v %v %v", s, events, err)
	}
	old := events[0].Fit
	old.FeaturesVersion--
	s.Features--
	for i := range log {
		log[i].FeaturesVersion--
	}
	if s.Proof(group, old).Open {
		t.Error("a fit of other features is in force")
	}
	s, events, err = Advance(group, s, []Fit{old}, Past{Outcomes: log}, time.Unix(2000, 0))
	if err != nil || s.Live != 0 || len(events) != 1 || events[0].Action != Closed || !strings.Contains(events[0].Why, "other features") || s.From != 130 || s.Level(group.Budget) > 0.001 {
		t.Fatalf("%+v %+v %v", s, events, err)
	}
	if again, events, err := Advance(group, s, []Fit{old}, Past{Outcomes: log}, time.Unix(3000, 0)); err != nil || len(events) != 0 || again.From != s.From {
		t.Errorf("a second time: %+v %+v %v", again, events, err)
	}
	// the next look waits for what the level needs, not for half more than the outcomes of before
	bar := Budget{group.Budget.Wrong, 1 - s.Level(group.Budget)}
	for i := range bar.Needed(0)*3/2 + 100 { // two thirds of them test
		o := decided(int64(131+i), "n"+strconv.Itoa(i), "ai_x", "approve")
		o.Features, o.At = clean(), time.Unix(int64(5000+i), 0)
		log = append(log, o)
	}
	s, events, err = Advance(group, s, []Fit{old}, Past{Outcomes: log}, time.Unix(9000, 0))
	if err != nil || s.Live != 2 || len(events) != 1 || events[0].Action != Fitted {
		t.Errorf("%+v %+v %v", s, events, err)
	}
}
