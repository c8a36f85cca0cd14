package retriever

// queue gives candidates best first, ties by chunk id. Few questions want more than a dozen of a thousand, so they are not sorted.
type queue struct {
	s    *selection
	heap []ranked
}

// newQueue orders the candidates of s in place: they stay all there, in another order.
func newQueue(s *selection) *queue {
	q := &queue{s: s, heap: s.ranked}
	for i := len(q.heap)/2 - 1; i >= 0; i-- {
		q.down(i)
	}
	return q
}

func (q *queue) len() int { return len(q.heap) }

func (q *queue) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(q.heap) {
			return
		}
		if child+1 < len(q.heap) && q.s.before(q.heap[child+1], q.heap[child]) {
			child++
		}
		if !q.s.before(q.heap[child], q.heap[i]) {
			return
		}
		q.heap[i], q.heap[child] = q.heap[child], q.heap[i]
		i = child
	}
}

// pop takes the best one out. The array keeps it behind the heap's end.
func (q *queue) pop() ranked {
	last := len(q.heap) - 1
	q.heap[0], q.heap[last] = q.heap[last], q.heap[0]
	top := q.heap[last]
	q.heap = q.heap[:last]
	q.down(0)
	return top
}

// some pops up to n.
func (q *queue) some(n int) []ranked {
	out := make([]ranked, 0, n)
	for len(out) < n && len(q.heap) > 0 {
		out = append(out, q.pop())
	}
	return out
}
