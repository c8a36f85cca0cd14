package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/model/modeltest"
	"github.com/contextd/contextd/internal/web"
)

// providers are all that a configuration can name, beside the built-in writer.
func providers(t *testing.T) map[string]func(answer http.HandlerFunc) (ModelConfig, *modeltest.Server) {
	return map[string]func(http.HandlerFunc) (ModelConfig, *modeltest.Server){
		"ollama": func(answer http.HandlerFunc) (ModelConfig, *modeltest.Server) {
			s := modeltest.Ollama(40960).Serve(t, answer)
			return ModelConfig{Provider: "ollama", Model: modeltest.OllamaModel, BaseURL: s.URL}, s
		},
		"openai": func(answer http.HandlerFunc) (ModelConfig, *modeltest.Server) {
			s := modeltest.OpenAI(40960).Serve(t, answer)
			return ModelConfig{Provider: "openai", Model: modeltest.OpenAIModel, BaseURL: s.URL, APIKey: "k"}, s
		},
		"anthropic": func(answer http.HandlerFunc) (ModelConfig, *modeltest.Server) {
			s := modeltest.Anthropic(200_000).Serve(t, answer)
			return ModelConfig{Provider: "anthropic", Model: modeltest.AnthropicModel, BaseURL: s.URL, APIKey: "k"}, s
		},
	}
}

var protocols = map[string]modeltest.Protocol{"ollama": modeltest.Ollama(40960), "openai": modeltest.OpenAI(40960), "anthropic": modeltest.Anthropic(200_000)}

// The same workflow folders write with every provider, by configuration alone: a mail becomes a draft whose claims are quotes.
func TestWorkflowsRunOnEveryProvider(t *testing.T) {
	for name, open := range providers(t) {
		t.Run(name, func(t *testing.T) {
			m, server := open(protocols[name].Truthful())
			p := startPipeline(t, hubsim.Options{Portal: 7}, func(cfg *Config) { cfg.Model = m })
			company, contact, deal := p.account()
			p.create("emails", mailOf(1, question), company, contact, deal)
			p.settle()
			runs := p.runs("reply_draft", deal)
			if len(runs) != 1 || len(server.Asked()) == 0 {
				t.Fatalf("%d suggestions, %d requests", len(runs), len(server.Asked()))
			}
			got := runs[0]
			if !strings.HasPrefix(got.Model, name+"/") || got.State != crm.Pending || len(got.Claims) == 0 || !got.Claims[0].Supported || got.Usage.OutputTokens == 0 {
				t.Errorf("suggestion by %q, %s, %+v, %+v, %v", got.Model, got.State, got.Usage, got.Claims, got.Reasons)
			}
			entries, _, err := p.s.db.AuditEntries(t.Context(), p.portal(), "", "", 5000)
			if err != nil || !slices.ContainsFunc(entries, func(e crm.AuditEntry) bool {
				return e.IDs["proposal"] == got.ID && e.IDs["model"] == got.Model && e.IDs["output_tokens"] == strconv.Itoa(got.Usage.OutputTokens)
			}) {
				t.Errorf("no audit entry has model and tokens (%v)", err)
			}
		})
	}
}

// One workflow may have a model of its own; the others keep theirs.
func TestAWorkflowNamesAnotherModel(t *testing.T) {
	m, server := providers(t)["ollama"](protocols["ollama"].Truthful())
	m.Workflows = []string{"reply_draft"}
	p := startPipeline(t, hubsim.Options{Portal: 7}, func(cfg *Config) { cfg.Models = []ModelConfig{m} })
	company, contact, deal := p.account()
	p.create("emails", mailOf(1, question), company, contact, deal)
	p.settle()
	draft, scores := p.runs("reply_draft", deal), p.runs("lead_score", contact)
	if len(draft) != 1 || len(scores) == 0 || !strings.HasPrefix(draft[0].Model, "ollama/") || !strings.HasPrefix(scores[0].Model, "builtin/") || len(server.Asked()) != 1 {
		t.Errorf("%d drafts, %d scores, %d requests", len(draft), len(scores), len(server.Asked()))
	}
}

