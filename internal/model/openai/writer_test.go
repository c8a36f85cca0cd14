package openai

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
	p := modeltest.OpenAI(window)
	p.Open = func(t *testing.T, baseURL string, timeout time.Duration) model.Completer {
		t.Helper()
		return writer(t, Options{BaseURL: baseURL, Model: modeltest.OpenAIModel, Timeout: timeout, APIKey: modeltest.Secret})
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

func says(status int, body string) http.HandlerFunc {
	return modeltest.Answer(status, body, "X-Request-Id", "req_17")
}

func TestWriterPassesTheProviderSuite(t *testing.T) { modeltest.RunProvider(t, protocol(0)) }

// The code decides, then the status: the table of the provider's errors.
func TestErrorsByCode(t *testing.T) {
	lines := map[string]modeltest.Failing{}
	for name, l := range map[string]struct {
		status int
		body   string
		kind   error
		long   bool
	}{
		"credit":             {429, modeltest.OpenAIError("no credit", "insufficient_quota", "credit_balance_exhausted"), crm.ErrForbidden, false},
		"spend limit":        {429, modeltest.OpenAIError("limit", "insufficient_quota", "organization_spend_limit_exceeded"), crm.ErrForbidden, false},
		"project limit":      {429, modeltest.OpenAIError("limit", "requests", "project_spend_limit_exceeded"), crm.ErrForbidden, false},
		"usage limit":        {429, modeltest.OpenAIError("limit", "", "organization_usage_limit_exceeded"), crm.ErrForbidden, false},
		"quota by type":      {429, modeltest.OpenAIError("You exceeded your current quota", "insufficient_quota", nil), crm.ErrForbidden, false},
		"quota in a 200":     {200, modeltest.OpenAIError("You exceeded your current quota", "insufficient_quota", "insufficient_quota"), crm.ErrForbidden, false},
		"rate limit":         {429, modeltest.OpenAIError("Rate limit reached", "requests", "rate_limit_exceeded"), crm.ErrTemporary, false},
		"slow down":          {429, modeltest.OpenAIError("slow down", "requests", "slow_down"), crm.ErrTemporary, false},
		"never fits":         {429, modeltest.OpenAIError("Request too large for gpt-x on tokens per min (TPM): Limit 10000, Requested 12000.", "tokens", "rate_limit_exceeded"), crm.ErrInvalid, true},
		"context":            {400, modeltest.OpenAIError("too long", "invalid_request_error", "context_length_exceeded"), crm.ErrInvalid, true},
		"context of vLLM":    {400, `{"object":"error","message":"This model's maximum context length is 8192 tokens. However, you requested 9000","type":"BadRequestError","param":null,"code":400}`, crm.ErrInvalid, true},
		"context, llama.cpp": {400, `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}`, crm.ErrInvalid, true},
		"no money behind":    {200, modeltest.OpenAIError("insufficient credits", "", 402), crm.ErrForbidden, false},
		"overloaded":         {503, modeltest.OpenAIError("overloaded", "service_unavailable_error", "server_is_overloaded"), crm.ErrTemporary, false},
		"detail of FastAPI":  {422, `{"detail":[{"loc":["body","model"],"msg":"Field required"}]}`, crm.ErrInvalid, false},
		"broken off":         {200, modeltest.OpenAIReply("{", "error", nil, 0, 0), crm.ErrTemporary, false},
		// Where the error comes in a good answer, no status speaks.
		"no money, in digits":  {200, modeltest.OpenAIError("insufficient credits", "", "402"), crm.ErrForbidden, false},
		"rate limit in digits": {200, modeltest.OpenAIError("slow down", "", "429"), crm.ErrTemporary, false},
		"wrong key in a 200":   {200, modeltest.OpenAIError("no auth", "authentication_error", nil), crm.ErrForbidden, false},
		"wrong key by code":    {200, modeltest.OpenAIError("no auth", "invalid_request_error", "invalid_api_key"), crm.ErrForbidden, false},
		"wrong key, status":    {401, modeltest.OpenAIError("no auth", "invalid_request_error", nil), crm.ErrForbidden, false},
		"our fault in a 200":   {200, modeltest.OpenAIError("'foo' is not allowed", "invalid_request_error", nil), crm.ErrInvalid, false},
		"too long in a 200":    {200, modeltest.OpenAIError("exceeds the context window", "invalid_request_error", nil), crm.ErrInvalid, true},
		"unknown in a 200":     {200, modeltest.OpenAIError("hm", "", nil), crm.ErrTemporary, false},
		"a text in a 200":      {200, `{"error":"upstream broke off"}`, crm.ErrTemporary, false},
		"in a choice":          {200, `{"choices":[{"finish_reason":"error","error":{"code":402,"message":"no credits"},"message":{"role":"assistant","content":""}}]}`, crm.ErrForbidden, false},
		"in a choice, retry":   {200, `{"choices":[{"finish_reason":"stop","error":{"code":502,"message":"provider error"},"message":{"role":"assistant","content":"{"}}]}`, crm.ErrTemporary, false},
		"beside choices":       {200, `{"error":{"code":429,"message":"slow down"},"choices":[{"finish_reason":"stop","message":{"content":"{}"}}]}`, crm.ErrTemporary, false},
	} {
		lines[name] = modeltest.Failing{Answer: says(l.status, l.body), Kind: l.kind, Long: l.long}
	}
	protocol(0).Fails(t, lines)
}

func TestFinishes(t *testing.T) {
	protocol(0).Ends(t, map[string]model.Finish{
		modeltest.OpenAIReply("", "stop", "I cannot", 0, 3): model.Refusal, modeltest.OpenAIReply("", "content_filter", nil, 0, 0): model.Refusal,
		modeltest.OpenAIReply("{", "length", nil, 0, 3): model.Length, modeltest.OpenAIReply("", "tool_calls", nil, 0, 3): "tool_calls",
		`{"error":{},"choices":[{"finish_reason":"stop","error":null,"message":{"content":"{}"}}]}`: model.Stop,
	})
}

func TestAServerThatHangsAboutTheModel(t *testing.T) { protocol(8192).Forgets(t, "/models") }

// What cannot be sent is no sign that the provider answers again.
func TestASchemaThatCannotBeSentEndsNoPause(t *testing.T) {
	fails := true
	s := protocol(0).Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if fails {
			says(402, modeltest.OpenAIError("no credit", "", nil))(w, r)
		}
	})
	braked := model.Braked{Completer: writer(t, Options{BaseURL: s.URL, Model: modeltest.OpenAIModel}), Brake: &model.Brake{Every: time.Nanosecond}}
	good, bad := modeltest.Request("x"), modeltest.Request("x")
	bad.Schema = json.RawMessage(`[]`)
	if _, err := braked.Complete(t.Context(), good); !errors.Is(err, crm.ErrPaused) {
		t.Fatalf("error %v, want paused", err)
	}
	if _, err := braked.Complete(t.Context(), bad); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("error %v, want invalid", err)
	}
	if _, is := braked.Stopped(good.Subject.Portal); !is || len(s.Asked()) != 1 {
		t.Errorf("paused %t after %d requests", is, len(s.Asked()))
	}
}

