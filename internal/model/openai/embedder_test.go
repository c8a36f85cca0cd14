package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/embedding"
	"github.com/contextd/contextd/internal/model/modeltest"
)

// fake is a compatible server that embeds: a vector is the sum over the text's words, a token is a word or a rune that is no ASCII.
type fake struct {
	*httptest.Server
	window int                                                     // as it is listed
	reads  int                                                     // tokens that are really read; more are cut in silence
	refuse bool                                                    // what is longer than the window
	meet   func(w http.ResponseWriter, texts []string) (done bool) // answers instead

	mu    sync.Mutex
	cut   int
	asked [][]string
}

func serve(t *testing.T, f *fake) *fake {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"data":[{"id":"bge-small-en","max_model_len":%d}]}`, f.window)
	})
	mux.HandleFunc("POST /v1/embeddings", f.embed)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) embed(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Input  []string
		Format string `json:"encoding_format"`
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || ask.Format != "float" {
		says(400, modeltest.OpenAIError("bad request", "", nil))(w, r)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, ask.Input)
	if f.meet != nil && f.meet(w, ask.Input) {
		return
	}
	data, total := []any{}, 0
	for i, text := range ask.Input {
		tokens := strings.Fields(text)
		for _, r := range text {
			if r > 127 {
				tokens = append(tokens, string(r))
			}
		}
		if f.refuse && f.window > 0 && len(tokens)+2 > f.window {
			says(400, modeltest.OpenAIError("This model's maximum context length is exceeded", "", 400))(w, r)
			return
		}
		if f.reads > 0 && len(tokens) > f.reads {
			tokens, f.cut = tokens[:f.reads], f.cut+1
		}
		total += len(tokens)
		data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": vector(tokens)})
	}
	slices.Reverse(data) // the index counts, not the order
	says(200, encode(map[string]any{"object": "list", "model": "bge-small-en", "data": data, "usage": map[string]int{"prompt_tokens": total, "total_tokens": total}}))(w, r)
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers and texts always encode
	}
	return string(b)
}

func vector(tokens []string) []float32 {
	out := make([]float32, 16)
	for _, t := range append([]string{"[CLS]"}, tokens...) {
		h := fnv.New64a()
		h.Write([]byte(t))
		rng := rand.New(rand.NewPCG(h.Sum64(), 1))
		for d := range out {
			out[d] += float32(rng.NormFloat64())
		}
	}
	return out
}

func open(t *testing.T, f *fake) *Embedder {
	t.Helper()
	e, err := Open(t.Context(), Options{BaseURL: f.URL + "/v1", Model: "bge-small-en", APIKey: modeltest.Secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func TestEmbedderPassesTheSuite(t *testing.T) {
	modeltest.RunEmbedder(t, func(t *testing.T) modeltest.Embedder { return open(t, serve(t, &fake{window: 512, refuse: true})) })
}

func TestTheEmbedderSaysWhatItIs(t *testing.T) {
	f := serve(t, &fake{window: 512})
	e := open(t, f)
	if e.Name() != "openai/bge-small-en" || e.Dimension() != 16 || !e.Windows() || e.MaxTokens() != 510 || !strings.HasPrefix(e.Fingerprint(), "openai/bge-small-en/16/510/") {
		t.Errorf("%s, %d, %d, %s", e.Name(), e.Dimension(), e.MaxTokens(), e.Fingerprint())
	}
	if _, _, err := e.Embed(t.Context(), crm.EmbedQuery, []string{"price"}); err != nil {
		t.Fatal(err)
	}
	if got := f.asked[len(f.asked)-1][0]; got != "Represent this sentence for searching relevant passages: price" {
		t.Errorf("sent %q without the model's prefix", got)
	}
}

// Servers that cut in silence are found out by their count: at the start, and with every batch.
func TestNothingIsCutInSilence(t *testing.T) {
	f := serve(t, &fake{window: 2048, reads: 300})
	if e := open(t, f); e.MaxTokens() > 300 {
		t.Errorf("window of %d tokens, but 300 are read", e.MaxTokens())
	}
	f = serve(t, &fake{window: 512})
	e := open(t, f)
	f.reads = 100 // the server was started anew
	if _, _, err := e.Embed(t.Context(), crm.EmbedDocument, []string{strings.Repeat("a bb ", 90)}); err != nil {
		t.Fatal(err)
	}
	last := f.asked[len(f.asked)-1]
	if n := len(strings.Fields(last[len(last)-1])); n > 107 {
		t.Errorf("the last part has %d words, but 100 are read", n)
	}
	f = serve(t, &fake{window: 200, refuse: true})
	f.window = 2048 // listed; but it refuses
	small := 200
	f.meet = func(w http.ResponseWriter, texts []string) bool {
		long := slices.ContainsFunc(texts, func(s string) bool { return len(strings.Fields(s)) > small })
		if long {
			says(400, modeltest.OpenAIError("input is longer than the maximum context length", "", nil))(w, nil)
		}
		return long
	}
	if e := open(t, f); e.MaxTokens() > 300 {
		t.Errorf("window of %d tokens, but 200 are taken", e.MaxTokens())
	}
}

func TestFailuresOfTheEmbedder(t *testing.T) {
	good := strings.Repeat("0.1,", 15) + "0.1"
	one := func(index int, v string) string { return fmt.Sprintf(`{"index":%d,"embedding":[%s]}`, index, v) }
	for name, c := range map[string]struct {
		status int
		body   string
		kind   error
	}{
		"no money":        {429, modeltest.OpenAIError("quota", "insufficient_quota", "insufficient_quota"), crm.ErrForbidden},
		"busy":            {503, modeltest.OpenAIError("busy", "", nil), crm.ErrTemporary},
		"none":            {200, `{"data":[]}`, crm.ErrTemporary},
		"two":             {200, `{"data":[` + one(0, good) + `,` + one(1, good) + `]}`, crm.ErrTemporary},
		"index":           {200, `{"data":[` + one(7, good) + `]}`, crm.ErrTemporary},
		"other dimension": {200, `{"data":[` + one(0, "1,2") + `]}`, crm.ErrTemporary},
		"zero":            {200, `{"data":[` + one(0, strings.ReplaceAll(good, "0.1", "0")) + `]}`, crm.ErrTemporary},
		"infinite":        {200, `{"data":[` + one(0, strings.Replace(good, "0.1", "1e39", 1)) + `]}`, crm.ErrTemporary},
		"cut":             {200, `{"data":[{"index":0,"embedding":[0.1`, crm.ErrTemporary},
		"words":           {200, `{"data":"sorry"}`, crm.ErrTemporary},
	} {
		f := serve(t, &fake{window: 512})
		e := open(t, f)
		f.meet = func(w http.ResponseWriter, _ []string) bool { says(c.status, c.body)(w, nil); return true }
		v, _, err := e.Embed(t.Context(), crm.EmbedDocument, []string{"price"})
		if v != nil || !errors.Is(err, c.kind) {
			t.Errorf("%s: %d vectors, error %v, want %v", name, len(v), err, c.kind)
		}
	}
	f := serve(t, &fake{window: 512})
	e := open(t, f)
	f.meet = func(w http.ResponseWriter, texts []string) bool {
		bad := slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "poison") })
		if bad {
			says(500, modeltest.OpenAIError("crashed", "", nil))(w, nil)
		}
		return bad
	}
	texts := slices.Repeat([]string{"price"}, 9)
	texts[4] = "poison"
	var text *embedding.TextError
	if _, _, err := e.Embed(t.Context(), crm.EmbedDocument, texts); !errors.As(err, &text) || text.Index != 4 || !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("error %v, want text 4", err)
	}
}

// Batches are bounded by tokens, too.
func TestBatchesAreSizedByTokens(t *testing.T) {
	f := serve(t, &fake{window: 512})
	e := open(t, f)
	e.BatchTokens = 100
	before := len(f.asked)
	if _, _, err := e.Embed(t.Context(), crm.EmbedDocument, slices.Repeat([]string{strings.Repeat("price ", 13)}, 6)); err != nil { // estimated as 39 tokens each
		t.Fatal(err)
	}
	if n := len(f.asked) - before; n != 3 {
		t.Errorf("%d requests for six texts of 39 tokens, want 3", n)
	}
}

// Only a missing route is a server that tells nothing; a gateway that is starting must not give the model another window and the index another fingerprint.
func TestAListThatCannotBeReadIsTemporary(t *testing.T) {
	f := serve(t, &fake{window: 1024})
	for name, c := range map[string]struct {
		status int
		body   string
		kind   error
	}{
		"a page":       {200, "<html>starting</html>", crm.ErrTemporary},
		"nothing":      {200, "", crm.ErrTemporary},
		"a status":     {200, `{"status":"starting"}`, crm.ErrTemporary},
		"other fields": {200, `{"data":"soon"}`, crm.ErrTemporary},
		"no route":     {404, "not found", nil},
		"no method":    {405, "", nil},
		"no models":    {200, `{"data":[]}`, nil},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/models") {
				says(c.status, c.body)(w, r)
				return
			}
			f.embed(w, r)
		}))
		e, err := Open(t.Context(), Options{BaseURL: s.URL + "/v1", Model: "bge-small-en"})
		if !errors.Is(err, c.kind) || (err == nil) != (c.kind == nil) {
			t.Errorf("%s: error %v, want %v", name, err, c.kind)
		}
		if err == nil {
			e.Close()
		}
		s.Close()
	}
}
