package anthropic

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/modeltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func protocol(window int) modeltest.Protocol {
	p := modeltest.Anthropic(window)
	p.Open = func(t *testing.T, baseURL string, timeout time.Duration) model.Completer {
		t.Helper()
		return writer(t, Options{BaseURL: baseURL, Model: modeltest.AnthropicModel, Timeout: timeout, APIKey: modeltest.Secret})
	}
	return p
}

func writer(t *testing.T, o Options) *Writer {
	t.Helper()
	w, err := NewWriter(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func says(status int, body string, headers ...string) http.HandlerFunc {
	return modeltest.Answer(status, body, headers...)
}

func TestWriterPassesTheProviderSuite(t *testing.T) { modeltest.RunProvider(t, protocol(0)) }

// The type decides, then the status: the table of the provider's errors.
func TestErrorsByType(t *testing.T) {
	lines := map[string]modeltest.Failing{}
	for name, c := range map[string]struct {
		status        int
		message, typ  string
		code          string
		kind          error
		long, waiting bool
	}{
		"invalid":         {400, "max_tokens: must be positive", "invalid_request_error", "", crm.ErrInvalid, false, false},
		"too long":        {400, "prompt is too long: 210000 tokens > 200000 maximum", "invalid_request_error", "", crm.ErrInvalid, true, false},
		"their limit":     {400, "You have reached your specified API usage limits. You will regain access on 2026-04-01.", "invalid_request_error", "", crm.ErrForbidden, false, false},
		"workspace limit": {400, "You have reached your specified workspace API usage limits.", "invalid_request_error", "", crm.ErrForbidden, false, false},
		"no credit":       {400, "Your credit balance is too low to access the Anthropic API.", "invalid_request_error", "", crm.ErrForbidden, false, false},
		"key":             {401, "invalid x-api-key", "authentication_error", "", crm.ErrForbidden, false, false},
		"billing":         {402, "payment", "billing_error", "", crm.ErrForbidden, false, false},
		"permission":      {403, "no", "permission_error", "", crm.ErrForbidden, false, false},
		"model":           {404, "model: claude-x", "not_found_error", "", crm.ErrForbidden, false, false},
		"conflict":        {409, "conflict", "conflict_error", "", crm.ErrTemporary, false, false},
		"too large":       {413, "Request exceeds the maximum size", "request_too_large", "", crm.ErrInvalid, true, false},
		"rate limit":      {429, "slow down", "rate_limit_error", "", crm.ErrTemporary, false, true},
		"monthly cap":     {429, "spend limit", "rate_limit_error", "enforced_spend_limit_reached", crm.ErrForbidden, false, false},
		"internal":        {500, "oops", "api_error", "", crm.ErrTemporary, false, false},
		"timeout":         {504, "timeout", "timeout_error", "", crm.ErrTemporary, false, false},
		"overloaded":      {529, "Overloaded", "overloaded_error", "", crm.ErrTemporary, false, true},
		"in a 200":        {200, "Overloaded", "overloaded_error", "", crm.ErrTemporary, false, false},
		"limit in a 200":  {200, "spend limit", "rate_limit_error", "enforced_spend_limit_reached", crm.ErrForbidden, false, false},
		"unknown":         {418, "teapot", "teapot_error", "", crm.ErrInvalid, false, false},
	} {
		var h []string
		if c.waiting {
			h = []string{"Retry-After", "30"}
		}
		lines[name] = modeltest.Failing{Answer: says(c.status, modeltest.AnthropicError(c.message, c.typ, c.code), h...), Kind: c.kind, Long: c.long, Waits: c.waiting, Says: "req_17"}
	}
	protocol(0).Fails(t, lines)
}

func TestFinishes(t *testing.T) {
	bodies := map[string]model.Finish{}
	for reason, want := range map[string]model.Finish{"end_turn": model.Stop, "max_tokens": model.Length, "refusal": model.Refusal, "tool_use": "tool_use", "": ""} {
		bodies[modeltest.AnthropicReply(modeltest.Good, reason, 0, 9)] = want
	}
	protocol(0).Ends(t, bodies)
}

func TestAServerThatHangsAboutTheModel(t *testing.T) {
	protocol(200_000).Forgets(t, "/models/"+modeltest.AnthropicModel)
}

func TestWhatTheWriterSends(t *testing.T) {
	var h http.Header
	p := protocol(200_000)
	s := p.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		h = r.Header
		says(200, `{"type":"message","model":"claude-sonnet-4-6-20260101","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"{\"a\":"},{"type":"text","text":"1}"}],
			"stop_reason":"end_turn","usage":{"input_tokens":10,"cache_read_input_tokens":20,"cache_creation_input_tokens":5,"output_tokens":9}}`)(w, r)
	})
	w := writer(t, Options{BaseURL: s.URL, Model: modeltest.AnthropicModel, APIKey: "k"})
	r := modeltest.Request("We need a price.")
	r.System = "You write."
	got, err := w.Complete(t.Context(), r)
	if err != nil || string(got.Text) != `{"a":1}` || got.Model != "anthropic/claude-sonnet-4-6-20260101" || got.Usage != (crm.Usage{InputTokens: 35, OutputTokens: 9, CachedTokens: 20}) || w.Name() != "anthropic/claude-sonnet-4-6" {
		t.Errorf("%+v, %s, %v", got, got.Text, err)
	}
	if h.Get("X-Api-Key") != "k" || h.Get("Anthropic-Version") == "" || h.Get("Authorization") != "" {
		t.Errorf("headers %v", h)
	}
	var ask map[string]any
	if err := json.Unmarshal(s.Asked()[0], &ask); err != nil {
		t.Fatal(err)
	}
	config, _ := json.Marshal(ask["output_config"])
	if !strings.Contains(string(config), `"type":"json_schema"`) || strings.Contains(string(config), "minimum") || !strings.Contains(string(config), `"additionalProperties":false`) {
		t.Errorf("output_config %s", config)
	}
	delete(ask, "output_config")
	rest, _ := json.Marshal(ask)
	if want := `{"max_tokens":8192,"messages":[{"content":[{"text":"Answer with JSON.\nWe need a price.","type":"text"}],"role":"user"}],"model":"claude-sonnet-4-6","system":[{"text":"You write.","type":"text"}]}`; string(rest) != want {
		t.Errorf("asked %s\nwant  %s", rest, want)
	}
}

