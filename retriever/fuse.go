package retriever

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// fuse scores every candidate by a convex combination of both arms, each scaled by its best, and orders them: the focus first (in reading order), then by score,
// ties by chunk id. Convex beats reciprocal ranks in and out of domain (Bruch et al., arXiv 2210.11934).
func fuse(byID map[string]*candidate, dense float64) []candidate {
	best := map[string]float64{}
	for _, c := range byID {
		for arm, s := range c.parts {
			best[arm] = max(best[arm], s)
		}
	}
	out := make([]candidate, 0, len(byID))
	for _, c := range byID {
		for arm, w := range map[string]float64{"keyword": 1 - dense, "dense": dense} {
			if best[arm] > 0 && c.parts[arm] > 0 {
				c.score += w * c.parts[arm] / best[arm]
			}
		}
		if c.focus {
			c.parts["focus"] = 1
		}
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b candidate) int {
		switch {
		case a.focus && b.focus:
			return cmp.Compare(a.pos, b.pos)
		case a.focus:
			return -1
		case b.focus:
			return 1
		}
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
	})
	return out
}

// copies remembers the texts that were chosen, as sets of hashed word triples, so that forwarded and quoted repeats do not fill the answer.
type copies struct {
	seed maphash.Seed
	sets []map[uint64]bool
}

// nearCopy is the share of the smaller text's triples that the other one must hold.
const nearCopy = 0.9

// has reports whether a text with these triples is a near copy of one that was added.
func (c *copies) has(set map[uint64]bool) bool {
	for _, other := range c.sets {
		small, large := set, other
		if len(small) > len(large) {
			small, large = large, small
		}
		shared := 0
		for h := range small {
			if large[h] {
				shared++
			}
		}
		// Texts of very different length are no copies of each other, even when one holds the other.
		if len(small) > 0 && float64(shared) >= nearCopy*float64(len(small)) && 2*len(small) >= len(large) {
			return true
		}
	}
	return false
}

func (c *copies) add(set map[uint64]bool) { c.sets = append(c.sets, set) }

func (c *copies) triples(text string) map[uint64]bool {
	if c.seed == (maphash.Seed{}) {
		c.seed = maphash.MakeSeed()
	}
	words := crm.Terms(text)
	set := map[uint64]bool{}
	for i := range words {
		var h maphash.Hash
		h.SetSeed(c.seed)
		for _, w := range words[i:min(i+3, len(words))] {
			_, _ = h.WriteString(w) // a hash never fails to write
			_ = h.WriteByte(0)
		}
		set[h.Sum64()] = true
	}
	return set
}
