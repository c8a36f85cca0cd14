package retriever

import (
	"slices"
	"sync"

	"github.com/contextd/contextd/internal/analysis"
)

// vocabulary is what is known of the words of one account, by the ids that its postings give them. It only grows, so that all that was prepared of an account from lists of
// words that begin alike shares it: an account that is written to all the time is not read word by word at every question.
type vocabulary struct {
	static Static // may be nil

	mu      sync.RWMutex // guards what follows
	words   []string
	ids     map[string]uint32
	stems   map[string]int32   // stem → id
	stemOf  map[string][]int32 // by language, of each word; none until it is asked for
	vectors [][]float32        // of each word; shorter than words until they are asked for
}

func newVocabulary(static Static) *vocabulary {
	return &vocabulary{static: static, ids: map[string]uint32{}, stems: map[string]int32{}, stemOf: map[string][]int32{}}
}

// extend takes in a list of words; false when it does not begin as the one before (then its ids mean other words), or is shorter: then words were erased, and are to leave.
func (v *vocabulary) extend(words []string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	common := len(v.words)
	if len(words) < common || !slices.Equal(words[:common], v.words) {
		return false
	}
	if len(v.words) == 0 {
		v.ids = make(map[string]uint32, len(words))
	}
	for w := common; w < len(words); w++ {
		v.ids[words[w]] = uint32(w)
	}
	if len(words) > common {
		v.words = words
	}
	return true
}

// list is all words, by id.
func (v *vocabulary) list() []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.words
}

// id is a word's, noWord when the account never had it.
func (v *vocabulary) id(word string) uint32 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if id, ok := v.ids[word]; ok {
		return id
	}
	return noWord
}

// idsOf are the ids of words that are near to one.
func (v *vocabulary) idsOf(words []Neighbour) []uint32 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := make([]uint32, len(words))
	for i := range words {
		id, ok := v.ids[words[i].Word]
		if !ok {
			id = noWord
		}
		out[i] = id
	}
	return out
}

// stem is the id of a stem; none when no text of the account ever had it.
func (v *vocabulary) stem(stem string) int32 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if id, ok := v.stems[stem]; ok {
		return id
	}
	return none
}

// stemmed gives the stem ids of the words that are used, in one language, by word. The array is a copy: others may fill in theirs meanwhile.
func (v *vocabulary) stemmed(used []bool, language string) []int32 {
	v.mu.Lock()
	defer v.mu.Unlock()
	of := v.stemOf[language]
	for len(of) < len(v.words) {
		of = append(of, none)
	}
	for w, in := range used {
		if in && of[w] == none {
			s := analysis.Stem(v.words[w], language)
			id, ok := v.stems[s]
			if !ok {
				id = int32(len(v.stems))
				v.stems[s] = id
			}
			of[w] = id
		}
	}
	v.stemOf[language] = of
	return slices.Clone(of[:len(used)])
}

// count is how many stems there are.
func (v *vocabulary) count() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.stems)
}

// meanings are the vectors of all words.
func (v *vocabulary) meanings() [][]float32 {
	v.mu.Lock()
	defer v.mu.Unlock()
	for w := len(v.vectors); w < len(v.words); w++ {
		v.vectors = append(v.vectors, v.static.Word(v.words[w]))
	}
	return v.vectors
}

// bytes is about what it takes beside the texts of its words.
func (v *vocabulary) bytes() int {
	const perWord, perStem = 56, 90
	v.mu.RLock()
	defer v.mu.RUnlock()
	return perWord*len(v.words) + perStem*len(v.stems) + 4*len(v.words)*len(v.stemOf) + 24*len(v.vectors)
}
