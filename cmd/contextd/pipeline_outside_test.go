package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

// TestASourceBesideHubSpot: the configured server is asked by domain and name alone, what it says waits for a person with its quote, and all of it stands in the audit. When it does not
// answer, the run goes on and says so.
func TestASourceBesideHubSpot(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	broken := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization"))
		if broken {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"employees": 420}`)
	}))
	defer server.Close()
	p := startPipeline(t, hubsim.Options{}, func(c *Config) {
		c.Enrichment.Source = SourceConfig{URL: server.URL + "/companies", Token: "s3cret", Timeout: 5 * time.Second, MaxBytes: 4096, Private: "on"}
	})
	company, contact, deal := p.account()
	p.create("emails", mailOf(1, question), company, contact, deal)
	p.settle()
	runs := p.runs("enrichment", company)
	if len(runs) != 1 || len(asked) != 1 || asked[0] != "GET /companies?domain=harborline.example&name=Harborline+Lifts Bearer s3cret" {
		t.Fatalf("%d runs, asked %q", len(runs), asked)
	}
	found := false
	for _, c := range runs[0].Changes {
		if c.Property == "ai_employee_count" {
			found = c.After == "420" && c.State == crm.Pending && runs[0].Claims[c.Claims[0]].Evidence[0].Source == "http:"+strings.TrimPrefix(server.URL, "http://")
		}
	}
	counts, err := p.s.db.Counts(t.Context(), p.portal())
	if err != nil {
		t.Fatal(err)
	}
	if !found || counts.Claims == 0 || counts.Claims != counts.ClaimsQuoted {
		t.Errorf("%+v\n%+v\n%d claims, %d quoted", runs[0].Changes, runs[0].Claims, counts.Claims, counts.ClaimsQuoted)
	}
	if a := p.audited(); a["source.asked"] != 1 || a["source.answered"] != 1 || a["source.silent"] != 0 {
		t.Errorf("audit: %v", a)
	}
	raw, err := json.Marshal(p.sim.Writes(0))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "420") {
		t.Error("the source's number was written without a person")
	}
	broken = true
	p.create("emails", mailOf(2, strings.Replace(question, "140", "150", 1)), company, contact, deal)
	p.settle()
	if a := p.audited(); a["source.silent"] != 1 || len(asked) != 2 {
		t.Errorf("audit of a silent source: %v, asked %q", a, asked)
	}
	if runs := p.runs("enrichment", company); len(runs) != 2 || !strings.Contains(strings.Join(runs[0].Reasons, "\n"), "goes on without the source") {
		t.Errorf("without the source: %+v", runs)
	}
}
