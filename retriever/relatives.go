package retriever

import "sync"

// relative is a stem of the account that is close in meaning to a word: by its cosine, rescaled so that the closest have 1.
type relative struct {
	stem int32
	near float32
}

// family remembers the relatives of the words that were asked for.
type family struct {
	mu sync.Mutex
	of map[string][]relative
}

// mostKin is how many words it remembers. People ask for the same things again and again.
const mostKin = 128

// relatives of a word among the stems of the account, closest first, each once.
func (a *account) relatives(word string) []relative {
	a.kin.mu.Lock()
	out, ok := a.kin.of[word]
	a.kin.mu.Unlock()
	if ok {
		return out
	}
	near := a.vocabulary.static.Neighbours(word)
	for i, id := range a.vocabulary.idsOf(near) {
		if int(id) < len(a.words) && a.words[id] != none {
			out = append(out, relative{a.words[id], min(1, (near[i].Cosine-closest)/(1-closest))})
		}
	}
	a.kin.mu.Lock()
	defer a.kin.mu.Unlock()
	if a.kin.of == nil || len(a.kin.of) >= mostKin {
		a.kin.of = map[string][]relative{}
	}
	a.kin.of[word] = out
	return out
}