func TestWhatTheWriterSends(t *testing.T) {
	var key string
	p := protocol(32768)
	s := p.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("Authorization")
		says(200, modeltest.OpenAIReply(modeltest.Good, "stop", nil, 30, 9))(w, r)
	})
	w := writer(t, Options{BaseURL: s.URL + "/", Model: modeltest.OpenAIModel, APIKey: "k"})
	r := modeltest.Request("We need a price.")
	r.System = "You write."
	got, err := w.Complete(t.Context(), r)
	if err != nil || got.Model != "openai/"+modeltest.OpenAIModel || got.Usage != (crm.Usage{InputTokens: 30, OutputTokens: 9}) || key != "Bearer k" {
		t.Errorf("%+v, %v, key %q", got, err, key)
	}
	var ask map[string]any
	if err := json.Unmarshal(s.Asked()[0], &ask); err != nil {
		t.Fatal(err)
	}
	format, _ := json.Marshal(ask["response_format"])
	if !strings.Contains(string(format), `"strict":true`) || strings.Contains(string(format), "minimum") || !strings.Contains(string(format), `"additionalProperties":false`) {
		t.Errorf("format %s", format)
	}
	delete(ask, "response_format")
	rest, _ := json.Marshal(ask)
	if want := `{"max_tokens":8192,"messages":[{"content":"You write.","role":"system"},{"content":"Answer with JSON.\nWe need a price.","role":"user"}],"model":"gpt-oss-120b","temperature":0}`; string(rest) != want {
		t.Errorf("asked %s\nwant  %s", rest, want)
	}
	own := writer(t, Options{Model: "gpt-5", APIKey: "k"})
	params, err := own.params(r, 100)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := json.Marshal(params); !strings.Contains(string(b), `"max_completion_tokens":100`) || strings.Contains(string(b), "temperature") || !strings.Contains(string(b), `"store":false`) {
		t.Errorf("OpenAI itself is asked %s", b)
	}
}

