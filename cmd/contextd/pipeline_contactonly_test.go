package main

import (
	"testing"
	"time"

	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestMailOfAContactAlone: a mail that HubSpot links to a contact only reaches the workflows about the contact's company and about their open deal, once each; links to company and
// deal that come later add what answers to a mail of the deal, and repeat nothing.
func TestMailOfAContactAlone(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, deal := p.account()
	lost := p.create("deals", map[string]any{"dealname": "Old", "dealstage": "closedlost", "pipeline": "default"}, company, contact)
	p.settle()
	count := func() map[string]int {
		out := map[string]int{}
		for workflow, subjects := range map[string][]string{"account_summary": {company}, "next_best_action": {company}, "lead_score": {contact}, "deal_score": {deal, lost}, "reply_draft": {deal, lost}} {
			for _, s := range subjects {
				out[workflow+" "+s] = len(p.runs(workflow, s))
			}
		}
		return out
	}
	before := count()
	m := mailOf(1, question)
	m["hs_timestamp"] = time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	mail := p.create("emails", m, contact)
	p.settle()
	more := func(what string, want map[string]int) {
		t.Helper()
		after := count()
		for key, n := range after {
			if got := n - before[key]; got != want[key] {
				t.Errorf("%s: %d more runs of %s, want %d", what, got, key, want[key])
			}
		}
		before = after
	}
	more("linked to a contact", map[string]int{"account_summary " + company: 1, "next_best_action " + company: 1, "lead_score " + contact: 1, "deal_score " + deal: 1})
	if _, lately := moves(p.newest(deal))["heard lately"]; !lately {
		t.Errorf("the deal's score does not know that they were heard: %v", moves(p.newest(deal)))
	}
	for _, to := range []string{company, deal} {
		p.call("POST", "associations", map[string]any{"from": mail, "to": to})
		p.settle()
	}
	more("linked to the rest", map[string]int{"reply_draft " + deal: 1})
}
