package engine

import (
	"context"
	"time"

	"github.com/contextd/contextd/prompts"
)

// lookAgain is when the run is worth repeating though nothing happens until then: the day after the next day that the history names, or the moment from which nobody has
// been heard for as long as a trigger by silence says, or a finding that the workflow states of silences. Zero: never.
func (r *run) lookAgain(ctx context.Context) (time.Time, error) {
	var next time.Time
	add := func(at time.Time) {
		if at.After(r.now()) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for _, t := range r.w.Triggers {
		switch t.On {
		case "date":
			for _, d := range datedIn(r.passages, r.zone()) {
				add(d.Day.AddDate(0, 0, 1).Add(morning))
			}
		case "silence":
			last, _, err := r.lastHeard(ctx, "")
			if err != nil {
				return time.Time{}, err
			}
			if !last.Ref.IsZero() {
				add(last.Time.Add(t.After))
			}
			for _, f := range r.w.Findings {
				if f.Kind != prompts.OfSilence {
					continue
				}
				last, usual, err := r.lastHeard(ctx, f.Direction)
				if err != nil {
					return time.Time{}, err
				}
				if notable, ever := notableAfter(f, usual); ever && !last.Ref.IsZero() {
					add(last.Time.Add(notable))
				}
			}
		}
	}
	return next, nil
}

// morning is the time of day (UTC) at which a day's passing is looked at: a task about it then lies on the list when work begins.
const morning = 5 * time.Hour
