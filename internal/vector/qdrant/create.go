package qdrant

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

const (
	itemVector   = "item"
	windowVector = "window"
	termVector   = "bm25"  // of chunks: the tf part of BM25; the server multiplies by the idf of the portal
	weightVector = "terms" // of profiles: weights as they are
)

const (
	maxLimit  = 50_000 // hits of one search
	maxPoints = 500    // of one upsert
)

// Create makes the collections of a generation, every payload index before the first point (the search graph of a portal is built along them), and the profiles'
// collection before the chunks'. What an interrupted call left is finished by the next one.
func (s *Store) Create(ctx context.Context, g crm.Generation) error {
	switch {
	case !plain(g.Name):
		return fmt.Errorf("qdrant: generation %q: want lower-case letters and digits: %w", g.Name, crm.ErrInvalid)
	case g.Dimension < 1 || g.Dimension > 65536:
		return fmt.Errorf("qdrant: generation %s: dimension %d: want 1 to 65536: %w", g.Name, g.Dimension, crm.ErrInvalid)
	case g.Fingerprint == "":
		return fmt.Errorf("qdrant: generation %s: no fingerprint: %w", g.Name, crm.ErrInvalid)
	}
	s.admin.Lock()
	defer s.admin.Unlock()
	have, complete, err := s.look(ctx, g.Name)
	switch {
	case errors.Is(err, crm.ErrNotFound):
		if err := s.begin(ctx, g); err != nil {
			return err
		}
		if have, complete, err = s.look(ctx, g.Name); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	if have.Fingerprint != g.Fingerprint || have.Dimension != g.Dimension || have.Windows != g.Windows {
		return fmt.Errorf("qdrant: another generation %s exists (%s, dimension %d): %w", g.Name, have.Fingerprint, have.Dimension, crm.ErrConflict)
	}
	if complete {
		return nil
	}
	return s.finish(ctx, have)
}

// begin makes the two collections, profiles first; profiles that an interrupted Drop has left are of another time and go.
func (s *Store) begin(ctx context.Context, g crm.Generation) error {
	meta := generation{Generation: g, AverageLength: s.o.AverageLength}
	if len(s.o.Shards) > 0 {
		meta.Shards = slices.Compact(slices.Sorted(slices.Values(s.o.Shards)))
	}
	about, err := s.describe(meta)
	if err != nil {
		return err
	}
	name := s.collection(g.Name)
	if err := s.remove(ctx, profilesOf(name)); err != nil {
		return err
	}
	if err := s.make(ctx, profileCollection(profilesOf(name), g.Dimension, about), profileIndexes()); err != nil {
		return err
	}
	err = s.client().CreateCollection(ctx, chunkCollection(name, meta, about))
	if err := s.mapped(ctx, "create "+name, err); err != nil && !errors.Is(err, crm.ErrConflict) {
		return err // a conflict: another process was faster, and Create compares what it made
	}
	return nil
}

// finish adds the shards and indexes that are missing.
func (s *Store) finish(ctx context.Context, g generation) error {
	name := s.collection(g.Name)
	if g.Shards != nil {
		if err := s.addShards(ctx, name, g); err != nil {
			return err
		}
	}
	return s.index(ctx, name, chunkIndexes())
}

func (s *Store) addShards(ctx context.Context, name string, g generation) error {
	keys, err := s.client().ListShardKeys(ctx, name)
	if err != nil {
		return s.mapped(ctx, "shards of "+name, err)
	}
	have := map[string]bool{}
	for _, k := range keys {
		have[k.GetKey().GetKeyword()] = true
	}
	for _, key := range g.shardKeys() {
		if have[key] {
			continue
		}
		if err := s.client().CreateShardKey(ctx, name, &pb.CreateShardKey{ShardKey: pb.NewShardKey(key)}); err != nil {
			return s.mapped(ctx, "create shard "+key+" of "+name, err)
		}
	}
	return nil
}

func (s *Store) make(ctx context.Context, c *pb.CreateCollection, indexes map[string]*pb.PayloadIndexParams) error {
	err := s.mapped(ctx, "create "+c.GetCollectionName(), s.client().CreateCollection(ctx, c))
	if err != nil && !errors.Is(err, crm.ErrConflict) {
		return err
	}
	return s.index(ctx, c.GetCollectionName(), indexes)
}

func (s *Store) index(ctx context.Context, name string, indexes map[string]*pb.PayloadIndexParams) error {
	for _, field := range slices.Sorted(maps.Keys(indexes)) {
		op := "index " + field + " of " + name
		r, err := s.client().CreateFieldIndex(ctx, &pb.CreateFieldIndexCollection{CollectionName: name, Wait: pb.PtrOf(true), FieldName: field,
			FieldType: fieldType(indexes[field]).Enum(), FieldIndexParams: indexes[field]})
		if err != nil {
			return s.mapped(ctx, op, err)
		}
		if err := completed(op, r); err != nil {
			return err
		}
	}
	return nil
}

func fieldType(p *pb.PayloadIndexParams) pb.FieldType {
	switch {
	case p.GetIntegerIndexParams() != nil:
		return pb.FieldType_FieldTypeInteger
	case p.GetBoolIndexParams() != nil:
		return pb.FieldType_FieldTypeBool
	}
	return pb.FieldType_FieldTypeKeyword
}

func tenant() *pb.PayloadIndexParams {
	return pb.NewPayloadIndexParamsKeyword(&pb.KeywordIndexParams{IsTenant: pb.PtrOf(true)})
}

func keyword() *pb.PayloadIndexParams {
	return pb.NewPayloadIndexParamsKeyword(&pb.KeywordIndexParams{})
}

func ordered() *pb.PayloadIndexParams {
	return pb.NewPayloadIndexParamsInt(&pb.IntegerIndexParams{Lookup: pb.PtrOf(false), Range: pb.PtrOf(true)})
}

// chunkIndexes are the fields that filters name, of searches and of writes. Strict mode refuses a filter on any other.
func chunkIndexes() map[string]*pb.PayloadIndexParams {
	return map[string]*pb.PayloadIndexParams{
		portalField: tenant(), accountsField: keyword(), peopleField: keyword(), kindField: keyword(), activityField: keyword(),
		timeField: ordered(), createdField: ordered(), modifiedField: ordered(), generatedField: pb.NewPayloadIndexParamsBool(&pb.BoolIndexParams{}),
	}
}

func profileIndexes() map[string]*pb.PayloadIndexParams {
	return map[string]*pb.PayloadIndexParams{portalField: tenant(), outcomeField: keyword(), industryField: keyword(), employeesField: ordered()}
}

func strict() *pb.StrictModeConfig {
	return &pb.StrictModeConfig{Enabled: pb.PtrOf(true), UnindexedFilteringRetrieve: pb.PtrOf(false), UnindexedFilteringUpdate: pb.PtrOf(false),
		MaxQueryLimit: pb.PtrOf(uint32(maxLimit)), UpsertMaxBatchsize: pb.PtrOf(uint64(maxPoints)), FilterMaxConditions: pb.PtrOf(uint64(32))}
}

// tenants builds a search graph per portal and none across them.
func tenants() *pb.HnswConfigDiff {
	return &pb.HnswConfigDiff{M: pb.PtrOf(uint64(0)), PayloadM: pb.PtrOf(uint64(16))}
}

func chunkCollection(name string, g generation, about map[string]*pb.Value) *pb.CreateCollection {
	params := map[string]*pb.VectorParams{itemVector: {Size: uint64(g.Dimension), Distance: pb.Distance_Cosine}}
	if g.Windows {
		params[windowVector] = &pb.VectorParams{Size: uint64(g.Dimension), Distance: pb.Distance_Cosine}
	}
	c := &pb.CreateCollection{CollectionName: name, VectorsConfig: pb.NewVectorsConfigMap(params), HnswConfig: tenants(), StrictModeConfig: strict(), Metadata: about,
		SparseVectorsConfig: pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{termVector: {Modifier: pb.Modifier_Idf.Enum()}})}
	if g.Shards != nil {
		c.ShardingMethod = pb.ShardingMethod_Custom.Enum()
	}
	return c
}

func profileCollection(name string, dimension int, about map[string]*pb.Value) *pb.CreateCollection {
	return &pb.CreateCollection{CollectionName: name, HnswConfig: tenants(), StrictModeConfig: strict(), Metadata: about,
		VectorsConfig:       pb.NewVectorsConfigMap(map[string]*pb.VectorParams{itemVector: {Size: uint64(dimension), Distance: pb.Distance_Cosine}}),
		SparseVectorsConfig: pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{weightVector: {}})}
}