func TestAPromptThatDoesNotFit(t *testing.T) {
	modeltest.Fits(t, protocol, map[string]modeltest.Fitting{
		"before":     {Window: 1024, Long: true},
		"shortened":  {Answer: says(200, modeltest.AnthropicReply(modeltest.Good, "end_turn", 600, 9)), Asked: 1, Long: true},
		"filled":     {Window: 8192, Answer: says(200, modeltest.AnthropicReply("{", "model_context_window_exceeded", 1300, 6892)), Asked: 1, Long: true},
		"read whole": {Window: 8192, Answer: says(200, modeltest.AnthropicReply(modeltest.Good, "end_turn", 1300, 9)), Asked: 1},
	})
}

func TestCheckAsksForTheModel(t *testing.T) {
	s := protocol(200_000).Serve(t, says(500, ""))
	if got, err := writer(t, Options{BaseURL: s.URL, Model: modeltest.AnthropicModel, APIKey: "k"}).Check(t.Context()); err != nil || got != "anthropic/claude-sonnet-4-6, context of 200000 tokens" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := writer(t, Options{BaseURL: s.URL, Model: "claude-2", APIKey: "k"}).Check(t.Context()); !errors.Is(err, crm.ErrForbidden) {
		t.Errorf("error %v, want forbidden", err)
	}
	for _, o := range []Options{{Model: "m"}, {Model: "m", APIKey: "k", BaseURL: "localhost:1"}, {APIKey: "k"}} {
		if _, err := NewWriter(o); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%+v: error %v", o, err)
		}
	}
}
