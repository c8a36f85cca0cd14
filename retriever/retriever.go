package retriever

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Retriever answers questions inside one account. Its fields are set once; it is safe for concurrent use. The zero numbers are the defaults named beside them.
type Retriever struct {
	Embedder Embedder
	Nearest  Nearest
	Postings Postings
	Bodies   Bodies
	Dense    float64 // weight of the dense arm in the convex fusion: 0.2 (a weak embedder must not drown the keyword arm)
	Depth    int     // candidates taken from each arm: 200
}

const defaultLimit = 10

// Retrieve returns the passages that answer the question: by score when only a limit is given, in chronological order when they are packed to a budget. The
// chunks of the focus come first in both selections. An account that is not known, or has no text, is an empty answer; an invalid filter is crm.ErrInvalid.
func (r *Retriever) Retrieve(ctx context.Context, q crm.Question) (crm.Context, error) {
	if !q.Valid() {
		return crm.Context{}, fmt.Errorf("retrieve: the question names no portal and account: %w", crm.ErrInvalid)
	}
	p, err := r.Postings.Postings(ctx, q.Account)
	if err != nil {
		return crm.Context{}, fmt.Errorf("retrieve from %s: %w", q.Account, err)
	}
	query := terms(q.Text)
	cands, err := r.candidates(ctx, q, p, query)
	if err != nil {
		return crm.Context{}, fmt.Errorf("retrieve from %s: %w", q.Account, err)
	}
	chosen, err := r.choose(ctx, q, cands)
	if err != nil {
		return crm.Context{}, fmt.Errorf("retrieve from %s: %w", q.Account, err)
	}
	out := crm.Context{Passages: chosen, Left: len(cands) - len(chosen), Coverage: coverage(p, query, chosen)}
	if q.Budget > 0 {
		slices.SortStableFunc(out.Passages, chronological)
	}
	for i := range out.Passages {
		out.Passages[i].ID = "P" + strconv.Itoa(i+1)
	}
	return out, nil
}

// candidate is a chunk with its score and what the score is made of.
type candidate struct {
	id    string
	focus bool
	pos   int
	score float64
	parts map[string]float64
}

// candidates scores the chunks that either arm found, and all chunks of the focus, best first.
func (r *Retriever) candidates(ctx context.Context, q crm.Question, p *crm.Postings, query []string) ([]candidate, error) {
	depth := cmp.Or(r.Depth, 200)
	byID := map[string]*candidate{}
	at := func(id string) *candidate {
		if byID[id] == nil {
			byID[id] = &candidate{id: id, parts: map[string]float64{}}
		}
		return byID[id]
	}
	for _, h := range match(p, q.Filter, query, depth) {
		at(h.Chunk).parts["keyword"] = h.Score
	}
	if q.Text != "" {
		hits, err := r.dense(ctx, q, depth)
		if err != nil {
			return nil, err
		}
		for _, h := range hits {
			at(h.Chunk).parts["dense"] = h.Score
		}
	}
	if !q.Focus.IsZero() {
		reach := q.Filter
		reach.Since = time.Time{} // the window is for what surrounds the focus, not for what the question is about
		for _, c := range p.Chunks {
			if c.Activity == q.Focus && reach.Matches(c.Kind, c.Time, c.Created) {
				f := at(c.ID)
				f.focus, f.pos = true, c.Pos
			}
		}
	}
	return fuse(byID, cmp.Or(r.Dense, 0.2)), nil
}

func (r *Retriever) dense(ctx context.Context, q crm.Question, depth int) ([]crm.Hit, error) {
	vecs, _, err := r.Embedder.Embed(ctx, crm.EmbedQuery, []string{q.Text})
	if err != nil {
		return nil, fmt.Errorf("embed the question: %w", err)
	}
	return r.Nearest.Nearest(ctx, vecs[0], q.Filter, depth)
}

const (
	spare      = 2  // bodies fetched beyond those wanted, in place of near copies
	mostBodies = 64 // of one page
)

// choose walks the candidates best first, drops near copies of what was chosen, and stops at the limit or when the budget is full.
func (r *Retriever) choose(ctx context.Context, q crm.Question, cands []candidate) ([]crm.Passage, error) {
	limit := cmp.Or(q.Limit, defaultLimit)
	if q.Budget > 0 && q.Limit == 0 {
		limit = len(cands)
	}
	var chosen []crm.Passage
	var seen copies
	used := 0
	for start := 0; start < len(cands) && len(chosen) < limit; {
		// Bodies are fetched in pages, as many as are still wanted and a few for near copies: most questions need far fewer than there are candidates.
		part := cands[start:min(start+min(limit-len(chosen)+spare, mostBodies), len(cands))]
		start += len(part)
		bodies, err := r.bodies(ctx, q.Portal, part)
		if err != nil {
			return nil, err
		}
		for _, c := range part {
			b, ok := bodies[c.id]
			if !ok || len(chosen) == limit {
				continue // removed since the postings were read, or enough
			}
			size := Tokens(b.Text)
			if q.Budget > 0 && used+size > q.Budget {
				continue
			}
			set := seen.triples(b.Text)
			if !c.focus && seen.has(set) {
				continue
			}
			seen.add(set)
			used += size
			b.Score, b.Parts = c.score, c.parts
			chosen = append(chosen, b)
		}
	}
	return chosen, nil
}

func (r *Retriever) bodies(ctx context.Context, portal crm.PortalID, cands []candidate) (map[string]crm.Passage, error) {
	ids := make([]string, len(cands))
	for i, c := range cands {
		ids[i] = c.id
	}
	ps, err := r.Bodies.Bodies(ctx, portal, ids)
	if err != nil {
		return nil, fmt.Errorf("read bodies: %w", err)
	}
	out := make(map[string]crm.Passage, len(ps))
	for _, p := range ps {
		if p.Activity.Portal != portal {
			return nil, fmt.Errorf("body of chunk %s is of portal %s, asked for %s: %w", p.Chunk, p.Activity.Portal, portal, crm.ErrForbidden)
		}
		out[p.Chunk] = p
	}
	return out, nil
}

// chronological orders by time (unknown times first), then by activity and position.
func chronological(a, b crm.Passage) int {
	return cmp.Or(a.Time.Compare(b.Time), a.Activity.Compare(b.Activity), cmp.Compare(a.Start, b.Start))
}

// Tokens estimates the tokens of a text for packing: a quarter of its bytes for Latin script, one per character beyond U+2E80 (CJK). It errs on the high side.
func Tokens(text string) int {
	wide := 0
	narrow := 0
	for _, c := range text {
		if c >= 0x2E80 {
			wide++
		} else {
			narrow++
		}
	}
	return wide + narrow/4 + 1
}
