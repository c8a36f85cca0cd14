package indexer_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/ollama"
	"github.com/contextd/contextd/internal/model/openai"
)

// cutter is an embedding server that claims a large window and has a small one, and that shortens what is longer without a word, whatever it is asked; only its count tells.
// Its first dimension is not zero where it shortened; the others are the sum of one random vector per token.
type cutter struct {
	*httptest.Server
	tokenise func(text string) []string
	refuses  bool // it says so instead
	spoil    func([]float32) any
	model    atomic.Pointer[string]
	requests atomic.Int64
	cut      atomic.Int64 // texts that were shortened and, if all is well, not used
	tokens   sync.Map     // vectors by token
}

const (
	claimed    = 2048 // tokens
	hidden     = 200
	dimensions = 129
	asked      = "embedder-1"
)

func newCutter(t *testing.T, tokenise func(string) []string) *cutter {
	c := &cutter{tokenise: tokenise}
	name := asked
	c.model.Store(&name)
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) } // a client that has left
	mux.HandleFunc("GET /api/tags", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"models": []any{map[string]string{"name": asked + ":latest", "digest": "4b32c9de7c46"}}})
	})
	mux.HandleFunc("POST /api/show", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"model_info": map[string]any{"general.architecture": "llama", "llama.context_length": claimed, "tokenizer.ggml.model": "llama"}})
	})
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"data": []any{map[string]any{"id": asked, "max_model_len": claimed}}})
	})
	embed := func(w http.ResponseWriter, r *http.Request) (vectors []any, read int) {
		c.requests.Add(1)
		var ask struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			panic(http.ErrAbortHandler)
		}
		for _, text := range ask.Input {
			tokens := c.tokenise(text)
			whole := len(tokens) <= hidden
			if !whole && c.refuses {
				w.WriteHeader(http.StatusBadRequest)
				answer(w, map[string]any{"error": map[string]any{"message": "maximum context length exceeded", "code": "context_length_exceeded"}})
				return nil, 0
			}
			if !whole {
				c.cut.Add(1)
			}
			tokens = tokens[:min(len(tokens), hidden)]
			v := c.sum(tokens, whole)
			read += len(tokens)
			if c.spoil != nil {
				vectors = append(vectors, c.spoil(v))
				continue
			}
			vectors = append(vectors, v)
		}
		return vectors, read
	}
	mux.HandleFunc("POST /api/embed", func(w http.ResponseWriter, r *http.Request) {
		if vectors, read := embed(w, r); vectors != nil {
			answer(w, map[string]any{"model": *c.model.Load(), "embeddings": vectors, "prompt_eval_count": read})
		}
	})
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, r *http.Request) {
		vectors, read := embed(w, r)
		if vectors == nil {
			return
		}
		var data []any
		for i, v := range vectors {
			data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": v})
		}
		answer(w, map[string]any{"object": "list", "model": *c.model.Load(), "data": data, "usage": map[string]int{"prompt_tokens": read, "total_tokens": read}})
	})
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func (c *cutter) sum(tokens []string, whole bool) []float32 {
	out := make([]float32, dimensions)
	for _, t := range tokens {
		v, known := c.tokens.Load(t)
		if !known {
			h := fnv.New64a()
			h.Write([]byte(t))
			rng := rand.New(rand.NewPCG(h.Sum64(), 3))
			one := make([]float32, dimensions)
			for d := 1; d < dimensions; d++ {
				one[d] = float32(math.Round(rng.NormFloat64()*8) / 8) // short as text
			}
			v, _ = c.tokens.LoadOrStore(t, one)
		}
		for d, x := range v.([]float32) {
			out[d] += x
		}
	}
	if len(tokens) == 0 {
		out[1] = 1
	}
	if !whole {
		out[0] = 1000
	}
	return out
}

// bytesOf is the worst tokenizer: words are cut every four letters, what is no ASCII is a token per byte, as byte fallback has it.
func bytesOf(text string) (out []string) {
	start := 0
	end := func(i int) {
		if i > start {
			out = append(out, text[start:i])
		}
		start = i
	}
	for i, r := range text {
		switch {
		case r >= utf8.RuneSelf:
			end(i)
			for b := range utf8.RuneLen(r) {
				out = append(out, text[i:min(i+utf8.RuneLen(r), len(text))]+string(rune('0'+b)))
			}
			start = i + utf8.RuneLen(r)
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if i-start == 4 {
				end(i)
			}
		default:
			end(i)
			if !unicode.IsSpace(r) {
				out = append(out, text[i:i+1])
			}
			start = i + 1
		}
	}
	end(len(text))
	return out
}

