package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/redact"
	"github.com/contextd/contextd/prompts"
)

func TestWhoIsSentPseudonyms(t *testing.T) {
	for _, c := range []struct {
		redact, provider, model, base string
		want                          bool
	}{
		{"", "builtin", "", "", false}, {"always", "builtin", "", "", false}, {"remote", "ollama", "qwen3:8b", "", false}, {"remote", "ollama", "qwen3:8b", "http://127.0.0.1:11434", false},
		{"remote", "ollama", "qwen3:8b", "http://[::1]:11434", false}, {"remote", "ollama", "qwen3:8b", "http://LocalHost:11434", false}, {"remote", "ollama", "qwen3:8b", "http://ollama:11434", true},
		{"remote", "ollama", "gpt-oss:120b-cloud", "", true}, {"remote", "ollama", "glm-4.6:cloud", "http://localhost:11434", true}, {"always", "ollama", "qwen3:8b", "", true},
		{"remote", "openai", "m", "http://127.0.0.1:8000/v1", true}, {"", "anthropic", "m", "", true}, {"off", "anthropic", "m", "", false}, {"remote", "ollama", "m", "http://127.0.0.1.example.com", true},
	} {
		if got := (PrivacyConfig{Redact: c.redact}).finder(c.provider, c.model, c.base) != nil; got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
	f := PrivacyConfig{RedactKinds: []redact.Kind{redact.Mail}, RedactTerms: []string{"Falcon"}}.finder("openai", "m", "")
	if got := f.Mask("Falcon, ada@example.com, +49 30 901820"); got != "[term], [mail], +49 30 901820" || f.String() != "mail, term" {
		t.Errorf("%s, %s", got, f)
	}
}

// The whole service over a provider elsewhere: what it writes is checked and kept with real values, and none of them has left.
func TestAServiceSendsPseudonyms(t *testing.T) {
	m, server := providers(t)["anthropic"](protocols["anthropic"].Truthful())
	p := startPipeline(t, hubsim.Options{Portal: 7}, func(cfg *Config) { cfg.Model = m })
	company, contact, deal := p.account()
	p.create("emails", mailOf(1, "Could you send a price for 140 technicians by Friday? Please call Ines at +44 20 7946 0018 about the contract and the board's budget, or write to ines.private@customer.example before."), company, contact, deal)
	p.settle()
	runs := p.runs("reply_draft", deal)
	if len(runs) != 1 || len(runs[0].Claims) == 0 || len(server.Asked()) == 0 {
		t.Fatalf("%d suggestions, %d requests", len(runs), len(server.Asked()))
	}
	for _, body := range server.Asked() {
		for _, canary := range []string{"7946", "ines.private", "deals/" + deal} {
			if strings.Contains(string(body), canary) {
				t.Errorf("%q has left in %s", canary, body)
			}
		}
	}
	if !strings.Contains(runs[0].Claims[0].Text, "+44 20 7946 0018") || !runs[0].Claims[0].Supported {
		t.Errorf("the claim is %+v", runs[0].Claims[0])
	}
	asked := len(server.Asked())
	if err := p.s.db.Mark(t.Context(), []crm.Mark{{Portal: 7, Kind: crm.ConsiderWork, Key: "reply_draft:" + deal}}, crm.Claim{}); err != nil {
		t.Fatal(err)
	}
	p.settle()
	again := p.runs("reply_draft", deal)
	if len(again) != 2 || len(server.Asked()) != asked || again[0].Usage.FromCache != 1 || !strings.Contains(again[0].Claims[0].Text, "+44 20 7946 0018") {
		t.Errorf("from the cache: %d suggestions, %d requests, %+v", len(again), len(server.Asked()), again[0])
	}
}

// An embedder elsewhere is sent masked texts; the description of its index tells a setting from another, and an index from before the setting is asked with masked texts, too.
func TestAnEmbedderIsSentMaskedTexts(t *testing.T) {
	var mu sync.Mutex
	var sent strings.Builder
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if _, err := io.Copy(&sent, r.Body); err != nil {
			t.Error(err)
		}
		if strings.HasSuffix(r.URL.Path, "/models") {
			io.WriteString(w, `{"data":[]}`) // a client that has left is part of the tests
			return
		}
		io.WriteString(w, `{"data":[{"index":0,"embedding":[0.6,0.8]}]}`)
	}))
	t.Cleanup(s.Close)
	cfg := Config{Embedder: EmbedderConfig{Provider: "openai", Model: "m", BaseURL: s.URL + "/v1"}}
	was := cfg
	was.Privacy.Redact = "off"
	now, before := embedderOf(cfg), embedderOf(was)
	if now.describe() == before.describe() {
		t.Error("the description does not tell whether texts are masked")
	}
	prints := map[string]bool{}
	for _, description := range []string{now.describe(), before.describe()} {
		e, err := embedders(cfg)(t.Context(), description)
		if err != nil {
			t.Fatal(err)
		}
		prints[e.Fingerprint()] = true
		if _, _, err := e.Embed(t.Context(), crm.EmbedQuery, []string{"who is ada@customer.example, " + e.Name()}); err != nil {
			t.Fatal(err)
		}
	}
	if text := sent.String(); len(prints) != 2 || strings.Contains(text, "customer.example") || strings.Count(text, "[mail]") != 2 {
		t.Errorf("%d fingerprints, sent %s", len(prints), text)
	}
}

// Whoever is measured is told what the service would tell: the figures are of what runs.
func TestEvaluationsSendPseudonymsToo(t *testing.T) {
	cfg := Config{Model: ModelConfig{Provider: "openai", Model: "m", BaseURL: "http://127.0.0.1:9/v1"}, Models: []ModelConfig{{Provider: "ollama", Model: "m", Workflows: []string{"lead_score"}}}}
	for _, c := range []struct {
		named []string
		last  string // workflow that the last provider is asked for
		want  bool
	}{{nil, "reply_draft", true}, {nil, "lead_score", false}, {[]string{"builtin"}, "reply_draft", false}, {[]string{"openai/m@http://127.0.0.1:9/v1"}, "reply_draft", true}, {[]string{"ollama/m"}, "reply_draft", false}} {
		all, done, err := evalProviders(cfg, c.named)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := all[len(all)-1](prompts.Workflow{Name: c.last}).(redact.Completer); got != c.want {
			t.Errorf("%v for %s: pseudonyms %t", c.named, c.last, got)
		}
		done()
	}
}
