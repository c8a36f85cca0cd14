package flat

import (
	"cmp"
	"encoding/hex"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// top is the best n rows so far, as a heap with the worst of them at its root. Its order, best first, is by score and then by chunk id.
type top struct {
	n    int
	t    *table
	rows []scored
}

type scored struct {
	score float32
	row   uint32
}

func (h *top) compare(a, b scored) int {
	if a.score != b.score {
		return cmp.Compare(b.score, a.score)
	}
	return compareIDs(&h.t.ids[a.row], &h.t.ids[b.row])
}

// offer takes a row in if it is among the best. Most are not, and cost one comparison.
func (h *top) offer(score float32, row uint32) {
	if len(h.rows) == h.n {
		if score < h.rows[0].score {
			return
		}
		if s := (scored{score, row}); h.compare(s, h.rows[0]) < 0 {
			h.rows[0] = s
			h.down(0)
		}
		return
	}
	h.rows = append(h.rows, scored{score, row})
	for i := len(h.rows) - 1; i > 0; {
		up := (i - 1) / 2
		if h.compare(h.rows[i], h.rows[up]) <= 0 {
			break
		}
		h.rows[i], h.rows[up] = h.rows[up], h.rows[i]
		i = up
	}
}

// down restores the heap below i: parents are never better than their children.
func (h *top) down(i int) {
	for {
		worst := i
		for _, c := range [2]int{2*i + 1, 2*i + 2} {
			if c < len(h.rows) && h.compare(h.rows[c], h.rows[worst]) > 0 {
				worst = c
			}
		}
		if worst == i {
			return
		}
		h.rows[i], h.rows[worst] = h.rows[worst], h.rows[i]
		i = worst
	}
}

func (h *top) hits() []crm.Hit {
	slices.SortFunc(h.rows, h.compare)
	out := make([]crm.Hit, len(h.rows))
	for i, s := range h.rows {
		out[i] = crm.Hit{Chunk: hex.EncodeToString(h.t.ids[s.row][:]), Score: float64(s.score)}
	}
	return out
}
