package calibration

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

var group = Group{Workflow: "w", Fields: []string{"ai_x"}, Budget: two}

// grow adds outcomes one by one and looks whenever a look is due, until one opens the group; n is how many there are then, -1 when none does.
func grow(t *testing.T, group Group, s *State, most int, draw func(i int) Sample, forget bool) (n int) {
	t.Helper()
	var own []Sample
	tally := group.tally(nil)
	for i := range most {
		own = append(own, draw(i))
		tally.add(own[i:])
		if !s.due(group, tally) {
			continue
		}
		f, err := s.Look(group, Fit{}, own, own, time.Unix(int64(i), 0))
		if err != nil {
			t.Fatal(err)
		}
		if s.Live == f.Version {
			return len(own)
		}
		if forget {
			for k := range s.Looks {
				s.Looks[k].Spent = 0
			}
		}
	}
	return -1
}

// Where just more than the budget is wrong (and too few outcomes are there to learn a curve from, which would only take time), at most one group in ten opens, ever; were what looks cost forgotten, it would be far more. So the promise is one about a life, not
// about one look.
func TestThePromiseIsForLife(t *testing.T) {
	const groups = 600
	g := group
	g.Budget = Budget{0.05, 0.9}
	opened := map[bool]int{}
	for seed := range uint64(groups) {
		for _, forget := range []bool{false, true} {
			rng := rand.New(rand.NewPCG(seed, 21))
			if grow(t, g, &State{}, 399, func(i int) Sample {
				f := clean()
				f["coverage"] = rng.Float64()
				return sample(int(seed)*10000+i, f, rng.Float64() >= 0.0505)
			}, forget) > 0 {
				opened[forget]++
			}
		}
	}
	t.Logf("of %d groups %d opened; with every look at the full level %d", groups, opened[false], opened[true])
	if k := opened[false]; k > groups*14/100 || k == 0 {
		t.Errorf("%d of %d groups opened", k, groups)
	}
	if k := opened[true]; k < groups*13/100 {
		t.Errorf("control: only %d of %d opened where every look has the full level: the test is blind", k, groups)
	}
}

// The levels of all looks together are within the promise, and no look is at a moment that labels choose.
func TestLooks(t *testing.T) {
	var s State
	sum := 0.0
	for range 50 {
		sum += s.Level(two)
		s.Looks = append(s.Looks, Look{Budget: two, Spent: 0.01})
	}
	if sum > 0.1 || sum < 0.0999 {
		t.Errorf("50 looks may err %v in all", sum)
	}
	if s.Level(Budget{0.05, 0.9}) < 0.0999 {
		t.Error("looks of one promise cost another one")
	}
	var right, wrong []int
	for _, label := range []bool{true, false} {
		var s State
		var own []Sample
		for i := range 1500 {
			own = append(own, sample(i, clean(), label && i > 0))
			if s.Due(group, own) {
				if _, err := s.Look(group, Fit{}, own, own, time.Time{}); err != nil {
					t.Fatal(err)
				}
				s.Live = 0
				if label {
					right = append(right, i+1)
				} else {
					wrong = append(wrong, i+1)
				}
			}
		}
	}
	if !slices.Equal(right, wrong) || len(right) < 2 || right[0] != 114 {
		t.Errorf("looks at %v when they are right, at %v when they are wrong", right, wrong)
	}
}

// What is said to be missing is what is missing: exact before the first look, near after one that failed.
func TestNeed(t *testing.T) {
	for name, c := range map[string]struct {
		wrong int // this outcome is
		open  int
	}{"clean": {-1, 114}, "the third is wrong": {2, 0}} {
		var s State
		var own []Sample
		first := -1
		for i := range 3000 {
			if first < 0 && i > 120 {
				first = i + s.need(group, group.tally(own))
			}
			if i == 50 && c.open > 0 {
				if more := s.need(group, group.tally(own)); more != c.open-i {
					t.Errorf("%s: after %d: %d more", name, i, more)
				}
			}
			own = append(own, sample(i, clean(), i != c.wrong))
			if !s.Due(group, own) {
				continue
			}
			if _, err := s.Look(group, Fit{}, own, own, time.Time{}); err != nil {
				t.Fatal(err)
			}
			if s.Live == 0 {
				continue
			}
			if c.open > 0 && len(own) != c.open || c.open == 0 && (first < len(own)*9/10 || first > len(own)*11/10) {
				t.Errorf("%s: open after %d, it was to be %d", name, len(own), max(first, c.open))
			}
			break
		}
		if s.Live == 0 {
			t.Errorf("%s: never open", name)
		}
	}
}

func outcomes(from, n int, wrong func(i int) bool) (out []crm.Outcome) {
	for i := from; i < from+n; i++ {
		o := crm.Outcome{Seq: int64(i + 1), Proposal: "p", Change: string(rune('a'+i%26)) + time.Unix(int64(i), 0).UTC().String(), Workflow: "w", Field: "ai_x", Decision: "approve", Features: clean(), FeaturesVersion: FeaturesVersion, At: time.Unix(int64(i), 0)}
		if wrong(i) {
			o.Decision = "reject"
		}
		out = append(out, o)
	}
	return out
}

func never(int) bool { return false }

