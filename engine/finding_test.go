package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// stating makes a run over a world that has read its subject, and states the findings.
func stating(t *testing.T, w *world, subject crm.Ref, asOf time.Time, findings ...prompts.Finding) []crm.Finding {
	t.Helper()
	e := engineOf(t, w, quoter())
	e.Usage = []string{"active_users", "jobs"}
	wf := prompts.Workflow{Name: "x", Subjects: []crm.ObjectType{subject.Type}, Findings: findings}
	r := e.newRun(wf, subject, crm.Claim{Portal: 7}, asOf)
	for _, step := range []func() error{func() error { return r.read(t.Context()) }, func() error { return r.retrieve(t.Context()) }, func() error { return r.state(t.Context()) }} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return r.findings
}

func TestFindings(t *testing.T) {
	day := 24 * time.Hour
	company, deal := ref(crm.Companies, 1), ref(crm.Deals, 3)
	w := newWorld()
	c := w.records[company]
	c.Properties = map[string]string{"active_users": "38", "jobs": "900"}
	c.History = map[string][]crm.Value{"active_users": {{Value: "38", At: noon.Add(-9 * day)}, {Value: "95", At: noon.Add(-80 * day)}, {Value: "152", At: noon.Add(-200 * day)}, {Value: "190", At: noon.Add(-400 * day)}}, "jobs": {{Value: "900", At: noon.Add(-day)}}}
	w.records[company] = c
	d := w.records[deal]
	d.Properties = map[string]string{"dealstage": "contractsent", "closedate": "2026-11-10T00:00:00Z", "amount": "63840"}
	w.records[deal] = d
	open := crm.Record{Ref: ref(crm.Tickets, 8), Created: noon.Add(-30 * day), Properties: map[string]string{"subject": "Jobs lost", "hs_pipeline_stage": "3", "createdate": "2026-10-21T08:00:00Z"}}
	closed := crm.Record{Ref: ref(crm.Tickets, 9), Created: noon.Add(-60 * day), Properties: map[string]string{"subject": "Done", "hs_pipeline_stage": "4", "createdate": "2026-09-21T08:00:00Z"}}
	for _, r := range []crm.Record{open, closed} {
		w.record(r)
		w.accounts[r.Ref] = company
	}
	en := func(s string) map[string]string { return map[string]string{"en": s} }
	got := stating(t, w, deal, time.Time{},
		prompts.Finding{Name: "stage", Kind: prompts.OfRecord, Text: en("Deal stage: {dealstage}, {amount}")},
		prompts.Finding{Name: "close", Kind: prompts.OfRecord, Text: en("Close date: {closedate}")},
		prompts.Finding{Name: "missing", Kind: prompts.OfRecord, Text: en("Owner: {hubspot_owner_id}")},
		prompts.Finding{Name: "ticket", Kind: prompts.OfRecords, Type: crm.Tickets, Where: []prompts.Condition{{Property: "hs_pipeline_stage", Not: []string{"4"}}}, Text: en("Open since {createdate}: {subject}")},
		prompts.Finding{Name: "usage", Kind: prompts.OfUsage, Text: en("{property}: {value} since {since}, {before} before")},
		prompts.Finding{Name: "silence", Kind: prompts.OfSilence, Direction: crm.Outgoing, After: day / 2, Text: en("Nothing from us since {date}")},
		prompts.Finding{Name: "long", Kind: prompts.OfSilence, After: 14 * day, Text: en("Silence since {date}")})
	var lines []string
	for _, f := range got {
		lines = append(lines, f.ID+" "+f.Name+" "+f.Text)
	}
	want := []string{"F1 stage Deal stage: contractsent, 63840", "F2 close Close date: 2026-11-10", "F3 ticket Open since 2026-10-21: Jobs lost",
		"F4 usage active users: 38 since 2026-11-11, 152 before", "F5 silence Nothing from us since 2026-11-19"}
	if !slices.Equal(lines, want) {
		t.Fatalf("%q", lines)
	}
	if got[1].Number != -10 || got[2].Number != 30 || got[3].Number != -75 || got[4].Number != 1 {
		t.Errorf("numbers %v %v %v %v", got[1].Number, got[2].Number, got[3].Number, got[4].Number)
	}
	if e := got[3].Evidence; len(e) != 2 || e[0].Record != company || e[0].Property != "active_users" || e[0].Quote != "38" || !e[0].Time.Equal(noon.Add(-9*day)) {
		t.Errorf("usage stands on %+v", e)
	}
	e := got[4].Evidence[0] // the call of yesterday is the last time that we were heard
	if text := w.activities[2].Document.Text; e.Activity != ref(crm.Calls, 12) || text[e.Start:e.End] != e.Quote {
		t.Errorf("silence stands on %+v", e)
	}
}

