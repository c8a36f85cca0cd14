package qdrant

import (
	"fmt"
	"hash/fnv"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

// space is one collection, or an alias, and the generation whose shards it has.
type space struct {
	name string
	of   *generation // nil: automatic sharding
}

// sharedKey is the shard of all portals without one of their own. It carries the layout: a request that was addressed for one generation and arrives, through the
// alias, at one with other shards must be an error, not an empty answer from the wrong shard.
func (g *generation) sharedKey() string {
	h := fnv.New32a()
	for _, p := range g.Shards {
		fmt.Fprintf(h, "%d ", p) // a hash returns no error
	}
	return fmt.Sprintf("shared-%08x", h.Sum32())
}

func portalKey(p crm.PortalID) string { return "portal-" + p.String() }

func (g *generation) shardKeys() []string {
	keys := []string{g.sharedKey()}
	for _, p := range g.Shards {
		keys = append(keys, portalKey(p))
	}
	return keys
}

// shard is the address of a portal's chunks; nil with automatic sharding.
func (sp space) shard(portal crm.PortalID) *pb.ShardKeySelector {
	if sp.of == nil || sp.of.Shards == nil {
		return nil
	}
	key := sp.of.sharedKey()
	if slices.Contains(sp.of.Shards, portal) {
		key = portalKey(portal)
	}
	return &pb.ShardKeySelector{ShardKeys: []*pb.ShardKey{pb.NewShardKey(key)}}
}
