package qdrant

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

// spare is how many hits more than wanted are asked for: hits of equal score come in any order from the server, and the ones with the smallest ids must be among them.
// One would do to see a tie at the end; a second one makes most ties need no second request.
const spare = 2

// Nearest searches one account exactly, and the whole portal in its graph: there the server visits at least four times the wanted hits.
func (x *Index) Nearest(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) ([]crm.Hit, error) {
	sc, err := scopeOf(f)
	if err != nil {
		return nil, err
	}
	var hits []crm.Hit
	err = x.read(ctx, func(g *generation) error {
		using, err := vectorOf(view, g)
		if err != nil {
			return err
		}
		if !crm.ValidVector(vec, g.Dimension) {
			return fmt.Errorf("qdrant: search with a vector of %d: want %d finite numbers that are not all zero: %w", len(vec), g.Dimension, crm.ErrInvalid)
		}
		ask := question{using: using, query: pb.NewQueryDense(vec), exact: !f.Wide}
		hits, err = x.hits(ctx, g, sc, ask, n)
		return err
	})
	return hits, err
}

// Cosines is Nearest without the order.
func (x *Index) Cosines(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) (crm.Cosines, error) {
	hits, err := x.Nearest(ctx, vec, view, f, n)
	return crm.CosinesOf(hits), err
}

func vectorOf(view crm.View, g *generation) (string, error) {
	switch {
	case view == crm.ItemView:
		return itemVector, nil
	case view == crm.WindowView && g.Windows:
		return windowVector, nil
	}
	return "", fmt.Errorf("qdrant: generation %s has no view %d: %w", g.Name, view, crm.ErrInvalid)
}

// Match lets the server weigh the terms by how rare they are in the portal.
func (x *Index) Match(ctx context.Context, terms []string, f crm.Filter, n int) ([]crm.Hit, error) {
	sc, err := scopeOf(f)
	if err != nil || len(terms) == 0 {
		return nil, err
	}
	corpus, err := within(f.Portal)
	if err != nil {
		return nil, err
	}
	ask := question{using: termVector, query: pb.NewQuerySparse(asked(terms)), exact: true, corpus: corpus.filter}
	var hits []crm.Hit
	err = x.read(ctx, func(g *generation) error {
		hits, err = x.hits(ctx, g, sc, ask, n)
		return err
	})
	return hits, err
}

// Count asks for the exact number.
func (x *Index) Count(ctx context.Context, f crm.Filter) (n int, err error) {
	sc, err := scopeOf(f)
	if err != nil {
		return 0, err
	}
	err = x.read(ctx, func(g *generation) error {
		n, err = x.s.count(ctx, x.chunks(g), sc)
		return err
	})
	return n, err
}

// Scan pages through the portal by id; what is written meanwhile may or may not be seen.
func (x *Index) Scan(ctx context.Context, portal crm.PortalID) iter.Seq2[crm.Indexed, error] {
	return func(yield func(crm.Indexed, error) bool) {
		sc, err := within(portal)
		if err != nil {
			yield(crm.Indexed{}, err)
			return
		}
		g := x.state.Load()
		if x.name == "" { // all pages from one generation
			if g, err = x.current(ctx); err != nil {
				yield(crm.Indexed{}, err)
				return
			}
		}
		for p, err := range x.s.scroll(ctx, space{x.s.collection(g.Name), g}, sc, nil, activityField, digestField, chunksField, accountsField, peopleField) {
			var c crm.Indexed
			if err == nil {
				c, err = indexed(portal, p)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

func indexed(portal crm.PortalID, p *pb.RetrievedPoint) (crm.Indexed, error) {
	v := p.GetPayload()
	c := crm.Indexed{Chunk: chunkID(p.GetId()), Digest: v[digestField].GetStringValue(), Chunks: int(v[chunksField].GetIntegerValue())}
	var err error
	if c.Activity, err = stored(portal, v[activityField]); err != nil {
		return c, err
	}
	if c.Accounts, err = refs(portal, v[accountsField]); err != nil {
		return c, err
	}
	c.People, err = refs(portal, v[peopleField])
	return c, err
}

// question is a nearest search without its place.
type question struct {
	using  string
	query  *pb.Query
	exact  bool
	corpus *pb.Filter // whose documents give the idf
	fields []string
}

func (q question) request(limit int, exact bool) *pb.QueryPoints {
	params := &pb.SearchParams{}
	if exact {
		params.Exact = pb.PtrOf(true)
	} else {
		params.HnswEf = pb.PtrOf(uint64(max(128, 4*limit)))
	}
	if q.corpus != nil {
		params.Idf = &pb.IdfParams{Corpus: q.corpus}
	}
	return &pb.QueryPoints{Query: q.query, Using: &q.using, Limit: pb.PtrOf(uint64(limit)), Params: params,
		WithPayload: pb.NewWithPayloadInclude(append([]string{portalField}, q.fields...)...)}
}

// best returns the n best points of a scope, in the server's order, and every further one that is as good as the last of them. It is one request, but where more points
// than the spare ones share the last score, where n is beyond what one request may ask for, and where the graph gives fewer than n, which it may do though there are more.
func (s *Store) best(ctx context.Context, sp space, sc scope, q question, n int) ([]*pb.ScoredPoint, error) {
	if n <= 0 {
		return nil, nil
	}
	if n > maxLimit-spare {
		total, err := s.count(ctx, sp, sc)
		if err != nil {
			return nil, err
		}
		if n = min(n, total); n > maxLimit-spare {
			return nil, fmt.Errorf("qdrant: %d hits are more than the %d of one search: %w", n, maxLimit-spare, crm.ErrInvalid)
		}
		if n == 0 {
			return nil, nil
		}
	}
	exact, limit := q.exact, n+spare
	for {
		found, err := s.query(ctx, sp, sc, q.request(limit, exact))
		switch {
		case err != nil:
			return nil, err
		case len(found) < n && !exact:
			exact = true
		case len(found) < limit || limit == maxLimit || found[n-1].GetScore() != found[limit-1].GetScore():
			return found, nil
		default:
			limit = min(4*limit, maxLimit)
		}
	}
}

func (x *Index) hits(ctx context.Context, g *generation, sc scope, q question, n int) ([]crm.Hit, error) {
	found, err := x.s.best(ctx, x.chunks(g), sc, q, n)
	if err != nil {
		return nil, err
	}
	hits := make([]crm.Hit, len(found))
	for i, p := range found {
		hits[i] = crm.Hit{Chunk: chunkID(p.GetId()), Score: float64(p.GetScore())}
	}
	slices.SortFunc(hits, func(a, b crm.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Chunk, b.Chunk)) })
	return hits[:min(max(n, 0), len(hits))], nil
}
