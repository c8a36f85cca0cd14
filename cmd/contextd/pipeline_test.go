package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

// TestManyMailsOneRun: a burst on one deal causes one run and one suggestion.
func TestManyMailsOneRun(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.Workflows.Quiet = time.Second })
	_, contact, deal := p.account()
	for i := range 20 {
		p.create("emails", mailOf(i, question), contact, deal)
	}
	p.settle()
	if got := len(p.runs("reply_draft", deal)); got != 1 {
		t.Errorf("%d runs for twenty mails, want 1", got)
	}
}

// TestAssociationsThatComeLate: a mail whose deal is named only after it was read is answered all the same.
func TestAssociationsThatComeLate(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, contact, deal := p.account()
	mail := p.create("emails", mailOf(1, question), contact)
	p.settle()
	if got := len(p.runs("reply_draft", deal)); got != 0 {
		t.Fatalf("%d runs before the deal was named", got)
	}
	p.call("POST", "associations", map[string]any{"from": mail, "to": deal})
	p.settle()
	if got := p.runs("reply_draft", deal); len(got) != 1 || got[0].State != crm.Pending {
		t.Errorf("runs after the deal was named: %+v", got)
	}
}

const talk = `Mira Kovac: Thanks for the time. We need a price for 140 technicians by Friday, and the contract should be ready before the board meets on Monday.
Dana Whitlock: I will send the contract tomorrow, and the price list with it. Is the budget approved on your side already?
Mira Kovac: The board approved a budget of 48,000 euros. My concern is that the old tablets in Galway are a risk, they are from 2017.`

// TestEditedCallUpdatesItsNote: whatever becomes of a call, there is one note of ours about it, and what a person made of that note stays.
func TestEditedCallUpdatesItsNote(t *testing.T) {
	for _, plain := range []bool{false, true} {
		p := startPipeline(t, hubsim.Options{RefuseUniqueOnActivities: plain}, func(c *Config) { c.HubSpot.AppID = "" })
		_, contact, deal := p.account()
		call := "calls/" + p.call("POST", "objects/calls", map[string]any{"properties": map[string]any{"hs_call_title": "Renewal", "hs_call_direction": "INBOUND", "hs_call_body": talk}, "associations": []string{contact, deal}})
		p.settle()
		note := func() (string, string) {
			t.Helper()
			for _, r := range p.runs("call_summary", call) {
				for _, c := range r.Changes {
					ref, found, err := p.hub().FindActivity(t.Context(), p.portal(), crm.Notes, c.Key, c.Links)
					if err == nil {
						return ref.Path(), found["hs_note_body"]
					}
				}
			}
			return "", ""
		}
		approve := func() {
			t.Helper()
			for _, r := range p.runs("call_summary", call) {
				if r.State == crm.Pending {
					d := engine.Decision{Portal: p.portal(), Proposal: r.ID, Approve: true, Seen: r.ETag(), Actor: crm.Actor{Kind: crm.UserActor, ID: "ann"}}
					if _, err := p.reviewer().Decide(t.Context(), d); err != nil {
						t.Fatal(err)
					}
				}
			}
			p.settle()
		}
		approve()
		first, body := note()
		if first == "" || !strings.Contains(body, "140 technicians") {
			t.Fatalf("plain %v: no note: %+v", plain, p.runs("call_summary", call))
		}
		p.call("PATCH", "objects/"+call, map[string]any{"properties": map[string]any{"hs_call_body": strings.ReplaceAll(talk, "140 technicians", "170 technicians")}})
		p.settle()
		approve()
		second, body := note()
		if second != first || !strings.Contains(body, "170 technicians") || len(p.notesOf("call_summary")) != 1 {
			t.Errorf("plain %v: %s then %s, %d notes: %s", plain, first, second, p.sim.State().Activities[crm.Note], body)
		}
		// a person edits the note, then the call changes again
		p.call("PATCH", "objects/"+first, map[string]any{"properties": map[string]any{"hs_note_body": "<p>Mira wants 200 seats, I talked to her.</p>"}})
		p.settle()
		p.call("PATCH", "objects/"+call, map[string]any{"properties": map[string]any{"hs_call_body": strings.ReplaceAll(talk, "140 technicians", "180 technicians")}})
		p.settle()
		runs := p.runs("call_summary", call)
		if runs[0].State == crm.Pending && len(runs) == 3 { // the gate had asked a person already, who lets it through without knowing of the edit
			approve()
			runs = p.runs("call_summary", call)
		}
		if _, body := note(); !strings.Contains(body, "200 seats") || runs[0].State != crm.Pending || !slices.ContainsFunc(runs[0].Changes[0].Reasons, func(s string) bool { return strings.Contains(s, "a person changed") }) {
			t.Errorf("plain %v: the person's edit: %s\n%s %+v", plain, body, runs[0].State, runs[0].Changes)
		}
		approve()
		if third, body := note(); third != first || !strings.Contains(body, "180 technicians") || len(p.notesOf("call_summary")) != 1 {
			t.Errorf("plain %v: after approving over the edit: %s, %d notes", plain, body, len(p.notesOf("call_summary")))
		}
		if c, err := p.s.db.Counts(t.Context(), p.portal()); err != nil || c.Dead != 0 {
			t.Errorf("%+v %v", c, err)
		}
		if n := len(p.runs("reply_draft", deal)); n != 0 {
			t.Errorf("%d replies to our own notes", n)
		}
	}
}

