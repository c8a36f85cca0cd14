package workflows

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/model/modeltest"
	"github.com/contextd/contextd/prompts"
)

func all(t *testing.T) []prompts.Workflow {
	t.Helper()
	ws, err := prompts.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func measured(t *testing.T, w prompts.Workflow, m model.Completer) Figures {
	t.Helper()
	f, err := Trial{Model: m}.Measure(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// With the worst of models nothing is shown without support, and nothing that a case rules out is said.
func TestNothingFalseIsShownWhateverTheModelSays(t *testing.T) {
	for _, w := range all(t) {
		evil, truthful := measured(t, w, modeltest.Evil{}), measured(t, w, modeltest.Quote{})
		if evil.Supported != 1 || evil.Clean != 1 || evil.Cut != 1 || math.Abs(evil.Dropped+evil.Abstained-1) > tolerance {
			t.Errorf("%s, evil: %+v", w.Name, evil)
		}
		if truthful.Supported != 1 || truthful.Cut != 0 && !asksForMore(w) {
			t.Errorf("%s, truthful: %+v", w.Name, truthful)
		}
		if own := measured(t, w, builtin.Writer{}); len(Worse(evil.Measures(), own.Measures())) == 0 || len(Worse(own.Measures(), own.Measures())) != 0 || len(Worse(own.Measures(), evil.Measures())) != 0 {
			t.Errorf("%s: evil is worse than built in: %v", w.Name, Worse(evil.Measures(), own.Measures()))
		}
	}
}

// asksForMore: the workflow's claims must be new or carry a value that their quotes hold, of which a model that only quotes knows nothing.
func asksForMore(w prompts.Workflow) bool {
	return w.Update != nil && w.Update.News != "" || slices.ContainsFunc(w.Changes, func(c prompts.Change) bool { return c.Values != "" })
}

func TestAnUnusableAnswerIsCountedAndAProvidersErrorIsNot(t *testing.T) {
	w := all(t)[0]
	w = w.WithGolden(slices.DeleteFunc(slices.Clone(w.Golden()), func(g prompts.Golden) bool { return g.Thin }))
	f := measured(t, w, &modeltest.Echo{Replies: []string{"no JSON"}})
	if f.Failed != 1 || f.Coverage != 0 || f.Results[0].State != failed {
		t.Errorf("%+v", f)
	}
	for _, cause := range []error{crm.ErrTemporary, crm.ErrForbidden} {
		if _, err := (Trial{Model: &modeltest.Echo{Err: cause}}).Measure(t.Context(), w); !errors.Is(err, cause) {
			t.Errorf("%v, want %v", err, cause)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := (Trial{Model: builtin.Writer{}}).Measure(ctx, w); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	w = w.WithGolden(nil)
	if _, err := (Trial{Model: builtin.Writer{}}).Measure(t.Context(), w); err == nil {
		t.Error("a workflow without cases was measured")
	}
}

// The claims are looked up again, without the engine: whatever it says of them, a quote that is not there is found.
func TestAClaimIsProvedOnlyByTheTextItself(t *testing.T) {
	g := all(t)[0].Golden()[0]
	h, err := newHistory(g, 1)
	if err != nil {
		t.Fatal(err)
	}
	a := h.activities[0]
	good := crm.Evidence{Activity: a.Ref, Version: a.Document.Version, Quote: a.Document.Text[:20], End: 20}
	for name, change := range map[string]func(*crm.ClaimText){
		"other words":   func(c *crm.ClaimText) { c.Evidence[0].Quote = "something else here!" },
		"other place":   func(c *crm.ClaimText) { c.Evidence[0].Start, c.Evidence[0].End = 1, 21 },
		"no place":      func(c *crm.ClaimText) { c.Evidence[0].End = len(a.Document.Text) + 1 },
		"other version": func(c *crm.ClaimText) { c.Evidence[0].Version = "x" },
		"other portal":  func(c *crm.ClaimText) { c.Evidence[0].Activity.Portal++ },
		"no evidence":   func(c *crm.ClaimText) { c.Evidence = nil },
		"unsupported":   func(c *crm.ClaimText) { c.Supported = false },
	} {
		bad := crm.ClaimText{Text: "t", Supported: true, Evidence: []crm.Evidence{good}}
		change(&bad)
		var r Result
		r.count(crm.Proposal{Claims: []crm.ClaimText{{Text: "t", Supported: true, Evidence: []crm.Evidence{good}}, bad}, Changes: []crm.Change{{Claims: []int{0, 1}}}}, h)
		if r.Shown != 2 || r.Proved != 1 {
			t.Errorf("%s: %d of %d proved", name, r.Proved, r.Shown)
		}
	}
}

func TestOrderIsTheShareOfPairsInOrder(t *testing.T) {
	outcome := func(v float64) prompts.Golden { return prompts.Golden{Outcome: map[string]float64{"score": v}} }
	number := func(v float64) Result { return Result{Numbers: map[string]float64{"score": v}} }
	none, right := Result{}, Result{Right: true}
	for _, c := range []struct {
		name    string
		cases   []prompts.Golden
		results []Result
		want    float64 // -1: none
	}{
		{"in order", []prompts.Golden{outcome(0), outcome(1), outcome(.5)}, []Result{number(1), number(3), number(2)}, 1},
		{"the other way", []prompts.Golden{outcome(0), outcome(1)}, []Result{number(3), number(1)}, 0},
		{"a tie", []prompts.Golden{outcome(0), outcome(1)}, []Result{number(3), number(3)}, .5},
		{"no number", []prompts.Golden{outcome(0), outcome(1)}, []Result{number(3), none}, .5},
		{"rightly none", []prompts.Golden{outcome(0), outcome(0), outcome(1)}, []Result{right, number(2), number(3)}, 1},
		{"one outcome", []prompts.Golden{outcome(1), outcome(1)}, []Result{number(3), number(1)}, -1},
		{"no outcomes", []prompts.Golden{{}, {}}, []Result{number(3), number(1)}, -1},
	} {
		got := order(c.cases, c.results)
		if (got == nil) != (c.want < 0) || got != nil && *got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestWhatIsExpectedAndRuledOut(t *testing.T) {
	g := prompts.Golden{Must: map[string][]string{"facts": {"90 beds", "May"}, "fit": {"strong"}}, MustNot: map[string][]string{"facts": {"secret"}}, Range: map[string][2]float64{"score": {0, 50}}}
	r := Result{Numbers: map[string]float64{}}
	r.compare(g, map[string]any{"facts": []string{"They have 90 beds.", "A secret."}, "fit": "strong", "score": 70.0})
	if r.Expected != 3 || !slices.Equal(r.Missing, []string{"facts: May"}) || strings.Join(r.Forbidden, "|") != "facts: secret|score: 70 is outside 0 to 50" {
		t.Errorf("%+v", r)
	}
}

func TestWorse(t *testing.T) {
	one, half := 1.0, .5
	live := Figures{Workflow: "w", Golden: "g", Model: "m", Supported: 1, Coverage: .8, Clean: 1, Order: &one}
	for want, change := range map[string]func(*Figures){
		"":                                func(f *Figures) { f.Coverage = .9 },
		"coverage 0.7000 instead of 0.80": func(f *Figures) { f.Coverage = .7 },
		"order 0.5000 instead of 1.0000":  func(f *Figures) { f.Order = &half },
		"order 0.0000 instead of 1.0000":  func(f *Figures) { f.Order = nil },
		"answered 0.9000 instead of 1.00": func(f *Figures) { f.Failed = .1 },
		"must stand on its quotes":        func(f *Figures) { f.Supported = .99 },
	} {
		f := live
		change(&f)
		if got := strings.Join(Worse(f.Measures(), live.Measures()), "; "); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A thin case is right when no model was asked; with a model that is asked all the same it fails, whatever that says.
func TestThinCases(t *testing.T) {
	cases := 0
	for _, w := range all(t) {
		w = w.WithGolden(slices.DeleteFunc(slices.Clone(w.Golden()), func(g prompts.Golden) bool { return !g.Thin }))
		if len(w.Golden()) == 0 {
			continue
		}
		cases += len(w.Golden())
		if f := measured(t, w, builtin.Writer{}); f.Abstained != 1 || f.Clean != 1 || f.Coverage != 1 {
			t.Errorf("%s: %+v", w.Name, f)
		}
		w.Evidence = prompts.Evidence{MinWords: 1}
		if f := measured(t, w, builtin.Writer{}); f.Abstained != 0 || f.Clean != 0 {
			t.Errorf("%s, when anything will do: %+v", w.Name, f)
		}
	}
	if cases < 6 {
		t.Errorf("%d thin cases", cases)
	}
}
