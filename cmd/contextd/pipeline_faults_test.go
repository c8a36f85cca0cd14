package main

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

// TestLockedForLongerThanAnybodyWaits: while another program holds the database nothing is acknowledged, answers come within a second, and the same process goes on
// within two seconds of the release, with nothing lost and nothing done twice.
func TestLockedForLongerThanAnybodyWaits(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal) // its work is under way when the lock comes
	other, err := sql.Open("sqlite", "file:"+filepath.Join(p.s.db.Dir(), store.File)+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := p.sim.Deliveries().Delivered
	p.create("emails", mailOf(2, question), contact, deal)
	for range 7 {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond) // as the webhook door does
		_, err := p.s.db.Deliver(ctx, []byte("[]"), start)
		cancel()
		if took := time.Since(start); !errors.Is(err, crm.ErrTemporary) || took > time.Second {
			t.Errorf("%v after %v", err, took)
		}
		<-time.After(time.Until(start.Add(time.Second))) // the lock outlives SQLite's own patience
	}
	if got := p.sim.Deliveries(); got.Delivered != acknowledged || got.Retried == 0 {
		t.Errorf("while locked: %+v, acknowledged before %d", got, acknowledged)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	for {
		if _, err := p.s.db.Deliver(ctx, []byte("[]"), time.Now()); err == nil {
			break
		} else if ctx.Err() != nil {
			t.Fatalf("two seconds after the release: %v", err)
		}
	}
	p.settle()
	runs := p.runs("reply_draft", deal)
	if len(runs) == 0 || len(runs) > 2 || runs[0].State != crm.Pending {
		t.Errorf("%+v", runs)
	}
	if c, err := p.s.db.Counts(t.Context(), p.portal()); err != nil || c.Dead != 0 || c.Activities != 2 {
		t.Errorf("%+v %v", c, err)
	}
}

// draft is one pending reply about a deal.
func (p *pipeline) draft() (deal string, s crm.Proposal) {
	p.Helper()
	_, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	runs := p.runs("reply_draft", deal)
	if len(runs) != 1 || runs[0].State != crm.Pending {
		p.Fatalf("%+v", runs)
	}
	return deal, runs[0]
}

func approval(s crm.Proposal) engine.Decision {
	return engine.Decision{Portal: s.Portal, Proposal: s.ID, Approve: true, Seen: s.ETag(), Actor: crm.Actor{Kind: crm.UserActor, ID: "ann"}}
}

// TestApprovedByManyAtOnce: of many who approve the same suggestion one succeeds, the others are told, and one task exists, although the reply to its write was lost.
func TestApprovedByManyAtOnce(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, s := p.draft()
	p.call("POST", "faults", map[string]any{"kind": "drop_after_apply", "path": "/crm/objects/2026-09/tasks/batch/upsert", "count": 1})
	errs := make(chan error, 16)
	for range cap(errs) {
		go func() {
			_, err := p.reviewer().Decide(t.Context(), approval(s))
			errs <- err
		}()
	}
	done := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			done++
		case !errors.Is(err, crm.ErrConflict):
			t.Error(err)
		}
	}
	start := time.Now()
	p.settle()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("settled after %v", took)
	}
	effects, err := p.s.db.EffectsOf(t.Context(), p.portal(), s.ID)
	if err != nil || done != 1 || len(effects) != 1 || effects[0].State != crm.EffectVerified || p.sim.State().Activities[crm.Task] != 1 {
		t.Errorf("%d approvals, effects %+v, %d tasks, %v", done, effects, p.sim.State().Activities[crm.Task], err)
	}
	if n := p.audited()["effect.unknown"]; n != 1 {
		t.Fatalf("%d replies were lost: this test is blind", n)
	}
	for _, w := range p.sim.Writes(0) {
		if w.Repeat && strings.HasPrefix(w.Object, "tasks/") && len(w.Associations) == 0 {
			t.Errorf("the task was written twice: %+v", w)
		}
	}
}