// advance goes on one outcome at a time, as the job does.
func advance(t *testing.T, g Group, s State, fits []Fit, past Past) (State, []Fit, []Event) {
	t.Helper()
	s, events, err := Advance(g, s, fits, past, time.Unix(9, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Action == Fitted {
			fits = append(fits, e.Fit)
		}
	}
	return s, fits, events
}

func actions(events []Event) string {
	var words []string
	for _, e := range events {
		words = append(words, strings.TrimPrefix(e.Action, "calibration."))
	}
	return strings.Join(words, " ")
}

// A group is closed until 114 outcomes are right; it is open from then on, once; drift closes it, and what was known by then opens it never again.
func TestAdvance(t *testing.T) {
	log := outcomes(0, 114, never)
	s, fits, events := advance(t, group, State{}, nil, Past{Outcomes: log[:113]})
	if s.Live != 0 || len(events) != 0 || s.Needed != 1 || s.Proof(group, Fit{}).Open {
		t.Fatalf("%+v %v", s, events)
	}
	s, fits, events = advance(t, group, s, fits, Past{Outcomes: log})
	if s.Live != 1 || actions(events) != "fitted" || s.Needed != 0 {
		t.Fatalf("%+v %v", s, events)
	}
	if p := s.Proof(group, fits[0]); !p.Open || p.Threshold != 0.85 || p.Why != "" {
		t.Errorf("%+v", p)
	}
	again, _, events := advance(t, group, s, fits, Past{Outcomes: log})
	if len(events) != 0 || again.Seen != s.Seen || again.Watch != s.Watch {
		t.Errorf("twice is not once: %v %+v", events, again)
	}
	// another policy closes it, the old one opens it without a look
	stricter := group
	stricter.Budget.Wrong = 0.01
	if p := s.Proof(stricter, fits[0]); p.Open {
		t.Errorf("%+v", p)
	}
	other, _, events := advance(t, stricter, s, fits, Past{Outcomes: log})
	if other.Live != 0 || actions(events) != "closed" {
		t.Errorf("%+v %v", other, events)
	}
	back, _, events := advance(t, group, other, fits, Past{Outcomes: log})
	if back.Live != 1 || actions(events) != "reinstated" || len(back.Looks) != len(other.Looks) {
		t.Errorf("%+v %v", back, events)
	}
	// what people are shown turns bad
	bad := append(slices.Clone(log), outcomes(114, 6, func(int) bool { return true })...)
	closed, _, events := advance(t, group, s, fits, Past{Outcomes: bad})
	if closed.Live != 0 || actions(events) != "closed" || closed.From != 120 || !strings.Contains(closed.Proof(group, fits[0]).Why, "closed: more was wrong of what people were shown") {
		t.Fatalf("%+v %v", closed, events)
	}
	if more := closed.Needed; more < 500 || more > 1000 {
		t.Errorf("%d more after an alarm: what looks cost must stay spent", more)
	}
	later := append(slices.Clone(bad), outcomes(120, 114, never)...)
	closed, _, events = advance(t, group, closed, fits, Past{Outcomes: later})
	if closed.Live != 0 || len(events) != 0 {
		t.Errorf("114 more outcomes open it again: %+v %v", closed, events)
	}
	// so does what they undo
	closed, _, events = advance(t, group, s, fits, Past{Outcomes: log, Written: slices.Repeat([]Write{{At: time.Unix(1, 0), Undone: true}}, 6)})
	if closed.Live != 0 || !strings.Contains(closed.Why, "undone") {
		t.Errorf("%+v %v", closed, events)
	}
	if p := (State{}).Proof(Group{Workflow: "w", Fields: []string{"ai_x"}}, Fit{}); p.Open || p.Why != "there is no error budget" {
		t.Errorf("without a budget: %+v", p)
	}
	if sum := Sum(Group{Workflow: "w", Fields: []string{"ai_x"}}, State{}, Fit{}, Past{Outcomes: log}); sum.Needed != 0 || sum.Outcomes != 114 || sum.Threshold != 0.85 {
		t.Errorf("without a budget: %+v", sum)
	}
	if _, _, err := Advance(Group{}, s, fits, Past{}, time.Time{}); err == nil {
		t.Error("a budget of nothing is accepted")
	}
}

// A rollback goes back to what was proved, costs nothing, and brings no look.
func TestRollBack(t *testing.T) {
	log := outcomes(0, 3000, never)
	var s State
	var fits []Fit
	for n := 114; n <= 1000; n += 443 {
		s, fits, _ = advance(t, group, s, fits, Past{Outcomes: log[:n]})
	}
	log = log[:1000]
	f := fits[0] // whatever later looks proved: one is in force that came after the first
	s.Made++
	f.Version = s.Made
	fits = append(fits, f)
	s.put(f)
	last, level := s.Live, s.Level(two)
	if got := s.Before(group, fits); got < 1 || got >= last {
		t.Fatalf("before version %d is %d", last, got)
	}
	if err := s.RollBack(group, fits, last); err == nil {
		t.Error("it rolls back to what is in force")
	}
	if err := s.RollBack(group, fits, 1); err != nil || s.Live != 1 || s.Level(two) != level || !slices.Contains(s.TakenBack, last) {
		t.Fatalf("%v %+v", err, s)
	}
	after, _, events := advance(t, group, s, fits, Past{Outcomes: log})
	if after.Live != 1 || len(events) != 0 {
		t.Errorf("after the rollback: %+v %v", after, events)
	}
	if err := after.RollBack(group, fits, 0); err != nil || after.Live != 0 || after.Level(two) != level {
		t.Fatalf("%v %+v", err, after)
	}
	after, _, events = advance(t, group, after, fits, Past{Outcomes: log})
	if after.Live != 0 || len(events) != 0 || after.Needed < 100 || !strings.Contains(after.Proof(group, fits[0]).Why, "a person took the fit back") {
		t.Errorf("what was taken back comes again: %+v %v", after, events)
	}
	if err := after.RollBack(group, fits, 0); err == nil {
		t.Error("nothing is in force")
	}
}
