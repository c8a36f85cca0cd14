package retriever

import (
	"github.com/contextd/contextd/internal/crm"
)

// evidence is what an account has to say to one question, as one flat array per feature over all its chunks or sessions. It is reused from a pool: nothing may keep it.
type evidence struct {
	all     bool      // every chunk passes the filter
	in      []bool    // the chunk passes the filter
	mask    []uint64  // which terms it has
	hits    []int32   // the chunks that have any, in no order
	bm25    []float32 // own, raw
	wide    []float32 // of the items around it, fading
	history []float32 // of the conversation's words
	exact   []float32 // idf mass of the terms that it has as they are written
	opening []float32 // idf mass in its first words
	rare    []float32 // idf of its rarest term
	bigrams []float32 // mass of the question's pairs that stand side by side
	close   []float32 // and of those that are near each other
	static  []float32 // cosine of word vectors
	soft    []float32 // of the term at hand: cosine of the closest word, rescaled
	softOwn []float32 // idf-weighted mean of soft
	softWin []float32 // the same with the best of two on each side
	dense   []float32
	window  []float32
	dates   []float32

	// Of sessions.
	session     []float32 // BM25, raw
	sessionMask []uint64
	staticOf    []float32 // best cosine
	denseOf     []float32
	count       []float32 // of the term at hand
	touched     []int32   // sessions where it occurs
	spoken      []bool    // sessions where it, or a word close to it, occurs

	// For the score of all chunks.
	around, far      []uint64 // the terms in two, and in five, items on each side
	two, four, eight []uint64 // the terms in so many items in a row
	score            []float32
	ranked           []ranked

	bestBM25, bestSession, bestHistory, bestStatic, bestDense, bestWindow float32
}

func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// sized is zeroed for what is written before it is read.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// gather fills the lexical parts: what each term says of each chunk.
func (e *evidence) gather(a *account, q *question, f crm.Filter) {
	n := len(a.at)
	e.in, e.mask, e.hits = sized(e.in, n), zeroed(e.mask, n), e.hits[:0]
	for _, s := range []*[]float32{&e.bm25, &e.history, &e.exact, &e.opening, &e.rare, &e.bigrams, &e.close, &e.dates} {
		*s = zeroed(*s, n)
	}
	e.session, e.count, e.sessionMask = zeroed(e.session, len(a.first)), zeroed(e.count, len(a.first)), zeroed(e.sessionMask, len(a.first))
	e.all = len(f.Kinds) == 0 && len(f.People) == 0 && !f.Human && f.Since.IsZero() && f.AsOf.IsZero()
	for i := range e.in {
		e.in[i] = e.all || f.Matches(a.chunk(int32(i)).Facets())
	}
	for i := range q.terms {
		e.term(a, &q.terms[i], 1<<i)
	}
	e.bestBM25, e.bestSession = best(e.bm25), best(e.session)
}

// relate fills what needs more than one term at a time: surroundings, the conversation so far, pairs of words, times.
func (e *evidence) relate(a *account, q *question) {
	e.spread(a)
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

func best(s []float32) float32 {
	var m float32
	for _, x := range s {
		if x > m {
			m = x
		}
	}
	return m
}

// openingWords is how far the opening of an item reaches: a title, a first sentence.
const openingWords = 30

// term adds what one term says of the chunks and sessions that have it.
func (e *evidence) term(a *account, t *term, bit uint64) {
	e.touched = e.touched[:0]
	for _, s := range t.stems {
		post := a.postings(s)
		form := a.formOf(t.id, s)
		for k := range post {
			p := &post[k]
			c := p.chunk
			if !e.in[c] {
				continue
			}
			if e.mask[c] == 0 {
				e.hits = append(e.hits, int32(c))
			}
			e.mask[c] |= bit
			e.bm25[c] += t.idf * p.weight
			if t.idf > e.rare[c] {
				e.rare[c] = t.idf
			}
			if p.opens {
				e.opening[c] += t.idf
			}
			if t.id != noWord && a.written(p, t.id, form) {
				e.exact[c] += t.idf
			}
			session := a.session[c]
			if e.count[session] == 0 {
				e.touched = append(e.touched, session)
			}
			e.count[session] += float32(p.count)
		}
	}
	k := bm25Of(Document).k1
	for _, s := range e.touched {
		e.session[s] += t.idf * e.count[s] * (k + 1) / (e.count[s] + a.sessionNorm[s])
		e.sessionMask[s] |= bit
		e.count[s] = 0
	}
}

// past adds a word of the conversation so far.
func (e *evidence) past(a *account, t *term) {
	for _, s := range t.stems {
		for _, p := range a.postings(s) {
			if e.in[p.chunk] {
				e.history[p.chunk] += t.idf * p.weight
			}
		}
	}
}

// fade is what is left of BM25 one step further away.
const fade = 0.8

// spread fills wide: what surrounds an item, less with every step.
func (e *evidence) spread(a *account) {
	e.wide = zeroed(e.wide, len(a.at))
	for s := range a.first {
		if e.sessionMask[s] == 0 {
			continue
		}
		from, to := a.first[s], a.end[s]
		var x float32
		for i := from; i < to; i++ {
			e.wide[i] = x
			x = fade * (x + e.bm25[i])
		}
		x = 0
		for i := to - 1; i >= from; i-- {
			e.wide[i] += x
			x = fade * (x + e.bm25[i])
		}
	}
}

// nearWords is how far two words may stand apart to be near each other.
const nearWords = 5

// pair finds the chunks where two terms stand side by side in order, and those where they are near each other.
func (e *evidence) pair(a *account, q *question, b bigram) {
	first, second := &q.terms[b.a], &q.terms[b.b]
	mass := first.idf + second.idf
	for _, s := range first.stems {
		for _, t := range second.stems {
			x, y := a.postings(s), a.postings(t)
			for i, j := 0, 0; i < len(x) && j < len(y); {
				switch c, d := x[i].chunk, y[j].chunk; {
				case c < d:
					i++
				case c > d:
					j++
				default:
					if e.in[c] {
						near, adjacent := apart(a.placesOf(&x[i]), a.placesOf(&y[j]))
						if near {
							e.close[c] += mass
						}
						if adjacent && b.adjacent {
							e.bigrams[c] += mass
						}
					}
					i, j = i+1, j+1
				}
			}
		}
	}
}

// apart reports whether two words are ever near each other, and whether the second one ever stands right behind the first one. Places ascend.
func apart(x, y []uint32) (near, adjacent bool) {
	for i, j := 0, 0; i < len(x) && j < len(y) && !adjacent; {
		near = near || (x[i]+nearWords >= y[j] && y[j]+nearWords >= x[i])
		adjacent = x[i]+1 == y[j]
		if x[i] < y[j] {
			i++
		} else {
			j++
		}
	}
	return near, adjacent
}

// times is how well a chunk's time fits the ones that the question names: 1 inside, less beside it.
func (e *evidence) times(a *account, spans []span) {
	for i := range e.dates {
		t := a.chunk(int32(i)).Time
		if !e.in[i] || t.IsZero() {
			continue
		}
		for _, s := range spans {
			e.dates[i] = max(e.dates[i], float32(s.weight)*s.fits(t))
		}
	}
}
