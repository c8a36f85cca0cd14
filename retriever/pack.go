package retriever

import "math"

// How a budget is spent: candidates are taken by what they promise per token, found on conversations and meetings (share of the gold evidence within 500 words against
// taking them by rank and skipping what does not fit: + .003 to + .012).
const (
	overhead = 26   // tokens that every passage costs besides its text: citation, date, person, and that it interrupts
	novelty  = 0.5  // a passage that brings all words of the question anew promises half as much again
	kinship  = 1.25 // a passage of a session that is already quoted promises a quarter more: it is read beside it
	faint    = 8    // log odds below the best from where nothing is promised
)

// packing fills a budget from a pool of candidates.
type packing struct {
	s        *selection
	scale    float32 // of a score in log odds
	top      float32
	covered  uint64
	sessions map[int32]bool
}

// gain is what a candidate promises per token, given what was taken.
func (p *packing) gain(c ranked, tokens int) float64 {
	g := math.Exp(float64((c.score - p.top) * p.scale))
	if p.s.account != nil {
		q := p.s.question
		if q.mass > 0 {
			g *= 1 + novelty*float64(q.masses.of(p.s.evidence.mask[c.chunk]&^p.covered))
		}
		if p.sessions[p.s.account.session[c.chunk]] {
			g *= kinship
		}
	}
	return g / float64(tokens+overhead)
}

func (p *packing) take(c ranked) {
	if p.s.account != nil {
		p.covered |= p.s.evidence.mask[c.chunk]
		p.sessions[p.s.account.session[c.chunk]] = true
	}
}

// item is a candidate with its body.
type item struct {
	ranked
	*body
}

// next is the index of the best item that fits, -1 when none does; ties by rank.
func (p *packing) next(pool []item, room int) int {
	at, best := -1, 0.0
	for i := range pool {
		if pool[i].tokens > room {
			continue
		}
		if g := p.gain(pool[i].ranked, pool[i].tokens); g > best {
			at, best = i, g
		}
	}
	return at
}
