package calibration

import (
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Tally counts the outcomes of a group that count, so that a decision costs what came in with it and not all that ever came.
type Tally struct {
	UpTo  int64   `json:"up_to"` // outcomes up to this number are counted
	From  int64   `json:"from"`  // State.From when it was begun
	First float64 `json:"first"` // the fixed threshold that All and Test are about; 0: nothing is counted yet
	Own   int     `json:"own"`   // changes of the group that people looked at
	All   Count   `json:"all"`   // those at or above the fixed threshold, by the prior
	Test  Count   `json:"test"`  // those of them that test a threshold once a curve is learned
}

// Count is how many there are and how many of them were wrong.
type Count struct {
	N     int `json:"n"`
	Wrong int `json:"wrong"`
}

func (c *Count) add(right bool) {
	c.N++
	if !right {
		c.Wrong++
	}
}

// tally counts samples of the group.
func (g Group) tally(own []Sample) Tally {
	t := Tally{First: g.first()}
	t.add(own)
	return t
}

func (t *Tally) add(samples []Sample) {
	prior := Prior()
	t.Own += len(samples)
	for _, s := range samples {
		if prior.Of(s.Features) < t.First {
			continue
		}
		t.All.add(s.Right)
		if fraction("fit", s.ID) >= share {
			t.Test.add(s.Right)
		}
	}
}

// above are the outcomes that test the fixed threshold.
func (t Tally) above() Count {
	if t.Own >= enough {
		return t.Test
	}
	return t.All
}

// tallied brings a state's tally up to State.Seen. Outcomes are counted as they come, each change once, because it is decided once; where something was undone, which may take a
// sample back, all are counted anew.
func (s State) tallied(g Group, past Past) (Tally, error) {
	t := s.Tally
	if t.First != g.first() || t.From != s.From || slices.ContainsFunc(past.Outcomes, func(o crm.Outcome) bool { return o.Seq > t.UpTo && o.Decision == "undo" && g.has(o) }) {
		t = Tally{First: g.first()}
		if s.From < s.Seen {
			whole, err := past.whole(s)
			if err != nil {
				return t, err
			}
			t = g.tally(g.of(Samples(whole)))
		}
		t.From, t.UpTo = s.From, s.Seen
		return t, nil
	}
	var fresh []crm.Outcome
	for _, o := range past.Outcomes {
		if o.Seq > t.UpTo && o.Seq <= s.Seen {
			fresh = append(fresh, o)
		}
	}
	t.add(g.of(Samples(fresh)))
	t.UpTo = s.Seen
	return t, nil
}

func (g Group) has(o crm.Outcome) bool {
	return o.Workflow == g.Workflow && slices.Contains(g.Fields, o.Field)
}

// whole are all outcomes that count, up to those that have been watched.
func (p Past) whole(s State) ([]crm.Outcome, error) {
	all := p.Outcomes
	if p.Whole != nil {
		var err error
		if all, err = p.Whole(); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(after(all, s.From), func(o crm.Outcome) bool { return o.Seq > s.Seen }), nil
}
