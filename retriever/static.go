package retriever

import "github.com/viterin/vek/vek32"

// closest is the cosine from which a word counts as close to another: below it, neighbours are chance.
const closest = 0.35

// meaning fills the cosine of word vectors and the soft match.
func (e *evidence) meaning(a *account, q *question, static Static) {
	n := len(a.shapes)
	e.bestStatic = 0
	e.static, e.softOwn, e.softWin = zeroed(e.static, n), zeroed(e.softOwn, n), zeroed(e.softWin, n)
	if static == nil || a.vectors == nil {
		return
	}
	if q.vector != nil {
		for i := range e.static {
			if e.in[i] {
				e.static[i] = max(0, vek32.Dot(q.vector, a.vector(int32(i))))
			}
		}
	}
	e.bestStatic, e.bestStaticOf = best(e.static), e.bySession(e.bestStaticOf, a, e.static)
	if q.mass == 0 {
		return
	}
	e.soft = zeroed(e.soft, n)
	for t := range q.terms {
		e.softTerm(a, q, static, t)
	}
}

// softTerm adds one term's share: 1 where the chunk has the word, else how close its closest word is.
func (e *evidence) softTerm(a *account, q *question, static Static, t int) {
	soft, share := e.soft, q.terms[t].idf/q.mass
	clear(soft)
	for i, m := range e.mask {
		if m>>t&1 == 1 {
			soft[i] = 1
		}
	}
	for _, w := range static.Neighbours(q.terms[t].word) {
		s, ok := a.words[w.Word]
		if !ok {
			continue
		}
		x := min(1, (w.Cosine-closest)/(1-closest))
		for _, p := range a.post[a.start[s]:a.start[s+1]] {
			if e.in[p.chunk] {
				soft[p.chunk] = max(soft[p.chunk], x)
			}
		}
	}
	for i, x := range soft {
		if x == 0 {
			continue
		}
		e.softOwn[i] += share * x
	}
	for i := range soft {
		x := soft[i]
		for _, c := range a.around(int32(i)) {
			if c != none {
				x = max(x, soft[c])
			}
		}
		e.softWin[i] += share * x
	}
}

// around are the two items before and the two behind, none where the session ends.
func (a *account) around(i int32) [4]int32 {
	out := [4]int32{none, none, none, none}
	if p := a.prev[i]; p != none {
		out[0], out[2] = p, a.prev[p]
	}
	if n := a.next[i]; n != none {
		out[1], out[3] = n, a.next[n]
	}
	return out
}
