package calibration

import (
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/calibration"
)

// What is simulated of people: how many of the automatic writes they are shown all the same, and how many of the wrong ones they undo by themselves.
const (
	explored = 0.1
	undone   = 0.3
)

// Policy is one way to decide what is written without a person.
type Policy string

// The three that are compared.
const (
	Calibrated Policy = "calibrated"
	Fixed      Policy = "fixed 0.85"
	Said       Policy = "model's own 0.85"
)

// Life is what became of one portal under one policy. Risk is the sum of the chances of its automatic writes to be wrong.
type Life struct {
	Proposals, Automatic, Wrong int
	Risk                        float64
	Alarms                      int
	Open                        bool // at its end
	Bad                         bool // a rule was put in force that lets more through than the budget allows, as things were then
	Breaks, Telling             bool // what the portal is like; see portal
}

// Holds tells whether the automatic writes kept a budget: the mean of what each risked.
func (l Life) Holds(budget float64) bool { return l.Risk <= budget*float64(l.Automatic) }

func (l *Life) write(p proposal) {
	l.Automatic++
	l.Risk += p.risk
	if p.wrong {
		l.Wrong++
	}
}

// Simulate lives one portal's life under every policy, over the same proposals.
func Simulate(seed uint64, budget calibration.Budget) (map[Policy]Life, error) {
	return live(newPortal(seed), fmt.Sprint(seed), budget)
}

// live lives the life of a portal; salt chooses what is shown to its people.
func live(p *portal, salt string, budget calibration.Budget) (map[Policy]Life, error) {
	born := Life{Proposals: p.outcomes, Breaks: p.drifts >= 0, Telling: p.telling}
	fixed, said := born, born
	s := &service{budget: budget, salt: salt, portal: p}
	s.life = born
	prior := calibration.Prior()
	for i := range p.outcomes {
		x := p.next(i)
		if prior.Of(x.features) >= 0.85 {
			fixed.write(x)
		}
		if x.said >= 0.85 {
			said.write(x)
		}
		if err := s.meet(i, x, p.rng.Float64() < undone); err != nil {
			return nil, fmt.Errorf("portal %s, proposal %d: %w", salt, i, err)
		}
	}
	s.life.Open = s.fit.Open
	return map[Policy]Life{Calibrated: s.life, Fixed: fixed, Said: said}, nil
}

// service is what runs in a portal: the present fit, what is known about it, and the outcomes that count.
type service struct {
	budget  calibration.Budget
	salt    string
	portal  *portal
	fit     calibration.Fit
	state   calibration.State
	samples []calibration.Sample
	life    Life
}

const workflow, field = "lead_score", "ai_lead_score"

// meet decides about one proposal, and learns from what a person says of it.
func (s *service) meet(i int, x proposal, noticed bool) error {
	id := fmt.Sprintf("change-%d", i)
	passes := s.fit.Passes(x.features)
	if passes && !calibration.Explore(s.salt, id, explored) {
		s.life.write(x)
		s.close(i, s.state.Watch.Wrote(x.wrong && noticed))
		return nil
	}
	s.samples = append(s.samples, calibration.Sample{ID: s.salt + id, Workflow: workflow, Field: field, Features: x.features, Right: !x.wrong, At: time.Unix(int64(i), 0)})
	if s.fit.Open && s.close(i, passes && s.state.Watch.Explored(x.wrong) || !passes && s.state.Watch.Reviewed(x.wrong)) {
		return nil
	}
	g := calibration.Group{Workflow: workflow, Fields: []string{field}, Budget: s.budget}
	if n := len(s.samples); n > 400 && n%20 != 0 || !s.state.Due(g, s.samples) { // many decisions are worked off at once
		return nil
	}
	f, err := s.state.Look(g, s.fit, s.samples, s.samples, time.Unix(int64(i), 0))
	if s.state.Live == f.Version {
		s.fit = f
		s.life.Bad = s.life.Bad || s.portal.risk(i, f.Passes) > s.budget.Wrong
	}
	return err
}

// close closes the field at an alarm; what was learned until then counts no more.
func (s *service) close(i int, alarm bool) bool {
	if alarm {
		s.life.Alarms++
		s.state.Close("drift", int64(i))
		s.fit, s.samples = calibration.Fit{}, nil
	}
	return alarm
}
