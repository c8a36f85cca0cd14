package retriever

import (
	"cmp"
	"slices"
)

// defaultDenseShare is for a weak embedder; convex beats reciprocal ranks in and out of domain (Bruch et al., arXiv 2210.11934).
const defaultDenseShare = 0.2

// rrfK is the constant of reciprocal rank fusion (Cormack et al., SIGIR 2009).
const rrfK = 60

// convex scores by BM25 and cosine, each scaled by its best. Chunks with neither are no candidates.
func (s *selection) convex(dense float64, focus []bool) {
	e := s.evidence
	top := best(e.dense)
	for i := range e.bm25 {
		var x float32
		if e.bestBM25 > 0 {
			x = float32(1-dense) * e.bm25[i] / e.bestBM25
		}
		if top > 0 {
			x += float32(dense) * e.dense[i] / top
		}
		if e.in[i] && x > 0 && (focus == nil || !focus[i]) {
			s.ranked = append(s.ranked, ranked{int32(i), x})
		}
	}
}

// reciprocal scores by the ranks in both arms.
func (s *selection) reciprocal(focus []bool) {
	e := s.evidence
	total := make([]float32, len(e.in))
	for _, arm := range [][]float32{e.bm25, e.dense} {
		for rank, i := range s.byScore(arm) {
			total[i] += 1 / float32(rrfK+rank+1)
		}
	}
	for i, x := range total {
		if x > 0 && (focus == nil || !focus[i]) {
			s.ranked = append(s.ranked, ranked{int32(i), x})
		}
	}
}

// byScore are the chunks inside the filter with a positive score, best first, ties by id.
func (s *selection) byScore(scores []float32) []int32 {
	var out []int32
	for i, x := range scores {
		if x > 0 && s.evidence.in[i] {
			out = append(out, int32(i))
		}
	}
	a := s.account
	slices.SortFunc(out, func(x, y int32) int {
		return cmp.Or(cmp.Compare(scores[y], scores[x]), cmp.Compare(a.chunk(x).ID, a.chunk(y).ID))
	})
	return out
}

// consider marks the chunks that may be ranked: nil for all of a small account.
func (e *evidence) consider(a *account, depth int) []bool {
	if len(a.at) <= Small {
		return nil
	}
	return e.best(a, depth)
}

// best marks the depth best of each arm with two on each side, since structure can lift an item that has no word of the question.
func (e *evidence) best(a *account, depth int) []bool {
	marked := make([]bool, len(a.at))
	for _, arm := range [][]float32{e.bm25, e.dense, e.static, e.softOwn} {
		for _, i := range highest(arm, depth) {
			session := a.session[i]
			for j := max(a.first[session], i-2); j < min(a.end[session], i+3); j++ {
				marked[j] = true
			}
		}
	}
	return marked
}

// highest are the indexes of the k highest positive scores, in no order.
func highest(scores []float32, k int) []int32 {
	var out []int32
	for i, x := range scores {
		if x > 0 {
			out = append(out, int32(i))
		}
	}
	if len(out) <= k {
		return out
	}
	slices.SortFunc(out, func(x, y int32) int { return cmp.Or(cmp.Compare(scores[y], scores[x]), cmp.Compare(x, y)) })
	return out[:k]
}
