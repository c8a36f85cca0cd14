package qdranttest

import (
	"context"
	"maps"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type points struct {
	pb.UnimplementedPointsServer
	s *Server
}

func completed() *pb.UpdateResult { return &pb.UpdateResult{Status: pb.UpdateStatus_Completed} }

func (a points) change(name string, apply func(*collection) error) (*pb.PointsOperationResponse, error) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	c, err := a.s.find(name)
	if err != nil {
		return nil, err
	}
	if err := apply(c); err != nil {
		return nil, err
	}
	return &pb.PointsOperationResponse{Result: completed()}, nil
}

func (a points) Upsert(_ context.Context, r *pb.UpsertPoints) (*pb.PointsOperationResponse, error) {
	return a.change(r.GetCollectionName(), func(c *collection) error {
		return c.upsert(&pb.PointsUpdateOperation_PointStructList{Points: r.GetPoints(), ShardKeySelector: r.GetShardKeySelector(),
			UpdateFilter: r.GetUpdateFilter(), UpdateMode: r.UpdateMode})
	})
}

func (a points) Delete(_ context.Context, r *pb.DeletePoints) (*pb.PointsOperationResponse, error) {
	return a.change(r.GetCollectionName(), func(c *collection) error { return c.remove(r.GetPoints(), r.GetShardKeySelector()) })
}

func (a points) SetPayload(_ context.Context, r *pb.SetPayloadPoints) (*pb.PointsOperationResponse, error) {
	return a.change(r.GetCollectionName(), func(c *collection) error {
		return c.setPayload(r.GetPayload(), r.GetPointsSelector(), r.GetShardKeySelector())
	})
}

// CreateFieldIndex replaces an index of another type without a word, as observed.
func (a points) CreateFieldIndex(_ context.Context, r *pb.CreateFieldIndexCollection) (*pb.PointsOperationResponse, error) {
	return a.change(r.GetCollectionName(), func(c *collection) error {
		params := r.GetFieldIndexParams()
		if params == nil {
			switch r.GetFieldType() {
			case pb.FieldType_FieldTypeKeyword:
				params = pb.NewPayloadIndexParamsKeyword(&pb.KeywordIndexParams{})
			case pb.FieldType_FieldTypeInteger:
				params = pb.NewPayloadIndexParamsInt(&pb.IntegerIndexParams{})
			case pb.FieldType_FieldTypeBool:
				params = pb.NewPayloadIndexParamsBool(&pb.BoolIndexParams{})
			default:
				return invalid("the double does not know indexes of type %s", r.GetFieldType())
			}
		}
		c.schema[r.GetFieldName()] = params
		for _, sh := range c.shards {
			sh.reindex(r.GetFieldName())
		}
		return nil
	})
}

// UpdateBatch applies the operations in their order; those before a refused one stay applied.
func (a points) UpdateBatch(_ context.Context, r *pb.UpdateBatchPoints) (*pb.UpdateBatchResponse, error) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	c, err := a.s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	out := &pb.UpdateBatchResponse{}
	for _, op := range r.GetOperations() {
		switch v := op.GetOperation().(type) {
		case *pb.PointsUpdateOperation_Upsert:
			err = c.upsert(v.Upsert)
		case *pb.PointsUpdateOperation_DeletePoints_:
			err = c.remove(v.DeletePoints.GetPoints(), v.DeletePoints.GetShardKeySelector())
		case *pb.PointsUpdateOperation_SetPayload_:
			err = c.setPayload(v.SetPayload.GetPayload(), v.SetPayload.GetPointsSelector(), v.SetPayload.GetShardKeySelector())
		default:
			err = invalid("the double does not know the operation %T", v)
		}
		if err != nil {
			return nil, err
		}
		out.Result = append(out.Result, completed())
	}
	return out, nil
}

func (c *collection) upsert(r *pb.PointsUpdateOperation_PointStructList) error {
	if len(r.GetPoints()) == 0 {
		return invalid("Wrong input: Empty update request")
	}
	if limit := c.created.GetStrictModeConfig().UpsertMaxBatchsize; c.strict() && limit != nil && uint64(len(r.GetPoints())) > *limit {
		return invalid("Bad request: Upsert limit exceeded: %d > %d", len(r.GetPoints()), *limit)
	}
	if err := c.admitUpdate(r.GetUpdateFilter()); err != nil {
		return err
	}
	shards, err := c.addressed(r.GetShardKeySelector(), true)
	if err != nil {
		return err
	}
	stored := make([]*point, 0, len(r.GetPoints()))
	for _, p := range r.GetPoints() { // all are looked at before one is stored
		key, err := keyOf(p.GetId())
		if err != nil {
			return err
		}
		next := &point{key: key, id: idOf(key, p.GetId()), payload: p.GetPayload()}
		if next.dense, next.sparse, err = c.vectors(p.GetVectors()); err != nil {
			return err
		}
		stored = append(stored, next)
	}
	guard := compile(r.GetUpdateFilter())
	for _, sh := range shards {
		for _, p := range stored {
			old := sh.points[p.key]
			switch {
			case old == nil && r.GetUpdateMode() == pb.UpdateMode_UpdateOnly, old != nil && r.GetUpdateMode() == pb.UpdateMode_InsertOnly:
			case old != nil && !guard.matches(old): // unchanged, and nothing says so
			default:
				copied := *p
				sh.put(&copied)
			}
		}
	}
	return nil
}

// remove deletes by ids, where unknown ones are no error, or by filter, where an empty filter is every point.
func (c *collection) remove(sel *pb.PointsSelector, keys *pb.ShardKeySelector) error {
	shards, err := c.addressed(keys, true)
	if err != nil {
		return err
	}
	hit, err := c.selected(sel)
	if err != nil {
		return err
	}
	for _, sh := range shards {
		for _, p := range hit(sh) {
			sh.remove(p.key)
		}
	}
	return nil
}

func (c *collection) setPayload(payload map[string]*pb.Value, sel *pb.PointsSelector, keys *pb.ShardKeySelector) error {
	shards, err := c.addressed(keys, true)
	if err != nil {
		return err
	}
	hit, err := c.selected(sel)
	if err != nil {
		return err
	}
	n := 0
	for _, sh := range shards {
		for _, p := range hit(sh) {
			n++
			sh.leave(p)
			p.payload = maps.Clone(p.payload)
			if p.payload == nil {
				p.payload = map[string]*pb.Value{}
			}
			maps.Copy(p.payload, payload)
			sh.enter(p)
		}
	}
	if ids := sel.GetPoints().GetIds(); n < len(ids) {
		return status.Errorf(codes.NotFound, "Not found: No point with id %s found", ids[0])
	}
	return nil
}

// selected gives a function that finds the selector's points in a shard.
func (c *collection) selected(sel *pb.PointsSelector) (func(*shard) []*point, error) {
	switch v := sel.GetPointsSelectorOneOf().(type) {
	case *pb.PointsSelector_Points:
		var keys []string
		for _, id := range v.Points.GetIds() {
			key, err := keyOf(id)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
		return func(sh *shard) (out []*point) {
			for _, key := range keys {
				if p := sh.points[key]; p != nil {
					out = append(out, p)
				}
			}
			return out
		}, nil
	case *pb.PointsSelector_Filter:
		if err := c.admitUpdate(v.Filter); err != nil {
			return nil, err
		}
		f := compile(v.Filter)
		return func(sh *shard) (out []*point) {
			for p := range sh.matching(f) {
				out = append(out, p)
			}
			return out
		}, nil
	}
	return nil, invalid("PointSelector is missing")
}
