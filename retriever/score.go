package retriever

import (
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// row writes the features of one chunk.
func (e *evidence) row(a *account, q *question, i int32, out *[featureCount]float32) {
	*out = [featureCount]float32{}
	prev, next, prev2, next2 := a.around(i)
	session := a.session[i]
	if e.bestBM25 > 0 {
		scale := 1 / e.bestBM25
		out[fBM25], out[fWide] = scale*e.bm25[i], scale*e.wide[i]
		out[fPrev], out[fNext], out[fPrev2], out[fNext2] = scale*at(e.bm25, prev), scale*at(e.bm25, next), scale*at(e.bm25, prev2), scale*at(e.bm25, next2)
		if a.end[session]-a.first[session] > 1 {
			out[fSession] = e.session[session] / e.bestSession
		}
	}
	out[fDate] = e.dates[i]
	if e.mask[i] != 0 {
		out[fLength], out[fDateMatch] = a.logs[i], e.dates[i]
	}
	if a.by(i, q) {
		out[fSpeaker] = 1
	}
	if len(q.people) > 0 && a.with(i, q) {
		out[fPerson] = 1
	}
	e.coverage(a, q, i, out)
	traits(q.wants, a.traits[i], out)
	if prev != none && a.traits[prev].Has(crm.Asks) {
		out[fFollows] = 1
		if a.replies[i] {
			out[fAfterQuestion], out[fAnswers] = out[fPrev], out[fPrev]*out[fSpeaker]
		}
	}
	if e.bestHistory > 0 {
		out[fHistory] = e.history[i] / e.bestHistory
	}
	e.similar(i, prev, next, session, out)
}

// at is a neighbour's value, 0 without a neighbour.
func at(of []float32, i int32) float32 {
	if i == none {
		return 0
	}
	return of[i]
}

// wideReach is how many items on each side wide coverage sees.
const wideReach = 5

// coverage writes what share of the question the item holds, and how much more its surroundings do: an item that stands alone has none of the latter, so that weights
// learned from lone items say nothing about surroundings.
func (e *evidence) coverage(a *account, q *question, i int32, out *[featureCount]float32) {
	if q.mass == 0 {
		return
	}
	session := a.session[i]
	out[fSessionCoverage] = q.masses.of(e.sessionMask[session])
	if out[fSessionCoverage] == 0 {
		return // nor has anything in the session
	}
	first, end := a.first[session], a.end[session]
	window, wide := e.mask[i], uint64(0)
	for _, m := range e.mask[max(first, i-2):min(end, i+3)] {
		window |= m
	}
	for _, m := range e.mask[max(first, i-wideReach):min(end, i+wideReach+1)] {
		wide |= m
	}
	own, near, far := q.masses.of(e.mask[i]), q.masses.of(window), q.masses.of(wide)
	out[fCoverage], out[fWindowCoverage], out[fWideCoverage] = own, near-own, far-near
	out[fSessionCoverage] -= far
	out[fExact], out[fOpening] = e.exact[i]/q.mass, e.opening[i]/q.mass
	out[fRare] = e.rare[i] / q.rarest
	if q.pairMass > 0 {
		out[fBigrams], out[fNear] = e.bigrams[i]/q.pairMass, e.close[i]/q.pairMass
	}
}

// traits writes what the question wants and the item has.
func traits(wants, has crm.Traits, out *[featureCount]float32) {
	if !has.Has(crm.Asks) {
		out[fStatement] = 1
	}
	has &= wants
	if has.Has(crm.HasNumber) {
		out[fNumber] = 1
	}
	if has.Has(crm.HasTime) {
		out[fTime] = 1
	}
	if has.Has(crm.HasName) {
		out[fName] = 1
	}
}

// similar writes what vectors say.
func (e *evidence) similar(i, prev, next, session int32, out *[featureCount]float32) {
	out[fSoft], out[fSoftWindow] = e.softOwn[i], e.softWin[i]-e.softOwn[i]
	if e.bestStatic > 0 {
		scale := 1 / e.bestStatic
		out[fStatic], out[fStaticNear], out[fStaticSession] = scale*e.static[i], scale*beside(e.static, prev, next), scale*(e.staticOf[session]-e.static[i])
	}
	if e.bestDense > 0 {
		scale := 1 / e.bestDense
		out[fDense], out[fDenseNear], out[fDenseSession] = scale*e.dense[i], scale*beside(e.dense, prev, next), scale*(e.denseOf[session]-e.dense[i])
	}
	if e.bestWindow > 0 {
		out[fWindow] = e.window[i] / e.bestWindow
	}
}

// beside is the mean of both neighbours; where one does not exist, the other one. An item that stands alone has nothing beside it.
func beside(of []float32, prev, next int32) float32 {
	switch {
	case prev != none && next != none:
		return (of[prev] + of[next]) / 2
	case prev != none:
		return of[prev]
	case next != none:
		return of[next]
	}
	return 0
}

// near takes over what the dense arm found. What it did not return is at most as close as its last hit, and counts as that.
func (e *evidence) near(a *account, n Near) {
	e.dense, e.window = scatter(e.dense, a, n.Item), scatter(e.window, a, n.Window)
	e.bestDense, e.bestWindow = best(e.dense), best(e.window)
	e.denseOf = e.bySession(e.denseOf, a, e.dense)
}

// bySession is the best score of each session.
func (e *evidence) bySession(out []float32, a *account, scores []float32) []float32 {
	out = zeroed(out, len(a.first))
	for s := range out {
		var m float32
		for i := a.first[s]; i < a.end[s]; i++ {
			if scores[i] > m && e.in[i] {
				m = scores[i]
			}
		}
		out[s] = m
	}
	return out
}

func scatter(out []float32, a *account, found crm.Cosines) []float32 {
	out = zeroed(out, len(a.at))
	if len(found.Of) == 0 {
		return out
	}
	if len(found.Of) < len(out) {
		floor := max(0, slices.Min(found.Of))
		for i := range out {
			out[i] = floor
		}
	}
	for k, i := range a.align(found.Chunks) {
		if i != none {
			out[i] = max(0, found.Of[k])
		}
	}
	return out
}
