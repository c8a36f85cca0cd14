package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

// racing is the way to a simulated portal in which a person is always faster, or a little slower, than a write of ours: what happens is told by the record's number.
type racing struct {
	sim  *hubsim.Server
	next http.RoundTripper

	mu   sync.Mutex
	sent map[string]int    // writes of ours by record
	hers map[string]string // the newest value that a person gave each record
	lost map[string]time.Time
	wide time.Duration // the longest that a value of ours stood over hers
}

// The ways a race can go.
var races = []string{"before", "twice before", "after", "before, reply lost", "before, cleared", "before, and again while it is put back", "refused once", "before, the same value", "none", "before and after"}

func (r *racing) person(id, value string) {
	body, err := json.Marshal(map[string]any{"properties": map[string]string{"ai_lead_score": value}})
	if err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	r.sim.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPatch, "/_sim/objects/contacts/"+id, bytes.NewReader(body)))
	if w.Code > 299 {
		panic(fmt.Sprintf("%d %s", w.Code, w.Body))
	}
	r.hers[id] = value
}

// RoundTrip implements http.RoundTripper.
func (r *racing) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Method != http.MethodPatch || !strings.Contains(q.URL.Path, "/contacts/") {
		return r.next.RoundTrip(q)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := q.URL.Path[strings.LastIndex(q.URL.Path, "/")+1:]
	n := 0
	if _, err := fmt.Sscan(id[len(id)-3:], &n); err != nil {
		return nil, err
	}
	race := races[n%len(races)]
	first := r.sent[id] == 0
	r.sent[id]++
	if at, covered := r.lost[id]; covered && !first {
		r.wide = max(r.wide, time.Since(at))
		delete(r.lost, id)
	}
	drop := false
	switch {
	case first && race == "twice before":
		r.person(id, "11")
		r.person(id, "12")
	case first && race == "before, reply lost":
		r.person(id, "13")
		drop = true
	case first && race == "before, cleared":
		r.person(id, "")
	case first && race == "before, the same value":
		r.person(id, "72")
	case first && strings.HasPrefix(race, "before"):
		r.person(id, "14")
	case !first && race == "before, and again while it is put back" && r.sent[id] == 2:
		r.person(id, "15")
	case first && race == "refused once":
		return nil, errors.New("connection refused")
	}
	resp, err := r.next.RoundTrip(q)
	if hers, changed := r.hers[id]; changed && first && hers != "72" && race != "before, reply lost" && strings.Contains(race, "before") { // a lost reply is looked at when its turn comes
		r.lost[id] = time.Now()
	}
	if first && (race == "after" || race == "before and after") {
		r.person(id, "16")
	}
	if drop && err == nil {
		return nil, errors.Join(errors.New("connection reset"), resp.Body.Close())
	}
	return resp, err
}

// blind hides the history of a property from the applier: the check under test is off.
type blind struct{ portals }

func (b blind) Current(ctx context.Context, target crm.Ref, property string) (crm.Current, error) {
	now, err := b.portals.Current(ctx, target, property)
	now.Changes = nil
	return now, err
}

