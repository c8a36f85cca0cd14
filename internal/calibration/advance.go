package calibration

import (
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Past is what happened to a group: the outcomes of its workflow after State.Seen at least, in their order, and the automatic writes of its fields since State.Since that were read
// back after Watch.Frozen, in the order of that.
type Past struct {
	Outcomes []crm.Outcome
	Whole    func() ([]crm.Outcome, error) // all of the workflow's after State.From, which are only read when they must be; nil: Outcomes are all
	Written  []Write
}

// Write is one automatic write: when it was read back, and whether somebody has undone it since.
type Write struct {
	At     time.Time
	Undone bool
}

// Event is one thing that became of a group.
type Event struct {
	Action string // one of those below
	Fit    Fit    // that was made or put in force; zero when it was closed
	Why    string
}

// What may become of a group.
const (
	Fitted     = "calibration.fitted"     // a look was made; whether its fit is in force, the state says
	Closed     = "calibration.closed"     // nothing is written without a person any more
	Reinstated = "calibration.reinstated" // an earlier fit is in force again, because the policy is again what it was made for
)

// Advance takes a group from what is known to what its past says now: it watches what came in, closes it at an alarm, and looks when a look is due. fits are all earlier ones. It
// is a function of its arguments, and doing it twice changes nothing.
func Advance(g Group, s State, fits []Fit, past Past, at time.Time) (State, []Event, error) {
	if err := g.Budget.Check(); err != nil {
		return s, nil, err
	}
	var events []Event
	if s.Features != FeaturesVersion {
		if s.Live != 0 {
			s.leave("confidence is measured by other features than when it was proved")
			events = append(events, Event{Action: Closed, Why: s.Why})
		}
		s.Features, s.From = FeaturesVersion, s.Seen // what is learned from outcomes, and when the next look is due, begins anew; what looks have cost does not
	}
	live := find(fits, s.Live)
	if s.Live != 0 && !live.For(g) {
		s.leave("the policy has changed")
		events = append(events, Event{Action: Closed, Why: s.Why})
	}
	for _, f := range slices.Backward(fits) {
		if s.Live == 0 && s.may(g, f) {
			s.put(f)
			live = f
			events = append(events, Event{Action: Reinstated, Fit: f})
		}
	}
	if why := s.watch(g, live, past, at); why != "" {
		s.Close(why, s.Seen)
		events = append(events, Event{Action: Closed, Why: why})
	}
	var err error
	if s.Tally, err = s.tallied(g, past); err != nil {
		return s, events, fmt.Errorf("count outcomes: %w", err)
	}
	if s.due(g, s.Tally) {
		whole, err := past.whole(s)
		if err != nil {
			return s, events, fmt.Errorf("look: %w", err)
		}
		samples := Samples(whole)
		own := g.of(samples)
		f, err := s.Look(g, live, own, samples, at)
		if err != nil {
			return s, events, fmt.Errorf("look at %d outcomes: %w", len(own), err)
		}
		events = append(events, Event{Action: Fitted, Fit: f})
	}
	if s.Live == 0 {
		s.Needed = s.need(g, s.Tally)
	}
	return s, events, nil
}

// after leaves the outcomes up to a number out.
func after(log []crm.Outcome, seq int64) []crm.Outcome {
	return slices.DeleteFunc(slices.Clone(log), func(o crm.Outcome) bool { return o.Seq <= seq })
}

// of are the group's own samples.
func (g Group) of(samples []Sample) []Sample {
	return slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return s.Workflow != g.Workflow || !slices.Contains(g.Fields, s.Field) })
}

// watch notes what people said since the last time and what was undone, and returns why the group is to be closed, "" while it is not.
func (s *State) watch(g Group, live Fit, past Past, at time.Time) string {
	for _, o := range past.Outcomes {
		if o.Seq <= s.Seen {
			continue
		}
		s.Seen = o.Seq
		if s.Live == 0 || !looked(o.Decision) || o.FeaturesVersion != FeaturesVersion || !g.has(o) {
			continue
		}
		if wrong := o.Decision != "approve"; live.Passes(o.Features) {
			s.Watch.Explored(wrong)
		} else {
			s.Watch.Reviewed(wrong)
		}
	}
	if s.Live == 0 {
		return ""
	}
	s.Watch.Rewrite(past.Written, at.Add(-settledFor))
	return s.Watch.Why()
}

// Proof is what outcomes prove about a field at the moment when the gate decides about a change of it.
type Proof struct {
	Version   int // of the fit; 0: none
	Open      bool
	Threshold float64 // from which the budget is kept
	Curve     Curve   // what Threshold is compared with
	Why       string  // why it is not open
}

// Proof is what a state and its fit in force prove for a group as it is set up now.
func (s State) Proof(g Group, live Fit) Proof {
	if s.Live != 0 && live.Version == s.Live && s.may(g, live) {
		return Proof{Version: live.Version, Open: true, Threshold: live.Threshold, Curve: live.Curve}
	}
	if err := g.Budget.Check(); err != nil {
		return Proof{Why: "there is no error budget"}
	}
	more := max(s.Needed, 1)
	if s.Needed == 0 && len(s.Looks) == 0 && s.Seen == 0 {
		more = s.need(g, g.tally(nil))
	}
	why := fmt.Sprintf("about %d more right outcomes are needed", more)
	switch {
	case s.Live != 0:
		why = "the policy has changed since it was proved"
	case s.Why != "":
		why = "closed: " + s.Why + "; " + why
	}
	return Proof{Why: why}
}
