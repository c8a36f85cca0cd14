package workflows

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/prompts"
)

// Figures are what one version of a workflow's prompt reached on its golden cases with one model.
type Figures struct {
	Workflow string `json:"workflow"`
	Version  int    `json:"version"`
	SHA256   string `json:"sha256"` // of everything that a run depends on
	Golden   string `json:"golden"` // hash of the cases; "" when not all of them were measured
	Model    string `json:"model"`
	Cases    int    `json:"cases"`

	Supported float64 `json:"supported"` // share of the claims shown whose quotes stand in the texts: anything but 1 is a defect
	Coverage  float64 `json:"coverage"`  // share of the expected facts that are said
	Clean     float64 `json:"clean"`     // share of the cases that say nothing forbidden and no number outside its range
	Cut       float64 `json:"cut"`       // share of the model's claims without support, which nobody sees
	Dropped   float64 `json:"dropped"`   // share of the cases that came to nothing after the model was asked
	Abstained float64 `json:"abstained"` // … before it was asked
	Failed    float64 `json:"failed"`    // … whose answers stayed unusable

	// Order is the share of pairs of cases with different known outcomes whose numbers are in that order, ties and cases without a number half, cases that rightly came to nothing
	// left out: the area under the ROC curve where outcomes are 0 and 1. nil where no two cases have different outcomes.
	Order *float64 `json:"order"`

	Results []Result `json:"results,omitempty"`
}

// Trial is who writes, on which cases, and where that is booked. Portal 0 and no Spending: nowhere.
type Trial struct {
	Model    model.Completer
	Only     []string // names of cases; empty: all
	Portal   crm.PortalID
	Spending engine.Spending
}

// Measure runs the golden cases of a workflow, with the version of its prompt that it stands at. An error is one of the provider: then nothing was measured.
func (t Trial) Measure(ctx context.Context, w prompts.Workflow) (Figures, error) {
	cases := w.Golden()
	f := Figures{Workflow: w.Name, Version: w.Version, SHA256: w.SHA256, Golden: w.GoldenSHA, Model: t.Model.Name()}
	if len(t.Only) > 0 {
		f.Golden = ""
		cases = slices.DeleteFunc(slices.Clone(cases), func(g prompts.Golden) bool { return !slices.Contains(t.Only, g.Name) })
	}
	if f.Cases = len(cases); f.Cases == 0 {
		return f, fmt.Errorf("workflow %s has no such golden cases", w.Name)
	}
	for _, g := range cases {
		r, err := t.run(ctx, w, g)
		if err != nil {
			return f, fmt.Errorf("case %q of %s@%d: %w", g.Name, w.Name, w.Version, err)
		}
		f.Results = append(f.Results, r)
	}
	f.sum(cases)
	return f, nil
}

func (f *Figures) sum(cases []prompts.Golden) {
	var claims, cut, shown, proved, expected, missing, clean int
	states := map[string]int{}
	for _, r := range f.Results {
		claims, cut, shown, proved, expected, missing = claims+r.Claims, cut+r.Cut, shown+r.Shown, proved+r.Proved, expected+r.Expected, missing+len(r.Missing)
		states[r.State]++
		if len(r.Forbidden) == 0 {
			clean++
		}
	}
	f.Supported, f.Coverage, f.Clean = share(proved, shown, 1), share(expected-missing, expected, 1), share(clean, f.Cases, 1)
	f.Cut, f.Dropped, f.Abstained, f.Failed = share(cut, claims, 0), share(states[dropped], f.Cases, 0), share(states[abstained], f.Cases, 0), share(states[failed], f.Cases, 0)
	f.Order = order(cases, f.Results)
}

// share of nothing is what says that nothing is wrong.
func share(part, whole int, ofNothing float64) float64 {
	if whole == 0 {
		return ofNothing
	}
	return float64(part) / float64(whole)
}

// order compares the numbers of all pairs of cases whose outcomes differ, over all number fields that have outcomes.
func order(cases []prompts.Golden, results []Result) *float64 {
	right, pairs := 0.0, 0
	for i, a := range cases {
		for _, field := range slices.Sorted(maps.Keys(a.Outcome)) {
			for j, b := range cases {
				to, known := b.Outcome[field]
				if !known || a.Outcome[field] <= to || results[i].Right || results[j].Right {
					continue
				}
				pairs++
				x, there := results[i].Numbers[field]
				y, too := results[j].Numbers[field]
				switch {
				case !there || !too || x == y:
					right += .5
				case x > y:
					right++
				}
			}
		}
	}
	if pairs == 0 {
		return nil
	}
	s := right / float64(pairs)
	return &s
}

// Measures are the figures that count, by name, each the better the higher.
func (f Figures) Measures() map[string]float64 {
	out := map[string]float64{"supported": f.Supported, "coverage": f.Coverage, "clean": f.Clean, "answered": 1 - f.Failed}
	if f.Order != nil {
		out["order"] = *f.Order
	}
	return out
}

// tolerance is below what one case more or less makes in any share.
const tolerance = 1e-6

// Evaluation is what is recorded of the figures.
func (f Figures) Evaluation(portal crm.PortalID, by crm.Actor) crm.PromptEvaluation {
	return crm.PromptEvaluation{Portal: portal, Workflow: f.Workflow, Version: f.Version, SHA256: f.SHA256, Golden: f.Golden, Model: f.Model, Cases: f.Cases, Measures: f.Measures(), By: by}
}

// Worse names the measures that are lower than those of the live prompt, with both values, and whatever is shown without support. A measure that live has and got lacks is
// worse. Only evaluations on the same cases with the same model can be compared.
func Worse(got, live map[string]float64) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(live)) {
		if v, there := got[name]; !there || math.IsNaN(v) || v < live[name]-tolerance {
			out = append(out, fmt.Sprintf("%s %.4f instead of %.4f", name, v, live[name]))
		}
	}
	if !(got["supported"] >= 1) {
		out = append(out, fmt.Sprintf("supported %.4f: every claim that is shown must stand on its quotes", got["supported"]))
	}
	return out
}