// An answer that stays unusable is asked for twice and no more, ends as a dead letter with its cause, and writes nothing.
func TestAnUnusableAnswerEndsDead(t *testing.T) {
	for name, open := range providers(t) {
		t.Run(name, func(t *testing.T) {
			m, server := open(func(w http.ResponseWriter, _ *http.Request) {
				if _, err := w.Write([]byte(protocols[name].Reply(`{"score": 1e999, "questions": [`, "stop"))); err != nil {
					t.Error(err)
				}
			})
			m.Workflows = []string{"reply_draft"}
			p := startPipeline(t, hubsim.Options{Portal: 7}, func(cfg *Config) { cfg.Models = []ModelConfig{m} })
			company, contact, deal := p.account()
			p.create("emails", mailOf(1, question), company, contact, deal)
			if events := p.settle(); events.Dead == 0 || len(p.runs("reply_draft", deal)) > 0 {
				t.Errorf("events %+v, %d suggestions", events, len(p.runs("reply_draft", deal)))
			}
			if n := len(server.Asked()); n != 2 {
				t.Errorf("%d requests, want the call and one repair", n)
			}
			dry, err := (&runs{s: p.s}).DryRun(t.Context(), web.RunRequest{Workflow: "reply_draft", Subject: p.ref(deal)})
			if err != nil || dry.PromptText == "" || !strings.Contains(dry.Reply, "1e999") || dry.Proposal.State != crm.Dropped || !strings.Contains(strings.Join(dry.Proposal.Reasons, " "), "answer refused: ") {
				t.Errorf("a dry run: %v, reply %q, %s, %q", err, dry.Reply, dry.Proposal.State, dry.Proposal.Reasons)
			}
		})
	}
}

func pausedIn(s *service, portal crm.PortalID) []web.Paused {
	paused, _ := s.paused(portal)
	return paused
}

// A spend limit pauses the provider: status and doctor tell, the audit knows, the work is kept, and once the limit is gone it is done.
func TestASpendLimitPausesTheProvider(t *testing.T) {
	var paid atomic.Bool
	good := protocols["openai"].Truthful()
	m, server := providers(t)["openai"](func(w http.ResponseWriter, r *http.Request) {
		if paid.Load() {
			good(w, r)
			return
		}
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, modeltest.OpenAIError("You exceeded your current quota", "insufficient_quota", "insufficient_quota"))
	})
	m.Workflows = []string{"reply_draft"}
	p := startPipeline(t, hubsim.Options{Portal: 7}, func(cfg *Config) { cfg.Models = []ModelConfig{m} })
	for _, one := range p.s.providers {
		one.brake.Every = 500 * time.Millisecond
	}
	company, contact, deal := p.account()
	p.create("emails", mailOf(1, question), company, contact, deal)
	eventually(t, func() bool { return len(pausedIn(p.s, p.portal())) == 1 && len(server.Asked()) > 2 })
	st, err := statuses{reads{p.s.db}, p.s}.Status(t.Context(), p.portal())
	if err != nil || len(st.Paused) != 1 || st.Paused[0].Model != "openai/"+modeltest.OpenAIModel || !strings.Contains(st.Paused[0].Cause, "insufficient_quota") || st.Events.Dead > 0 || st.Work[crm.LiveLane.String()] == 0 {
		t.Errorf("%+v, %v", st, err)
	}
	if _, err := keepLocal(p.s.cfg.DataDir, p.url, nil); err != nil {
		t.Fatal(err)
	}
	if checks := pauseChecks(t.Context(), p.s.cfg); len(checks) != 1 || checks[0].State != "fail" || !strings.Contains(checks[0].Detail, "insufficient_quota") {
		t.Errorf("doctor says %+v", checks)
	}
	if n := p.audited()["model.paused"]; n != 1 {
		t.Errorf("%d audit entries of the pause", n)
	}
	paid.Store(true)
	if events := p.settle(); events.Dead > 0 || len(p.runs("reply_draft", deal)) != 1 || len(pausedIn(p.s, p.portal())) > 0 || p.audited()["model.resumed"] != 1 {
		t.Errorf("after it: %+v, %d drafts, audit %v", events, len(p.runs("reply_draft", deal)), p.audited())
	}
}