// TestForgottenPersonStaysForgotten: a privacy deletion takes texts, vectors and suggestions along, and a late webhook brings nothing back.
func TestForgottenPersonStaysForgotten(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, deal := p.account()
	mail := p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	if n, err := p.s.index.Live().Index.Count(t.Context(), crm.Filter{Portal: p.ref(company).Portal, Account: p.ref(company)}); err != nil || n == 0 {
		t.Fatalf("%d vectors %v", n, err)
	}
	p.call("DELETE", "objects/"+contact+"?gdpr=true", nil)
	p.settle()
	p.call("PATCH", "objects/"+mail, map[string]any{"properties": map[string]any{"hs_email_text": question + "\n\nPS: one more thing."}})
	events := p.settle()
	if _, err := p.s.db.Activity(t.Context(), p.ref(mail)); err == nil {
		t.Error("the mail is there again")
	}
	if _, err := p.s.db.Record(t.Context(), p.ref(contact)); err == nil {
		t.Error("the contact is there again")
	}
	if c, err := p.s.db.Counts(t.Context(), p.portal()); err != nil || c.Chunks != 0 || c.Dead != 0 {
		t.Errorf("%+v %v", c, err)
	}
	if n, err := p.s.index.Live().Index.Count(t.Context(), crm.Filter{Portal: p.ref(company).Portal, Account: p.ref(company)}); err != nil || n != 0 {
		t.Errorf("%d vectors %v", n, err)
	}
	if events.Dead != 0 {
		t.Errorf("%+v", events)
	}
}

// TestMergedContactsAreOne: what was told to either of two merged contacts is the memory of the one that is left.
func TestMergedContactsAreOne(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, one, _ := p.account()
	two := p.create("contacts", map[string]any{"firstname": "M.", "lastname": "Kovac", "email": "m.kovac@harborline.example"})
	mail := p.create("emails", mailOf(1, question), two)
	p.settle()
	p.call("POST", "merge", map[string]any{"type": "contacts", "primary": one[len("contacts/"):], "merged": two[len("contacts/"):]})
	p.settle()
	a, err := p.s.db.Activity(t.Context(), p.ref(mail))
	if err != nil || len(a.Accounts) != 1 || a.Accounts[0] != p.ref(company) {
		t.Errorf("the mail belongs to %v (links %+v), want %s: %v", a.Accounts, a.Links, company, err)
	}
	for _, id := range []string{one, two} {
		if r, err := p.s.db.Record(t.Context(), p.ref(id)); err != nil || r.Name == "" {
			t.Errorf("%s: %+v %v", id, r, err)
		}
	}
}

// TestDeletedAndRestored: a deleted activity leaves nothing that can be found; restored, it is back.
func TestDeletedAndRestored(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, deal := p.account()
	mail := p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	count := func() (int, int) {
		t.Helper()
		c, err := p.s.db.Counts(t.Context(), p.portal())
		if err != nil {
			t.Fatal(err)
		}
		n, err := p.s.index.Live().Index.Count(t.Context(), crm.Filter{Portal: p.ref(company).Portal, Account: p.ref(company)})
		if err != nil {
			t.Fatal(err)
		}
		return c.Chunks, n
	}
	chunks, vectors := count()
	if chunks == 0 || vectors == 0 {
		t.Fatalf("%d chunks, %d vectors", chunks, vectors)
	}
	if runs := p.runs("reply_draft", deal); len(runs) != 1 || runs[0].State != crm.Pending {
		t.Fatalf("%+v", runs)
	}
	p.call("DELETE", "objects/"+mail, nil)
	p.settle()
	for _, r := range p.runs("reply_draft", deal) {
		if r.State == crm.Pending {
			t.Errorf("a suggestion still quotes the deleted mail: %+v", r)
		}
	}
	if c, v := count(); c != 0 || v != 0 {
		t.Errorf("after deletion: %d chunks, %d vectors", c, v)
	}
	p.call("POST", "objects/"+mail+"/restore", nil)
	p.settle()
	if c, v := count(); c != chunks || v != vectors {
		t.Errorf("after restoring: %d chunks, %d vectors, want %d, %d", c, v, chunks, vectors)
	}
}

// TestImportsScoreOnceAndHistoryNever: imported contacts are scored once each, in the backfill lane; reading the history again triggers nothing.
func TestImportsScoreOnceAndHistoryNever(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	_, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal)
	p.settle()
	p.call("POST", "import", map[string]any{"objects": 7, "activities": 14})
	p.settle()
	all := func() (n int, imported map[crm.Ref]int) {
		t.Helper()
		runs, _, err := p.s.db.Suggestions(t.Context(), store.SuggestionFilter{Portal: p.portal()}, "", 500)
		if err != nil {
			t.Fatal(err)
		}
		imported = map[crm.Ref]int{}
		for _, r := range runs {
			if r.Cause.Lane == crm.BackfillLane {
				imported[r.Subject]++
			}
			if r.Cause.Lane == crm.BackfillLane && r.Workflow != "lead_score" {
				t.Errorf("an import ran %s", r.Workflow)
			}
		}
		return len(runs), imported
	}
	before, imported := all()
	if len(imported) != 7 {
		t.Errorf("%d imported contacts were scored, want 7", len(imported))
	}
	for ref, n := range imported {
		if n != 1 {
			t.Errorf("%s was scored %d times", ref, n)
		}
	}
	if err := p.s.indexer.IndexAll(t.Context(), p.portal(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.s.db.ResetMarks(t.Context(), p.portal()); err != nil { // an embedder change, a reindex
		t.Fatal(err)
	}
	if err := p.s.indexer.IndexAll(t.Context(), p.portal(), nil); err != nil {
		t.Fatal(err)
	}
	p.settle()
	if after, _ := all(); after != before {
		t.Errorf("reading the history made %d runs", after-before)
	}
}
