package qdrant

import (
	"context"
	"fmt"
	"iter"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

// This file makes every request that reads, changes or deletes points: nothing else in the package may name the client's methods for them (a test reads the sources).
// Each takes a scope, and each point that comes back is checked to be of the scope's portal.

func (sc scope) check() error {
	if sc.portal <= 0 || sc.filter == nil {
		return fmt.Errorf("qdrant: a request without a portal: %w", crm.ErrInvalid)
	}
	return nil
}

// own refuses a point of another portal: a filter that the server did not apply must not become somebody's answer.
func (sc scope) own(payload map[string]*pb.Value) error {
	if got := payload[portalField].GetStringValue(); got != sc.portal.String() {
		return fmt.Errorf("qdrant: the server answered portal %s with a point of portal %q", sc.portal, got)
	}
	return nil
}

func (s *Store) query(ctx context.Context, sp space, sc scope, q *pb.QueryPoints) ([]*pb.ScoredPoint, error) {
	if err := sc.check(); err != nil {
		return nil, err
	}
	q.CollectionName, q.Filter, q.ShardKeySelector = sp.name, sc.filter, sp.shard(sc.portal)
	found, err := s.client().Query(ctx, q)
	if err != nil {
		return nil, s.mapped(ctx, "search "+sp.name, err)
	}
	for _, p := range found {
		if err := sc.own(p.GetPayload()); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (s *Store) count(ctx context.Context, sp space, sc scope) (int, error) {
	if err := sc.check(); err != nil {
		return 0, err
	}
	n, err := s.client().Count(ctx, &pb.CountPoints{CollectionName: sp.name, Filter: sc.filter, Exact: pb.PtrOf(true), ShardKeySelector: sp.shard(sc.portal)})
	return int(n), s.mapped(ctx, "count in "+sp.name, err)
}

// page is the number of points that one request of a scan asks for.
const page = 2000

// scroll yields every point of the scope once, by id.
func (s *Store) scroll(ctx context.Context, sp space, sc scope, vectors *pb.WithVectorsSelector, fields ...string) iter.Seq2[*pb.RetrievedPoint, error] {
	return func(yield func(*pb.RetrievedPoint, error) bool) {
		if err := sc.check(); err != nil {
			yield(nil, err)
			return
		}
		req := &pb.ScrollPoints{CollectionName: sp.name, Filter: sc.filter, Limit: pb.PtrOf(uint32(page)), WithVectors: vectors,
			WithPayload: pb.NewWithPayloadInclude(append([]string{portalField}, fields...)...), ShardKeySelector: sp.shard(sc.portal)}
		for {
			points, next, err := s.client().ScrollAndOffset(ctx, req)
			if err != nil {
				yield(nil, s.mapped(ctx, "scan "+sp.name, err))
				return
			}
			for _, p := range points {
				if err := sc.own(p.GetPayload()); err != nil {
					yield(nil, err)
					return
				}
				if !yield(p, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			req.Offset = next
		}
	}
}

// A change is one step of a batch of writes within a portal.
type change func(space) (*pb.PointsUpdateOperation, error)

// put writes points of one portal. Where an id exists it is overwritten only when it is of the same portal and guard (nil: none) holds.
func put(portal crm.PortalID, points []*pb.PointStruct, guard *pb.Condition) change {
	return func(sp space) (*pb.PointsUpdateOperation, error) {
		var must []*pb.Condition
		if guard != nil {
			must = append(must, guard)
		}
		sc, err := within(portal, must...)
		if err != nil {
			return nil, err
		}
		return pb.NewPointsUpdateUpsert(&pb.PointsUpdateOperation_PointStructList{Points: points, UpdateFilter: sc.filter, ShardKeySelector: sp.shard(portal)}), nil
	}
}

func drop(sc scope) change {
	return func(sp space) (*pb.PointsUpdateOperation, error) {
		if err := sc.check(); err != nil {
			return nil, err
		}
		return pb.NewPointsUpdateDeletePoints(&pb.PointsUpdateOperation_DeletePoints{Points: pb.NewPointsSelectorFilter(sc.filter), ShardKeySelector: sp.shard(sc.portal)}), nil
	}
}

func set(sc scope, payload map[string]*pb.Value) change {
	return func(sp space) (*pb.PointsUpdateOperation, error) {
		if err := sc.check(); err != nil {
			return nil, err
		}
		return pb.NewPointsUpdateSetPayload(&pb.PointsUpdateOperation_SetPayload{Payload: payload, PointsSelector: pb.NewPointsSelectorFilter(sc.filter),
			ShardKeySelector: sp.shard(sc.portal)}), nil
	}
}

// write applies changes in their order and returns when they are applied.
func (s *Store) write(ctx context.Context, sp space, changes ...change) error {
	if len(changes) == 0 {
		return nil
	}
	ops := make([]*pb.PointsUpdateOperation, len(changes))
	for i, c := range changes {
		op, err := c(sp)
		if err != nil {
			return err
		}
		ops[i] = op
	}
	op := "write to " + sp.name
	if up := ops[0].GetUpsert(); up != nil && len(ops) == 1 { // new activities only: the shorter message costs a bulk load less
		r, err := s.client().Upsert(ctx, &pb.UpsertPoints{CollectionName: sp.name, Wait: pb.PtrOf(true), Points: up.GetPoints(), UpdateFilter: up.GetUpdateFilter(),
			ShardKeySelector: up.GetShardKeySelector()})
		if err != nil {
			return s.mapped(ctx, op, err)
		}
		return completed(op, r)
	}
	results, err := s.client().UpdateBatch(ctx, &pb.UpdateBatchPoints{CollectionName: sp.name, Wait: pb.PtrOf(true), Operations: ops})
	if err != nil {
		return s.mapped(ctx, op, err)
	}
	if len(results) != len(ops) {
		return fmt.Errorf("qdrant: %s: %d results for %d operations: %w", op, len(results), len(ops), crm.ErrTemporary)
	}
	return completed(op, results...)
}
