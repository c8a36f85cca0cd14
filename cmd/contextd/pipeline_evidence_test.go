package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestThinEvidenceCostsNothing: a mail of one word is answered with a reason, which the audit knows of; a whole one with a draft.
func TestThinEvidenceCostsNothing(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, contact, deal := p.account()
	ended := p.audited()["run.done"]
	p.create("emails", mailOf(1, "Thanks!"), contact, deal)
	p.settle()
	ended = p.audited()["run.done"] - ended
	got := p.runs("reply_draft", deal)
	if len(got) != 1 || got[0].State != crm.Dropped || !strings.Contains(strings.Join(got[0].Reasons, "\n"), engine.TooThin) || got[0].Usage != (crm.Usage{}) || ended == 0 {
		t.Fatalf("%+v, %d runs in the audit", got, ended)
	}
	p.create("emails", mailOf(2, question), contact, deal)
	p.settle()
	if got := p.runs("reply_draft", deal); len(got) != 2 || got[0].State != crm.Pending {
		t.Errorf("with a whole mail: %+v", got)
	}
}

// TestMachineWrittenIsFoundAndProvesNothing: a note of one of HubSpot's agents is found like any other, unless people's words alone are asked for. No workflow runs because of it or
// cites it; the same note by a person does both.
func TestMachineWrittenIsFoundAndProvesNothing(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, deal := p.account()
	note := func(text, source string) string {
		t.Helper()
		id := p.call("POST", "objects/notes", map[string]any{"properties": map[string]any{"hs_note_body": text}, "associations": []string{company, contact, deal}, "changeSource": source})
		p.settle()
		return "notes/" + id
	}
	const text = "Harborline Lifts have 140 technicians in six depots, they leave OpsDesk in March and the board wants a contract that runs for two years."
	agents := note(text, "BREEZE_AGENT")
	finds := func(human bool) bool {
		t.Helper()
		got, err := p.s.search.Retrieve(t.Context(), crm.Question{Filter: crm.Filter{Portal: p.portal(), Account: p.ref(company), Human: human}, Text: "how many technicians do they have?"})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(got.Passages, func(x crm.Passage) bool { return x.Activity == p.ref(agents) })
	}
	if !finds(false) || finds(true) {
		t.Errorf("the agent's note is found: %t; among people's words: %t", finds(false), finds(true))
	}
	if got := p.runs("account_summary", company); len(got) != 0 {
		t.Errorf("the agent's note started %+v", got)
	}
	cites := func(activity string) bool {
		return slices.ContainsFunc(p.runs("account_summary", company), func(s crm.Proposal) bool {
			return slices.ContainsFunc(s.Claims, func(c crm.ClaimText) bool {
				return slices.ContainsFunc(c.Evidence, func(e crm.Evidence) bool { return e.Activity == p.ref(activity) })
			})
		})
	}
	persons := note(strings.Replace(text, "140", "150", 1), "CRM_UI")
	if cites(agents) || !cites(persons) {
		t.Errorf("cites the agent's note: %t, the person's: %t", cites(agents), cites(persons))
	}
}
