package retriever

// closest is the cosine from which a word counts as close to another: below it, neighbours are chance.
const closest = 0.35

// meaning fills the cosine of word vectors and the soft match.
func (e *evidence) meaning(a *account, q *question) {
	n := len(a.at)
	e.bestStatic = 0
	e.static, e.softOwn, e.softWin = zeroed(e.static, n), zeroed(e.softOwn, n), zeroed(e.softWin, n)
	if a.vectors == nil {
		return
	}
	if q.vector != nil {
		coded := a.vectors.Ask(q.vector)
		a.vectors.Products(&coded, 0, e.static)
		for i, x := range e.static {
			if x < 0 || !e.in[i] {
				e.static[i] = 0
			}
		}
	}
	e.bestStatic, e.staticOf = best(e.static), e.bySession(e.staticOf, a, e.static)
	if q.mass == 0 {
		return
	}
	e.soft, e.spoken = zeroed(e.soft, n), zeroed(e.spoken, len(a.first))
	for t := range q.terms {
		e.softTerm(a, q, t)
	}
}

// softTerm adds one term's share: 1 where the chunk has the word, else how close its closest word is.
func (e *evidence) softTerm(a *account, q *question, t int) {
	share := q.terms[t].idf / q.mass
	for _, s := range q.terms[t].stems {
		e.soften(a, s, share)
	}
	for _, r := range a.relatives(q.terms[t].word) { // closest first: who comes later adds nothing
		e.soften(a, r.stem, r.near*share)
	}
	for s, spoken := range e.spoken {
		if !spoken {
			continue
		}
		e.spoken[s] = false
		soft := e.soft[a.first[s]:a.end[s]]
		for i, x := range soft {
			e.softOwn[int(a.first[s])+i] += x
		}
		windowMax(soft, e.softWin[a.first[s]:a.end[s]])
		clear(soft)
	}
}

// soften notes how close a stem is to the term at hand where nothing closer is, and in which sessions.
func (e *evidence) soften(a *account, stem int32, x float32) {
	post := a.postings(stem)
	for k := range post {
		if c := post[k].chunk; e.soft[c] == 0 && e.in[c] {
			e.soft[c] = x
			e.spoken[a.session[c]] = true
		}
	}
}

// windowMax adds to each place the highest of x there and two places around. x is nowhere negative.
func windowMax(x, out []float32) {
	out = out[:len(x)]
	var a, b float32 // two places before, and one
	for i, c := range x {
		m := max0(max0(a, b), c)
		if i+1 < len(x) {
			m = max0(m, x[i+1])
			if i+2 < len(x) {
				m = max0(m, x[i+2])
			}
		}
		out[i] += m
		a, b = b, c
	}
}

// max0 is max for numbers that are never NaN, which it need not look for.
func max0(x, y float32) float32 {
	if x > y {
		return x
	}
	return y
}

// around are the two items before and the two behind, nearest first, none where the session ends.
func (a *account) around(i int32) (prev, next, prev2, next2 int32) {
	first, end := a.first[a.session[i]], a.end[a.session[i]]
	prev, next, prev2, next2 = i-1, i+1, i-2, i+2
	if prev2 < first {
		prev2 = none
		if prev < first {
			prev = none
		}
	}
	if next2 >= end {
		next2 = none
		if next >= end {
			next = none
		}
	}
	return prev, next, prev2, next2
}
