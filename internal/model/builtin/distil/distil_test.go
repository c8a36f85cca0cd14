package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEigenvectorsDiagonalise(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 40
	a, original := make([][]float64, n), make([][]float64, n)
	for i := range n {
		a[i] = make([]float64, n)
		for j := range i + 1 {
			a[i][j] = rng.NormFloat64()
			a[j][i] = a[i][j]
		}
	}
	for i := range n {
		original[i] = slices.Clone(a[i])
	}
	values, vectors := eigen(a)
	for k := range n {
		if math.Abs(norm(vectors[k])-1) > 1e-9 || largest(vectors[k]) < 0 {
			t.Errorf("vector %d has length %v", k, norm(vectors[k]))
		}
		for i := range n {
			if got := dot(original[i], vectors[k]); math.Abs(got-values[k]*vectors[k][i]) > 1e-9 {
				t.Fatalf("A·v differs from λ·v for value %d", k)
			}
		}
	}
	order := descending(values)
	if !slices.IsSortedFunc(order, func(i, j int) int { return int(math.Copysign(1, values[j]-values[i])) }) {
		t.Error("values do not fall")
	}
}

func TestChosenWordsCanBeLookedUp(t *testing.T) {
	var vocabulary []string
	for i := range 1500 {
		vocabulary = append(vocabulary, fmt.Sprintf("w%04d", i))
	}
	vocabulary = append([]string{"the", "é", "x", "7", "[unused]", "don't", "Upper"}, vocabulary...)
	words, err := choose(vocabulary, "renewal\nthe", 1200)
	if err != nil {
		t.Fatal(err)
	}
	rank := map[string]int{}
	for i, w := range words {
		rank[w.text] = w.rank
		if i > 0 && w.text <= words[i-1].text {
			t.Errorf("%q after %q", w.text, words[i-1].text)
		}
	}
	if len(words) != 1200 || rank["the"] != 1 || rank["7"] != digitRank || rank["w0001"] == 0 || rank["w1450"] != 0 || rank["x"] != 0 || rank["Upper"] != 0 || rank["é"] != 0 {
		t.Errorf("%d words; the %d, 7 %d, x %d", len(words), rank["the"], rank["7"], rank["x"])
	}
	if _, err := choose(vocabulary, "two-words", 10); err == nil {
		t.Error("our own list may hold single words only")
	}
	if _, err := choose(nil, "renewal", 10); err == nil {
		t.Error("a model without whole words cannot be distilled")
	}
}

// Our own list is read every time; a mistake in it must not wait for the next distilling.
func TestOwnWordsAreUsable(t *testing.T) {
	for w := range strings.FieldsSeq(extra) {
		if !usable(w) {
			t.Errorf("%q is no single word", w)
		}
	}
}

// teacher is a server whose words have a vector of their topic (their first letter) and a little of their own.
func teacher(t *testing.T) string {
	vector := func(seed string) []float32 {
		h := fnv.New64a()
		h.Write([]byte(seed))
		rng, out := rand.New(rand.NewPCG(h.Sum64(), 1)), make([]float32, 300)
		for d := range out {
			out[d] = float32(rng.NormFloat64())
		}
		return out
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/tags", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"models":[{"name":"all-minilm:latest","digest":"d1"}]}`)
	})
	mux.HandleFunc("POST /api/show", func(w http.ResponseWriter, _ *http.Request) {
		var tokens []string
		for a := 'a'; a <= 'z'; a++ {
			for i := range 45 {
				tokens = append(tokens, fmt.Sprintf("▁%c%c%c", a, 'a'+i/26, 'a'+i%26))
			}
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"model_info": map[string]any{"tokenizer.ggml.model": "bert", "tokenizer.ggml.tokens": tokens}}); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("POST /api/embed", func(w http.ResponseWriter, r *http.Request) {
		var ask struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			t.Error(err)
		}
		out := make([][]float32, len(ask.Input))
		for i, text := range ask.Input {
			topic, own := vector(text[:1]), vector(text)
			out[i] = make([]float32, len(own))
			for d := range out[i] {
				out[i][d] = topic[d] + .7*own[d] + 1
			}
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"embeddings": out}); err != nil {
			t.Error(err)
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestDistilledTopicsStayTogether(t *testing.T) {
	url := teacher(t)
	var files [2][]byte
	for i := range files {
		path := filepath.Join(t.TempDir(), "words.bin")
		if err := run(t.Context(), []string{"-out", path, "-server", url, "-words", "1100", "-neighbours", "10"}, &bytes.Buffer{}, &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = b
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the same teacher gave two files")
	}
	words, err := choose(vocabulary(), "", 1100)
	if err != nil {
		t.Fatal(err)
	}
	rng, vectors := rand.New(rand.NewPCG(3, 4)), make([][]float32, len(words))
	topics := map[byte][]float32{}
	for i, w := range words {
		if topics[w.text[0]] == nil {
			topics[w.text[0]] = random(rng, 300)
		}
		vectors[i] = random(rng, 300)
		for d := range vectors[i] {
			vectors[i][d] = .5*vectors[i][d] + topics[w.text[0]][d] + 1
		}
	}
	f := distil(words, vectors, 10)
	same, other := 0, 0
	for i, list := range f.Neighbours {
		for _, n := range list {
			if n.Word[0] == f.Words[i][0] {
				same++
			} else {
				other++
			}
		}
	}
	if same < 10*len(words)*8/10 || other > same/20 {
		t.Errorf("%d neighbours of the same topic, %d of another", same, other)
	}
	length := func(i int) float64 { return math.Sqrt(float64(dotf(f.Vectors[i], f.Vectors[i]))) }
	if first, last := length(slices.Index(f.Words, "aaa")), length(slices.Index(f.Words, "yaa")); first > last/2 {
		t.Errorf("the most frequent word weighs %.3f, a rare one %.3f", first, last)
	}
}

func vocabulary() (out []string) {
	for a := 'a'; a <= 'z'; a++ {
		for i := range 45 {
			out = append(out, fmt.Sprintf("%c%c%c", a, 'a'+i/26, 'a'+i%26))
		}
	}
	return out
}

func random(rng *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for d := range out {
		out[d] = float32(rng.NormFloat64())
	}
	return out
}

func dotf(a, b []float32) (s float32) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}
