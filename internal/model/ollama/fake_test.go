package ollama

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// fake speaks the server's protocol as version 0.6.5 was seen to: tokens are counted without the two markers, a text above num_ctx is refused when truncate is false, and the
// runner shortens what exceeds num_ctx together with the markers in silence, without a word in prompt_eval_count. A text's vector is the sum over its words.
type fake struct {
	*httptest.Server
	tokenizer string // "bert" unless set
	context   int
	deaf      bool                                                                            // it ignores truncate and num_ctx, as some versions do
	reads     int                                                                             // tokens that are really read, if fewer than asked for
	meet      func(w http.ResponseWriter, r *http.Request, ask embedAsk, texts []string) bool // answers instead, when it returns true

	mu       sync.Mutex
	requests []embedAsk
	cut      int // texts that the runner shortened
}

type embedAsk struct {
	Model    string
	Input    []string
	Truncate *bool
	Options  struct {
		NumCtx    int `json:"num_ctx"`
		NumThread int `json:"num_thread"`
	}
}

var known = strings.Fields("long text about lifts and pumps window the end price we need for technicians a")

func newFake(t *testing.T) *fake {
	f := &fake{tokenizer: "bert", context: 64}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/tags", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"models":[{"name":"other:latest","digest":"ffff"},{"name":"all-minilm:latest","digest":"4b32c9de7c465b8711c2c3144dab6e98"}]}`)
	})
	mux.HandleFunc("POST /api/show", func(w http.ResponseWriter, _ *http.Request) {
		tokens := []string{"[PAD]", "[UNK]"}
		for _, w := range known {
			tokens = append(tokens, "▁"+w)
		}
		for c := 'a'; c <= 'z'; c++ {
			tokens = append(tokens, "▁"+string(c), string(c))
		}
		reply(w, map[string]any{"model_info": map[string]any{"general.architecture": "bert", "bert.context_length": f.context,
			"tokenizer.ggml.model": f.tokenizer, "tokenizer.ggml.tokens": tokens}})
	})
	mux.HandleFunc("POST /api/embed", f.embed)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func reply(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	reply(w, map[string]string{"error": message})
}

func (f *fake) embed(w http.ResponseWriter, r *http.Request) {
	var ask embedAsk
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	f.mu.Lock()
	f.requests = append(f.requests, ask)
	f.mu.Unlock()
	if f.meet != nil && f.meet(w, r, ask, ask.Input) {
		return
	}
	vectors, total := make([][]float32, 0, len(ask.Input)), 0
	for _, text := range ask.Input {
		tokens := tokenise(text)
		if len(tokens) == 0 && text != "\uFFFD\uFFFD" && text != "\uFFFD" {
			continue // as some versions do
		}
		most := min(ask.Options.NumCtx, f.context)
		if f.deaf {
			most = f.context
		}
		if !f.deaf && len(tokens) > most && ask.Truncate != nil && !*ask.Truncate {
			refuse(w, http.StatusBadRequest, "input length exceeds maximum context length")
			return
		}
		if len(tokens)+2 > most {
			f.mu.Lock()
			f.cut++
			f.mu.Unlock()
			tokens = tokens[:most-2]
		}
		if f.reads > 0 {
			tokens = tokens[:min(len(tokens), f.reads)]
		}
		total += len(tokens)
		vectors = append(vectors, sum(tokens))
	}
	reply(w, map[string]any{"model": ask.Model, "embeddings": vectors, "prompt_eval_count": total})
}

func (f *fake) asked() []embedAsk {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// tokenise is written apart from the counter under test: known words are one token, others their letters, every other visible rune is one.
func tokenise(text string) (out []string) {
	for _, field := range strings.Fields(strings.ToLower(text)) {
		letters := ""
		flush := func() {
			if slices.Contains(known, letters) {
				out = append(out, letters)
			} else {
				out = append(out, strings.Split(letters, "")...)
			}
			letters = ""
		}
		for _, r := range field {
			switch {
			case r >= 'a' && r <= 'z':
				letters += string(r)
			case r == unicode.ReplacementChar:
			default:
				flush()
				out = append(out, string(r))
			}
		}
		flush()
	}
	return out
}

// sum is the unit sum of one random vector per token, and one for the markers.
func sum(tokens []string) []float32 {
	out := make([]float32, 32)
	for _, t := range append([]string{"[CLS]"}, tokens...) {
		h := fnv.New64a()
		h.Write([]byte(t))
		rng := rand.New(rand.NewPCG(h.Sum64(), 1))
		for d := range out {
			out[d] += float32(rng.NormFloat64())
		}
	}
	n := 0.
	for _, x := range out {
		n += float64(x) * float64(x)
	}
	for d := range out {
		out[d] /= float32(math.Sqrt(n))
	}
	return out
}
