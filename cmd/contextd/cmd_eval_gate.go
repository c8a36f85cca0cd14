package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/contextd/contextd/internal/evals/retrieval"
)

// evalGated are the measures that are accepted and gated.
var evalGated = []string{"nDCG@10", "R@10", "B500", "packed500", "AUROC"}

// settle accepts the figures, or compares them with the accepted ones, with the goals and with each other.
func settle(out *output, o evalOptions, reports []evalReport, apart []evalAgreement) error {
	got := retrieval.Accepted{}
	for _, r := range reports {
		for _, m := range evalGated {
			if v, ok := r.Measures[m]; ok {
				got[r.figure(m)] = v
			}
		}
	}
	err := settleFigures(out, o, got)
	if !o.gate || err != nil && exitCode(err) != exitEvaluation {
		return err
	}
	errs := disagreements(apart, o.agree)
	if len(apart) > 0 && len(errs) == 0 {
		out.Say("the back ends agree within %.4g nDCG@10 on every set", o.agree)
	}
	errs = append(errs, err)
	if o.goals != "" {
		goals, err := retrieval.ReadAccepted(o.goals)
		if err != nil {
			return err
		}
		errs = append(errs, missed(out, goals, reports)...)
	}
	return withExit(exitEvaluation, errors.Join(errs...))
}

func (r *evalReport) figure(measure string) retrieval.Figure {
	return retrieval.Figure{Set: r.Set, Mode: r.Mode, BackEnd: r.BackEnd, Embedder: r.Embedder, Measure: measure}
}

// anyBackEnd stands in goals for every back end.
const anyBackEnd = "any"

// missed are the goals that a report does not reach; a goal whose figure was not measured is not reached.
func missed(out *output, goals retrieval.Accepted, reports []evalReport) (errs []error) {
	reached := 0
	for _, r := range reports {
		for _, m := range slices.Sorted(maps.Keys(measuresOf(goals))) {
			f := r.figure(m)
			f.BackEnd = anyBackEnd
			goal, there := goals[f]
			if !there {
				continue
			}
			if v, measured := r.Measures[m]; !measured || !(v >= goal) {
				errs = append(errs, fmt.Errorf("%s is %.4f, its goal %.4f", r.figure(m), v, goal))
				continue
			}
			reached++
		}
	}
	out.Say("%d goals are reached, %d are not", reached, len(errs))
	return errs
}

func measuresOf(a retrieval.Accepted) map[string]bool {
	out := map[string]bool{}
	for f := range a {
		out[f.Measure] = true
	}
	return out
}

// settleFigures accepts figures or compares them with the accepted ones, as the options say.
func settleFigures(out *output, o evalOptions, got retrieval.Accepted) error {
	if !o.gate && !o.accept {
		return nil
	}
	accepted, err := retrieval.ReadAccepted(o.accepted)
	if err != nil && !(o.accept && errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	if o.accept {
		if accepted == nil {
			accepted = retrieval.Accepted{}
		}
		maps.Copy(accepted, got)
		out.Say("%d figures accepted in %s", len(got), o.accepted)
		return retrieval.WriteAccepted(o.accepted, accepted)
	}
	falls, compared := retrieval.Gate(accepted, got, o.tolerance)
	if compared == 0 {
		return withExit(exitEvaluation, fmt.Errorf("nothing of this was ever accepted: %s: run it once with --accept", o.accepted))
	}
	if n := len(got) - compared; n > 0 {
		out.Say("%d figures were never accepted and are not compared", n)
	}
	var errs []error
	for _, f := range falls {
		errs = append(errs, fmt.Errorf("%s fell from %.4f to %.4f", f.Figure, f.Accepted, f.Got))
	}
	for _, f := range retrieval.Vanished(accepted, got) {
		errs = append(errs, fmt.Errorf("%s was accepted at %.4f and not measured now", f, accepted[f]))
	}
	if len(errs) == 0 {
		out.Say("%d figures are as good as accepted", compared)
	}
	return withExit(exitEvaluation, errors.Join(errs...))
}
