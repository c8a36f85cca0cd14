package retriever

import (
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
		if len(small) > 0 && 2*len(small) >= len(large) && float64(shared(small, large)) >= nearCopy*float64(len(small)) {
			return c.ids[i]
		}
	}
	return ""
}

func shared(a, b []uint64) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}

func (c *copies) add(set []uint64, id string) {
	c.sets, c.ids = append(c.sets, set), append(c.ids, id)
}

// triples hashes every three words in a row (FNV-1a), ascending, each once.
func triples(text string) []uint64 {
	words := crm.Terms(text)
	out := make([]uint64, 0, len(words))
	for i := range words {
		h := uint64(14695981039346656037)
		for _, w := range words[i:min(i+3, len(words))] {
			for j := range len(w) {
				h = (h ^ uint64(w[j])) * 1099511628211
			}
			h *= 1099511628211
		}
		out = append(out, h)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
