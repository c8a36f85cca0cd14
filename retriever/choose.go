package retriever

import (
	"cmp"
	"context"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

const (
	spare      = 2  // bodies fetched beyond those wanted, in place of near copies
	mostBodies = 64 // of one page
	mostPool   = 256
)

// choice is what was chosen of a selection, and what was seen on the way.
type choice struct {
	passages []crm.Passage
	chosen   []ranked // what the passages are of
	seen     copies
	copyOf   map[string]string // left out as a near copy: chunk → the chunk that was chosen
	full     map[string]bool   // left out for want of room
	used     int
}

// newChoice has room for so many passages before it has to grow.
func newChoice(n int) *choice {
	return &choice{passages: make([]crm.Passage, 0, n), chosen: make([]ranked, 0, n), seen: copies{make([][]uint64, 0, n), make([]string, 0, n)}, copyOf: map[string]string{},
		full: map[string]bool{}}
}

func (c *choice) add(s *selection, x item, focus bool) {
	c.seen.add(x.set, x.passage.Chunk)
	c.used += x.tokens
	c.passages, c.chosen = append(c.passages, x.passage), append(c.chosen, x.ranked)
	p := &c.passages[len(c.passages)-1]
	p.Score, p.Parts = s.explain(x.ranked, focus)
}

// choose takes the focus, and of the other candidates the best ones up to the limit, or what promises most within the budget. Near copies of what was chosen are dropped.
func (r *Retriever) choose(ctx context.Context, q crm.Question, s *selection) (*choice, error) {
	limit := cmp.Or(q.Limit, defaultLimit)
	if q.Budget > 0 && q.Limit == 0 {
		limit = len(s.focus) + len(s.ranked)
	}
	c := newChoice(min(limit, mostBodies))
	for at := 0; at < len(s.focus) && len(c.passages) < limit; at += mostBodies {
		items, err := r.items(ctx, q.Portal, s, s.focus[at:min(at+mostBodies, len(s.focus))])
		if err != nil {
			return nil, err
		}
		for _, x := range items {
			switch {
			case len(c.passages) == limit:
			case q.Budget > 0 && c.used+x.tokens > q.Budget:
				c.full[x.passage.Chunk] = true
			default:
				c.add(s, x, true)
			}
		}
	}
	if q.Budget > 0 {
		return c, r.pack(ctx, q, s, c, limit)
	}
	return c, r.take(ctx, q, s, c, limit)
}

// take adds the best candidates up to the limit.
func (r *Retriever) take(ctx context.Context, q crm.Question, s *selection, c *choice, limit int) error {
	order := newQueue(s)
	for len(c.passages) < limit && len(order.left) > 0 {
		items, err := r.items(ctx, q.Portal, s, order.some(min(limit-len(c.passages)+spare, mostBodies)))
		if err != nil {
			return err
		}
		for _, x := range items {
			if len(c.passages) == limit {
				break
			}
			if other := c.seen.of(x.set); other != "" {
				c.copyOf[x.passage.Chunk] = other
				continue
			}
			c.add(s, x, false)
		}
	}
	return nil
}

// pack spends what is left of the budget.
func (r *Retriever) pack(ctx context.Context, q crm.Question, s *selection, c *choice, limit int) error {
	if len(c.passages) == limit || c.used >= q.Budget || len(s.ranked) == 0 {
		return nil
	}
	pool, err := r.items(ctx, q.Portal, s, s.pool(q.Budget-c.used))
	if err != nil || len(pool) == 0 {
		return err
	}
	p := packing{s: s, scale: s.scale, top: pool[0].score, sessions: map[int32]bool{}}
	for _, f := range s.focus {
		p.take(f)
	}
	for len(c.passages) < limit {
		i := p.next(pool, q.Budget-c.used)
		if i < 0 {
			break
		}
		x := pool[i]
		pool = slices.Delete(pool, i, i+1)
		if other := c.seen.of(x.set); other != "" {
			c.copyOf[x.passage.Chunk] = other
			continue
		}
		p.take(x.ranked)
		c.add(s, x, false)
	}
	for _, x := range pool {
		c.full[x.passage.Chunk] = true
	}
	return nil
}

// pool are the candidates worth packing, best first: three times what the room can hold, since short ones may be worth more, none that promises nothing.
func (s *selection) pool(room int) []ranked {
	order := newQueue(s)
	var out []ranked
	for words := 0; len(out) < mostPool && words < 3*room; {
		c, ok := order.pop()
		if !ok {
			break
		}
		if len(out) > 0 && (out[0].score-c.score)*s.scale > faint {
			break
		}
		out = append(out, c)
		words += s.words(c)
	}
	return out
}

// words is a candidate's length; for those without postings a guess.
func (s *selection) words(c ranked) int {
	if s.account == nil {
		return 100
	}
	return s.account.chunk(c.chunk).Tokens()
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
