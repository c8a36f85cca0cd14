package ollama

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/modeltest"
	"github.com/contextd/contextd/internal/model/wire"
)

func protocol(window int) modeltest.Protocol {
	p := modeltest.Ollama(window)
	p.Open = func(t *testing.T, baseURL string, timeout time.Duration) model.Completer {
		t.Helper()
		return writer(t, Options{BaseURL: baseURL, Model: modeltest.OllamaModel, Timeout: timeout, APIKey: modeltest.Secret})
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

func TestWriterPassesTheProviderSuite(t *testing.T) { modeltest.RunProvider(t, protocol(40960)) }

func TestWhatTheWriterSends(t *testing.T) {
	var key string
	p := protocol(40960)
	s := p.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("Authorization")
		fmt.Fprint(w, modeltest.OllamaReply(modeltest.Good, "stop", 30, 9))
	})
	w := writer(t, Options{BaseURL: s.URL, Model: "qwen3:8b", Threads: 1, APIKey: "k"})
	r := modeltest.Request("We need a price.")
	r.System = "You write."
	got, err := w.Complete(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got.Model != "ollama/qwen3:8b@4b32c9de7c46" || got.Usage != (crm.Usage{InputTokens: 30, OutputTokens: 9}) || w.Name() != "ollama/qwen3:8b" || key != "Bearer k" {
		t.Errorf("%q, %+v, %q, key %q", got.Model, got.Usage, w.Name(), key)
	}
	var ask struct {
		Model                   string
		Stream, Truncate, Shift *bool
		Think                   *bool
		Format                  json.RawMessage
		Messages                []struct{ Role, Content string }
		Options                 map[string]any
	}
	if err := json.Unmarshal(s.Asked()[0], &ask); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*bool{"stream": ask.Stream, "truncate": ask.Truncate, "shift": ask.Shift, "think": ask.Think} {
		if b == nil || *b {
			t.Errorf("%s is not false", name)
		}
	}
	if fmt.Sprint(ask.Options) != "map[num_ctx:16384 num_predict:2048 num_thread:1 seed:1 temperature:0]" || len(ask.Messages) != 2 || ask.Messages[0].Content != r.System || ask.Messages[1].Content != r.Prompt {
		t.Errorf("options %v, messages %v", ask.Options, ask.Messages)
	}
	var schema map[string]any
	if json.Unmarshal(ask.Format, &schema) != nil || schema["type"] != "object" {
		t.Errorf("format %s", ask.Format)
	}
}

func TestAPromptThatDoesNotFit(t *testing.T) {
	modeltest.Fits(t, protocol, map[string]modeltest.Fitting{
		"before":     {Window: 1024, Long: true},
		"refused":    {Window: 8192, Answer: status(400, "the prompt exceeds the context length"), Asked: 1, Long: true},
		"shortened":  {Window: 8192, Answer: modeltest.Answer(200, modeltest.OllamaReply(modeltest.Good, "stop", 600, 9)), Asked: 1, Long: true},
		"filled":     {Window: 8192, Answer: modeltest.Answer(200, modeltest.OllamaReply(modeltest.Good, "stop", 8000, 192)), Asked: 1, Long: true},
		"read whole": {Window: 8192, Answer: modeltest.Answer(200, modeltest.OllamaReply(modeltest.Good, "stop", 1300, 9)), Asked: 1},
	})
}

// An answer that the server broke off is none that the model ended, and is no fault of the connection either; without a word it is.
func TestAnAnswerThatTheServerBreaksOff(t *testing.T) {
	protocol(8192).Ends(t, map[string]model.Finish{modeltest.OllamaReply(`{"claims":[{"text":"no no no`, "", 0, 0): "", modeltest.OllamaReply(modeltest.Good, "length", 30, 9): model.Length})
	said := `{"claims":[{"text":"no no no`
	s := protocol(8192).Serve(t, text(200, modeltest.OllamaReply(said, "", 0, 0)))
	got, err := writer(t, Options{BaseURL: s.URL, Model: "qwen3:8b"}).Complete(t.Context(), modeltest.Request("x"))
	if err != nil || string(got.Text) != said || got.Usage.InputTokens == 0 || got.Usage.OutputTokens == 0 {
		t.Errorf("%q, %+v, %v", got.Text, got.Usage, err)
	}
	s = protocol(8192).Serve(t, text(200, modeltest.OllamaReply("", "", 0, 0)))
	if _, err := writer(t, Options{BaseURL: s.URL, Model: "qwen3:8b"}).Complete(t.Context(), modeltest.Request("x")); !errors.Is(err, wire.ErrGarbled) {
		t.Errorf("an empty one: %v", err)
	}
}

func TestAServerThatHangsAboutTheModel(t *testing.T) { protocol(8192).Forgets(t, "/api/tags") }

// Nothing is asked when a writer is made, and a server that was down is asked again.
func TestTheWriterLearnsWhenItIsNeeded(t *testing.T) {
	down, p := true, protocol(8192)
	rest := p.Rest
	p.Rest = func(w http.ResponseWriter, r *http.Request) {
		if down {
			refuse(w, 503, "starting")
			return
		}
		rest(w, r)
	}
	s := p.Serve(t, text(200, modeltest.OllamaReply(modeltest.Good, "stop", 30, 9)))
	w := writer(t, Options{BaseURL: s.URL, Model: "qwen3:8b"})
	if _, err := w.Check(t.Context()); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("error %v, want temporary", err)
	}
	down = false
	if says, err := w.Check(t.Context()); err != nil || says != "ollama/qwen3:8b@4b32c9de7c46, context of 8192 tokens" {
		t.Errorf("%q, %v", says, err)
	}
	missing := writer(t, Options{BaseURL: s.URL, Model: "llama4"})
	if _, err := missing.Complete(t.Context(), modeltest.Request("x")); !errors.Is(err, crm.ErrForbidden) || !strings.Contains(err.Error(), "ollama pull llama4") {
		t.Errorf("error %v, want the line that pulls it", err)
	}
}

func TestAnEmbedderIsNoWriter(t *testing.T) {
	p := protocol(512)
	rest := p.Rest
	p.Rest = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/show" {
			fmt.Fprint(w, `{"model_info":{},"capabilities":["embedding"]}`)
			return
		}
		rest(w, r)
	}
	s := p.Serve(t, text(500, ""))
	if _, err := p.Open(t, s.URL, time.Minute).Complete(t.Context(), modeltest.Request("x")); !errors.Is(err, crm.ErrForbidden) || !strings.Contains(err.Error(), "cannot write") {
		t.Errorf("error %v", err)
	}
}
