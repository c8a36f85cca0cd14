package qdranttest

import (
	"context"
	"maps"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// collection is one collection. With automatic sharding there is one shard, "".
type collection struct {
	created *pb.CreateCollection
	dense   map[string]*pb.VectorParams
	sparse  map[string]*pb.SparseVectorParams
	schema  map[string]*pb.PayloadIndexParams
	custom  bool
	shards  map[string]*shard
}

func (c *collection) strict() bool { return c.created.GetStrictModeConfig().GetEnabled() }

func (c *collection) metadata() map[string]*pb.Value { return c.created.GetMetadata() }

// find resolves a name or an alias. The caller holds the lock.
func (s *Server) find(name string) (*collection, error) {
	if target, ok := s.aliases[name]; ok {
		name = target
	}
	c, ok := s.collections[name]
	if !ok {
		return nil, missing(name)
	}
	return c, nil
}

type collections struct {
	pb.UnimplementedCollectionsServer
	s *Server
}

func done(ok bool) *pb.CollectionOperationResponse {
	return &pb.CollectionOperationResponse{Result: ok}
}

func (a collections) Create(_ context.Context, r *pb.CreateCollection) (*pb.CollectionOperationResponse, error) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if _, ok := a.s.collections[r.GetCollectionName()]; ok {
		return nil, status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", r.GetCollectionName())
	}
	if _, ok := a.s.aliases[r.GetCollectionName()]; ok {
		return nil, invalid("Wrong input: Can't create collection with name %s. Alias with the same name already exists", r.GetCollectionName())
	}
	c := &collection{created: r, dense: map[string]*pb.VectorParams{}, sparse: r.GetSparseVectorsConfig().GetMap(), schema: map[string]*pb.PayloadIndexParams{},
		custom: r.GetShardingMethod() == pb.ShardingMethod_Custom, shards: map[string]*shard{}}
	switch v := r.GetVectorsConfig().GetConfig().(type) {
	case *pb.VectorsConfig_Params:
		c.dense[""] = v.Params
	case *pb.VectorsConfig_ParamsMap:
		c.dense = v.ParamsMap.GetMap()
	}
	for name, p := range c.dense {
		if p.GetSize() < 1 {
			return nil, invalid("Validation error in body: [vectors.%s.size: value 0 invalid, must be 1 or larger]", name)
		}
	}
	if !c.custom {
		c.shards[""] = newShard(c)
	}
	a.s.collections[r.GetCollectionName()] = c
	return done(true), nil
}

// Delete answers false for a missing collection. The aliases of a collection go with it.
func (a collections) Delete(_ context.Context, r *pb.DeleteCollection) (*pb.CollectionOperationResponse, error) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if _, ok := a.s.collections[r.GetCollectionName()]; !ok {
		return done(false), nil
	}
	delete(a.s.collections, r.GetCollectionName())
	maps.DeleteFunc(a.s.aliases, func(_, target string) bool { return target == r.GetCollectionName() })
	return done(true), nil
}

func (a collections) List(context.Context, *pb.ListCollectionsRequest) (*pb.ListCollectionsResponse, error) {
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	out := &pb.ListCollectionsResponse{}
	for name := range a.s.collections { // in no order, as the real one
		out.Collections = append(out.Collections, &pb.CollectionDescription{Name: name})
	}
	return out, nil
}

func (a collections) CollectionExists(_ context.Context, r *pb.CollectionExistsRequest) (*pb.CollectionExistsResponse, error) {
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	_, err := a.s.find(r.GetCollectionName())
	return &pb.CollectionExistsResponse{Result: &pb.CollectionExists{Exists: err == nil}}, nil
}

func (a collections) Get(_ context.Context, r *pb.GetCollectionInfoRequest) (*pb.GetCollectionInfoResponse, error) {
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	c, err := a.s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	var n uint64
	for _, sh := range c.shards {
		n += uint64(len(sh.points))
	}
	info := &pb.CollectionInfo{Status: pb.CollectionStatus_Green, PointsCount: &n, PayloadSchema: map[string]*pb.PayloadSchemaInfo{}, Config: &pb.CollectionConfig{
		Params: &pb.CollectionParams{VectorsConfig: c.created.GetVectorsConfig(), SparseVectorsConfig: c.created.GetSparseVectorsConfig(),
			ShardingMethod: c.created.ShardingMethod},
		HnswConfig: c.created.GetHnswConfig(), StrictModeConfig: c.created.GetStrictModeConfig(), Metadata: c.metadata()}}
	for field, p := range c.schema {
		info.PayloadSchema[field] = &pb.PayloadSchemaInfo{DataType: schemaType(p), Params: p}
	}
	return &pb.GetCollectionInfoResponse{Result: info}, nil
}

// UpdateAliases applies all or nothing. That a create replaces an alias of the same name, and that a delete of a missing one is no error, was not observed.
func (a collections) UpdateAliases(_ context.Context, r *pb.ChangeAliases) (*pb.CollectionOperationResponse, error) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	next := maps.Clone(a.s.aliases)
	for _, action := range r.GetActions() {
		switch v := action.GetAction().(type) {
		case *pb.AliasOperations_CreateAlias:
			if _, ok := a.s.collections[v.CreateAlias.GetCollectionName()]; !ok {
				return nil, missing(v.CreateAlias.GetCollectionName())
			}
			if _, ok := a.s.collections[v.CreateAlias.GetAliasName()]; ok {
				return nil, invalid("Wrong input: Collection `%s` already exists!", v.CreateAlias.GetAliasName())
			}
			next[v.CreateAlias.GetAliasName()] = v.CreateAlias.GetCollectionName()
		case *pb.AliasOperations_DeleteAlias:
			delete(next, v.DeleteAlias.GetAliasName())
		default:
			return nil, invalid("the double knows no such alias operation: %T", v)
		}
	}
	a.s.aliases = next
	return done(true), nil
}

func (a collections) ListAliases(context.Context, *pb.ListAliasesRequest) (*pb.ListAliasesResponse, error) {
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	out := &pb.ListAliasesResponse{}
	for _, name := range slices.Sorted(maps.Keys(a.s.aliases)) {
		out.Aliases = append(out.Aliases, &pb.AliasDescription{AliasName: name, CollectionName: a.s.aliases[name]})
	}
	return out, nil
}
