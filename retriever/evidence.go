package retriever

import (
	"math/bits"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// evidence is what an account has to say to one question, as one flat array per feature over all its chunks. It is reused from a pool: nothing may keep it.
type evidence struct {
	in      []bool    // the chunk passes the filter
	bm25    []float32 // own, raw
	mask    []uint64  // which terms it has
	session []float32 // of each session, raw
	history []float32
	exact   []float32 // idf mass of the terms that it has as they are written
	opening []float32 // idf mass in its first words
	rare    []float32 // idf of its rarest term
	bigrams []float32 // mass of the question's pairs that stand side by side
	close   []float32 // and of those that are near each other
	static  []float32 // cosine of word vectors
	soft    []float32 // by term, then chunk: cosine of its closest word, rescaled
	softOwn []float32 // idf-weighted mean of soft
	softWin []float32
	dense   []float32
	window  []float32
	dates   []float32

	wide                                           []float32 // BM25 of the items around it, fading
	sessionMask                                    []uint64  // which terms each session has
	bestBM25, bestSession, bestHistory, bestStatic float32
	bestStaticOf                                   []float32
	bestDenseOf                                    []float32 // of each session
	bestDense, bestWindow                          float32
	touched                                        []int32
	count                                          []float32 // of a term in each session
}

func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// gather fills the lexical and static parts.
func (e *evidence) gather(a *account, q *question, f crm.Filter) {
	n := len(a.shapes)
	e.in, e.bm25, e.mask = zeroed(e.in, n), zeroed(e.bm25, n), zeroed(e.mask, n)
	e.session, e.count = zeroed(e.session, a.sessions), zeroed(e.count, a.sessions)
	e.bigrams, e.close, e.dates = zeroed(e.bigrams, n), zeroed(e.close, n), zeroed(e.dates, n)
	e.exact, e.opening, e.rare, e.sessionMask = zeroed(e.exact, n), zeroed(e.opening, n), zeroed(e.rare, n), zeroed(e.sessionMask, a.sessions)
	for i := range e.in {
		e.in[i] = f.Matches(a.postings.Chunks[i].Facets())
	}
	for i := range q.terms {
		e.term(a, &q.terms[i], 1<<i)
	}
	e.bestBM25, e.bestSession = best(e.bm25), best(e.session)
	e.spread(a)
	e.history = zeroed(e.history, n)
	for i := range q.history {
		e.past(a, &q.history[i])
	}
	e.bestHistory = best(e.history)
	for _, b := range q.bigrams {
		e.pair(a, q, b)
	}
	if len(q.dates) > 0 {
		e.times(a, q.dates)
	}
}

// fade is what is left of BM25 one step further away.
const fade = 0.8

// spread fills wide: what surrounds an item, less with every step.
func (e *evidence) spread(a *account) {
	e.wide = zeroed(e.wide, len(a.shapes))
	var x float32
	for _, i := range a.order {
		if a.prev[i] == none {
			x = 0
		}
		e.wide[i] = x
		x = fade * (x + e.bm25[i])
	}
	for k := len(a.order) - 1; k >= 0; k-- {
		i := a.order[k]
		if a.next[i] == none {
			x = 0
		}
		e.wide[i] += x
		x = fade * (x + e.bm25[i])
	}
}

func best(s []float32) float32 {
	var m float32
	for _, x := range s {
		m = max(m, x)
	}
	return m
}

// openingWords is how far the opening of an item reaches: a title, a first sentence.
const openingWords = 30

// term adds what one term says of the chunks and sessions that have it.
func (e *evidence) term(a *account, t *term, bit uint64) {
	e.touched = e.touched[:0]
	for _, s := range t.stems {
		place := a.placeStart[s]
		for _, p := range a.post[a.start[s]:a.start[s+1]] {
			places := a.places[place : place+uint32(p.count)]
			place += uint32(p.count)
			c := p.chunk
			if !e.in[c] {
				continue
			}
			k := bm25Of(a.shapes[c]).k1
			e.bm25[c] += t.idf * p.count * (k + 1) / (p.count + a.norm[c])
			e.mask[c] |= bit
			e.rare[c] = max(e.rare[c], t.idf)
			if places[0]-a.postings.Chunks[c].From < openingWords {
				e.opening[c] += t.idf
			}
			for _, at := range places {
				if a.postings.Sequence[at] == t.id {
					e.exact[c] += t.idf
					break
				}
			}
			session := a.session[c]
			if e.count[session] == 0 {
				e.touched = append(e.touched, session)
			}
			e.count[session] += p.count
		}
	}
	k := bm25Of(Document).k1
	for _, s := range e.touched {
		e.session[s] += t.idf * e.count[s] * (k + 1) / (e.count[s] + a.sessionNorm[s])
		e.sessionMask[s] |= bit
		e.count[s] = 0
	}
}

func (e *evidence) past(a *account, t *term) {
	for _, s := range t.stems {
		for _, p := range a.post[a.start[s]:a.start[s+1]] {
			if e.in[p.chunk] {
				e.history[p.chunk] += t.idf * p.count * 2.2 / (p.count + a.norm[p.chunk])
			}
		}
	}
}

// nearWords is how far two words may stand apart to be near each other.
const nearWords = 5

// pair finds the chunks where two terms stand side by side in order, and those where they are near each other, by merging the places of both.
func (e *evidence) pair(a *account, q *question, b bigram) {
	first, second := &q.terms[b.a], &q.terms[b.b]
	mass := first.idf + second.idf
	for _, s := range first.stems {
		for _, t := range second.stems {
			e.merge(a, a.places[a.placeStart[s]:a.placeStart[s+1]], a.places[a.placeStart[t]:a.placeStart[t+1]], mass, b.adjacent)
		}
	}
}

func (e *evidence) merge(a *account, x, y []uint32, mass float32, adjacent bool) {
	lastPair, lastNear := int32(none), int32(none)
	for i, j := 0, 0; i < len(x) && j < len(y); {
		if x[i]+nearWords < y[j] {
			i++
			continue
		}
		if y[j]+nearWords < x[i] {
			j++
			continue
		}
		if c := a.chunkOf(x[i]); e.in[c] && y[j] >= a.postings.Chunks[c].From && y[j] < a.postings.Chunks[c].To {
			if c != lastNear {
				e.close[c] += mass
				lastNear = c
			}
			if adjacent && x[i]+1 == y[j] && c != lastPair {
				e.bigrams[c] += mass
				lastPair = c
			}
		}
		if x[i] < y[j] {
			i++
		} else {
			j++
		}
	}
}

// chunkOf is the chunk that holds a place in the sequence.
func (a *account) chunkOf(place uint32) int32 {
	lo, hi := 0, len(a.postings.Chunks)
	for lo+1 < hi {
		mid := (lo + hi) / 2
		if a.postings.Chunks[mid].From <= place {
			lo = mid
		} else {
			hi = mid
		}
	}
	return int32(lo)
}

// times is how well a chunk's time fits the ones that the question names: 1 inside, less beside it.
func (e *evidence) times(a *account, spans []span) {
	for i := range a.postings.Chunks {
		t := a.postings.Chunks[i].Time
		if !e.in[i] || t.IsZero() {
			continue
		}
		for _, s := range spans {
			e.dates[i] = max(e.dates[i], float32(s.weight)*s.fits(t))
		}
	}
}

// fits is 1 inside the span and falls off outside it, by half within a day or a tenth of the span, whichever is longer. What is said of a day is often said soon after.
func (s span) fits(t time.Time) float32 {
	half := max(24*time.Hour, s.to.Sub(s.from)/10)
	var off time.Duration
	switch {
	case t.Before(s.from):
		off = s.from.Sub(t)
	case !t.Before(s.to):
		off = t.Sub(s.to)
	default:
		return 1
	}
	if off > 4*half {
		return 0
	}
	return 0.5 * float32(1-float64(off)/float64(4*half))
}

// massOf is the idf mass of the terms in a mask.
func (q *question) massOf(mask uint64) float32 {
	var m float32
	for ; mask != 0; mask &= mask - 1 {
		m += q.terms[bits.TrailingZeros64(mask)].idf
	}
	return m
}
