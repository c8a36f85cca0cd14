package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/prompts"
)

// TestSilentAtInstall: what was silent, or had a day that passed, when its history was read is looked at in its turn, in the lane of backfills, once; what is not is left alone.
func TestSilentAtInstall(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	p.call("POST", "webhooks", map[string]any{"drop_rate": 1}) // all this was there before
	now := time.Now().UTC()
	deals := map[string]string{}
	firms := map[string]string{}
	for name, mails := range map[string]struct {
		ago  []int
		text string
	}{
		"silent":    {[]int{40}, "The board is happy with the trial and we look forward to your offer."},
		"talking":   {[]int{40, 3}, "The board is happy with the trial and we look forward to your offer."},
		"dead":      {[]int{500}, "The board is happy with the trial and we look forward to your offer."},
		"due":       {[]int{9}, "The board decides tomorrow, I will tell you then what they said about it."},
		"unlinked":  {[]int{40, 4}, "The board is happy with the trial and we look forward to your offer."},
		"closed":    {[]int{40}, "The board is happy with the trial and we look forward to your offer."},
		"never":     {},
		"irregular": {[]int{26, 27, 28, 29, 30, 31}, "The board is happy with the trial and we look forward to your offer."},
	} {
		company := p.create("companies", map[string]any{"name": name, "lifecyclestage": "opportunity"})
		contact := p.create("contacts", map[string]any{"firstname": "Mira", "email": name + "@harborline.example"}, company)
		stage := "contractsent"
		if name == "closed" {
			stage = "closedlost"
		}
		deals[name] = p.create("deals", map[string]any{"dealname": name, "dealstage": stage, "pipeline": "default"}, company, contact)
		firms[name] = company
		for i, ago := range mails.ago {
			m := mailOf(i, fmt.Sprintf("Hello Dana, %d. %s Mira", i, mails.text))
			m["hs_timestamp"] = now.AddDate(0, 0, -ago).Format(time.RFC3339)
			links := []string{contact, company, deals[name]}
			if name == "unlinked" && i == 1 {
				links = links[:1]
			}
			p.create("emails", m, links...)
		}
	}
	r := &repeating{s: p.s}
	if n, err := r.look(t.Context(), p.portal()); n != 0 || err != nil {
		t.Fatalf("before the history is read: %d, %v", n, err)
	}
	if err := p.s.indexer.IndexAll(t.Context(), p.portal(), nil); err != nil {
		t.Fatal(err)
	}
	look := func() {
		t.Helper()
		if _, err := r.look(t.Context(), p.portal()); err != nil {
			t.Fatal(err)
		}
		p.settle()
	}
	for range 2 { // the second time nothing is left to look at
		look()
	}
	for workflow, subjects := range map[string]map[string]string{"deal_score": deals, "next_best_action": firms} {
		want := map[string]string{"deal_score": "due irregular silent", "next_best_action": "closed due irregular silent"}[workflow]
		var got []string
		for _, name := range []string{"closed", "dead", "due", "irregular", "never", "silent", "talking", "unlinked"} {
			switch runs := p.runs(workflow, subjects[name]); len(runs) {
			case 0:
			case 1:
				got = append(got, name)
			default:
				t.Errorf("%s of %s ran %d times", workflow, name, len(runs))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s ran for %q, want %q", workflow, got, want)
		}
	}
	for _, a := range p.runs("churn_risk", firms["talking"]) {
		t.Errorf("no customer yet, and its risk was looked at: %v", a.Reasons)
	}
}

// TestLookIsBounded: of many records with their time only so many are marked at once, and it goes on where it stopped.
func TestLookIsBounded(t *testing.T) {
	p := startPipeline(t, hubsim.Options{}, nil)
	p.call("POST", "webhooks", map[string]any{"drop_rate": 1})
	for i := range repeatMost + 5 {
		p.create("companies", map[string]any{"name": fmt.Sprint("Customer ", i), "lifecyclestage": "customer"})
	}
	if err := p.s.indexer.IndexAll(t.Context(), p.portal(), nil); err != nil {
		t.Fatal(err)
	}
	r := &repeating{s: p.s, after: map[string]string{}, rests: map[string]time.Time{}}
	var churn prompts.Workflow
	for _, w := range p.s.workflows {
		if w.Name == "churn_risk" {
			churn = w
		}
	}
	for _, want := range []int{repeatMost, 5} {
		n, err := r.lookAt(t.Context(), p.portal(), churn, "companies")
		if err != nil || n != want {
			t.Errorf("went through %d, want %d: %v", n, want, err)
		}
	}
}