// TestApprovedTooLate: a suggestion that a newer one has superseded cannot be approved any more.
func TestApprovedTooLate(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	deal, s := p.draft()
	p.create("emails", mailOf(2, question+"\n\nPS: is Galway included?"), deal)
	p.settle()
	if _, err := p.reviewer().Decide(t.Context(), approval(s)); !errors.Is(err, crm.ErrConflict) {
		t.Errorf("approving a superseded suggestion: %v", err)
	}
	if runs := p.runs("reply_draft", deal); len(runs) != 2 || runs[0].State != crm.Pending || runs[1].State != crm.Superseded {
		t.Errorf("%+v", runs)
	}
	if n := p.sim.State().Activities[crm.Task]; n != 0 {
		t.Errorf("%d tasks", n)
	}
}

// TestWritingOff: nothing leaves while hubspot.write is off: everything goes to review, and an approval says what stops it.
func TestWritingOff(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.HubSpot.Write = "off" })
	deal, s := p.draft()
	p.create("calls", map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, deal)
	p.settle()
	before := len(p.sim.Writes(0)) // the set-up
	all, _, err := p.s.db.Suggestions(t.Context(), store.SuggestionFilter{Portal: p.portal()}, "", 100)
	if err != nil || len(all) < 2 {
		t.Fatalf("%d suggestions, %v", len(all), err)
	}
	for _, r := range all {
		for _, c := range r.Changes {
			if c.State != crm.Pending && c.State != crm.Superseded && c.State != crm.Dropped {
				t.Errorf("%s %s is %s", r.Workflow, c.Property, c.State)
			}
		}
	}
	r := p.reviewer()
	r.Enabled = p.s.writing()
	if _, err := r.Decide(t.Context(), approval(s)); !errors.Is(err, crm.ErrStopped) || !strings.Contains(err.Error(), "hubspot.write") {
		t.Errorf("%v", err)
	}
	p.settle()
	if after := len(p.sim.Writes(0)); after != before {
		t.Errorf("%d writes", after-before)
	}
}

// TestEveryEventIsAccountedFor: after poison, foreign portals, rejected and failed writes each event is done, in review, dead or ignored (settle adds them up), and
// each delivery, run, decision and write has its audit entry.
func TestEveryEventIsAccountedFor(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, s := p.draft()
	for _, body := range []string{"garbage", `[{"subscriptionType":"object.creation"}]`, strings.Repeat("[", 10_000),
		`[{"subscriptionType":"object.creation","objectTypeId":"0-1","objectId":5,"portalId":1,"occurredAt":1}]`} {
		if _, err := p.s.db.Deliver(t.Context(), []byte(body), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	d := approval(s)
	d.Approve, d.Reason = false, "not_useful"
	if _, err := p.reviewer().Decide(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	p.call("POST", "faults", map[string]any{"kind": "status", "status": 400, "path": "/crm/objects/2026-09/notes/batch/upsert", "method": "POST"})
	contact := p.create("contacts", map[string]any{"firstname": "Noor", "lastname": "Haddad", "email": "noor@harborline.example"})
	p.create("calls", map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, contact)
	p.settle()
	all, _, err := p.s.db.Suggestions(t.Context(), store.SuggestionFilter{Portal: p.portal()}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, r := range all {
		if r.State == crm.Pending && r.Workflow == "call_summary" {
			if _, err := p.reviewer().Decide(t.Context(), approval(r)); err != nil {
				t.Fatal(err)
			}
		}
	}
	events := p.settle()
	all, _, err = p.s.db.Suggestions(t.Context(), store.SuggestionFilter{Portal: p.portal()}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	for _, r := range all {
		runs++
		if r.State == crm.Failed {
			failed++
		}
	}
	if failed != 1 || events.Dead < 4 || events.Ignored[crm.IgnoredForeign] != 1 {
		t.Errorf("%d failed, %+v", failed, events)
	}
	count := p.audited()
	if got := count["gate.review"] + count["gate.apply"] + count["gate.drop"] + count["proposal.refused"]; got < runs || count["review.reject"] != 1 || count["effect.failed"] != 1 {
		t.Errorf("%d runs, audit %v", runs, count)
	}
}
