package main

import (
	"context"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// demoPortal is the service after it has read the demo's history, beside the simulator; both end with the test.
func demoPortal(t *testing.T) (*service, *hubsim.Server) {
	t.Helper()
	s, sim, end, err := readDemo(t.Context())
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, sim
}

// Every reason is what somebody wrote, byte for byte, and both sides say it of their own account.
func TestSimilarQuotesTheDemoPortal(t *testing.T) {
	s, sim := demoPortal(t)
	portal := sim.Options().Portal
	if err := (&profiles{s: s}).follow(t.Context(), portal); err != nil {
		t.Fatal(err)
	}
	accounts, err := s.db.Accounts(t.Context(), portal)
	if err != nil {
		t.Fatal(err)
	}
	explained, asked := 0, 0
	for _, a := range accounts {
		found, err := s.finder().Similar(t.Context(), crm.SimilarQuestion{ProfileFilter: crm.ProfileFilter{Portal: portal}, Account: a, Limit: 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range found {
			t.Logf("%s – %s  %.2f", a.Path(), n.Name, n.Score)
			if asked++; len(n.Because) > 0 {
				explained++
			}
			for i, b := range n.Because {
				t.Logf("      %s | %v", b.Quote, b.Words)
				if want := []crm.Ref{a, n.Account}[i%2]; b.Account != want {
					t.Errorf("%s: reason %d of %s is of %s", a, i, n.Account, b.Account)
				}
				verbatim(t, s, b)
			}
		}
	}
	if explained*4 < asked { // better no reason than a silly one, but none at all would be no help
		t.Errorf("only %d of %d neighbours are explained", explained, asked)
	}
}

// verbatim looks for a quote where it says that it is.
func verbatim(t *testing.T, s *service, l crm.Likeness) {
	t.Helper()
	text, err := textOf(t.Context(), s, l)
	if err != nil {
		t.Fatal(err)
	}
	if l.Start < 0 || l.End > len(text) || l.Start >= l.End || text[l.Start:l.End] != l.Quote {
		t.Errorf("%s says %q at %d to %d of %q", l.Activity, l.Quote, l.Start, l.End, text)
	}
	if len(crm.Terms(l.Quote)) < 5 || len(l.Words) == 0 || strings.TrimSpace(l.Quote) != l.Quote {
		t.Errorf("%s: %q is no reason (%v)", l.Activity, l.Quote, l.Words)
	}
}

func textOf(ctx context.Context, s *service, l crm.Likeness) (string, error) {
	return s.db.Text(ctx, l.Activity, l.Version)
}

// A profile follows its account: what is written comes in, and what is deleted goes.
func TestProfilesFollowTheirAccounts(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	company, contact, _ := p.account()
	other := p.create("companies", map[string]any{"name": "Corvane", "domain": "corvane.example"})
	p.create("emails", mailOf(1, "The works council demands that location tracking stays switched off before anybody signs the contract."), contact)
	p.create("notes", map[string]any{"hs_note_body": "Their works council wants a written promise that location tracking is never switched on.", "hs_timestamp": "2026-11-02T09:00:00Z"}, other)
	p.settle()
	keep := func() map[string]bool {
		t.Helper()
		if err := (&profiles{s: p.s}).follow(t.Context(), p.portal()); err != nil {
			t.Fatal(err)
		}
		found, err := p.s.index.Live().Index.Profiles(t.Context(), []crm.Ref{p.ref(company)})
		if err != nil || len(found) != 1 {
			t.Fatalf("%d profiles, %v", len(found), err)
		}
		terms := map[string]bool{}
		for _, term := range found[0].Terms {
			terms[term.Term] = true
		}
		return terms
	}
	if terms := keep(); !terms["council"] || terms["mira"] || terms["harborlin"] {
		t.Errorf("terms %v", terms)
	}
	found, err := p.s.finder().Similar(t.Context(), crm.SimilarQuestion{ProfileFilter: crm.ProfileFilter{Portal: p.portal()}, Account: p.ref(company)})
	if err != nil || len(found) != 1 || found[0].Account != p.ref(other) || found[0].Name != "Corvane" {
		t.Errorf("%+v, %v", found, err)
	}
	mail := p.create("emails", mailOf(2, "An earthquake has damaged the warehouse, so everything else has to wait until the insurer was there."), contact)
	p.settle()
	if terms := keep(); !terms["earthquak"] || !terms["council"] {
		t.Errorf("after a mail: %v", terms)
	}
	p.call("DELETE", "objects/"+mail, nil)
	p.settle()
	if terms := keep(); terms["earthquak"] || !terms["council"] {
		t.Errorf("after the mail was deleted: %v", terms)
	}
}
