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
	bigrams []float32 // mass of the question's pairs it has
	static  []float32 // cosine of word vectors
	soft    []float32 // by term, then chunk: cosine of its closest word, rescaled
	softOwn []float32 // idf-weighted mean of soft
	softWin []float32
	dense   []float32
	window  []float32
	dates   []float32

	bestBM25, bestSession, bestHistory float32
	bestDenseOf                        []float32 // of each session
	hasDense, hasWindow                bool
	touched                            []int32
	count                              []float32 // of a term in each session
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
	e.bigrams, e.dates = zeroed(e.bigrams, n), zeroed(e.dates, n)
	for i := range e.in {
		e.in[i] = f.Matches(a.postings.Chunks[i].Facets())
	}
	for i := range q.terms {
		e.term(a, &q.terms[i], 1<<i)
	}
	e.bestBM25, e.bestSession = best(e.bm25), best(e.session)
	e.history = zeroed(e.history, n)
	for i := range q.history {
		e.past(a, &q.history[i])
	}
	e.bestHistory = best(e.history)
	for _, b := range q.bigrams {
		e.pair(a, &q.terms[b.a], &q.terms[b.b])
	}
	if len(q.dates) > 0 {
		e.times(a, q.dates)
	}
}

func best(s []float32) float32 {
	var m float32
	for _, x := range s {
		m = max(m, x)
	}
	return m
}

// term adds one term's BM25 to the chunks and sessions that have it.
func (e *evidence) term(a *account, t *term, bit uint64) {
	e.touched = e.touched[:0]
	for _, s := range t.stems {
		for _, p := range a.post[a.start[s]:a.start[s+1]] {
			if !e.in[p.chunk] {
				continue
			}
			k := bm25Of(a.shapes[p.chunk]).k1
			e.bm25[p.chunk] += t.idf * p.count * (k + 1) / (p.count + a.norm[p.chunk])
			e.mask[p.chunk] |= bit
			session := a.session[p.chunk]
			if e.count[session] == 0 {
				e.touched = append(e.touched, session)
			}
			e.count[session] += p.count
		}
	}
	k := bm25Of(Document).k1
	for _, s := range e.touched {
		e.session[s] += t.idf * e.count[s] * (k + 1) / (e.count[s] + a.sessionNorm[s])
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

// pair finds the chunks where the second term stands right behind the first one, by merging the places of both.
func (e *evidence) pair(a *account, first, second *term) {
	mass := first.idf + second.idf
	for _, s := range first.stems {
		for _, t := range second.stems {
			x, y := a.places[a.placeStart[s]:a.placeStart[s+1]], a.places[a.placeStart[t]:a.placeStart[t+1]]
			last := int32(none)
			for i, j := 0, 0; i < len(x) && j < len(y); {
				switch {
				case x[i]+1 < y[j]:
					i++
				case x[i]+1 > y[j]:
					j++
				default:
					if c := a.chunkOf(x[i]); e.in[c] && c != last && y[j] < a.postings.Chunks[c].To {
						e.bigrams[c] += mass
						last = c
					}
					i++
				}
			}
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
