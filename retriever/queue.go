package retriever

// queue gives candidates best first, ties by chunk id. Few questions want more than a dozen of a thousand, so they are not sorted.
type queue struct {
	s    *selection
	heap []ranked
}

func (q *queue) build() {
	for i := len(q.heap)/2 - 1; i >= 0; i-- {
		q.down(i)
	}
}

func (q *queue) better(a, b ranked) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return q.s.id(a) < q.s.id(b)
}

func (q *queue) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(q.heap) {
			return
		}
		if child+1 < len(q.heap) && q.better(q.heap[child+1], q.heap[child]) {
			child++
		}
		if !q.better(q.heap[child], q.heap[i]) {
			return
		}
		q.heap[i], q.heap[child] = q.heap[child], q.heap[i]
		i = child
	}
}

// pop takes the best one out. The heap keeps it behind its end.
func (q *queue) pop() ranked {
	last := len(q.heap) - 1
	q.heap[0], q.heap[last] = q.heap[last], q.heap[0]
	top := q.heap[last]
	q.heap = q.heap[:last]
	q.down(0)
	return top
}
