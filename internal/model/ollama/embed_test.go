package ollama

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/embedding"
	"github.com/contextd/contextd/internal/model/modeltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, f *fake, o Options) *Embedder {
	t.Helper()
	o.BaseURL, o.Model = f.URL, "all-minilm"
	e, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func TestEmbedderPassesTheSuite(t *testing.T) {
	for _, tokenizer := range []string{"bert", "llama"} {
		t.Run(tokenizer, func(t *testing.T) {
			modeltest.RunEmbedder(t, func(t *testing.T) modeltest.Embedder {
				f := newFake(t)
				f.tokenizer, f.context = tokenizer, 512
				return open(t, f, Options{})
			})
		})
	}
}

func TestItSaysWhatItIs(t *testing.T) {
	f := newFake(t)
	e := open(t, f, Options{Threads: 1})
	if e.Name() != "ollama/all-minilm" || e.Dimension() != 32 || !e.Windows() || e.MaxTokens() != 62 {
		t.Errorf("%s, %d dimensions, windows %v, %d tokens", e.Name(), e.Dimension(), e.Windows(), e.MaxTokens())
	}
	if want := "ollama/all-minilm@4b32c9de7c46/32/62/"; !strings.HasPrefix(e.Fingerprint(), want) {
		t.Errorf("fingerprint %q, want %q…", e.Fingerprint(), want)
	}
	other := open(t, f, Options{Prefixes: &embedding.Prefixes{Query: "query: "}})
	shorter := open(t, f, Options{MaxTokens: 20})
	if a, b, c := e.Fingerprint(), other.Fingerprint(), shorter.Fingerprint(); a == b || a == c {
		t.Errorf("prefixes and split length must show in the fingerprint: %q %q %q", a, b, c)
	}
	if !slices.Contains(e.Vocabulary(), "technicians") || slices.Contains(e.Vocabulary(), "[PAD]") {
		t.Errorf("vocabulary %v", e.Vocabulary())
	}
	for _, ask := range f.asked() {
		if ask.Truncate == nil || *ask.Truncate || ask.Options.NumCtx == 0 {
			t.Errorf("a request without truncate:false or num_ctx: %+v", ask)
		}
	}
	if n := f.asked()[0].Options.NumThread; n != 1 {
		t.Errorf("num_thread %d, want 1", n)
	}
}

func TestPrefixesFollowTheModel(t *testing.T) {
	for model, want := range map[string]embedding.Prefixes{
		"all-minilm":                        {},
		"nomic-embed-text:v1.5":             {Query: "search_query: ", Document: "search_document: "},
		"registry.example/me/bge-small:f16": {Query: "Represent this sentence for searching relevant passages: "},
		"bge-m3":                            {},
		"multilingual-e5-large":             {Query: "query: ", Document: "passage: "},
	} {
		if got := embedding.PrefixesOf(model); got != want {
			t.Errorf("%s: %+v, want %+v", model, got, want)
		}
	}
	f := newFake(t)
	e := open(t, f, Options{Prefixes: &embedding.Prefixes{Query: "ask: ", Document: "read: "}})
	for kind, want := range map[crm.EmbedKind]string{crm.EmbedQuery: "ask: price", crm.EmbedDocument: "read: price"} {
		if _, _, err := e.Embed(t.Context(), kind, []string{"price"}); err != nil {
			t.Fatal(err)
		}
		if asked := f.asked(); asked[len(asked)-1].Input[0] != want {
			t.Errorf("sent %q, want %q", asked[len(asked)-1].Input[0], want)
		}
	}
}

// What is too long is split, nothing of it is lost, and the runner never shortens anything.
func TestLongTextsAreSplitAndAveraged(t *testing.T) {
	f := newFake(t)
	e := open(t, f, Options{})
	long := strings.Repeat("lifts ", 300) + strings.Repeat("pumps ", 100)
	if _, _, err := e.Embed(t.Context(), crm.EmbedDocument, []string{strings.Repeat("lifts ", e.MaxTokens())}); err != nil || f.cut > 0 {
		t.Errorf("a text that just fits: %v, %d shortened", err, f.cut)
	}
	v, use, err := e.Embed(t.Context(), crm.EmbedDocument, []string{"price", long, "technicians"})
	if err != nil {
		t.Fatal(err)
	}
	if f.cut > 0 {
		t.Errorf("the runner shortened %d texts", f.cut)
	}
	if use.InputTokens != 402 {
		t.Errorf("%d tokens, want 402", use.InputTokens)
	}
	lifts, pumps := sum(slices.Repeat([]string{"lifts"}, 50)), sum(slices.Repeat([]string{"pumps"}, 50))
	want := make([]float32, 32)
	for d := range want {
		want[d] = 3*lifts[d] + pumps[d]
	}
	embedding.Unit(want)
	if c := dot(v[1], want); c < .98 {
		t.Errorf("cosine %.3f to the mean of its parts, weighted by length", c)
	}
	if c := dot(v[0], sum([]string{"price"})); c < .9999 {
		t.Errorf("its neighbour moved: %.4f", c)
	}
}