func TestFindingIsQuotedWhole(t *testing.T) {
	f := crm.Finding{ID: "F1", Text: "No message from them since 2026-09-12", Evidence: []crm.Evidence{{Activity: ref(crm.Emails, 10), Quote: "We need a price", Time: noon}}}
	scope := Scope{Portal: 7, Findings: map[string]crm.Finding{"F1": f}}
	say := func(text, quote string) Judged {
		return Judge(Statement{Text: text, Quotes: []Quote{{"F1", quote}}}, scope)
	}
	if j := say(f.Text, f.Text); !j.Supported || len(j.Evidence) != 1 || j.Evidence[0].Activity != ref(crm.Emails, 10) {
		t.Errorf("the finding itself: %+v", j)
	}
	for text, quote := range map[string]string{
		f.Text + "!":                            "since 2026-09-12",                      // cut
		"No message from them since 2026-08-12": f.Text,                                  // another day
		"90 days without a message":             f.Text,                                  // a number of its own
		"Petra Nowak has not written":           f.Text,                                  // a name of its own
		f.Text:                                  "No message from them since 2026-10-12", // invented
	} {
		if j := say(text, quote); j.Supported {
			t.Errorf("%q by %q is supported", text, quote)
		}
	}
}

// TestNothingLaterIsRead: a run of the past sees the record as it was. Whatever was set later, or may have been, is in neither prompt nor findings.
func TestNothingLaterIsRead(t *testing.T) {
	const secret = "LATERWORD"
	w := newWorld()
	deal := w.records[ref(crm.Deals, 3)]
	then := noon.Add(-36 * time.Hour)
	deal.Name, deal.Modified = "Renewal "+secret, noon.Add(-time.Hour)
	deal.Properties = map[string]string{"dealstage": "closed" + secret, "amount": secret, "dealtype": secret, "closedate": "2026-11-20T00:00:00Z"}
	deal.History = map[string][]crm.Value{"dealstage": {{Value: "closed" + secret, At: noon.Add(-2 * time.Hour)}, {Value: "contractsent", At: noon.Add(-99 * time.Hour)}},
		"amount": {{Value: secret, At: noon.Add(-2 * time.Hour)}}}
	w.records[deal.Ref] = deal
	company := w.records[ref(crm.Companies, 1)]
	company.Name, company.Modified = secret, noon.Add(-time.Hour)
	w.records[company.Ref] = company
	w.activity(ref(crm.Emails, 13), "Mira Kovac", crm.Incoming, noon.Add(-time.Hour), secret+" we signed the contract today.")
	seen := &scripted{say: quoter().say}
	e := engineOf(t, w, seen)
	for i := range e.Workflows {
		e.Workflows[i].Require = nil
		e.Workflows[i].Findings = append(e.Workflows[i].Findings,
			prompts.Finding{Name: "stage", Kind: prompts.OfRecord, Text: map[string]string{"en": "Stage: {dealstage}"}},
			prompts.Finding{Name: "amount", Kind: prompts.OfRecord, Text: map[string]string{"en": "Amount: {amount}"}})
	}
	d, err := e.DryRun(t.Context(), "reply_draft", deal.Ref, then)
	if err != nil || len(d.Passages) == 0 {
		t.Fatalf("%v, %d passages", err, len(d.Passages))
	}
	if strings.Contains(d.Prompt, secret) || strings.Contains(d.Prompt, "2026-11-20") {
		t.Errorf("the prompt of %v knows what came later:\n%s", then, d.Prompt)
	}
	if !strings.Contains(d.Prompt, "Stage: contractsent") {
		t.Error("the stage of then is missing")
	}
	if now, err := e.DryRun(t.Context(), "reply_draft", deal.Ref, time.Time{}); err != nil || !strings.Contains(now.Prompt, "closed"+secret) {
		t.Errorf("today's run must know it, or this test proves nothing: %v", err)
	}
}

func TestDatedIn(t *testing.T) {
	at := time.Date(2026, 11, 16, 10, 0, 0, 0, time.UTC) // a Monday
	text := "Thanks for the call. I'll send the draft by Friday, 2.5 pages. The board meets on 3 December!\nWir melden uns morgen. Nothing here."
	got := datedIn([]crm.Passage{{ID: "P1", Text: text, Time: at, Language: "en"}, {ID: "P2", Text: "By Friday then."}}, nil)
	var lines []string
	for _, d := range got {
		lines = append(lines, d.Day.Format(time.DateOnly)+" "+strings.TrimSpace(text[d.Start:d.End]))
	}
	want := []string{"2026-11-20 I'll send the draft by Friday, 2.5 pages.", "2026-12-03 The board meets on 3 December!"}
	if len(lines) < 2 || !slices.Equal(lines[:2], want) {
		t.Errorf("%q", lines)
	}
}