// scripts are six alphabets to write in, some of them without spaces.
var scripts = map[string]struct {
	letters string
	spaces  bool
}{
	"latin": {"abcdefghijklmnopqrstuvwxyzäöüéñ", true}, "cyrillic": {"абвгдежзиклмнопрстуфхцчшщыэюя", true}, "arabic": {"ابتثجحخدذرزسشصضطظعغفقكلمنهوي", true},
	"devanagari": {"अआइईउऊएऐओऔकखगघचछजझटठडढतथदधनपफबभमयरलवशसह", true}, "chinese": {"我们需要一百名技术员的价格请在周五之前回复合同续签客户经理会议记录", false},
	"emoji": {"👍🎉🚀💼📈🔥✅❌📅💡🤝😀😅🙏🏽", false},
}

// textIn writes about n bytes, with the fact as their end.
func textIn(rng *rand.Rand, script string, n int, fact string) string {
	s := scripts[script]
	letters := []rune(s.letters)
	var b strings.Builder
	for b.Len() < n {
		for range 2 + rng.IntN(9) {
			b.WriteRune(letters[rng.IntN(len(letters))])
		}
		switch {
		case rng.IntN(12) == 0:
			b.WriteString(".\n\n")
		case s.spaces:
			b.WriteByte(' ')
		case rng.IntN(4) == 0:
			b.WriteString("。")
		}
	}
	return b.String() + " " + fact
}

// factOf is a sentence that no other text has.
func factOf(rng *rand.Rand) string {
	words := make([]string, 14)
	for i := range words {
		w := make([]byte, 8)
		for j := range w {
			w[j] = "bcdfghjklmnpqrstvwxz"[rng.IntN(20)]
		}
		words[i] = string(w)
	}
	return strings.Join(words, " ")
}

const (
	manyTexts = 2000
	largest   = 200_000 // bytes
	nearest   = 10      // vectors of a text, among which that of its fact must be
)

type whole struct {
	Row                                               string
	Server                                            string
	Texts, Bytes, Vectors, Truncated, Found, Requests int
	Shortened                                         int // by the server; noticed, and not used
}

// Every chunk of a text of any script and length is embedded whole, or in parts that are, by a server that shortens in silence; and what stands at the very end is found.
func TestNothingIsTruncated(t *testing.T) {
	sum := whole{}
	for name, o := range map[string]struct {
		share   int // of the texts, by number
		refuses bool
		open    func(c *cutter) (indexer.Embedder, error)
	}{
		"ollama": {0, false, func(c *cutter) (indexer.Embedder, error) {
			return ollama.Open(t.Context(), ollama.Options{BaseURL: c.URL, Model: asked})
		}},
		"openai": {1, false, func(c *cutter) (indexer.Embedder, error) {
			return openai.Open(t.Context(), openai.Options{BaseURL: c.URL + "/v1", Model: asked})
		}},
		"openai that refuses": {2, true, func(c *cutter) (indexer.Embedder, error) {
			return openai.Open(t.Context(), openai.Options{BaseURL: c.URL + "/v1", Model: asked})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCutter(t, bytesOf)
			c.refuses = o.refuses
			e, err := o.open(c)
			if err != nil {
				t.Fatal(err)
			}
			r := whole{Row: "X3", Server: name}
			var mu sync.Mutex
			var all sync.WaitGroup
			next := make(chan int)
			for range 4 {
				all.Go(func() {
					for i := range next {
						bytes, vectors, truncated, found := one(t, e, i)
						mu.Lock()
						r.Texts, r.Bytes, r.Vectors, r.Truncated, r.Found = r.Texts+1, r.Bytes+bytes, r.Vectors+vectors, r.Truncated+truncated, r.Found+found
						mu.Unlock()
					}
				})
			}
			for i := range manyTexts {
				if i/len(scripts)%3 == o.share {
					next <- i
				}
			}
			close(next)
			all.Wait()
			r.Requests, r.Shortened = int(c.requests.Load()), int(c.cut.Load())
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println(string(line))
			sum.Texts, sum.Shortened = sum.Texts+r.Texts, sum.Shortened+r.Shortened
			if r.Truncated > 0 || r.Found != r.Texts || r.Vectors < 2*r.Texts {
				t.Errorf("%d of %d vectors are of shortened texts; %d of %d facts at the end are found", r.Truncated, r.Vectors, r.Found, r.Texts)
			}
		})
	}
	if sum.Texts != manyTexts || sum.Shortened == 0 {
		t.Errorf("%d texts, %d shortened by a server: not what this test is for", sum.Texts, sum.Shortened)
	}
}

