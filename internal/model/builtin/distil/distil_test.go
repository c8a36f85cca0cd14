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

	"github.com/viterin/vek/vek32"
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
			out[i] = make([]float32, 300)
			for w := range strings.FieldsSeq(text) {
				topic, own := vector(w[:1]), vector(w)
				for d := range out[i] {
					out[i][d] += topic[d] + .5*own[d]
				}
			}
			for d := range out[i] {
				out[i][d]++
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
		if err := run(t.Context(), []string{"-out", path, "-server", url, "-words", "1100", "-neighbours", "10", "-texts", "400"}, &bytes.Buffer{}, &bytes.Buffer{}); err != nil {
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
}

func TestTopicsStayTogether(t *testing.T) {
	words, vectors := topical(t)
	f := reduce(words, begin(words, vectors), 10)
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
	length := func(word string) float64 {
		v := f.Vectors[slices.Index(f.Words, word)]
		return math.Sqrt(float64(vek32.Dot(v, v)))
	}
	if first, last := length("aaa"), length("yaa"); first > last/2 {
		t.Errorf("the most frequent word weighs %.3f, a rare one %.3f", first, last)
	}
}

// topical are words whose vectors lie around one direction for each first letter.
func topical(t *testing.T) ([]word, [][]float32) {
	t.Helper()
	words, err := choose(vocabulary(), "", 1100)
	if err != nil {
		t.Fatal(err)
	}
	rng, vectors := rand.New(rand.NewPCG(3, 4)), make([][]float32, len(words))
	centres := map[byte][]float32{}
	for i, w := range words {
		if centres[w.text[0]] == nil {
			centres[w.text[0]] = random(rng, 300)
		}
		vectors[i] = random(rng, 300)
		for d := range vectors[i] {
			vectors[i][d] = .5*vectors[i][d] + centres[w.text[0]][d] + 1
		}
	}
	return words, vectors
}

// A teacher that listens to every second word three times as much must be followed, also on texts that were not learned from.
func TestWordsLearnHowMuchTheyCarry(t *testing.T) {
	words, taught := topical(t)
	vectors := begin(words, taught)
	for _, v := range vectors {
		scale(v, 1/norm(v))
	}
	drawn := bags(words, topics(vectors), 3000)
	targets := make([][]float64, len(drawn))
	for i, b := range drawn {
		targets[i] = make([]float64, 300)
		for _, w := range b {
			for d, x := range vectors[w] {
				targets[i][d] += float64(1+2*(w%2)) * x
			}
		}
		scale(targets[i], 1/norm(targets[i]))
	}
	before := agreement(vectors, drawn[:300], targets)
	fit(vectors, drawn[300:], targets[300:])
	after := agreement(vectors, drawn[:300], targets)
	if after < before+(1-before)/3 {
		t.Errorf("cosine %.3f before, %.3f after", before, after)
	}
	loud, quiet := 0., 0.
	for i, v := range vectors {
		if i%2 == 1 {
			loud += norm(v)
		} else {
			quiet += norm(v)
		}
	}
	if loud < 1.2*quiet {
		t.Errorf("lengths %.0f of the words that count, %.0f of the others", loud, quiet)
	}
}

func TestTextsOfChanceAreMadeOfTheRightWords(t *testing.T) {
	words, taught := topical(t)
	near := topics(begin(words, taught))
	one, two := bags(words, near, 500), bags(words, near, 500)
	frequent, sameTopic, all := 0, 0, 0
	for i, b := range one {
		if !slices.Equal(b, two[i]) {
			t.Fatal("chance must be the same every time")
		}
		if len(b) < 1+leastOther+leastCommon || len(b) > 1+mostNear+mostOther+mostCommon || len(strings.Fields(b.text(words))) != len(b) {
			t.Errorf("a text of %d words", len(b))
		}
		counts := map[byte]int{}
		for _, w := range b {
			all++
			counts[words[w].text[0]]++
			if words[w].rank <= 20 {
				frequent++
			}
		}
		for _, n := range counts {
			sameTopic = max(sameTopic, n)
		}
	}
	if share := float64(frequent) / float64(all); share < .1 || share > .4 {
		t.Errorf("the 20 most frequent words are %.2f of the texts", share)
	}
	if sameTopic < 4 {
		t.Error("no text has a topic")
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