func TestAPromptThatDoesNotFit(t *testing.T) {
	reply := func(in, out int) http.HandlerFunc {
		return says(200, modeltest.OpenAIReply(modeltest.Good, "stop", nil, in, out))
	}
	modeltest.Fits(t, protocol, map[string]modeltest.Fitting{
		"before":               {Window: 1024, Long: true},
		"shortened":            {Answer: reply(600, 9), Asked: 1, Long: true},
		"filled":               {Window: 8192, Answer: reply(8000, 192), Asked: 1, Long: true},
		"read whole":           {Window: 8192, Answer: reply(1300, 9), Asked: 1},
		"a server that is mum": {Answer: reply(0, 0), Asked: 1},
	})
}

func TestCheckSaysWhatTheServerLists(t *testing.T) {
	p := protocol(8192)
	s := p.Serve(t, says(500, ""))
	w := writer(t, Options{BaseURL: s.URL, Model: modeltest.OpenAIModel})
	if got, err := w.Check(t.Context()); err != nil || got != "openai/gpt-oss-120b at "+s.URL+", context of 8192 tokens" {
		t.Errorf("%q, %v", got, err)
	}
	w = writer(t, Options{BaseURL: s.URL, Model: "alias"})
	if got, err := w.Check(t.Context()); !errors.Is(err, model.ErrUnlisted) || !strings.HasSuffix(got, "which does not list it, but other, gpt-oss-120b") {
		t.Errorf("%q, %v", got, err)
	}
	for body, want := range map[string]string{ // both forms that servers have
		`[{"id":"m","context_length":32768}]`:         "m at %s, context of 32768 tokens",
		`{"data":[{"id":"m","context_window":1024}]}`: "m at %s, context of 1024 tokens",
		`[]`: "which does not list it",
	} {
		p.Rest = says(200, body)
		bare := p.Serve(t, says(500, ""))
		if got, err := writer(t, Options{BaseURL: bare.URL, Model: "m"}).Check(t.Context()); err != nil || !strings.Contains(got, strings.ReplaceAll(want, "%s", bare.URL)) {
			t.Errorf("%s: %q, %v", body, got, err)
		}
	}
	p.Rest = says(401, modeltest.OpenAIError("Incorrect API key provided", "invalid_request_error", "invalid_api_key"))
	w = writer(t, Options{BaseURL: p.Serve(t, says(500, "")).URL, Model: "m"})
	if _, err := w.Check(t.Context()); !errors.Is(err, crm.ErrForbidden) || !strings.Contains(err.Error(), "req_17") {
		t.Errorf("error %v, want forbidden with the request's id", err)
	}
	for _, o := range []Options{{Model: "m", BaseURL: "localhost:1"}, {Model: "a b"}, {}} {
		if _, err := NewWriter(o); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%+v: error %v", o, err)
		}
	}
}
