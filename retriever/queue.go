package retriever

import "slices"

// queue gives candidates best first, ties by chunk id. Few questions want more than a dozen of a thousand, so they are not sorted: each time some are wanted, one look
// at all that are left finds them.
type queue struct {
	s    *selection
	left []ranked
	next []ranked // popped already, best first
}

// newQueue orders the candidates of s in place: they stay all there, in another order.
func newQueue(s *selection) *queue { return &queue{s: s, left: s.ranked} }

// atOnce is how many are looked for when one is wanted.
const atOnce = 32

// pop takes the best one out; false when there is none.
func (q *queue) pop() (ranked, bool) {
	if len(q.next) == 0 {
		q.next = q.some(atOnce)
	}
	if len(q.next) == 0 {
		return ranked{}, false
	}
	top := q.next[0]
	q.next = q.next[1:]
	return top, true
}

// some takes out up to n.
func (q *queue) some(n int) []ranked {
	n = min(n, len(q.left))
	// The best are gathered in front, as a heap with the worst of them at its root. Whatever they displace stays among those that are left.
	best := q.left[:n]
	for i := n/2 - 1; i >= 0; i-- {
		q.down(best, i)
	}
	if n > 0 {
		for i := n; i < len(q.left); i++ {
			if q.left[i].score >= best[0].score && q.s.before(q.left[i], best[0]) {
				best[0], q.left[i] = q.left[i], best[0]
				q.down(best, 0)
			}
		}
	}
	slices.SortFunc(best, func(x, y ranked) int {
		if q.s.before(x, y) {
			return -1
		}
		return 1
	})
	q.left = q.left[n:]
	return best
}

// down restores the heap below i: parents are never better than their children.
func (q *queue) down(heap []ranked, i int) {
	for {
		worst := i
		for _, c := range [2]int{2*i + 1, 2*i + 2} {
			if c < len(heap) && q.s.before(heap[worst], heap[c]) {
				worst = c
			}
		}
		if worst == i {
			return
		}
		heap[i], heap[worst] = heap[worst], heap[i]
		i = worst
	}
}
