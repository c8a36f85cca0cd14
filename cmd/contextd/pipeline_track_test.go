package main

import (
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestWhatPeopleDidIsKnown: what a person decided is among the features of the next run, of the field and of the kind of source, and stays what it was in the runs before; all
// verdicts can be repeated.
func TestWhatPeopleDidIsKnown(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.HubSpot.Write = "off" })
	_, contact, deal := p.account()
	newest := func() crm.Proposal {
		t.Helper()
		all := p.runs("reply_draft", deal)
		if len(all) == 0 {
			t.Fatal("no reply is drafted")
		}
		for _, s := range all {
			if s.State == crm.Pending {
				return s
			}
		}
		t.Fatalf("nothing waits: %+v", all)
		return crm.Proposal{}
	}
	p.create("emails", mailOf(0, question), contact, deal)
	p.settle()
	first := newest()
	if f := first.Changes[0].Features; f["field_decided"] != 0 || f["quotes_email"] == 0 || f["margin"] <= 0 {
		t.Errorf("at first: %v", f)
	}
	if _, err := p.s.db.Decide(t.Context(), crm.Decision{Portal: p.portal(), Proposal: first.ID, Reason: "not_useful", Seen: first.ETag(), Actor: crm.Actor{Kind: crm.UserActor, ID: "ann"}}); err != nil {
		t.Fatal(err)
	}
	p.create("emails", mailOf(1, "How long does the migration of our 140 technicians take?"), contact, deal)
	p.settle()
	if f := newest().Changes[0].Features; f["field_decided"] != 1 || f["field_right"] != 0 || f["source_decided"] != 1 || f["source_right"] != 0 {
		t.Errorf("after a rejection: %v", f)
	}
	if again, err := p.s.db.Proposal(t.Context(), p.portal(), first.ID); err != nil || again.Changes[0].Features["field_decided"] != 0 {
		t.Errorf("the first one: %+v, %v", again.Changes, err)
	}
	if r := p.replay(); len(r.Faults) != 0 || r.Same != r.Verdicts || r.Verdicts == 0 {
		t.Errorf("%+v", r)
	}
}
