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
		if t.On == "date" {
			for _, d := range datedIn(r.passages, r.zone()) {
				add(passed(d.Day))
			}
		}
	}
	silences, err := r.silences(ctx, func(prompts.Finding) bool { return true })
	for _, s := range silences {
		add(s.notable)
	}
	return next, err
}

// silence is one that a workflow asks about: since when nobody was heard, and from when on that counts.
type silence struct{ since, notable time.Time }

// silences are those of the workflow's triggers by silence, and, where it has one, of its findings of silence that are wanted.
func (r *run) silences(ctx context.Context, wanted func(prompts.Finding) bool) (out []silence, err error) {
	triggers := false
	for _, t := range r.w.Triggers {
		if t.On != "silence" {
			continue
		}
		triggers = true
		last, _, err := r.lastHeard(ctx, "")
		if err != nil {
			return nil, err
		}
		if !last.Ref.IsZero() {
			out = append(out, silence{last.Time, last.Time.Add(t.After)})
		}
	}
	for _, f := range r.w.Findings {
		if f.Kind != prompts.OfSilence || !triggers || !wanted(f) {
			continue
		}
		last, usual, err := r.lastHeard(ctx, f.Direction)
		if err != nil {
			return nil, err
		}
		if notable, ever := notableAfter(f, usual); ever && !last.Ref.IsZero() {
			out = append(out, silence{last.Time, last.Time.Add(notable)})
		}
	}
	return out, nil
}

// passed is the moment at which a named day is looked at as one that has passed.
func passed(day time.Time) time.Time { return day.AddDate(0, 0, 1).Add(morning) }

// morning is the time of day (UTC) at which a day's passing is looked at: a task about it then lies on the list when work begins.
const morning = 5 * time.Hour
