package qdranttest

import (
	"cmp"
	"context"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"
)

// Count is always exact.
func (a points) Count(_ context.Context, r *pb.CountPoints) (*pb.CountResponse, error) {
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	c, err := a.s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := c.admitRead(r.GetFilter()); err != nil {
		return nil, err
	}
	shards, err := c.addressed(r.GetShardKeySelector(), false)
	if err != nil {
		return nil, err
	}
	f := compile(r.GetFilter())
	var n uint64
	for _, sh := range shards {
		for range sh.matching(f) {
			n++
		}
	}
	return &pb.CountResponse{Result: &pb.CountResult{Count: n}}, nil
}

// Scroll lists points by id. The offset is the first id of the page.
func (a points) Scroll(_ context.Context, r *pb.ScrollPoints) (*pb.ScrollResponse, error) {
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	c, err := a.s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	var asked *uint64
	if r.Limit != nil {
		n := uint64(*r.Limit)
		asked = &n
	}
	limit, err := c.limited(asked)
	if err != nil {
		return nil, err
	}
	if err := c.admitRead(r.GetFilter()); err != nil {
		return nil, err
	}
	shards, err := c.addressed(r.GetShardKeySelector(), false)
	if err != nil {
		return nil, err
	}
	from := ""
	if r.Offset != nil {
		if from, err = keyOf(r.GetOffset()); err != nil {
			return nil, err
		}
	}
	f := compile(r.GetFilter())
	var page []*point
	for _, sh := range shards {
		for p := range sh.matching(f) {
			if p.key >= from {
				page = append(page, p)
			}
		}
	}
	slices.SortFunc(page, func(x, y *point) int { return cmp.Compare(x.key, y.key) })
	out := &pb.ScrollResponse{}
	if len(page) > limit {
		out.NextPageOffset = page[limit].id
		page = page[:limit]
	}
	for _, p := range page {
		out.Result = append(out.Result, &pb.RetrievedPoint{Id: p.id, Payload: payload(p, r.GetWithPayload()), Vectors: output(p, r.GetWithVectors())})
	}
	return out, nil
}

func payload(p *point, sel *pb.WithPayloadSelector) map[string]*pb.Value {
	switch v := sel.GetSelectorOptions().(type) {
	case *pb.WithPayloadSelector_Enable:
		if v.Enable {
			return p.payload
		}
	case *pb.WithPayloadSelector_Include:
		out := make(map[string]*pb.Value, len(v.Include.GetFields()))
		for _, field := range v.Include.GetFields() {
			if value, ok := p.payload[field]; ok {
				out[field] = value
			}
		}
		return out
	}
	return nil
}

func output(p *point, sel *pb.WithVectorsSelector) *pb.VectorsOutput {
	wanted := func(string) bool { return sel.GetEnable() }
	if in := sel.GetInclude(); in != nil {
		wanted = func(name string) bool { return slices.Contains(in.GetNames(), name) }
	}
	named := map[string]*pb.VectorOutput{}
	for name, v := range p.dense {
		if wanted(name) {
			named[name] = &pb.VectorOutput{Vector: &pb.VectorOutput_Dense{Dense: &pb.DenseVector{Data: v}}}
		}
	}
	for name, v := range p.sparse {
		if wanted(name) {
			s := &pb.SparseVector{}
			for index, value := range v {
				s.Indices, s.Values = append(s.Indices, index), append(s.Values, value)
			}
			named[name] = &pb.VectorOutput{Vector: &pb.VectorOutput_Sparse{Sparse: s}}
		}
	}
	if len(named) == 0 {
		return nil
	}
	return &pb.VectorsOutput{VectorsOptions: &pb.VectorsOutput_Vectors{Vectors: &pb.NamedVectorsOutput{Vectors: named}}}
}
