package main

import (
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

// TestStopButton: a second after somebody has stopped writing in the middle of a storm nothing is written any more, nothing is lost, and when it is resumed all of it is written.
func TestStopButton(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	ann := crm.Actor{Kind: crm.UserActor, ID: "ann"}
	_, contact, deal := p.account()
	p.call("POST", "faults", map[string]any{"path": "/crm/objects/", "method": "POST", "kind": "delay", "rate": 1, "delay_ms": 100})
	const calls = 15
	for range calls {
		p.call("POST", "objects/calls", map[string]any{"properties": map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, "associations": []string{contact, deal}})
	}
	writes := func() int { return len(p.sim.Writes(0)) }
	notes := func() int { return len(p.notesOf("call_summary")) }
	tick := time.NewTicker(10 * time.Millisecond) // the promise is about time
	defer tick.Stop()
	until := func(what string, done func(time.Duration) bool) {
		t.Helper()
		for start := time.Now(); !done(time.Since(start)); <-tick.C {
			if time.Since(start) > 30*time.Second {
				t.Fatalf("never: %s", what)
			}
		}
	}
	until("some notes are written", func(time.Duration) bool { return notes() >= 2 })
	if err := p.s.db.Stop(t.Context(), p.portal(), "the summaries look odd", ann); err != nil {
		t.Fatal(err)
	}
	until("a second has passed", func(d time.Duration) bool { return d > time.Second })
	stopped := writes()
	if notes() >= calls {
		t.Fatalf("everything was written before the stop: %d", notes())
	}
	until("another second has passed", func(d time.Duration) bool { return d > time.Second })
	if n := writes(); n != stopped {
		t.Errorf("%d writes later than a second after the stop", n-stopped)
	}
	if err := p.s.db.Resume(t.Context(), p.portal(), ann); err != nil {
		t.Fatal(err)
	}
	counts := p.settle()
	waiting := 0
	all, _, err := p.s.db.Suggestions(t.Context(), store.SuggestionFilter{Portal: p.portal(), Workflow: "call_summary"}, "", 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		switch s.State {
		case crm.Applied:
		case crm.Pending:
			waiting++ // it was considered while writing was stopped, and a person decides
		default:
			t.Errorf("%s is %s", s.Subject.Path(), s.State)
		}
	}
	if counts.Dead != 0 || notes()+waiting != calls {
		t.Errorf("%d notes and %d waiting of %d calls, %d dead", notes(), waiting, calls, counts.Dead)
	}
}
