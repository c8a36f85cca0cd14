package calibration

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Watch guards a field that is open. Three alarms look at what people do: at what they see of the writes (the sample that is shown to them), at what they undo of all writes,
// and at the changes below the threshold, which they decide about all the same: there are many of those, and when they get worse than they were when the threshold was
// found, what is above it has got worse, too. Any of them closes the field. It is a value to be stored with the fit that it guards.
type Watch struct {
	Shown   Drift `json:"shown"`
	Written Drift `json:"written"`
	Below   Drift `json:"below"`

	Frozen time.Time  `json:"frozen"` // writes that were read back until then can be undone no more
	Base   DriftState `json:"base"`   // of Written, after these
}

// settledFor is how long after it was read back a write may still be undone: crm.UndoFor, and a day for what was under way then.
const settledFor = crm.UndoFor + 24*time.Hour

// falseAlarm is the chance of each alarm to be raised ever while nothing got worse: together not more than 6 %.
const falseAlarm = 0.02

// NewWatch begins to guard a fit. What has been seen of the writes of the fit before counts on: the promise about them is the same.
func NewWatch(f Fit, before Watch) Watch {
	w := Watch{Shown: before.Shown, Written: before.Written, Frozen: before.Frozen, Base: before.Base}
	w.Shown.Budget, w.Written.Budget, w.Below.Budget = f.Budget.Wrong, f.Budget.Wrong, f.Below.Most
	for _, d := range []*Drift{&w.Shown, &w.Written, &w.Below} {
		d.False = falseAlarm
	}
	return w
}

// Explored notes a person's word on a change that would have been written, Reviewed one on a change below the threshold, Wrote that one was written and whether it was undone
// since. Each returns whether the field is to be closed.
func (w *Watch) Explored(wrong bool) bool { return w.Shown.Observe(wrong) || w.Alarm() }

// Reviewed: see Explored.
func (w *Watch) Reviewed(wrong bool) bool { return w.Below.Observe(wrong) || w.Alarm() }

// Wrote: see Explored.
func (w *Watch) Wrote(undone bool) bool { return w.Written.Observe(undone) || w.Alarm() }

// Rewrite notes anew what became of the automatic writes since Frozen: one may be undone long after it was noted. Those that were read back until a moment are done with.
func (w *Watch) Rewrite(writes []Write, until time.Time) {
	alarm, from := w.Written.State.Alarm, w.Frozen
	w.Written.State = w.Base
	for _, x := range writes {
		if !x.At.After(from) {
			continue
		}
		w.Written.Observe(x.Undone)
		if !x.At.After(until) {
			w.Base, w.Frozen = w.Written.State, x.At
		}
	}
	w.Written.State.Alarm = w.Written.State.Alarm || alarm
}

// Alarm tells whether the field is to be closed until outcomes from after the alarm open it again.
func (w *Watch) Alarm() bool { return w.Why() != "" }

// Why says which alarm there is, "" when there is none.
func (w *Watch) Why() string {
	switch {
	case w.Shown.State.Alarm:
		return "more was wrong of what people were shown of the automatic writes than the budget allows"
	case w.Written.State.Alarm:
		return "more of the automatic writes was undone than the budget allows"
	case w.Below.State.Alarm:
		return "what people decide about is wrong more often than when the threshold was proved"
	}
	return ""
}