func dot(a, b []float32) (s float64) {
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// A text that takes the runner down must not take its neighbours with it, nor hide behind them.
func TestOneTextThatTheServerCannotTake(t *testing.T) {
	f := newFake(t)
	e := open(t, f, Options{})
	f.meet = func(w http.ResponseWriter, _ *http.Request, _ embedAsk, texts []string) bool {
		bad := slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "poison") })
		if bad {
			refuse(w, 500, "do embedding request: EOF")
		}
		return bad
	}
	texts := slices.Repeat([]string{"price"}, 32)
	texts[19] = "poison"
	before := len(f.asked())
	_, _, err := e.Embed(t.Context(), crm.EmbedDocument, texts)
	var text *embedding.TextError
	if !errors.As(err, &text) || text.Index != 19 || !errors.Is(err, crm.ErrInvalid) || errors.Is(err, crm.ErrTemporary) {
		t.Errorf("error %v, want text 19 as invalid", err)
	}
	if n := len(f.asked()) - before; n > 30 {
		t.Errorf("%d requests to find one text of 32", n)
	}
	texts[19] = "harmless"
	if v, _, err := e.Embed(t.Context(), crm.EmbedDocument, texts); err != nil || len(v) != 32 {
		t.Errorf("without it: %d vectors, %v", len(v), err)
	}
}

// A runner that dies of length, where tokens cannot be counted, is given shorter and shorter parts.
func TestATextThatIsTooLongForTheRunnerIsHalved(t *testing.T) {
	f := newFake(t)
	f.tokenizer = "llama"
	e := open(t, f, Options{})
	for _, status := range []int{500, 400} {
		f.meet = func(w http.ResponseWriter, _ *http.Request, _ embedAsk, texts []string) bool {
			long := slices.ContainsFunc(texts, func(s string) bool { return len(s) > 40 })
			if long && status == 500 {
				refuse(w, 500, "GGML_ASSERT(i01 >= 0 && i01 < ne01) failed")
			} else if long {
				refuse(w, 400, "the input length exceeds the context length")
			}
			return long
		}
		v, _, err := e.Embed(t.Context(), crm.EmbedDocument, []string{"price", strings.Repeat("lifts and ", 12) + "pumps"})
		if err != nil || len(v) != 2 || math.Abs(dot(v[1], v[1])-1) > 1e-5 {
			t.Errorf("status %d: %d vectors, %v", status, len(v), err)
		}
	}
}

// Servers that ignore truncate:false say only by the count what they left out.
func TestAServerThatReadsLessThanItWasSentIsNotBelieved(t *testing.T) {
	f := newFake(t)
	e := open(t, f, Options{})
	f.reads = 40
	_, use, err := e.Embed(t.Context(), crm.EmbedDocument, []string{strings.Repeat("lifts ", 60)})
	if err != nil || use.InputTokens != 60 {
		t.Errorf("a text of 60 tokens must be halved until the server reads all of it: %d tokens, %v", use.InputTokens, err)
	}
	f = newFake(t)
	f.tokenizer, f.context, f.reads = "llama", 2048, 100
	if e := open(t, f, Options{}); e.MaxTokens() > 100 {
		t.Errorf("window %d, but the server reads 100 tokens", e.MaxTokens())
	}
}

func TestFailuresHaveKinds(t *testing.T) {
	vector := strings.Repeat("0.1,", 31) + "0.1"
	cases := map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		kind   error
		says   string
	}{
		"model gone":            {status(404, "model 'all-minilm' not found"), crm.ErrForbidden, "ollama pull all-minilm"},
		"no key":                {status(401, "unauthorized"), crm.ErrForbidden, "401"},
		"no money":              {status(402, "payment required"), crm.ErrForbidden, "402"},
		"busy":                  {status(503, "server busy, please try again"), crm.ErrTemporary, "busy"},
		"rate limit":            {status(429, "slow down"), crm.ErrTemporary, "slow down"},
		"runner dies":           {status(500, "llama runner process has terminated"), crm.ErrTemporary, "single word"},
		"gateway":               {text(502, "<html>bad gateway</html>"), crm.ErrTemporary, "bad gateway"},
		"too large":             {status(413, "too large"), crm.ErrInvalid, "413"},
		"error inside 200":      {text(200, `{"error":"out of memory"}`), crm.ErrTemporary, "out of memory"},
		"cut off":               {text(200, `{"embeddings":[[0.1,0.2`), crm.ErrTemporary, ""},
		"empty":                 {text(200, ``), crm.ErrTemporary, "0 vectors for 1"},
		"too many":              {text(200, `{"embeddings":[[`+vector+`],[`+vector+`]]}`), crm.ErrTemporary, "2 vectors for 1"},
		"other dimension":       {text(200, `{"embeddings":[[0.5,0.5]]}`), crm.ErrTemporary, "2 dimensions instead of 32"},
		"zero":                  {text(200, `{"embeddings":[[`+strings.ReplaceAll(vector, "0.1", "0")+`]]}`), crm.ErrTemporary, "zero"},
		"null, written for NaN": {text(200, `{"embeddings":[[`+strings.ReplaceAll(vector, "0.1", "null")+`]]}`), crm.ErrTemporary, "zero"},
		"NaN":                   {text(200, `{"embeddings":[[`+strings.Replace(vector, "0.1", "NaN", 1)+`]]}`), crm.ErrTemporary, ""},
		"infinite":              {text(200, `{"embeddings":[[`+strings.Replace(vector, "0.1", "1e39", 1)+`]]}`), crm.ErrTemporary, ""},
		"hangs up":              {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, crm.ErrTemporary, ""},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			chunk := []byte(strings.Repeat(" ", 1<<20))
			for range largestAnswer>>20 + 2 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, crm.ErrTemporary, "larger than"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			e := open(t, f, Options{})
			f.meet = func(w http.ResponseWriter, r *http.Request, _ embedAsk, _ []string) bool { c.answer(w, r); return true }
			v, _, err := e.Embed(t.Context(), crm.EmbedDocument, []string{"price"})
			if v != nil || !errors.Is(err, c.kind) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("%d vectors, error %v: want %v and %q", len(v), err, c.kind, c.says)
			}
			for _, other := range []error{crm.ErrTemporary, crm.ErrForbidden, crm.ErrInvalid} {
				if other != c.kind && errors.Is(err, other) {
					t.Errorf("error %v is %v, too", err, other)
				}
			}
		})
	}
}