// race makes n writes, each in one of the races, and returns how many values of people are gone, and how long the longest stood covered.
func race(t *testing.T, n int, seeing bool) (gone int, states map[crm.EffectState]int, wide time.Duration) {
	t.Helper()
	ctx := t.Context()
	sim := hubsim.New(hubsim.Options{RateLimit: -1, DailyLimit: -1, SearchLimit: -1})
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	portal := sim.Options().Portal
	r := &racing{sim: sim, next: server.Client().Transport, sent: map[string]int{}, hers: map[string]string{}, lost: map[string]time.Time{}}
	client, err := hubspot.New(hubspot.Options{Portal: portal, Token: sim.Options().Token, AppID: fmt.Sprint(sim.Options().AppID), BaseURL: server.URL, Rate: -1, Search: -1, Transport: r})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Setup(ctx, []hubspot.Definition{{Object: crm.Contacts, Name: "ai_lead_score", Type: "number"}}, false); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var ids []string
	for i := range n {
		w := httptest.NewRecorder()
		sim.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/_sim/objects/contacts", strings.NewReader(`{"properties": {"ai_lead_score": "40"}}`)))
		var o struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, o.ID)
		ref, before := crm.Ref{Portal: portal, Type: crm.Contacts, ID: o.ID}, "40"
		p := crm.Proposal{ID: fmt.Sprint("p", i), Portal: portal, Workflow: "lead_score", Subject: ref, Record: ref, ReadAt: sim.Now(),
			Changes: []crm.Change{{ID: "c", Kind: crm.PropertyKind, Target: ref, Property: "ai_lead_score", Before: &before, After: "72", Confidence: 0.9, Verdict: crm.Apply}}}
		if _, err := db.Propose(ctx, p, crm.Raw{}); err != nil {
			t.Fatal(err)
		}
	}
	var writer engine.Writer = portals{portal: readWriter{client, hubspot.NewWriter(client)}}
	if !seeing {
		writer = blind{portals{portal: readWriter{client, hubspot.NewWriter(client)}}}
	}
	claims, err := db.Claim(ctx, crm.ApplyWork, []crm.Lane{crm.LiveLane}, n, "test", time.Hour)
	if err != nil || len(claims) != n {
		t.Fatalf("%d claims, %v", len(claims), err)
	}
	keys := make([]string, n)
	for _, c := range claims {
		e, err := db.Effect(ctx, portal, c.Key)
		if err != nil {
			t.Fatal(err)
		}
		keys[slices.Index(ids, e.Change.Target.ID)] = c.Key
	}
	a := &engine.Applier{Effects: db, Writer: writer, Enabled: func(crm.PortalID) error { return nil }, Now: time.Now}
	var again []crm.Claim
	for tries := 0; len(claims) > 0; tries++ {
		again = nil
		for i, err := range a.Apply(ctx, claims) {
			if err != nil {
				again = append(again, claims[i])
			}
			if tries > 5 {
				t.Fatal(err)
			}
		}
		claims = again
	}
	states = map[crm.EffectState]int{}
	for i, id := range ids {
		now, err := hubspot.NewWriter(client).Current(ctx, crm.Ref{Portal: portal, Type: crm.Contacts, ID: id}, "ai_lead_score")
		if err != nil {
			t.Fatal(err)
		}
		e, err := db.Effect(ctx, portal, keys[i])
		if err != nil {
			t.Fatal(err)
		}
		states[e.State]++
		hers, changed := r.hers[id]
		switch {
		case changed && now.Value != hers:
			gone++
			if seeing {
				t.Errorf("%s: she wrote %q, there is %q (%s: %s)", id, hers, now.Value, e.State, e.LastError)
			}
		case !changed && now.Value != "72", (e.State == crm.EffectVerified) != (now.Value == "72"):
			t.Errorf("%s: %q stands there, and the effect is %s", id, now.Value, e.State)
		}
	}
	return gone, states, r.wide
}

// TestNoHumanEditIsLost: 500 writes, with a person in between in nine of ten ways: every value of hers stands in the end. Without the look at the history most are gone.
func TestNoHumanEditIsLost(t *testing.T) {
	gone, states, wide := race(t, 500, true)
	raced{Row: "W3", Run: "properties", Races: 500, Gone: gone, Effects: states, Window: float64(wide.Microseconds()) / 1000}.print(t)
	if gone != 0 || states[crm.EffectConflict] < 300 || states[crm.EffectVerified] < 100 || wide == 0 {
		t.Errorf("%d gone, %v", gone, states)
	}
	gone, states, _ = race(t, 100, false)
	raced{Row: "W3", Run: "control: the history is not looked at", Races: 100, Gone: gone, Effects: states}.print(t)
	if gone < 40 {
		t.Errorf("with the check off only %d of 100 are gone: this test is blind", gone)
	}
}
