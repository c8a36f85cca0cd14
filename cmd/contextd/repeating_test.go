package main

import (
	"fmt"
	"net/http"
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

// TestFirstLooksThatCostMoneyWait: what nothing happens to is not put before a model that costs money, or of which nobody has said what it costs, until the configuration says so: imported contacts and customers
// are counted, with what they would cost, and nothing is asked. Something that happens is looked at as ever.
func TestFirstLooksThatCostMoneyWait(t *testing.T) {
	m, server := providers(t)["openai"](protocols["openai"].Truthful())
	unpriced, free := m, priced(m, 0, 0)
	for name, c := range map[string]struct {
		model ModelConfig
		setup string
		asked bool
		cost  string
	}{
		"a price":                 {priced(m, 2, 10), "free", false, "at most about $0.0"},
		"no price":                {unpriced, "free", false, "nobody has said what that costs"},
		"a price, and all":        {priced(m, 2, 10), "all", true, ""},
		"a server of one's own":   {free, "free", true, ""},
		"the built-in, but none":  {ModelConfig{Provider: "builtin"}, "none", false, ""},
		"the built-in, of itself": {ModelConfig{Provider: "builtin"}, "free", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(server.Asked())
			p := startPipeline(t, hubsim.Options{}, func(cfg *Config) { cfg.Model, cfg.Workflows.FirstLooks = c.model, c.setup })
			p.call("POST", "webhooks", map[string]any{"drop_rate": 1})
			firm, contact := "", ""
			for i := range 3 {
				company := p.create("companies", map[string]any{"name": fmt.Sprint("Customer ", i), "lifecyclestage": "customer"})
				p.call("POST", "import", map[string]any{"objects": []any{map[string]any{"type": "contacts", "properties": map[string]any{"firstname": "Mira", "email": fmt.Sprintf("mira%d@harborline.example", i)}, "associations": []string{company}}}})
				p.create("emails", mailOf(i, fmt.Sprintf("Hello Dana, %d. We are not happy with the app, it is too slow, and the board asks for a price by Friday. Mira", i)), company)
				firm = company
			}
			if err := p.s.indexer.IndexAll(t.Context(), p.portal(), nil); err != nil {
				t.Fatal(err)
			}
			people, err := p.s.db.Unseen(t.Context(), p.portal(), "contacts", "", "", 9)
			if err != nil || len(people) != 3 {
				t.Fatalf("%d contacts: %v", len(people), err)
			}
			contact = people[0].Ref.Path()
			r := &repeating{s: p.s}
			for range 2 {
				if _, err := r.look(t.Context(), p.portal()); err != nil {
					t.Fatal(err)
				}
			}
			p.settle()
			var st statusView
			p.api("/status", &st)
			var out strings.Builder
			showStatus(&out, st)
			if c.asked {
				scores := map[string]int{"all": 1}[c.setup] // where nothing is held back, what was imported before is history
				if len(p.runs("churn_risk", firm)) != 1 || len(p.runs("lead_score", contact)) != scores || len(st.Held) > 0 {
					t.Errorf("%d runs about a customer, %d about a contact, held %+v", len(p.runs("churn_risk", firm)), len(p.runs("lead_score", contact)), st.Held)
				}
				return
			}
			if n := len(server.Asked()) - before; n > 0 || len(p.runs("churn_risk", firm))+len(p.runs("lead_score", contact)) > 0 || st.Work["backfill"] > 0 {
				t.Errorf("asked %d times, work %v", n, st.Work)
			}
			if c.setup == "none" {
				if len(st.Held) > 0 {
					t.Errorf("held %+v, although somebody has decided", st.Held)
				}
				return
			}
			for _, want := range []string{"held      churn_risk has not looked at 3 companies: one answer of openai/", "held      lead_score has not looked at 3 contacts", c.cost} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("status lacks %q:\n%s", want, out.String())
				}
			}
			if _, err := keepLocal(p.s.cfg.DataDir, p.url, nil); err != nil {
				t.Fatal(err)
			}
			if checks := heldChecks(t.Context(), p.s.cfg); len(checks) != 2 || checks[0].State != "warn" || !strings.Contains(checks[0].Detail, "3 companies") {
				t.Errorf("doctor says %+v", checks)
			}
			p.call("POST", "webhooks", map[string]any{"drop_rate": 0})
			p.create("emails", mailOf(9, "Hello Dana, we will give notice if this is not solved by Monday. Mira"), firm, contact)
			p.settle()
			if len(p.runs("churn_risk", firm)) != 1 || len(server.Asked()) == before {
				t.Errorf("something happened: %d runs, asked %d times", len(p.runs("churn_risk", firm)), len(server.Asked())-before)
			}
		})
	}
}

// TestWhatFailedForGoodIsNotLookedAtAgain: a model that gives no usable answer about a customer is not asked again every minute.
func TestWhatFailedForGoodIsNotLookedAtAgain(t *testing.T) {
	m, server := providers(t)["openai"](func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte(protocols["openai"].Reply(`{"risk": 1e999`, "stop"))); err != nil {
			t.Error(err)
		}
	})
	m.Workflows = []string{"churn_risk"}
	p := startPipeline(t, hubsim.Options{}, func(cfg *Config) { cfg.Models = []ModelConfig{priced(m, 0, 0)} })
	p.call("POST", "webhooks", map[string]any{"drop_rate": 1})
	company := p.create("companies", map[string]any{"name": "Customer", "lifecyclestage": "customer"})
	person := p.create("contacts", map[string]any{"firstname": "Mira", "email": "mira@harborline.example"}, company)
	p.create("emails", mailOf(1, "Hello Dana, we are not happy with the app, it is too slow, and the board asks for a price by Friday. Mira"), company, person)
	if err := p.s.indexer.IndexAll(t.Context(), p.portal(), nil); err != nil {
		t.Fatal(err)
	}
	r := &repeating{s: p.s}
	for range 4 { // minutes
		if _, err := r.look(t.Context(), p.portal()); err != nil {
			t.Fatal(err)
		}
		p.settle()
	}
	if n := len(server.Asked()); n != 2 {
		t.Errorf("asked %d times, want the call and one repair", n)
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
