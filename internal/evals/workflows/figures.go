package workflows

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/prompts"
)

// Figures are what one version of a workflow's prompt reached on its golden cases with one model.
type Figures struct {
	Workflow string `json:"workflow"`
	Version  int    `json:"version"`
	SHA256   string `json:"sha256"` // of everything that a run depends on
	Golden   string `json:"golden"` // hash of the cases
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

// Measure runs every golden case of a workflow, with the version of its prompt that it stands at. An error is one of the provider: then nothing was measured.
func Measure(ctx context.Context, w prompts.Workflow, m model.Completer) (Figures, error) {
	f := Figures{Workflow: w.Name, Version: w.Version, SHA256: w.SHA256, Golden: w.GoldenSHA, Model: m.Name(), Cases: len(w.Golden)}
	if f.Cases == 0 {
		return f, fmt.Errorf("workflow %s has no golden cases", w.Name)
	}
	for _, g := range w.Golden {
		r, err := runCase(ctx, w, g, m)
		if err != nil {
			return f, fmt.Errorf("case %q of %s@%d: %w", g.Name, w.Name, w.Version, err)
		}
		f.Results = append(f.Results, r)
	}
	f.sum(w.Golden)
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

// Tolerance is below what one case more or less makes in any share.
const Tolerance = 1e-6

// Worse names the measures of f that are lower than those of live, with both values, and whatever is shown without support. A measure that live has and f lacks is
// worse. Only figures of the same cases and the same model can be compared; see Comparable.
func (f Figures) Worse(live Figures) (out []string) {
	own, was := f.Measures(), live.Measures()
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if got, there := own[name]; !there || math.IsNaN(got) || got < was[name]-Tolerance {
			out = append(out, fmt.Sprintf("%s %.4f instead of %.4f", name, got, was[name]))
		}
	}
	if !(f.Supported >= 1) {
		out = append(out, fmt.Sprintf("supported %.4f: every claim that is shown must stand on its quotes", f.Supported))
	}
	return out
}

// Comparable reports whether two figures are of the same cases of the same workflow, written by the same model.
func (f Figures) Comparable(o Figures) bool {
	return f.Workflow == o.Workflow && f.Golden == o.Golden && f.Model == o.Model
}
