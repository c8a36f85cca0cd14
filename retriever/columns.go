package retriever

import (
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// scores fills score with what the linear function gives every chunk: feature × weight, summed feature by feature over arrays, and only over what is not zero. row gives
// the same features of one chunk; a test holds them together.
func (e *evidence) scores(a *account, q *question, by *[shapeCount]dot) {
	e.score = sized(e.score, len(a.at))
	for _, r := range a.runs {
		d, out := &by[r.shape], e.score[r.from:r.to]
		statement, follows := d.weights[fStatement], d.weights[fFollows]
		s, f := a.statement[r.from:r.to], a.follows[r.from:r.to]
		for i := range out {
			out[i] = d.offset + statement*s[i] + follows*f[i]
		}
	}
	e.asked(a, q, by)
	e.matched(a, q, by)
	e.surrounded(a, q, by)
	e.meant(a, q, by)
}

// add puts weight · scale · x onto the score.
func (e *evidence) add(a *account, by *[shapeCount]dot, feature int, scale float32, x []float32) {
	for _, r := range a.runs {
		w := by[r.shape].weights[feature] * scale
		if w == 0 {
			continue
		}
		out, x := e.score[r.from:r.to], x[r.from:r.to]
		for i := range out {
			out[i] += w * x[i]
		}
	}
}

// asked adds what the question names or wants: speakers, people, a time, the conversation so far, a number.
func (e *evidence) asked(a *account, q *question, by *[shapeCount]dot) {
	if len(q.dates) > 0 {
		e.add(a, by, fDate, 1, e.dates)
	}
	if e.bestHistory > 0 {
		e.add(a, by, fHistory, 1/e.bestHistory, e.history)
	}
	if q.wants != 0 {
		for i, has := range a.traits {
			d := &by[a.shapes[i]]
			for _, t := range wanted {
				if (has & q.wants).Has(t.trait) {
					e.score[i] += d.weights[t.feature]
				}
			}
		}
	}
	if len(q.speakers) > 0 {
		for i := range a.speaker {
			if a.by(int32(i), q) {
				e.score[i] += by[a.shapes[i]].weights[fSpeaker]
			}
		}
	}
	if len(q.people) > 0 {
		for i := range a.at {
			if a.with(int32(i), q) {
				e.score[i] += by[a.shapes[i]].weights[fPerson]
			}
		}
	}
}

// wanted are the features of what a question can want.
var wanted = []struct {
	trait   crm.Traits
	feature int
}{{crm.HasNumber, fNumber}, {crm.HasTime, fTime}, {crm.HasName, fName}}

// by reports whether a chunk is by somebody whom the question names.
func (a *account) by(i int32, q *question) bool {
	return a.speaker[i] != none && slices.Contains(q.speakers, a.speaker[i])
}

// with reports whether the activity of a chunk is linked to somebody whom the question names.
func (a *account) with(i int32, q *question) bool {
	people := a.chunk(i).People
	return slices.ContainsFunc(q.people, func(p crm.Ref) bool { return slices.Contains(people, p) })
}

// matched adds what chunks with words of the question have, and what they lend to their neighbours.
func (e *evidence) matched(a *account, q *question, by *[shapeCount]dot) {
	if q.mass == 0 {
		return
	}
	var scale, perRare, perPair float32
	if e.bestBM25 > 0 {
		scale = 1 / e.bestBM25
	}
	if q.rarest > 0 {
		perRare = 1 / q.rarest
	}
	if q.pairMass > 0 {
		perPair = 1 / q.pairMass
	}
	perMass := 1 / q.mass
	for _, i := range e.hits {
		w, x := &by[a.shapes[i]].weights, scale*e.bm25[i]
		own := q.masses.of(e.mask[i])
		e.score[i] += w[fBM25]*x + w[fLength]*a.logs[i] + w[fDateMatch]*e.dates[i] + (w[fCoverage]-w[fWindowCoverage])*own +
			perMass*(w[fExact]*e.exact[i]+w[fOpening]*e.opening[i]) + perRare*w[fRare]*e.rare[i] + perPair*(w[fBigrams]*e.bigrams[i]+w[fNear]*e.close[i])
		e.lend(a, q, by, i, x)
	}
}

// lend gives the BM25 of a chunk to those around it.
func (e *evidence) lend(a *account, q *question, by *[shapeCount]dot, i int32, x float32) {
	prev, next, prev2, next2 := a.around(i)
	if prev != none { // to which this one is the next
		e.score[prev] += by[a.shapes[prev]].weights[fNext] * x
	}
	if prev2 != none {
		e.score[prev2] += by[a.shapes[prev2]].weights[fNext2] * x
	}
	if next2 != none {
		e.score[next2] += by[a.shapes[next2]].weights[fPrev2] * x
	}
	if next == none {
		return
	}
	w := &by[a.shapes[next]].weights
	e.score[next] += w[fPrev] * x
	if a.replies[next] {
		e.score[next] += w[fAfterQuestion] * x
		if a.by(next, q) {
			e.score[next] += w[fAnswers] * x
		}
	}
}

// surrounded adds what the session and the surroundings of a chunk hold of the question.
func (e *evidence) surrounded(a *account, q *question, by *[shapeCount]dot) {
	if q.mass == 0 {
		return
	}
	var scale, perBest float32
	if e.bestBM25 > 0 {
		scale, perBest = 1/e.bestBM25, 1/e.bestSession
	}
	for s, mask := range e.sessionMask {
		if mask == 0 {
			continue
		}
		first, end := a.first[s], a.end[s]
		near, far := e.widen(e.mask[first:end])
		whole, whom := q.masses.of(mask), float32(0)
		if end-first > 1 {
			whom = e.session[s] * perBest
		}
		for i := first; i < end; i++ {
			w := &by[a.shapes[i]].weights
			near, far := near[i-first], far[i-first]
			e.score[i] += w[fWide]*scale*e.wide[i] + w[fSession]*whom + w[fSessionCoverage]*whole +
				(w[fWindowCoverage]-w[fWideCoverage])*q.masses.of(near) + (w[fWideCoverage]-w[fSessionCoverage])*q.masses.of(far)
		}
	}
}

// widen gives the terms within two items of each item of a session, and within five: by joining what two, four and eight in a row have.
func (e *evidence) widen(masks []uint64) (near, far []uint64) {
	const pad = wideReach
	n := len(masks)
	e.two, e.four, e.eight = zeroed(e.two, n+2*pad), zeroed(e.four, n+2*pad), zeroed(e.eight, n+2*pad)
	two, four, eight := e.two, e.four, e.eight // x[i+pad] are those from item i on
	copy(eight[pad:], masks)
	for i := range n + 2*pad - 1 {
		two[i] = eight[i] | eight[i+1]
	}
	two[n+2*pad-1] = 0
	for i := range n + 2*pad - 2 {
		four[i] = two[i] | two[i+2]
	}
	near, far = sized(e.around, n), sized(e.far, n)
	e.around, e.far = near, far
	for i := range near { // from two before to two behind
		near[i] = four[i+pad-2] | eight[i+pad+2]
	}
	for i := range n + 2*pad - 4 {
		eight[i] = four[i] | four[i+4]
	}
	for i := range far { // from five before to five behind
		far[i] = eight[i] | four[i+pad+2]
	}
	return near, far
}

// meant adds what vectors say.
func (e *evidence) meant(a *account, q *question, by *[shapeCount]dot) {
	if a.vectors != nil && q.mass > 0 {
		for _, r := range a.runs {
			w := &by[r.shape].weights
			own, window := w[fSoft]-w[fSoftWindow], w[fSoftWindow]
			out, x, y := e.score[r.from:r.to], e.softOwn[r.from:r.to], e.softWin[r.from:r.to]
			for i := range out {
				out[i] += own*x[i] + window*y[i]
			}
		}
	}
	if e.bestStatic > 0 {
		e.close3(a, by, 1/e.bestStatic, e.static, e.staticOf, fStatic, fStaticNear, fStaticSession)
	}
	if e.bestDense > 0 {
		e.close3(a, by, 1/e.bestDense, e.dense, e.denseOf, fDense, fDenseNear, fDenseSession)
	}
	if e.bestWindow > 0 {
		e.add(a, by, fWindow, 1/e.bestWindow, e.window)
	}
}

// close3 adds a cosine, the mean of the ones beside it, and how much more the best of the session has.
func (e *evidence) close3(a *account, by *[shapeCount]dot, scale float32, x, of []float32, own, near, session int) {
	n := int32(len(x))
	for _, r := range a.runs {
		w := &by[r.shape].weights
		self, beside, best := scale*(w[own]-w[session]), scale*w[near], scale*w[session]
		for i := r.from; i < r.to; i++ {
			y := self*x[i] + best*of[a.session[i]]
			if i > 0 {
				y += beside * a.before[i] * x[i-1]
			}
			if i+1 < n {
				y += beside * a.behind[i] * x[i+1]
			}
			e.score[i] += y
		}
	}
}
