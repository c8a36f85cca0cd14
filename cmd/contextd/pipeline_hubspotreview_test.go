package main

import (
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

// TestReviewInHubSpot: a record shows that a suggestion waits on it, and what a person chooses there is carried out in their name. Nobody else's word counts: not that of a
// user without the role, and not an integration's.
func TestReviewInHubSpot(t *testing.T) {
	users := []string{"*=approver"}
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.Review.HubSpotUsers = users })
	rest := func() {
		t.Helper()
		for n := 1; n > 0; {
			p.settle()
			var err error
			if n, err = (&signalling{p.s}).once(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.settle() // the service looks by itself, too: what it saw first is not counted here
		}
	}
	_, contact, deal := p.account()
	p.create("emails", mailOf(1, question), contact, deal)
	rest()
	waiting := func(record string) (out []crm.Proposal) {
		t.Helper()
		f := store.SuggestionFilter{Portal: p.portal(), State: crm.Pending}
		if record != "" {
			f.Record = p.ref(record)
		}
		out, _, err := p.s.db.Suggestions(t.Context(), f, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if len(waiting("")) == 0 {
		t.Fatal("nothing waits for a decision")
	}
	record := waiting("")[0].Record.Path()
	before := waiting(record)
	shows := func(what, property, want string) {
		t.Helper()
		got, err := p.hub().Current(t.Context(), p.ref(record), property)
		if err != nil || got.Value != want {
			t.Errorf("%s: %s is %q, want %q %v", what, property, got.Value, want, err)
		}
	}
	decide := func(value string, as map[string]any) {
		t.Helper()
		body := map[string]any{"properties": map[string]any{crm.ReviewDecision: value}}
		for k, v := range as {
			body[k] = v
		}
		p.call("PATCH", "objects/"+record, body)
		rest()
	}
	undecided := func(what string) {
		t.Helper()
		if n := p.audited(); len(waiting(record)) != len(before) || n["review.hubspot"]+n["review.approve"]+n["review.reject"] != 0 {
			t.Errorf("%s: %d of %d wait, audited %v", what, len(waiting(record)), len(before), n)
		}
	}
	shows("something waits", crm.ReviewStatus, crm.ReviewPending)
	decide(crm.ReviewApprove, map[string]any{"changeSource": "INTEGRATION", "sourceId": "99"})
	undecided("an integration's word")
	decide("", nil)
	undecided("no word")
	users[0] = "*=reviewer"
	decide(crm.ReviewApprove, nil)
	undecided("a reviewer's approval")
	shows("refused", crm.ReviewDecision, "")
	if n := p.audited()["review.refused"]; n != 1 {
		t.Errorf("refused %d times", n)
	}
	decide(crm.ReviewReject, nil)
	shows("all rejected", crm.ReviewStatus, crm.ReviewNone)
	shows("carried out", crm.ReviewDecision, "")
	if n := p.audited(); n["review.hubspot"] != 1 || n["review.reject"] != len(before) {
		t.Errorf("audited %v", n)
	}
	for _, b := range before {
		now, err := p.s.db.Proposal(t.Context(), p.portal(), b.ID)
		if err != nil || now.State != crm.Rejected || !strings.HasPrefix(now.DecidedBy.String(), "hubspot:") {
			t.Errorf("%s is %s by %s %v", b.ID, now.State, now.DecidedBy, err)
		}
	}

	users[0] = "*=approver"
	p.create("emails", mailOf(2, "Hello Dana,\n\nplease send the security questionnaire and the list of sub-processors by Monday.\n\nMira"), contact, deal)
	rest()
	if len(waiting(record)) == 0 {
		t.Fatal("nothing waits after the second mail")
	}
	shows("something waits again", crm.ReviewStatus, crm.ReviewPending)
	before = waiting(record)
	decide(crm.ReviewApprove, nil)
	shows("all approved", crm.ReviewStatus, crm.ReviewNone)
	for _, b := range before {
		now, err := p.s.db.Proposal(t.Context(), p.portal(), b.ID)
		if err != nil || now.State != crm.Applied {
			t.Errorf("%s is %s %v", b.ID, now.State, err)
		}
	}
	runs := p.audited()["gate.review"]
	rest()
	if again := p.audited()["gate.review"]; again != runs {
		t.Errorf("our own writes started %d runs", again-runs)
	}
}

func TestMayDecide(t *testing.T) {
	t.Parallel()
	c := Config{Review: ReviewConfig{HubSpotUsers: []string{"1=approver", "*=reviewer", "2=reviewer"}}}
	for _, k := range []struct {
		user             string
		approve, rejects bool
	}{{"1", true, true}, {"2", false, true}, {"3", false, true}} {
		if a, r := c.mayDecide(1, k.user, true), c.mayDecide(1, k.user, false); (a == "") != k.approve || (r == "") != k.rejects {
			t.Errorf("user %s: approving %q, rejecting %q", k.user, a, r)
		}
	}
	if (Config{}).mayDecide(1, "1", false) == "" {
		t.Error("without a list somebody may decide")
	}
}
