package retriever

import (
	"cmp"
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

const (
	spare      = 2  // bodies fetched beyond those wanted, in place of near copies
	mostBodies = 64 // of one page
)

// choose walks the candidates best first, drops near copies of what was chosen, and stops at the limit or when the budget is full.
func (r *Retriever) choose(ctx context.Context, q crm.Question, s *selection) ([]crm.Passage, error) {
	limit := cmp.Or(q.Limit, defaultLimit)
	if q.Budget > 0 && q.Limit == 0 {
		limit = len(s.focus) + len(s.ranked)
	}
	order := queue{s: s, heap: s.ranked}
	order.build()
	walk := append([]ranked(nil), s.focus...)
	var chosen []crm.Passage
	var seen copies
	used := 0
	for at := 0; len(chosen) < limit; {
		for len(walk)-at < min(limit-len(chosen)+spare, mostBodies) && len(order.heap) > 0 {
			walk = append(walk, order.pop())
		}
		if at == len(walk) {
			break
		}
		part := walk[at:min(at+mostBodies, len(walk))]
		bodies, err := r.bodies(ctx, q.Portal, s, part)
		if err != nil {
			return nil, err
		}
		for i, c := range part {
			b, ok := bodies[s.id(c)]
			if !ok || len(chosen) == limit {
				continue // removed since the postings were read, or enough
			}
			size := Tokens(b.Text)
			if q.Budget > 0 && used+size > q.Budget {
				continue
			}
			set := triples(b.Text)
			focus := at+i < len(s.focus)
			if !focus && seen.of(set) != "" {
				continue
			}
			seen.add(set, b.Chunk)
			used += size
			b.Score, b.Parts = s.explain(c, focus)
			chosen = append(chosen, b)
		}
		at += len(part)
	}
	return chosen, nil
}

func (r *Retriever) bodies(ctx context.Context, portal crm.PortalID, s *selection, part []ranked) (map[string]crm.Passage, error) {
	ids := make([]string, len(part))
	for i, c := range part {
		ids[i] = s.id(c)
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