func status(code int, message string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { refuse(w, code, message) }
}

func text(code int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

func TestAServerThatHangsIsLeft(t *testing.T) {
	f := newFake(t)
	e := open(t, f, Options{})
	e.c.timeout = 20 * time.Millisecond
	f.meet = func(_ http.ResponseWriter, r *http.Request, _ embedAsk, _ []string) bool {
		<-r.Context().Done()
		return true
	}
	if _, _, err := e.Embed(t.Context(), crm.EmbedQuery, []string{"price"}); !errors.Is(err, crm.ErrTemporary) || errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want temporary", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	e.c.timeout = time.Minute
	f.meet = func(_ http.ResponseWriter, r *http.Request, _ embedAsk, _ []string) bool {
		cancel()
		<-r.Context().Done()
		return true
	}
	if _, _, err := e.Embed(ctx, crm.EmbedQuery, []string{"price"}); !errors.Is(err, context.Canceled) || errors.Is(err, crm.ErrTemporary) {
		t.Errorf("error %v, want the caller's own end", err)
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	f := newFake(t)
	for name, c := range map[string]struct {
		o    Options
		kind error
		says string
	}{
		"no such model": {Options{BaseURL: f.URL, Model: "bge-m3"}, crm.ErrForbidden, "ollama pull bge-m3"},
		"no server":     {Options{BaseURL: "http://127.0.0.1:1", Model: "all-minilm"}, crm.ErrTemporary, "list models"},
		"no model":      {Options{BaseURL: f.URL}, crm.ErrInvalid, "no model's name"},
		"bad address":   {Options{BaseURL: "localhost:11434", Model: "all-minilm"}, crm.ErrInvalid, "http://host:port"},
		"negative":      {Options{BaseURL: f.URL, Model: "all-minilm", Batch: -1}, crm.ErrInvalid, "negative"},
	} {
		if _, err := Open(t.Context(), c.o); !errors.Is(err, c.kind) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: error %v, want %v and %q", name, err, c.kind, c.says)
		}
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	f := newFake(t)
	e := open(t, f, Options{})
	f.meet = func(w http.ResponseWriter, _ *http.Request, _ embedAsk, _ []string) bool {
		w.Header().Set("Retry-After", "30")
		refuse(w, 503, "server busy")
		return true
	}
	_, _, err := e.Embed(t.Context(), crm.EmbedQuery, []string{"price"})
	var later *crm.RetryAfter
	if !errors.As(err, &later) || time.Until(later.At) < 20*time.Second {
		t.Errorf("error %v, want a moment in half a minute", err)
	}
}

// Where tokens can only be estimated and the server shortens in silence, the sum over a batch hides one shortened text: what may be too long goes alone.
func TestAShortenedTextDoesNotHideInItsBatch(t *testing.T) {
	f := newFake(t)
	f.tokenizer, f.context, f.reads, f.deaf = "llama", 4096, 300, true
	e := open(t, f, Options{})
	dense := strings.Repeat("a ", 310) // estimated at as many tokens as it has: by two bytes to a token
	texts := append(slices.Repeat([]string{"price"}, 31), dense)
	if _, use, err := e.Embed(t.Context(), crm.EmbedDocument, texts); err != nil || use.InputTokens != 31+310 {
		t.Errorf("%d tokens were read of %d, %v", use.InputTokens, 31+310, err)
	}
	for _, ask := range f.asked() {
		if len(ask.Input) > 1 && slices.ContainsFunc(ask.Input, func(s string) bool { return len(s) > 300 }) {
			t.Errorf("a text of more than 300 bytes is one of %d", len(ask.Input))
		}
	}
}
