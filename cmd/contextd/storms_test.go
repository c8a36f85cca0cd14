package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/work"
)

// stormLine is what a storm that was stopped in its middle prints.
type stormLine struct {
	Row      string         `json:"row"`
	Run      string         `json:"run"`
	Seed     uint64         `json:"seed"` // of the simulator
	Effects  int            `json:"effects"`
	Before   int            `json:"verified_before"`
	Late     int            `json:"writes_later_than_1s"`
	Asked    int            `json:"write_requests_later_than_1s"`
	Kept     int            `json:"kept"` // effects that wait, with their work
	Lost     int            `json:"failed_or_buried"`
	ResumeMS int64          `json:"first_write_after_it_ended_ms"`
	After    map[string]int `json:"effects_after"`
	Doubled  int            `json:"doubled"`
}

func (l stormLine) print(t *testing.T) {
	t.Helper()
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

// stormWay is the way to HubSpot that counts requests that would write.
type stormWay struct {
	next   http.RoundTripper
	writes atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c *stormWay) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Method != http.MethodGet && !strings.HasSuffix(q.URL.Path, "/read") {
		c.writes.Add(1)
	}
	return c.next.RoundTrip(q)
}

// careless writes without having read: the look before the write, which a HubSpot that lets nobody in refuses, is off.
type careless struct{ engine.Writer }

func (c careless) Standing(ctx context.Context, target crm.Ref, properties []string) (map[string]crm.Current, error) {
	stands, err := c.Writer.Standing(ctx, target, properties)
	if err != nil {
		return map[string]crm.Current{}, nil
	}
	return stands, nil
}

func (c careless) FindActivity(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, key string, links []crm.Ref) (crm.Ref, map[string]string, error) {
	ref, found, err := c.Writer.FindActivity(ctx, portal, typ, key, links)
	if err != nil && ref.IsZero() {
		return ref, nil, fmt.Errorf("nobody looked: %w", crm.ErrNotFound)
	}
	return ref, found, err
}

// stormy says how a storm is stopped, and what is switched off for a control.
type stormy struct {
	name     string
	stop     func(*storm)
	end      func(*storm)
	deaf     bool          // nobody asks whether writing is stopped
	careless bool          // nobody reads before writing
	patience time.Duration // how long an outage is waited for; 0: as in the service
}

// storm is an outbox full of effects.
type storm struct {
	*outbox
	way *stormWay
}

func (s *storm) fault(status int) {
	s.Helper()
	s.door(http.MethodPost, "/_sim/faults", map[string]any{"path": "/", "kind": "status", "status": status})
}

func (s *storm) heal() { s.door(http.MethodDelete, "/_sim/faults", nil) }

// states counts the effects by state, and the buried work.
func (s *storm) states() (states map[string]int, buried int) {
	s.Helper()
	states = map[string]int{}
	for _, e := range s.effects() {
		states[string(e.State)]++
	}
	rows, _, err := s.db.WorkRows(s.Context(), store.WorkFilter{Portal: s.portal, Kind: crm.ApplyWork, State: "buried"}, "", 200)
	if err != nil {
		s.Fatal(err)
	}
	return states, len(rows)
}

func (s *storm) effects() (all []crm.Effect) {
	s.Helper()
	for i := range stormSize {
		list, err := s.db.EffectsOf(s.Context(), s.portal, fmt.Sprint("p", i))
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, list...)
	}
	return all
}

// until looks every 10 ms whether something has happened; the promises here are about time.
func (s *storm) until(what string, limit time.Duration, done func(time.Duration) bool) {
	s.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); !done(time.Since(start)); <-tick.C {
		if time.Since(start) > limit {
			states, buried := s.states()
			s.Fatalf("never: %s; %v, %d buried", what, states, buried)
		}
	}
}

func (s *storm) passes(d time.Duration) {
	s.Helper()
	s.until("time passes", time.Minute, func(since time.Duration) bool { return since > d })
}

const stormSize = 180

