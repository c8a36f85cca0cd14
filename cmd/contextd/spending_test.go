package main

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/store"
)

func priced(m ModelConfig, input, output float64) ModelConfig {
	m.InputPrice, m.OutputPrice = &input, &output
	return m
}

// What a run costs stands in the suggestion, in the audit and in the ledger, the same amount in each; asked again, it costs nothing, and everything says so.
func TestARunIsPaidOnce(t *testing.T) {
	m, server := providers(t)["openai"](protocols["openai"].Truthful())
	m.Workflows = []string{"reply_draft"}
	p := startPipeline(t, hubsim.Options{Portal: 7}, func(cfg *Config) { cfg.Models = []ModelConfig{priced(m, 2, 10)} })
	company, contact, deal := p.account()
	p.create("emails", mailOf(1, question), company, contact, deal)
	p.settle()
	first := p.runs("reply_draft", deal)
	if len(first) != 1 || first[0].Usage.CostUSD <= 0 || first[0].Usage.FromCache != 0 {
		t.Fatalf("%+v", first)
	}
	if err := p.s.db.Mark(t.Context(), []crm.Mark{{Portal: 7, Kind: crm.ConsiderWork, Key: "reply_draft:" + deal}}, crm.Claim{}); err != nil {
		t.Fatal(err)
	}
	p.settle()
	again := p.runs("reply_draft", deal)
	if len(again) != 2 || again[0].Usage != (crm.Usage{FromCache: 1}) || again[0].Model != first[0].Model || len(server.Asked()) != 1 {
		t.Errorf("asked %d times; again: %+v by %s", len(server.Asked()), again[0].Usage, again[0].Model)
	}
	entries, _, err := p.s.db.AuditEntries(t.Context(), 7, "", "", 5000)
	if err != nil || !slices.ContainsFunc(entries, func(e crm.AuditEntry) bool {
		return e.IDs["proposal"] == again[0].ID && e.IDs["from_cache"] == "1" && e.IDs["cost_usd"] == "0"
	}) {
		t.Errorf("no audit entry says that the answer came from the cache (%v)", err)
	}
	var st statusView
	p.api("/status", &st)
	i := slices.IndexFunc(st.Usage, func(u usageView) bool { return u.Workflow == "reply_draft" })
	if i < 0 || st.Usage[i].CostUSD == nil || *st.Usage[i].CostUSD != first[0].Usage.CostUSD || st.Usage[i].Calls != 1 || st.Usage[i].FromCache != 1 || st.Budget.SpentUSD != first[0].Usage.CostUSD || st.Budget.ReservedUSD != 0 {
		t.Errorf("status %+v %+v, the suggestion cost %v", st.Budget, st.Usage, first[0].Usage.CostUSD)
	}
	var out strings.Builder
	showStatus(&out, st)
	if !strings.Contains(out.String(), "chat for reply_draft by openai/") || !strings.Contains(out.String(), "1 from the cache saved") {
		t.Errorf("status says\n%s", out.String())
	}
	if _, err := p.s.db.Erase(t.Context(), p.ref(contact), crm.System("privacy")); err != nil {
		t.Fatal(err)
	}
	if n := len(server.Asked()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// The budget: runs that it has no room for wait and are shown everywhere, nothing is asked, search and workflows that cost nothing go on; a start with a larger one does them.
func TestTheBudgetStopsRuns(t *testing.T) {
	m, server := providers(t)["openai"](protocols["openai"].Truthful())
	m.Workflows = []string{"reply_draft"}
	dir, deal := t.TempDir(), ""
	with := func(budget float64) func(*Config) {
		return func(cfg *Config) {
			cfg.DataDir, cfg.Models, cfg.Budget.MonthlyUSD = dir, []ModelConfig{priced(m, 2, 10)}, budget
		}
	}
	t.Run("used up", func(t *testing.T) {
		p := startPipeline(t, hubsim.Options{Portal: 7}, with(0.01))
		company, contact, of := p.account()
		deal = of
		p.create("emails", mailOf(1, question), company, contact, deal)
		eventually(t, func() bool {
			row, err := p.s.db.Row(t.Context(), 7, crm.ConsiderWork, "reply_draft:"+deal)
			return err == nil && row.State == "waiting" && strings.Contains(row.LastError, crm.BudgetWords)
		})
		eventually(t, func() bool { return len(p.runs("lead_score", contact)) > 0 })
		budgetShown(t, p, company, deal)
		if len(server.Asked()) != 0 {
			t.Errorf("asked %d times", len(server.Asked()))
		}
	})
	t.Run("raised", func(t *testing.T) {
		p := startPipeline(t, hubsim.Options{Portal: 7}, with(1))
		p.settle()
		if len(p.runs("reply_draft", deal)) != 1 || len(server.Asked()) != 1 {
			t.Errorf("with more money: %d drafts, asked %d times", len(p.runs("reply_draft", deal)), len(server.Asked()))
		}
	})
}

func budgetShown(t *testing.T, p *pipeline, company, deal string) {
	t.Helper()
	var st statusView
	p.api("/status", &st)
	if !st.Budget.Stopped || st.Budget.WaitingRuns != 1 || st.Budget.SpentUSD != 0 {
		t.Errorf("status %+v", st.Budget)
	}
	var found struct {
		Items []json.RawMessage `json:"items"`
	}
	if p.api("/records/"+company+"/search?q=price", &found); len(found.Items) == 0 {
		t.Error("search finds nothing")
	}
	if _, err := keepLocal(p.s.cfg.DataDir, p.url, nil); err != nil {
		t.Fatal(err)
	}
	if checks := budgetChecks(t.Context(), p.s.cfg); len(checks) != 1 || checks[0].State != "fail" || !strings.Contains(checks[0].Detail, "1 runs wait until") {
		t.Errorf("doctor says %+v", checks)
	}
	if n := p.audited()["budget.reached"]; n != 1 {
		t.Errorf("%d audit entries say that the budget is used up", n)
	}
	if rows, _, err := p.s.db.WorkRows(t.Context(), store.WorkFilter{Portal: 7, State: "buried"}, "", 10); err != nil || len(rows) > 0 {
		t.Errorf("buried: %+v %v", rows, err)
	}
	dry := p.post("/runs", `{"workflow":"reply_draft","subject":"`+deal+`","dry_run":true}`)
	if dry.status != http.StatusServiceUnavailable || !strings.Contains(dry.body, crm.BudgetWords) {
		t.Errorf("a dry run answers %d %s", dry.status, dry.body)
	}
}

type httpAnswer struct {
	status int
	body   string
}

// post calls the API of the running service with the local token.
func (p *pipeline) post(path, body string) httpAnswer {
	p.Helper()
	return p.ask(http.MethodPost, path, body)
}

func (p *pipeline) api(path string, into any) {
	p.Helper()
	got := p.ask(http.MethodGet, path, "")
	if got.status != http.StatusOK {
		p.Fatalf("GET %s: %d %s", path, got.status, got.body)
	}
	if err := json.Unmarshal([]byte(got.body), into); err != nil {
		p.Fatal(err)
	}
}

func (p *pipeline) ask(method, path, body string) httpAnswer {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), method, p.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.s.access.local)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatal(err)
	}
	return httpAnswer{resp.StatusCode, string(b)}
}

// A cost of which only a part is known is not said to be of a model without a price.
func TestACostThatIsKnownInPart(t *testing.T) {
	known := 0.5
	for want, u := range map[string]usageView{
		"cost unknown: no price was set for the model\n":              {Calls: 2, Unpriced: 2},
		"cost unknown: no price was set for the model at 1 of them\n": {Calls: 2, Unpriced: 1},
		"2 calls, 0 tokens in, 0 out, $0.50\n":                        {Calls: 2, CostUSD: &known},
	} {
		var out strings.Builder
		showSpending(&out, budgetView{Month: "2026-11"}, []usageView{u})
		if !strings.HasSuffix(out.String(), want) {
			t.Errorf("%q does not end with %q", out.String(), want)
		}
	}
}
