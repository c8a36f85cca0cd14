package retriever

import (
	"math"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// copies remembers the texts that were chosen, as ascending hashes of their word triples, so that forwarded and quoted repeats do not fill the answer.
type copies struct {
	sets [][]uint64
	ids  []string // of the chunk that each set is of
}

// nearCopy is the share of the smaller text's triples that the other one must hold.
const nearCopy = 0.9

// of says which of the chosen chunks a text with these triples is a near copy of; "" when it is none.
func (c *copies) of(set []uint64) string {
	for i, other := range c.sets {
		small, large := set, other
		if len(small) > len(large) {
			small, large = large, small
		}
		// Texts of very different length are no copies of each other, even when one holds the other.
		if len(small) > 0 && 2*len(small) >= len(large) && holds(large, small) {
			return c.ids[i]
		}
	}
	return ""
}

// holds reports whether so many of a set's triples are in a larger one that it is a near copy. Most texts share next to nothing: a few misses settle it.
func holds(large, small []uint64) bool {
	least := int(math.Ceil(nearCopy * float64(len(small))))
	misses := len(small) - least
	for i, j := 0, 0; i < len(small); {
		switch {
		case j == len(large) || small[i] < large[j]:
			if misses--; misses < 0 {
				return false
			}
			i++
		case small[i] > large[j]:
			j++
		default:
			i, j = i+1, j+1
		}
	}
	return true
}

func (c *copies) add(set []uint64, id string) {
	c.sets, c.ids = append(c.sets, set), append(c.ids, id)
}

// triples hashes every three words in a row, ascending, each once.
func (s *selection) triples(c ranked, text string) []uint64 {
	if s.account != nil {
		chunk := s.account.chunk(c.chunk)
		return hashed(s.account.sequence[chunk.From:chunk.To]) // the words' ids are at hand
	}
	words := crm.Terms(text)
	ids := make([]uint32, len(words))
	for i, w := range words {
		h := uint32(2166136261) // FNV-1a
		for j := range len(w) {
			h = (h ^ uint32(w[j])) * 16777619
		}
		ids[i] = h
	}
	return hashed(ids)
}

// hashed mixes three numbers in a row by multiplying with odd constants, so that their order counts.
func hashed(ids []uint32) []uint64 {
	out := make([]uint64, len(ids))
	for i := range ids {
		h := uint64(ids[i])
		for _, id := range ids[i+1 : min(i+3, len(ids))] {
			h = (h^h>>29)*0x9E3779B97F4A7C15 + uint64(id) + 1
		}
		out[i] = h * 0xBF58476D1CE4E5B9
	}
	slices.Sort(out)
	return slices.Compact(out)
}