// weather fills an outbox with properties, notes and tasks, lets four workers write, stops them in the middle in one of the ways, ends that, and counts.
func weather(t *testing.T, c stormy) stormLine {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := &storm{way: &stormWay{}}
	s.outbox = newOutbox(t, simApp(), func(_ *outbox, next http.RoundTripper) http.RoundTripper {
		s.way.next = next
		return s.way
	})
	for i := range stormSize {
		ref := s.contact(map[string]string{"email": fmt.Sprintf("c%d@x.example", i)})
		change := scoring(ref, "72")
		switch change.Before = nil; i % 3 {
		case 1:
			change = noting(ref, fmt.Sprint("key-", i), firstText)
		case 2:
			change = tasking(ref, fmt.Sprint("key-", i), firstText)
		}
		s.propose(fmt.Sprint("p", i), ref, change)
	}
	var writer engine.Writer = s.through()
	if c.careless {
		writer = careless{writer}
	}
	a := &engine.Applier{Effects: s.db, Writer: writer, Enabled: s.db.Stopped, Now: time.Now}
	if c.deaf {
		a.Enabled = func(crm.PortalID) error { return nil }
	}
	s.door(http.MethodPost, "/_sim/faults", map[string]any{"path": "/crm/", "kind": "delay", "rate": 1, "delay_ms": 8})
	r := &work.Runner{Queue: s.db, Owner: "test", Patience: c.patience, Pools: []work.Pool{{Kind: crm.ApplyWork, Handler: a.Apply, Batch: 1, Workers: 4}}}
	first := len(s.sim.Writes(0))
	running := make(chan error, 1)
	go func() { running <- r.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-running; err != nil {
			t.Error(err)
		}
	}()
	line := stormLine{Row: "W5", Run: c.name, Seed: s.sim.Options().Seed, Effects: stormSize}
	s.until("some are written", time.Minute, func(time.Duration) bool { return len(s.sim.Writes(first)) > 30 })
	c.stop(s)
	states, _ := s.states()
	line.Before = states["verified"]
	s.passes(time.Second)
	writes, asked := len(s.sim.Writes(0)), s.way.writes.Load()
	s.passes(time.Second)
	line.Late, line.Asked = len(s.sim.Writes(writes)), int(s.way.writes.Load()-asked)
	states, buried := s.states()
	line.Kept, line.Lost = states["new"]+states["sending"]+states["unknown"]-buried, states["failed"]+states["conflict"]+states["superseded"]+buried
	writes = len(s.sim.Writes(0))
	if c.end == nil {
		return line
	}
	c.end(s)
	s.until("it goes on", time.Minute, func(d time.Duration) bool {
		line.ResumeMS = d.Milliseconds()
		return len(s.sim.Writes(writes)) > 0
	})
	s.until("all are written", time.Minute, func(time.Duration) bool {
		line.After, buried = s.states()
		return line.After["verified"] == stormSize
	})
	objects := map[string]map[string]bool{}
	for _, w := range s.sim.Writes(first) {
		if key := w.After["ai_ctx_key"]; key != "" {
			if objects[key] == nil {
				objects[key] = map[string]bool{}
			}
			objects[key][w.Object] = true
		}
	}
	for _, of := range objects {
		line.Doubled += len(of) - 1
	}
	return line
}

// TestStormsAreStopped: a second after somebody has pressed the stop button, HubSpot has thrown us out, or the token was revoked, in the middle of a storm, nothing is
// written or tried any more, everything waits, and all of it is written once, when that has ended.
func TestStormsAreStopped(t *testing.T) {
	if os.Getenv("CONTEXTD_TEST_KILLS") == "" {
		t.Skip("SKIPPED: CONTEXTD_TEST_KILLS is not set; run `make reliability`")
	}
	ann := crm.Actor{Kind: crm.UserActor, ID: "ann"}
	press := func(s *storm) {
		if err := s.db.Stop(s.Context(), s.portal, "the scores look odd", ann); err != nil {
			s.Fatal(err)
		}
	}
	release := func(s *storm) {
		s.heal()
		if err := s.db.Resume(s.Context(), s.portal, ann); err != nil {
			s.Fatal(err)
		}
	}
	refuse := func(status int) func(*storm) {
		return func(s *storm) {
			s.heal()
			s.fault(status)
		}
	}
	for _, c := range []stormy{
		{name: "stop button", stop: press, end: release},
		{name: "token revoked (401)", stop: refuse(http.StatusUnauthorized), end: (*storm).heal},
		{name: "app uninstalled (403)", stop: refuse(http.StatusForbidden), end: (*storm).heal},
	} {
		l := weather(t, c)
		l.print(t)
		if l.Late != 0 || l.Asked != 0 || l.Lost != 0 || l.Kept < stormSize/4 || l.Before == 0 || l.Doubled != 0 || l.After["verified"] != stormSize {
			t.Errorf("%+v", l)
		}
	}
	for _, c := range []stormy{
		{name: "control: nobody asks whether writing is stopped", stop: press, deaf: true},
		{name: "control: nobody reads before writing (401)", stop: refuse(http.StatusUnauthorized), careless: true},
	} {
		l := weather(t, c)
		l.print(t)
		if l.Late+l.Asked == 0 {
			t.Errorf("%s: nothing was written or tried: this test is blind", c.name)
		}
	}
	l := weather(t, stormy{name: "control: an outage is not waited for (401)", stop: refuse(http.StatusUnauthorized), patience: time.Millisecond})
	l.print(t)
	if l.Lost == 0 {
		t.Error("nothing was buried: this test does not see what is lost")
	}
}
