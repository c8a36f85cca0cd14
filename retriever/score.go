package retriever

import (
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// row writes the features of one chunk.
func (e *evidence) row(a *account, q *question, i int32, out *[featureCount]float32) {
	*out = [featureCount]float32{}
	c := &a.postings.Chunks[i]
	own := e.mask[i] != 0
	around := a.around(i)
	lexical := func(j int32) float32 {
		if j == none || e.bestBM25 == 0 {
			return 0
		}
		return e.bm25[j] / e.bestBM25
	}
	out[fBM25], out[fPrev], out[fNext] = lexical(i), lexical(around[0]), lexical(around[1])
	out[fPrev2], out[fNext2] = lexical(around[2]), lexical(around[3])
	if e.bestBM25 > 0 {
		out[fWide] = e.wide[i] / e.bestBM25
	}
	if e.bestSession > 0 {
		out[fSession] = e.session[a.session[i]] / e.bestSession
	}
	if own {
		out[fLength] = a.logs[i]
		out[fDateMatch] = e.dates[i]
	}
	if a.speaker[i] != none && slices.Contains(q.speakers, a.speaker[i]) {
		out[fSpeaker] = 1
	}
	if slices.ContainsFunc(q.people, func(p crm.Ref) bool { return slices.Contains(c.People, p) }) {
		out[fPerson] = 1
	}
	out[fDate] = e.dates[i]
	e.coverage(a, q, i, around, out)
	e.traits(c, q, out)
	if p := around[0]; p != none && a.postings.Chunks[p].Traits.Has(crm.Asks) {
		out[fFollows] = 1
		if a.speaker[i] == none || a.speaker[p] != a.speaker[i] {
			out[fAfterQuestion], out[fAnswers] = out[fPrev], out[fPrev]*out[fSpeaker]
		}
	}
	if e.bestHistory > 0 {
		out[fHistory] = e.history[i] / e.bestHistory
	}
	e.similar(a, i, around, out)
}

func (e *evidence) coverage(a *account, q *question, i int32, around [4]int32, out *[featureCount]float32) {
	if q.mass == 0 {
		return
	}
	mask := e.mask[i]
	out[fCoverage] = q.massOf(mask) / q.mass
	for _, j := range around {
		if j != none {
			mask |= e.mask[j]
		}
	}
	out[fWindowCoverage] = q.massOf(mask) / q.mass
	for k, j := 0, around[2]; j != none && k < 3; k++ {
		if j = a.prev[j]; j != none {
			mask |= e.mask[j]
		}
	}
	for k, j := 0, around[3]; j != none && k < 3; k++ {
		if j = a.next[j]; j != none {
			mask |= e.mask[j]
		}
	}
	out[fWideCoverage] = q.massOf(mask) / q.mass
	out[fSessionCoverage] = q.massOf(e.sessionMask[a.session[i]]) / q.mass
	out[fExact], out[fOpening] = e.exact[i]/q.mass, e.opening[i]/q.mass
	out[fRare] = e.rare[i] / q.rarest
	if q.pairMass > 0 {
		out[fBigrams], out[fNear] = e.bigrams[i]/q.pairMass, e.close[i]/q.pairMass
	}
}

func (e *evidence) traits(c *crm.PostedChunk, q *question, out *[featureCount]float32) {
	has := q.wants & c.Traits
	if has.Has(crm.HasNumber) {
		out[fNumber] = 1
	}
	if has.Has(crm.HasTime) {
		out[fTime] = 1
	}
	if has.Has(crm.HasName) {
		out[fName] = 1
	}
	if !c.Traits.Has(crm.Asks) {
		out[fStatement] = 1
	}
}

// similar writes what vectors say. A neighbour that does not exist is as good as the item itself: a mail that stands alone is not worse for it.
func (e *evidence) similar(a *account, i int32, around [4]int32, out *[featureCount]float32) {
	near := func(of []float32) float32 {
		x, n := float32(0), float32(0)
		for _, j := range around[:2] {
			if j != none {
				x, n = x+of[j], n+1
			}
		}
		if n == 0 {
			return of[i]
		}
		return x / n
	}
	if e.bestStatic > 0 {
		out[fStatic], out[fStaticNear] = e.static[i]/e.bestStatic, near(e.static)/e.bestStatic
		out[fStaticSession] = e.bestStaticOf[a.session[i]] / e.bestStatic
	}
	out[fSoft], out[fSoftWindow] = e.softOwn[i], e.softWin[i]
	if e.bestDense > 0 {
		out[fDense], out[fDenseNear], out[fDenseSession] = e.dense[i]/e.bestDense, near(e.dense)/e.bestDense, e.bestDenseOf[a.session[i]]/e.bestDense
	}
	if e.bestWindow > 0 {
		out[fWindow] = e.window[i] / e.bestWindow
	}
}

// near takes over what the dense arm found. What it did not return is at most as close as its last hit, and counts as that.
func (e *evidence) near(a *account, n Near) {
	e.dense, e.window = scatter(e.dense, a, n.Item), scatter(e.window, a, n.Window)
	e.bestDense, e.bestWindow = best(e.dense), best(e.window)
	e.bestDenseOf = e.bySession(e.bestDenseOf, a, e.dense)
}

// bySession is the best score of each session.
func (e *evidence) bySession(out []float32, a *account, scores []float32) []float32 {
	out = zeroed(out, a.sessions)
	for i, x := range scores {
		if s := a.session[i]; e.in[i] {
			out[s] = max(out[s], x)
		}
	}
	return out
}

func scatter(out []float32, a *account, hits []crm.Hit) []float32 {
	out = zeroed(out, len(a.shapes))
	if len(hits) == 0 {
		return out
	}
	floor := float32(max(0, hits[len(hits)-1].Score))
	for i := range out {
		out[i] = floor
	}
	for _, h := range hits {
		if i, ok := a.byID[h.Chunk]; ok {
			out[i] = float32(max(0, h.Score))
		}
	}
	return out
}
