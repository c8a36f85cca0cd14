package web_test

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// proposal is a call summary that moves a date and writes a note: one supported claim, one that is not.
func proposal(id string, state crm.State) crm.Proposal {
	call := crm.Ref{Portal: portal, Type: crm.Calls, ID: "9101"}
	company := crm.Ref{Portal: portal, Type: crm.Companies, ID: "123"}
	before := "2026-12-01"
	p := crm.Proposal{
		ID: id, Portal: portal, Workflow: "call_summary", Prompt: crm.PromptRef{Name: "call_summary", Version: 3, SHA256: "abc"}, Model: "builtin/extractive",
		Subject: call, Record: company, RecordName: "Northwind", Account: company, State: state, Confidence: 0.78, Verdict: crm.Review,
		Reasons: []string{"below_threshold"}, Usage: crm.Usage{InputTokens: 900, OutputTokens: 80}, CreatedAt: now, Rev: 4,
		Claims: []crm.ClaimText{
			{Text: "The renewal moved to March.", Supported: true, Evidence: []crm.Evidence{{Activity: call, Version: "v2", Kind: crm.Call, Time: now.Add(-time.Hour),
				Person: "Ana Diaz", Quote: "We renew in March", Start: 7, End: 24}},
				Contradictions: []crm.Contradiction{{Evidence: crm.Evidence{Activity: call, Version: "v2", Kind: crm.Call, Time: now, Person: "Ana Diaz", Quote: "We renew in April", Start: 40, End: 57},
					Why: "a newer statement says April instead of March"}}},
			{Text: "The budget is 90,000.", Why: "no such amount in the quote"},
		},
		Changes: []crm.Change{
			{ID: "c1", Kind: crm.PropertyKind, Target: company, Property: "ai_renewal_date", Before: &before, After: "2027-03-01", Claims: []int{0}, Confidence: 0.78,
				Threshold: 0.85, Risk: crm.RiskMedium, Verdict: crm.Review, Reasons: []string{"below_threshold"}, State: state},
			{ID: "c2", Kind: crm.NoteKind, Property: "hs_note_body", After: "<p>Renewal in <b>March</b>.</p>", Links: []crm.Ref{company}, Confidence: 0.9, Threshold: 0.85,
				State: state},
		},
	}
	if state != crm.Pending {
		p.DecidedAt, p.DecidedBy = now, crm.Actor{Kind: crm.TokenActor, ID: "approver"}
	}
	return p
}
