package qdrant

import (
	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

// space is one collection, or an alias, and the generation whose shards it has.
type space struct {
	name string
	of   *generation // nil: automatic sharding
}

// Shard keys carry the generation's name: a request that was addressed for one generation and arrives, through the alias, at the next is an error and not an
// empty answer from the wrong shard.

func (g *generation) sharedKey() string { return g.Name + "-shared" }

func (g *generation) portalKey(p crm.PortalID) string { return g.Name + "-portal-" + p.String() }

func (g *generation) shardKeys() []string {
	keys := []string{g.sharedKey()}
	for _, p := range g.Shards {
		keys = append(keys, g.portalKey(p))
	}
	return keys
}

// shard is the address of a portal's chunks; nil with automatic sharding.
func (sp space) shard(portal crm.PortalID) *pb.ShardKeySelector {
	if sp.of == nil || sp.of.Shards == nil {
		return nil
	}
	key := sp.of.sharedKey()
	for _, p := range sp.of.Shards {
		if p == portal {
			key = sp.of.portalKey(p)
		}
	}
	return &pb.ShardKeySelector{ShardKeys: []*pb.ShardKey{pb.NewShardKey(key)}}
}
