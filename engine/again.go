package engine

import (
	"context"
	"time"
)

// lookAgain is when the run is worth repeating though nothing happens until then: the day after the next day that the history names, or the moment from which nobody has
// been heard for as long as a trigger says. Zero: never.
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
			last, err := r.lastHeard(ctx, "")
			if err != nil {
				return time.Time{}, err
			}
			if !last.Ref.IsZero() {
				add(last.Time.Add(t.After))
			}
		}
	}
	return next, nil
}

// morning is the time of day (UTC) at which a day's passing is looked at: a task about it then lies on the list when work begins.
const morning = 5 * time.Hour
