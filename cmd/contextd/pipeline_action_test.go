package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestTheNextAction follows a task through its life: a person lets it out, its echo starts nothing, no other one comes while it is open, a completed one is opened again for
// something new, and undo takes it back.
func TestTheNextAction(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	ann := crm.Actor{Kind: crm.UserActor, ID: "ann"}
	company, contact, deal := p.account()
	mail := func(n int, text string) { p.create("emails", mailOf(n, text), company, contact, deal) }
	newest := func() crm.Proposal {
		t.Helper()
		p.settle()
		runs := p.runs("next_best_action", company)
		if len(runs) == 0 {
			t.Fatal("nothing was proposed")
		}
		return runs[0]
	}
	tasks := func(c crm.Change) (crm.Ref, map[string]string) {
		t.Helper()
		ref, found, err := p.hub().FindActivity(t.Context(), p.portal(), crm.Tasks, c.Key, c.Links)
		if err != nil && !errors.Is(err, crm.ErrNotFound) {
			t.Fatal(err)
		}
		return ref, found
	}
	approve := func(r crm.Proposal) crm.Change {
		t.Helper()
		if r.State != crm.Pending || len(r.Changes) != 1 || r.Changes[0].Kind != crm.TaskKind {
			t.Fatalf("want one task that waits for a person: %s %+v %v", r.State, r.Changes, r.Reasons)
		}
		if _, err := p.reviewer().Decide(t.Context(), engine.Decision{Portal: p.portal(), Proposal: r.ID, Approve: true, Seen: r.ETag(), Actor: ann}); err != nil {
			t.Fatal(err)
		}
		p.settle()
		return r.Changes[0]
	}
	mail(1, "We are going to cancel the contract unless the sync works. The board will give notice.")
	first := newest()
	c := approve(first)
	task, found := tasks(c)
	if task.IsZero() || !strings.HasPrefix(found["hs_task_subject"], "Call them: they speak of leaving") || !strings.Contains(found["hs_task_body"], "going to cancel the contract") {
		t.Fatalf("the task: %v %v", task, found)
	}
	if runs := p.runs("next_best_action", company); len(runs) != 1 || runs[0].State != crm.Applied {
		t.Fatalf("the task came back and there are %d runs, the newest %s", len(runs), runs[0].State)
	}
	mail(2, "Our notice letter is written, we will not renew.")
	if r := newest(); len(r.Changes) != 0 || !strings.Contains(strings.Join(r.Reasons, " "), "an open task of ours is there already: "+task.Path()) {
		t.Errorf("beside the open task: %s %v", r.State, r.Reasons)
	}
	p.call("PATCH", "objects/"+task.Path(), map[string]any{"properties": map[string]any{"hs_task_status": "COMPLETED"}})
	p.settle()
	before := len(p.runs("next_best_action", company))
	mail(3, "Once more: we are giving notice and end the contract.")
	second := newest()
	again, found := tasks(approve(second))
	if again != task || found["hs_task_status"] != "NOT_STARTED" || !strings.Contains(found["hs_task_body"], "giving notice") {
		t.Errorf("the completed task: %v %v", again, found)
	}
	if n := len(p.runs("next_best_action", company)); n != before+1 {
		t.Errorf("%d runs, want %d", n, before+1)
	}
	for _, id := range []string{second.ID, first.ID} { // the later text goes first
		r, err := p.s.db.Proposal(t.Context(), p.portal(), id)
		if err == nil {
			_, err = p.reviewer().Undo(t.Context(), p.portal(), id, nil, ann, r.ETag())
		}
		if err != nil {
			t.Fatalf("undo: %v", err)
		}
		p.settle()
	}
	if ref, _ := tasks(c); !ref.IsZero() {
		t.Errorf("after undoing both, %v is there", ref)
	}
	if n := len(p.runs("next_best_action", company)); n != before+1 {
		t.Errorf("undoing started runs: %d, were %d", n, before+1)
	}
}