// eventually waits for what a running pipeline does by itself.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be")
		}
	}
}

// An index whose embedder wants money waits, too, and for every portal.
func TestTheEmbeddersBrake(t *testing.T) {
	s := &service{log: slog.New(slog.DiscardHandler)}
	e := brakedEmbedder{refusing{}, s.provide("openai/m", nil, true)}
	for range 3 {
		if _, _, err := e.Embed(t.Context(), crm.EmbedDocument, []string{"x"}); !errors.Is(err, crm.ErrPaused) {
			t.Errorf("error %v, want paused", err)
		}
	}
	if got := pausedIn(s, 7); len(got) != 1 || got[0].Model != "openai/m" || s.provide("openai/m", nil, true) != e.brake {
		t.Errorf("paused %+v", got)
	}
}

// No texts are no request: an empty batch is no sign that the provider answers again, and not its trial.
func TestNothingToEmbedEndsNoPause(t *testing.T) {
	s := &service{log: slog.New(slog.DiscardHandler)}
	e := brakedEmbedder{refusing{}, s.provide("openai/m", nil, true)}
	e.brake.Every = time.Nanosecond
	if _, _, err := e.Embed(t.Context(), crm.EmbedDocument, []string{"x"}); !errors.Is(err, crm.ErrPaused) {
		t.Fatalf("error %v, want paused", err)
	}
	for range 3 {
		if v, _, err := e.Embed(t.Context(), crm.EmbedDocument, nil); v != nil || err != nil {
			t.Errorf("%d vectors, %v", len(v), err)
		}
	}
	if got := pausedIn(s, 7); len(got) != 1 {
		t.Errorf("paused %+v, want the pause to last", got)
	}
}

type refusing struct{ generation.Embedder }

func (refusing) Embed(context.Context, crm.EmbedKind, []string) ([][]float32, crm.Usage, error) {
	return nil, crm.Usage{}, crm.ErrForbidden
}

func TestDoctorAsksEveryWriter(t *testing.T) {
	m, server := providers(t)["ollama"](http.NotFound)
	cfg := Config{Model: ModelConfig{Provider: "builtin"}, Models: []ModelConfig{m, m, m}}
	cfg.Models[0].Workflows = []string{"reply_draft"}
	cfg.Models[1].Model, cfg.Models[1].Workflows = "llama4", []string{"lead_score"}
	cfg.Models[2].BaseURL, cfg.Models[2].Workflows = "http://127.0.0.1:1", []string{"call_summary"}
	alias, _ := providers(t)["openai"](http.NotFound)
	alias.Model, alias.Workflows = "alias", []string{"enrichment"}
	cfg.Models = append(cfg.Models, alias)
	got := writerChecks(t.Context(), cfg)
	for i, want := range []Check{
		{Name: "writer", State: "ok", Detail: "built in"},
		{Name: "writer of reply_draft", State: "ok", Detail: "ollama/" + modeltest.OllamaModel + "@4b32c9de7c46"},
		{Name: "writer of lead_score", State: "fail", Detail: "ollama pull llama4", Fix: "models[1].model", Code: exitConfig},
		{Name: "writer of call_summary", State: "fail", Detail: "list models", Fix: "models[2].base_url", Code: exitUnreachable},
		{Name: "writer of enrichment", State: "warn", Detail: "which does not list it, but other, " + modeltest.OpenAIModel + "; pseudonyms are sent", Fix: "models[3].model"},
	} {
		if g := got[i]; g.Name != want.Name || g.State != want.State || g.Code != want.Code || !strings.Contains(g.Detail, want.Detail) || !strings.Contains(g.Fix, want.Fix) {
			t.Errorf("%+v\nwant %+v", g, want)
		}
	}
	if len(server.Asked()) > 0 {
		t.Error("a check asked for an answer")
	}
	if _, err := makeWriter(ModelConfig{Provider: "gemini"}); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}
