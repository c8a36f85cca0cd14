package qdranttest

import (
	"context"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Shard keys follow the server's documentation; they were not observed. A collection with custom sharding starts without shards, every write names its shard key,
// a read without one asks all shards, and an unknown key is an error.

func (a collections) CreateShardKey(_ context.Context, r *pb.CreateShardKeyRequest) (*pb.CreateShardKeyResponse, error) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	c, err := a.s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	key := r.GetRequest().GetShardKey().GetKeyword()
	switch _, exists := c.shards[key]; {
	case !c.custom:
		return nil, invalid("Bad request: Shard Key cannot be created with Auto sharding method")
	case key == "":
		return nil, invalid("the double knows keyword shard keys only")
	case exists:
		return nil, status.Errorf(codes.AlreadyExists, "Sharding key %s already exists", key)
	}
	c.shards[key] = newShard(c)
	return &pb.CreateShardKeyResponse{Result: true}, nil
}

func (a collections) ListShardKeys(_ context.Context, r *pb.ListShardKeysRequest) (*pb.ListShardKeysResponse, error) {
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	c, err := a.s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	out := &pb.ListShardKeysResponse{}
	for key := range c.shards {
		if key != "" {
			out.ShardKeys = append(out.ShardKeys, &pb.ShardKeyDescription{Key: pb.NewShardKey(key)})
		}
	}
	return out, nil
}

// addressed are the shards that a selector names.
func (c *collection) addressed(sel *pb.ShardKeySelector, write bool) ([]*shard, error) {
	if len(sel.GetShardKeys()) == 0 {
		if c.custom && write {
			return nil, invalid("Bad request: Shard key not specified")
		}
		out := make([]*shard, 0, len(c.shards))
		for _, sh := range c.shards {
			out = append(out, sh)
		}
		return out, nil
	}
	if !c.custom {
		return nil, invalid("Bad request: Shard keys are not supported with Auto sharding method")
	}
	var out []*shard
	for _, k := range sel.GetShardKeys() {
		sh, ok := c.shards[k.GetKeyword()]
		if !ok || k.GetKeyword() == "" {
			return nil, status.Errorf(codes.NotFound, "Shard key %q not found", k.GetKeyword())
		}
		out = append(out, sh)
	}
	return out, nil
}
