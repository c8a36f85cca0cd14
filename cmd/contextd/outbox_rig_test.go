package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

// outbox is a store with effects beside a simulated portal; a test can get into the way between them.
type outbox struct {
	*testing.T
	sim    *hubsim.Server
	db     *store.DB
	client *hubspot.Client
	writer *hubspot.Writer
	portal crm.PortalID
}

// newOutbox sets a portal up. way makes the way to it, over the usual one; app "" is an app whose id nobody has configured.
func newOutbox(t *testing.T, app string, way func(o *outbox, next http.RoundTripper) http.RoundTripper) *outbox {
	t.Helper()
	o := &outbox{T: t, sim: hubsim.New(hubsim.Options{RateLimit: -1, DailyLimit: -1, SearchLimit: -1})}
	server := httptest.NewServer(o.sim.Handler())
	t.Cleanup(server.Close)
	o.portal = o.sim.Options().Portal
	var err error
	o.client, err = hubspot.New(hubspot.Options{Portal: o.portal, Token: o.sim.Options().Token, AppID: app, BaseURL: server.URL, Rate: -1, Search: -1, Transport: way(o, server.Client().Transport)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.client.Setup(t.Context(), []hubspot.Definition{{Object: crm.Contacts, Name: "ai_lead_score", Type: "number"}}, false); err != nil {
		t.Fatal(err)
	}
	if o.db, err = store.Open(t.Context(), t.TempDir(), store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.db.Close(); err != nil {
			t.Error(err)
		}
	})
	o.writer = hubspot.NewWriter(o.client)
	return o
}

// simApp is the id of the simulator's app.
func simApp() string { return fmt.Sprint(hubsim.New(hubsim.Options{}).Options().AppID) }

func (o *outbox) through() portals {
	return portals{o.portal: readWriter{o.client, o.writer, o.db}}
}

// door uses the simulator's control door, as a person in HubSpot, and returns the id of what it answers.
func (o *outbox) door(method, path string, body any) (id string) {
	o.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		o.Fatal(err)
	}
	w := httptest.NewRecorder()
	o.sim.Handler().ServeHTTP(w, httptest.NewRequest(method, path, bytes.NewReader(raw)))
	if w.Code > 299 {
		o.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	var answer struct{ ID string }
	_ = json.Unmarshal(w.Body.Bytes(), &answer) // not every answer is an object
	return answer.ID
}

func (o *outbox) contact(properties map[string]string) crm.Ref {
	o.Helper()
	return crm.Ref{Portal: o.portal, Type: crm.Contacts, ID: o.door(http.MethodPost, "/_sim/objects/contacts", map[string]any{"properties": properties})}
}

// scoring is a change of a contact's score, which was 40.
func scoring(contact crm.Ref, value string) crm.Change {
	before := "40"
	return crm.Change{ID: "c", Kind: crm.PropertyKind, Target: contact, Property: "ai_lead_score", Before: &before, After: value, Confidence: 0.9, Verdict: crm.Apply}
}

// noting is a change that writes a note, tasking one that writes a task.
func noting(contact crm.Ref, key, text string) crm.Change {
	return crm.Change{ID: "c", Kind: crm.NoteKind, Property: "hs_note_body", After: text, Key: key, Links: []crm.Ref{contact}, Confidence: 0.9, Verdict: crm.Apply,
		Fields: map[string]string{"hs_timestamp": "2026-11-20T12:00:00Z"}}
}

func tasking(contact crm.Ref, key, text string) crm.Change {
	c := noting(contact, key, text)
	c.Kind, c.Property = crm.TaskKind, "hs_task_body"
	c.Fields = map[string]string{"hs_timestamp": "2026-11-20T12:00:00Z", "hs_task_subject": "Call them", "hs_task_status": "NOT_STARTED", "hs_task_type": "TODO", "hs_task_priority": "LOW"}
	return c
}

// propose has the gate let a change through.
func (o *outbox) propose(id string, subject crm.Ref, c crm.Change) {
	o.Helper()
	p := crm.Proposal{ID: id, Portal: o.portal, Workflow: "call_summary", Subject: subject, Record: subject, ReadAt: o.sim.Now(), Changes: []crm.Change{c}}
	if _, err := o.db.Propose(o.Context(), p, crm.Raw{}); err != nil {
		o.Fatal(err)
	}
}

// apply has the applier write all n effects that wait, each as often as it asks for, and returns the claims.
func (o *outbox) apply(a *engine.Applier, n int) []crm.Claim {
	o.Helper()
	claims, err := o.db.Claim(o.Context(), crm.ApplyWork, []crm.Lane{crm.LiveLane, crm.ReviewLane}, n, "test", time.Hour)
	if err != nil || len(claims) != n {
		o.Fatalf("%d claims, %v", len(claims), err)
	}
	o.insist(a, claims)
	return claims
}

func (o *outbox) insist(a *engine.Applier, claims []crm.Claim) {
	o.Helper()
	for tries := 0; len(claims) > 0; tries++ {
		var again []crm.Claim
		for i, err := range a.Apply(o.Context(), claims) {
			if err == nil {
				continue
			}
			if again = append(again, claims[i]); tries > 5 {
				o.Fatal(err)
			}
		}
		claims = again
	}
}

func (o *outbox) effect(id string) crm.Effect {
	o.Helper()
	e, err := o.db.Effect(o.Context(), o.portal, id)
	if err != nil {
		o.Fatal(err)
	}
	return e
}
