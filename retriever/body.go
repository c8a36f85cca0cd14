package retriever

import (
	"context"
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// body is the text of a chunk and what is read out of it.
type body struct {
	passage crm.Passage
	tokens  int
	set     []uint64 // its word triples
}

func (b *body) bytes() int { return len(b.passage.Text) + len(b.passage.Subject) + 8*len(b.set) + 400 }

// items are the candidates whose bodies still exist, in the same order. Bodies of an account that is held in memory are kept with it: it never changes, and whatever is
// written to the account makes another one of it.
func (r *Retriever) items(ctx context.Context, portal crm.PortalID, s *selection, part []ranked) ([]item, error) {
	out := make([]item, len(part))
	var missing []int
	for i, c := range part {
		out[i].ranked = c
		if s.account != nil {
			out[i].body = s.account.bodies[c.chunk].Load()
		}
		if out[i].body == nil {
			missing = append(missing, i)
		}
	}
	for at := 0; at < len(missing); at += mostBodies {
		if err := r.read(ctx, portal, s, out, missing[at:min(at+mostBodies, len(missing))]); err != nil {
			return nil, err
		}
	}
	kept := out[:0]
	for _, x := range out {
		if x.body != nil {
			kept = append(kept, x)
		}
	}
	return kept, nil
}

// read fetches the bodies of some items.
func (r *Retriever) read(ctx context.Context, portal crm.PortalID, s *selection, items []item, missing []int) error {
	ids := make([]string, len(missing))
	at := make(map[string]int, len(missing))
	beside := map[string]int32{} // chunks of the account that are read along
	for k, i := range missing {
		ids[k] = s.id(items[i].ranked)
		at[ids[k]] = i
	}
	if s.account != nil {
		s.account.beside(items, missing, beside)
	}
	for id := range beside {
		if _, ok := at[id]; !ok {
			ids = append(ids, id)
		}
	}
	ids, passages := s.split(ids)
	if len(ids) > 0 {
		read, err := r.Bodies.Bodies(ctx, portal, ids)
		if err != nil {
			return fmt.Errorf("read bodies: %w", err)
		}
		passages = append(passages, read...)
	}
	bytes := 0
	for _, p := range passages {
		if p.Activity.Portal != portal {
			return fmt.Errorf("body of chunk %s is of portal %s, asked for %s: %w", p.Chunk, p.Activity.Portal, portal, crm.ErrForbidden)
		}
		c := ranked{chunk: none}
		i, asked := at[p.Chunk]
		if asked {
			c = items[i].ranked
		} else if chunk, ok := beside[p.Chunk]; ok {
			c.chunk = chunk
		}
		if c.chunk == none {
			continue
		}
		p.Text = strings.Clone(p.Text) // it may be a part of a longer one, which must not live on with it
		b := &body{passage: p, tokens: Tokens(p.Text), set: s.triples(c, p.Text)}
		if asked {
			items[i].body = b
		}
		if s.account != nil {
			s.account.bodies[c.chunk].Store(b)
			bytes += b.bytes()
		}
	}
	if bytes > 0 {
		r.cache.grow(s.of, s.account, bytes)
	}
	return nil
}

// How many chunks are read along with one: the text of an activity is read as a whole anyway, and the next question often wants another part of it.
const (
	besideReach = 5 // on each side
	mostBeside  = 2 * mostBodies
)

// beside adds chunks of the activities of the missing ones that are not in memory either.
func (a *account) beside(items []item, missing []int, out map[string]int32) {
	for _, i := range missing {
		c := items[i].chunk
		session, own := a.session[c], a.chunk(c).Activity
		for j := max(a.first[session], c-besideReach); j < min(a.end[session], c+besideReach+1) && len(out) < mostBeside; j++ {
			if j != c && a.bodies[j].Load() == nil && a.chunk(j).Activity == own {
				out[a.chunk(j).ID] = j
			}
		}
	}
}
