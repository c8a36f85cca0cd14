package qdranttest

import (
	"cmp"
	"container/heap"
	"context"
	"math"
	"slices"
	"strings"

	pb "github.com/qdrant/go-client/qdrant"
)

const defaultLimit = 10

// limited gives the limit of a read: 10 when none is named; 0 and more than the strict maximum are refused.
func (c *collection) limited(limit *uint64) (int, error) {
	if limit == nil {
		return defaultLimit, nil
	}
	if *limit == 0 {
		return 0, invalid("Validation error: [limit: value 0 invalid, must be 1 or larger]")
	}
	if most := c.created.GetStrictModeConfig().MaxQueryLimit; c.strict() && most != nil && *limit > uint64(*most) {
		return 0, invalid("Bad request: Limit exceeded %d > %d for \"limit\"", *limit, *most)
	}
	return int(min(*limit, math.MaxInt32)), nil
}

// Query is the nearest search by a dense or sparse vector. It is always exact.
func (a points) Query(_ context.Context, r *pb.QueryPoints) (*pb.QueryResponse, error) {
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	c, err := a.s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	limit, err := c.limited(r.Limit)
	if err != nil {
		return nil, err
	}
	if err := c.admitRead(r.GetFilter()); err != nil {
		return nil, err
	}
	if len(r.GetPrefetch()) > 0 || r.Offset != nil || r.ScoreThreshold != nil {
		return nil, invalid("the double does not know prefetch, offset and score threshold")
	}
	shards, err := c.addressed(r.GetShardKeySelector(), false)
	if err != nil {
		return nil, err
	}
	score, err := a.s.scorer(c, shards, r)
	if err != nil {
		return nil, err
	}
	f := compile(r.GetFilter())
	var best top
	for _, sh := range shards {
		for p := range sh.matching(f) {
			if s, ok := score(p); ok {
				best.offer(scored{s, p}, limit)
			}
		}
	}
	slices.SortFunc(best, scored.compare)
	out := &pb.QueryResponse{Result: make([]*pb.ScoredPoint, 0, len(best))}
	for _, b := range best {
		out.Result = append(out.Result, &pb.ScoredPoint{Id: b.p.id, Score: b.score, Payload: payload(b.p, r.GetWithPayload()), Vectors: output(b.p, r.GetWithVectors())})
	}
	return out, nil
}

// scorer gives a function that scores a point, or says that the search does not find it.
func (s *Server) scorer(c *collection, shards []*shard, r *pb.QueryPoints) (func(*point) (float32, bool), error) {
	name := r.GetUsing()
	switch v := r.GetQuery().GetNearest().GetVariant().(type) {
	case *pb.VectorInput_Dense:
		query, err := c.denseOf(name, v.Dense.GetData())
		if err != nil {
			return nil, err
		}
		distance := c.dense[name].GetDistance()
		if _, err := similarity(distance, query, query); err != nil {
			return nil, err
		}
		return func(p *point) (float32, bool) {
			d := p.dense[name]
			if d == nil {
				return 0, false
			}
			score, err := similarity(distance, query, d)
			return score, err == nil
		}, nil
	case *pb.VectorInput_Sparse:
		query, err := c.sparseOf(name, v.Sparse)
		if err != nil {
			return nil, err
		}
		if c.sparse[name].GetModifier() == pb.Modifier_Idf {
			if query, err = s.weighted(c, shards, name, query, r.GetParams().GetIdf()); err != nil {
				return nil, err
			}
		}
		return func(p *point) (float32, bool) { return product(query, p.sparse[name]) }, nil
	default:
		return nil, invalid("the double does not know the query %T", v)
	}
}

// weighted multiplies each query value by ln((N − n + .5)/(n + .5) + 1), counted over the corpus, or over everything where there is none or the server is too old.
func (s *Server) weighted(c *collection, shards []*shard, name string, query map[uint32]float32, idf *pb.IdfParams) (map[uint32]float32, error) {
	corpus := idf.GetCorpus()
	if strings.HasPrefix(s.options.Version, "1.18.") {
		corpus = nil
	}
	if err := c.admitRead(corpus); err != nil {
		return nil, err
	}
	var total float64
	with := make(map[uint32]float64, len(query))
	f := compile(corpus)
	for _, sh := range shards {
		for p := range sh.matching(f) {
			total++
			for index := range query {
				if _, ok := p.sparse[name][index]; ok {
					with[index]++
				}
			}
		}
	}
	out := make(map[uint32]float32, len(query))
	for index, v := range query {
		out[index] = v * float32(math.Log((total-with[index]+.5)/(with[index]+.5)+1))
	}
	return out, nil
}

func product(a, b map[uint32]float32) (float32, bool) {
	var sum float64
	shared := false
	for index, v := range a {
		if w, ok := b[index]; ok {
			shared = true
			sum += float64(v) * float64(w)
		}
	}
	return float32(sum), shared
}

type scored struct {
	score float32
	p     *point
}

// compare orders best first. Among equal scores the newest comes first: the real server promises no order, and nobody may take ids for one.
func (s scored) compare(o scored) int {
	return cmp.Or(cmp.Compare(o.score, s.score), cmp.Compare(o.p.born, s.p.born))
}

// top is a heap with the worst of the best at its root.
type top []scored

func (t top) Len() int           { return len(t) }
func (t top) Less(i, j int) bool { return t[i].compare(t[j]) > 0 }
func (t top) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *top) Push(v any)        { *t = append(*t, v.(scored)) }
func (t *top) Pop() any {
	old := *t
	last := old[len(old)-1]
	*t = old[:len(old)-1]
	return last
}

func (t *top) offer(s scored, limit int) {
	switch {
	case len(*t) < limit:
		heap.Push(t, s)
	case s.compare((*t)[0]) < 0:
		(*t)[0] = s
		heap.Fix(t, 0)
	}
}
