package builtin

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// words.bin is made by the program in distil, from all-MiniLM-L6-v2 (Apache-2.0, see NOTICE).
//
//go:embed words.bin
var wordsFile string

var static = sync.OnceValue(func() *Words {
	w, err := openWords(wordsFile)
	if err != nil {
		panic(err) // the file is a part of the program
	}
	return w
})

// Static is the vectors of single words, read on first use (a few milliseconds). All callers share one.
func Static() *Words { return static() }

// Words knows the meaning of about 24,000 words. Words are as crm.Terms gives them; an inflected form of a known word has its meaning, a compound of two known words
// theirs together. Everything else (names, other languages, typing errors) has a vector made from its letters, so that it still meets itself. Safe for concurrent use.
type Words struct {
	words   []string
	at      map[string]uint16
	scales  []float32
	vectors string   // len(words) × learned signed bytes
	from    []uint32 // of each word's neighbours, and the end
	near    string   // uint16 each
	cosines string
	sum     uint32

	mu      sync.RWMutex
	decoded map[string][]float32 // asked for lately
	before  map[string][]float32 // before those; what is asked for again is moved up
}

// maxDecoded bounds what is kept decoded, twice: 8,192 vectors are 8 MiB. The most frequent words of a language are far fewer.
const maxDecoded = 4096

// unknownWeight is the length of the vector of a word without a meaning; the rarest known words have 1. Names should count, but less than the sense of the sentence.
const unknownWeight = .6

// Dimension is 256.
func (w *Words) Dimension() int { return Dim }

// Word is a word's vector: the normalised sum over a text's words is the text's vector. It is nil only for the empty word. The result is shared and must not be changed.
func (w *Words) Word(word string) []float32 {
	if word == "" {
		return nil
	}
	w.mu.RLock()
	v, ok := w.decoded[word]
	if ok {
		w.mu.RUnlock()
		return v
	}
	v, ok = w.before[word]
	w.mu.RUnlock()
	if !ok {
		v = make([]float32, Dim)
		w.add(v, word)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.decoded == nil || len(w.decoded) >= maxDecoded {
		w.decoded, w.before = make(map[string][]float32, maxDecoded), w.decoded
	}
	w.decoded[strings.Clone(word)] = v
	return v
}

// Known tells whether the word, or the form of it that Base gives, has a meaning.
func (w *Words) Known(word string) bool {
	_, ok := w.find(word)
	return ok
}

// Base is the known word that a word is a form of: the word itself, "technician" for "technicians"; "" when it is none.
func (w *Words) Base(word string) string {
	if i, ok := w.find(word); ok {
		return w.words[i]
	}
	return ""
}

// Neighbours are the known words with a cosine of at least Closest to this one, at most 255, best first, without itself; an inflected form has its base's, and the base
// itself first. None for an unknown word.
func (w *Words) Neighbours(word string) []crm.WordNeighbour {
	i, ok := w.find(word)
	if !ok {
		return nil
	}
	from, to := w.from[i], w.from[i+1]
	out := make([]crm.WordNeighbour, 0, to-from+1)
	if w.words[i] != word {
		out = append(out, crm.WordNeighbour{Word: w.words[i], Cosine: 1})
	}
	for k := from; k < to; k++ {
		j := int(w.near[2*k]) | int(w.near[2*k+1])<<8
		out = append(out, crm.WordNeighbour{Word: w.words[j], Cosine: Closest + (1-Closest)*float32(w.cosines[k])/255})
	}
	return out
}

// find looks a word up, then its simpler forms.
func (w *Words) find(word string) (int, bool) {
	if i, ok := w.at[word]; ok {
		return int(i), true
	}
	for _, e := range endings {
		stem, ok := strings.CutSuffix(word, e.ending)
		if !ok || len(stem) < shortestStem {
			continue
		}
		if i, ok := w.at[stem+e.instead]; ok {
			return int(i), true
		}
		if n := len(stem); e.doubles && stem[n-1] == stem[n-2] {
			if i, ok := w.at[stem[:n-1]]; ok {
				return int(i), true
			}
		}
	}
	return 0, false
}

const shortestStem = 3

// endings are those of English inflection, tried in this order. After a doubled consonant ("planning") one of the two goes, too.
var endings = []struct {
	ending, instead string
	doubles         bool
}{
	{"ies", "y", false}, {"es", "e", false}, {"es", "", false}, {"s", "", false},
	{"ied", "y", false}, {"ed", "e", false}, {"ed", "", true},
	{"ing", "", true}, {"ing", "e", false},
	{"ily", "y", false}, {"ly", "", false}, {"er", "e", false}, {"er", "", true}, {"ers", "e", false}, {"ers", "", true}, {"est", "", true}, {"ness", "", false},
}

// add puts a word's vector onto v.
func (w *Words) add(v []float32, word string) {
	if i, ok := w.find(word); ok {
		w.addKnown(v, i, 1)
		return
	}
	if i, j, ok := w.compound(word); ok {
		w.addKnown(v, i, .5)
		w.addKnown(v, j, .5)
	}
	var letters [Dim]float32
	spell(letters[:], word)
	for i, x := range unit(letters[:]) {
		v[i] += unknownWeight * x
	}
}

func (w *Words) addKnown(v []float32, i int, weight float32) {
	scale := weight * w.scales[i]
	row := w.vectors[i*learned : (i+1)*learned]
	for d := range row {
		v[d+1] += scale * float32(int8(row[d]))
	}
}

const shortestPart = 4

// compound finds two known words that a word is made of: "waterpump" is water and pump. The first one is as long as it can be.
func (w *Words) compound(word string) (int, int, bool) {
	for cut := len(word) - shortestPart; cut >= shortestPart; cut-- {
		i, ok := w.at[word[:cut]]
		if !ok {
			continue
		}
		if j, ok := w.find(word[cut:]); ok {
			return int(i), j, true
		}
	}
	return 0, 0, false
}
