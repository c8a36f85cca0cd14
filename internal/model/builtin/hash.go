package builtin

import (
	"context"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// hashName says what the hashing embedder is: hashed words and letter n-grams in 256 dimensions.
const hashName = "builtin/hash256"

// Dim is the length of the vectors of both embedders.
const Dim = 256

// Weights of the features. A word counts for more than the n-grams inside it, so that the same word outweighs a similar one; n-grams let word forms and typing
// errors meet. Every word is spread over several signed positions, so that two words that collide in one still differ in the others.
const (
	wordWeight   = 1.0
	gramWeight   = .35
	pairWeight   = .3
	wordSpread   = 3
	shortestGram = 3
	longestGram  = 5
	biasDim      = 0 // carries the vector of a text without words; no feature lands there
)

// Hash hashes words, neighbouring words and letter n-grams of 3 to 5 into 256 dimensions, with logarithmic counts. It keeps nothing, costs nothing and is safe for
// concurrent use. The zero value is ready.
type Hash struct{}

// Name is builtin/hash256.
func (Hash) Name() string { return hashName }

// Fingerprint changes whenever the vector of any text does.
func (Hash) Fingerprint() string { return hashName + "@1" }

// Dimension is 256.
func (Hash) Dimension() int { return Dim }

// Windows is false: a hashed text gains nothing from its neighbours.
func (Hash) Windows() bool { return false }

// Embed gives one unit vector of 256 dimensions per text, in order; documents and questions are read alike. No vector is zero: a text without words lies on a
// dimension of its own, at a right angle to all others. No text is cut. A done ctx ends the work between two texts, without vectors.
func (Hash) Embed(ctx context.Context, _ crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	out := make([][]float32, len(texts))
	var use crm.Usage
	var h hasher
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, crm.Usage{}, fmt.Errorf("%s: embed text %d of %d: %w", hashName, i+1, len(texts), err)
		}
		out[i] = h.vector(t)
		use.InputTokens += (utf8.RuneCountInString(t) + 3) / 4
	}
	return out, use, nil
}

// hasher counts the features of one text after the other. Features stay in the order in which they came: sums of floats must not depend on any other.
type hasher struct {
	features []feature
	table    []uint32 // open addressing: 1 + position in features; 0 is free. Its length is a power of two
	runes    []byte
	pair     []byte
}

// A table beyond that many places is not kept for the next text, which would pay for clearing it.
const largeTable = 1 << 16

type feature struct {
	key   uint64
	count float32
}

func (h *hasher) vector(text string) []float32 {
	if len(h.table) > largeTable {
		h.table = nil
	}
	clear(h.table)
	h.features = h.features[:0]
	before := ""
	for _, term := range crm.Terms(text) {
		h.count(hash(term, 1)<<2, wordWeight)
		if before != "" {
			h.pair = append(append(append(h.pair[:0], before...), ' '), term...)
			h.count(hash(h.pair, 2)<<2|1, pairWeight)
		}
		before = term
		h.grams(term)
	}
	v := make([]float32, Dim)
	for _, f := range h.features {
		f.addTo(v)
	}
	return unit(v)
}

// grams counts the letter n-grams of a word with its ends marked.
func (h *hasher) grams(term string) {
	h.runes = append(append(append(h.runes[:0], '<'), term...), '>')
	w := h.runes
	for n := shortestGram; n <= longestGram; n++ {
		for i := 0; i+n <= len(w); i++ {
			h.count(hash(w[i:i+n], 3)<<2|2, gramWeight)
		}
	}
}

// spell adds a single word and its n-grams to v, each once per occurrence.
func spell(v []float32, word string) {
	feature{hash(word, 1) << 2, wordWeight}.addTo(v)
	w := "<" + word + ">"
	for n := shortestGram; n <= longestGram; n++ {
		for i := 0; i+n <= len(w); i++ {
			feature{hash(w[i:i+n], 3)<<2 | 2, gramWeight}.addTo(v)
		}
	}
}

func (h *hasher) count(key uint64, weight float32) {
	if 2*len(h.features) >= len(h.table) {
		h.grow()
	}
	at := h.slot(key)
	if h.table[at] == 0 {
		h.features = append(h.features, feature{key: key})
		h.table[at] = uint32(len(h.features))
	}
	h.features[h.table[at]-1].count += weight
}

// slot is where the key is, or the free place where it belongs. Keys are hashes already.
func (h *hasher) slot(key uint64) int {
	mask := len(h.table) - 1
	at := int(key>>2) & mask
	for h.table[at] != 0 && h.features[h.table[at]-1].key != key {
		at = (at + 1) & mask
	}
	return at
}

// grow doubles the table, so that half of it stays free.
func (h *hasher) grow() {
	h.table = make([]uint32, max(4096, 2*len(h.table)))
	for i, f := range h.features {
		h.table[h.slot(f.key)] = uint32(i + 1)
	}
}

// addTo puts a feature on its dimensions: words on several, the rest on one. Counts are damped, keeping the weight of a feature that occurs once.
func (f feature) addTo(v []float32) {
	weight := float32(gramWeight)
	spread := 1
	switch f.key & 3 {
	case 0:
		weight, spread = wordWeight, wordSpread
	case 1:
		weight = pairWeight
	}
	if f.count > weight {
		weight *= 1 + float32(math.Log(float64(f.count/weight)))
	}
	x := f.key
	for range spread {
		x = mix(x)
		at := 1 + x%(Dim-1)
		if x>>63 == 0 {
			v[at] += weight
		} else {
			v[at] -= weight
		}
	}
}

func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		v[biasDim] = 1
		return v
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
	return v
}

// hash is FNV-1a with a seed, finished by mix. (FNV: http://www.isthe.com/chongo/tech/comp/fnv; mix: the finaliser of splitmix64.)
func hash[T string | []byte](s T, seed uint64) uint64 {
	x := uint64(14695981039346656037) ^ seed
	for i := range len(s) {
		x = (x ^ uint64(s[i])) * 1099511628211
	}
	return mix(x)
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
