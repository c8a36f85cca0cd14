package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/inbox"
	"github.com/contextd/contextd/internal/store"
)

// unguarded is an inbox's store that remembers none of our writes: the loop guard is off.
type unguarded struct{ *store.DB }

func (unguarded) Wrote(context.Context, crm.Ref, string, string, time.Time) (bool, error) {
	return false, nil
}
func (unguarded) Ours(context.Context, crm.Ref) (bool, error) { return false, nil }

const echoPortal = crm.PortalID(7)

// wrote makes n writes of ours, every tenth of them a note, and returns the events that HubSpot tells of them, at the times of the writes.
func wrote(t *testing.T, db *store.DB, n int) (events []map[string]any) {
	t.Helper()
	ctx := t.Context()
	values := []struct{ property, value, told string }{{"ai_lead_score", "72", "72.0"}, {"ai_summary", "two lines\nof text", "two lines\nof text "}, {"ai_next_at", "2026-12-01T10:00:00Z", "1796119200000"}, {"ai_lead_fit", "high", "high"}}
	for i := range n {
		id := fmt.Sprint(1000 + i)
		target, v := crm.Ref{Portal: echoPortal, Type: crm.Contacts, ID: id}, values[i%len(values)]
		c := crm.Change{ID: "c", Kind: crm.PropertyKind, Target: target, Property: v.property, After: v.value, Confidence: 0.9, Verdict: crm.Apply}
		note := crm.Ref{Portal: echoPortal, Type: crm.Notes, ID: id}
		if i%10 == 9 {
			c.Kind, c.Target, c.Property, c.After, c.Key, c.Links = crm.NoteKind, crm.Ref{}, "hs_note_body", "<p>note</p>", id, []crm.Ref{target}
		}
		if _, err := db.Propose(ctx, crm.Proposal{ID: "p" + id, Portal: echoPortal, Workflow: "w", Subject: target, Record: target, Changes: []crm.Change{c}}, crm.Raw{}); err != nil {
			t.Fatal(err)
		}
		claims, err := db.Claim(ctx, crm.ApplyWork, []crm.Lane{crm.LiveLane}, 1, "test", time.Hour)
		if err != nil || len(claims) != 1 {
			t.Fatalf("%d claims, %v", len(claims), err)
		}
		e, err := db.Effect(ctx, echoPortal, claims[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		e.Fence, e.Deadline = claims[0].Fence, time.Now().Add(20*time.Second)
		if err := db.Begin(ctx, e); err != nil {
			t.Fatal(err)
		}
		receipt := crm.Receipt{Object: target, After: c.After}
		e.Deadline = time.Time{}
		if c.Kind == crm.NoteKind {
			receipt.Object = note
		}
		if e.State = crm.EffectVerified; i%7 == 3 && c.Kind == crm.PropertyKind { // nobody knows yet whether it arrived
			e.State = crm.EffectUnknown
		}
		if err := db.Settle(ctx, e, receipt); err != nil {
			t.Fatal(err)
		}
		if errs, err := db.Finish(ctx, claims); err != nil || errs[0] != nil {
			t.Fatal(errs, err)
		}
		event := map[string]any{"portalId": int64(echoPortal), "occurredAt": time.Now().UnixMilli(), "subscriptionType": "object.propertyChange", "objectId": 1000 + i, "objectTypeId": "0-1", "propertyName": v.property,
			"propertyValue": v.told, "eventId": i, "attemptNumber": 0}
		if c.Kind == crm.NoteKind {
			event["objectTypeId"] = "0-46"
			if event["propertyName"] = "hs_note_body"; i%20 == 19 {
				event["subscriptionType"] = "object.creation"
				delete(event, "propertyName")
				delete(event, "propertyValue")
			}
		}
		events = append(events, event)
	}
	return events
}

// odd makes an echo come in the ways in which it can come: named as ours, renamed, without a source, by another integration's hand, by a workflow's, told once more, from a clock that is ahead.
func odd(i int, event map[string]any) map[string]any {
	sources := []struct{ source, id string }{{"INTEGRATION", "424242"}, {"INTEGRATION", ""}, {"", ""}, {"INTEGRATIONS_PLATFORM", "x"}, {"API", "userId:1"}, {"AUTOMATION_PLATFORM", "99"}, {"INTEGRATION", "424243"}}
	s := sources[i%len(sources)]
	if s.source != "" {
		event["changeSource"], event["sourceId"] = s.source, s.id
	}
	if i%11 == 5 {
		event["occurredAt"] = event["occurredAt"].(int64) + (9 * time.Minute).Milliseconds()
	}
	event["attemptNumber"] = i % 3
	return event
}

// told delivers the events in batches, late (after all writes) and backwards, with a person's change of the same record in every tenth batch's end, and counts the work that follows.
func told(t *testing.T, guarded bool) (echoes, marked, people int) {
	t.Helper()
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	events := wrote(t, db, 1000)
	var batch []map[string]any
	send := func() {
		raw, err := json.Marshal(batch)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Deliver(t.Context(), raw, time.Now().Add(26*time.Hour)); err != nil {
			t.Fatal(err)
		}
		batch = nil
	}
	for i := len(events) - 1; i >= 0; i-- {
		batch = append(batch, odd(i, events[i]))
		if i%10 == 0 {
			hers := map[string]any{"portalId": int64(echoPortal), "occurredAt": time.Now().UnixMilli(), "subscriptionType": "object.propertyChange", "objectId": 1000 + i, "objectTypeId": "0-1", "propertyName": "phone",
				"propertyValue": fmt.Sprint(i), "changeSource": "CRM_UI", "sourceId": "userId:5", "eventId": 100_000 + i}
			if i%20 == 0 { // of the very property that we wrote: HubSpot tells of both at once, with the newer value
				hers["propertyName"], hers["propertyValue"] = "ai_lead_score", "3"
			}
			batch = append(batch, hers)
			send()
		}
	}
	in := &inbox.Inbox{Store: db, Decode: decodeEvents, Portals: map[crm.PortalID]inbox.App{echoPortal: {Own: func(app string) bool { return app == "424242" }}}, Log: slog.New(slog.DiscardHandler)}
	if !guarded {
		in.Store, in.Portals[echoPortal] = unguarded{db}, inbox.App{}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	tick := time.NewTicker(10 * time.Millisecond) // there is no signal for "all is decoded"
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; <-tick.C {
		waiting, err := db.Undecoded(t.Context(), 1)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d wait, %v", len(waiting), err)
		}
		if len(waiting) == 0 {
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	st, err := db.Status(t.Context(), echoPortal)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range st.Work {
		marked += n
	}
	return st.Events.Ignored[crm.IgnoredEcho], marked, 100
}

// TestEchoesStartNothing: 1,000 writes of ours come back late, backwards, renamed, respelt and mixed with people's changes. Only those of people are looked at.
func TestEchoesStartNothing(t *testing.T) {
	echoes, marked, people := told(t, true)
	t.Logf("1,000 echoes: %d recognised, %d pieces of work, all for the %d changes of people", echoes, marked, people)
	if echoes != 1000 || marked != people {
		t.Errorf("%d echoes, %d pieces of work for %d changes of people", echoes, marked, people)
	}
	if echoes, marked, _ := told(t, false); echoes != 0 || marked < 900 {
		t.Errorf("with the guard off: %d echoes, %d pieces of work: this test is blind", echoes, marked)
	}
}
