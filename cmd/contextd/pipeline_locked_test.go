package main

import (
	"strings"
	"testing"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestAnEditedFieldIsLocked: a score that a person has changed in HubSpot is not written again without asking, until somebody releases the field.
func TestAnEditedFieldIsLocked(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	ann := crm.Actor{Kind: crm.UserActor, ID: "ann"}
	_, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	score := func() crm.Change {
		t.Helper()
		err := p.s.db.Mark(t.Context(), []crm.Mark{{Portal: p.portal(), Kind: crm.ConsiderWork, Key: engine.ConsiderKey("lead_score", p.ref(contact)), Lane: crm.LiveLane}}, crm.Claim{})
		if err != nil {
			t.Fatal(err)
		}
		p.settle()
		runs := p.runs("lead_score", contact)
		if len(runs) == 0 {
			t.Fatal("no score")
		}
		for _, c := range runs[0].Changes {
			if c.Property == "ai_lead_score" {
				return c
			}
		}
		t.Fatalf("no score in %+v", runs[0])
		return crm.Change{}
	}
	locked := func(c crm.Change) bool {
		return c.Verdict == crm.Review && strings.Contains(strings.Join(c.Reasons, "\n"), "it is theirs until they release it")
	}
	runs := p.runs("lead_score", contact)
	if len(runs) == 0 {
		t.Fatal("the contact was never scored")
	}
	if first := runs[len(runs)-1]; first.State == crm.Pending {
		if _, err := p.reviewer().Decide(t.Context(), engine.Decision{Portal: p.portal(), Proposal: first.ID, Approve: true, Seen: first.ETag(), Actor: ann}); err != nil {
			t.Fatal(err)
		}
		p.settle()
	}
	before, err := p.hub().Current(t.Context(), p.ref(contact), "ai_lead_score")
	if err != nil || before.Value == "" || before.ByPerson {
		t.Fatalf("nothing was written: %+v %v", before, err)
	}
	p.call("PATCH", "objects/"+contact, map[string]any{"properties": map[string]any{"ai_lead_score": "3"}})
	p.settle()
	if c := score(); !locked(c) {
		t.Fatalf("after a person's edit: %v %q", c.Verdict, c.Reasons)
	}
	if now, err := p.hub().Current(t.Context(), p.ref(contact), "ai_lead_score"); err != nil || now.Value != "3" {
		t.Errorf("hers is %q now, %v", now.Value, err)
	}
	if err := p.s.db.Release(t.Context(), p.ref(contact), "ai_lead_score", ann); err != nil {
		t.Fatal(err)
	}
	if c := score(); locked(c) {
		t.Errorf("after the release: %v %q", c.Verdict, c.Reasons)
	}
	if n := p.audited()["field.released"]; n != 1 {
		t.Errorf("%d releases in the audit", n)
	}
}