// one sends a text through chunker and embedder, and looks for its fact.
func one(t *testing.T, e indexer.Embedder, i int) (bytes, vectors, truncated, found int) {
	rng := rand.New(rand.NewPCG(uint64(i), 17))
	names := []string{"latin", "cyrillic", "arabic", "devanagari", "chinese", "emoji"}
	size := 40 + rng.IntN(2500)
	if i%97 == 0 {
		size = largest - rng.IntN(1000)
	}
	fact := factOf(rng)
	text := textIn(rng, names[i%len(names)], size, fact)
	ref := crm.Ref{Portal: 7, Type: crm.Notes, ID: fmt.Sprint(i + 1)}
	a := crm.Activity{Ref: ref, Body: text, Format: crm.PlainText, Time: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	chunks := indexer.Chunk(a, indexer.Normalise(a), []string{"Harborline Lifts"})
	texts := indexer.WindowTexts(chunks)
	for _, c := range chunks {
		texts = append(texts, indexer.EmbedText(c))
	}
	got, _, err := e.Embed(t.Context(), crm.EmbedDocument, texts)
	if err != nil || len(got) != len(texts) {
		t.Errorf("text %d, %s, %d bytes: %d vectors, %v", i, names[i%len(names)], len(text), len(got), err)
		return len(text), 0, 0, 0
	}
	q, _, err := e.Embed(t.Context(), crm.EmbedQuery, []string{fact})
	if err != nil {
		t.Error(err)
		return len(text), len(got), 0, 0
	}
	near := make([]float32, len(got))
	for j, v := range got {
		if v[0] != 0 {
			truncated++
		}
		for d := range v {
			near[j] += v[d] * q[0][d]
		}
	}
	order := make([]int, len(got))
	for j := range order {
		order[j] = j
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(near[y], near[x]) })
	last := strings.LastIndex(fact, " ")
	for _, j := range order[:min(nearest, len(order))] {
		if strings.Contains(texts[j], fact[last+1:]) {
			found = 1
		}
	}
	return len(text), len(got), truncated, found
}

// Vectors that are none, or of another model, never become part of an index.
func TestVectorsThatAreNoneAreRefused(t *testing.T) {
	other := "embedder-2"
	bad := map[string]func(c *cutter){
		"NaN as null": func(c *cutter) { c.spoil = func(v []float32) any { return make([]any, len(v)) } },
		"not finite": func(c *cutter) {
			c.spoil = func(v []float32) any { return append([]any{json.Number("1e39")}, anys(v[1:])...) }
		},
		"a word":           func(c *cutter) { c.spoil = func(v []float32) any { return append([]any{"NaN"}, anys(v[1:])...) } },
		"zero":             func(c *cutter) { c.spoil = func(v []float32) any { return make([]float32, len(v)) } },
		"too short":        func(c *cutter) { c.spoil = func(v []float32) any { return v[:len(v)-1] } },
		"too long":         func(c *cutter) { c.spoil = func(v []float32) any { return append(v, 1) } },
		"none":             func(c *cutter) { c.spoil = func([]float32) any { return []float32{} } },
		"of another model": func(c *cutter) { c.model.Store(&other) },
	}
	refused, calls := 0, 0
	for name, spoil := range bad {
		for _, provider := range []string{"ollama", "openai"} {
			c := newCutter(t, bytesOf)
			var e indexer.Embedder
			var err error
			if provider == "ollama" {
				e, err = ollama.Open(t.Context(), ollama.Options{BaseURL: c.URL, Model: asked})
			} else {
				e, err = openai.Open(t.Context(), openai.Options{BaseURL: c.URL + "/v1", Model: asked})
			}
			if err != nil {
				t.Fatal(err)
			}
			spoil(c)
			for i := range 20 {
				calls++
				v, _, err := e.Embed(t.Context(), crm.EmbedDocument, []string{fmt.Sprintf("price %d", i), "contract"})
				if v == nil && errors.Is(err, crm.ErrTemporary) && !errors.Is(err, crm.ErrInvalid) {
					refused++
					continue
				}
				t.Errorf("%s, %s: %d vectors, %v", provider, name, len(v), err)
			}
		}
	}
	fmt.Printf(`{"row":"X3","vectors_that_are_none":%d,"refused":%d}`+"\n", calls, refused)
}

func anys(v []float32) []any {
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = x
	}
	return out
}
