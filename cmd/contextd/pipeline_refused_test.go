package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestARefusedWriteIsNotRepeatedAlone: HubSpot tells nobody of an administrator's rules between properties. The write that meets one fails with HubSpot's words; the next change
// of that field waits for a person and says so, and goes through once the rule is kept.
func TestARefusedWriteIsNotRepeatedAlone(t *testing.T) {
	p := startPipeline(t, hubsim.Options{Rules: []hubsim.Rule{{Type: crm.Contacts, Property: "jobtitle", When: "lifecyclestage", Is: "lead"}}}, nil)
	_, contact, deal := p.account()
	p.call("PATCH", "objects/"+contact, map[string]any{"properties": map[string]any{"lifecyclestage": "lead", "jobtitle": ""}})
	p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	score := func() (crm.Proposal, crm.Change) {
		t.Helper()
		runs := p.runs("lead_score", contact)
		if len(runs) == 0 {
			t.Fatal("no score")
		}
		for _, c := range runs[0].Changes {
			if c.Property == "ai_lead_score" {
				return runs[0], c
			}
		}
		t.Fatalf("no score in %+v", runs[0])
		return crm.Proposal{}, crm.Change{}
	}
	approve := func(pr crm.Proposal, c crm.Change) {
		t.Helper()
		ann := crm.Actor{Kind: crm.UserActor, ID: "ann"}
		_, err := p.reviewer().Decide(t.Context(), engine.Decision{Portal: p.portal(), Proposal: pr.ID, Changes: []string{c.ID}, Approve: true, Seen: pr.ETag(), Actor: ann})
		if err != nil {
			t.Fatal(err)
		}
		p.settle()
	}
	pr, c := score()
	if c.State == crm.Pending {
		approve(pr, c)
		_, c = score()
	}
	if c.State != crm.Failed {
		t.Fatalf("the first score is %s: %q", c.State, c.Reasons)
	}
	var shown suggestion
	if p.api("/suggestions/"+pr.ID, &shown); !strings.Contains(fmt.Sprint(shown.Changes), "jobtitle is required when lifecyclestage is lead") {
		t.Errorf("it does not say why: %+v", shown.Changes)
	}
	err := p.s.db.Mark(t.Context(), []crm.Mark{{Portal: p.portal(), Kind: crm.ConsiderWork, Key: engine.ConsiderKey("lead_score", p.ref(contact)), Lane: crm.LiveLane}}, crm.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	p.settle()
	_, c = score()
	if c.State != crm.Pending || !strings.Contains(strings.Join(c.Reasons, "\n"), "the last write here failed: ") || !strings.Contains(strings.Join(c.Reasons, "\n"), "jobtitle is required when lifecyclestage is lead") {
		t.Fatalf("the next score is %s: %q", c.State, c.Reasons)
	}
	p.call("PATCH", "objects/"+contact, map[string]any{"properties": map[string]any{"jobtitle": "Head of Operations"}})
	p.settle()
	if pr, c = score(); c.State == crm.Pending {
		approve(pr, c)
	}
	if now, err := p.hub().Current(t.Context(), p.ref(contact), "ai_lead_score"); err != nil || now.Value != c.After {
		t.Errorf("once the rule is kept: %q, %v; want %q", now.Value, err, c.After)
	}
	if why, err := p.s.db.Failed(t.Context(), pr, c); err != nil || why != "" {
		t.Errorf("what went through failed: %q %v", why, err)
	}
}
