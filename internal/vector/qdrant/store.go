// Package qdrant keeps the index on a Qdrant server (1.19 or newer). It owns the collections contextd_<prefix>_<generation>, one point per chunk, and
// contextd_<prefix>_<generation>-profiles, one point per account, and two aliases for the live generation. All portals share a collection; the portal is the tenant
// index, stands in every filter, and is checked again on every point that comes back. The index is derived: SQL is the truth, and what a crash between two writes
// leaves behind (an activity's old chunks beside its new ones) is found by Scan and mended by the reconcile job.
package qdrant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

const versionTimeout = 5 * time.Second

// Store is the generations on one server. It is safe for concurrent use, also by several processes.
type Store struct {
	o     Options
	pool  []*pb.Client
	turn  atomic.Uint32
	busy  locks
	admin sync.Mutex // one change of generations at a time in this process
}

// client is the next connection in turn.
func (s *Store) client() *pb.Client { return s.pool[int(s.turn.Add(1))%len(s.pool)] }

// Open prepares the connections and checks the options; it does not wait for the server, which may be down: the first call says so, with crm.ErrTemporary.
func Open(_ context.Context, o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{o: o, busy: locks{held: map[crm.Ref]chan struct{}{}}}
	for range o.Pool {
		c, err := dial(o)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.pool = append(s.pool, c)
	}
	return s, nil
}

// Close ends the connections; calls in progress fail.
func (s *Store) Close() error {
	var errs []error
	for _, c := range s.pool {
		errs = append(errs, c.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("qdrant: close: %w", err)
	}
	return nil
}

func (s *Store) collection(generation string) string {
	return "contextd_" + s.o.Prefix + "_" + generation
}

// A dash stands in no prefix and no generation's name, so that these are never taken for a generation.
func profilesOf(collection string) string { return collection + "-profiles" }

func (s *Store) alias() string { return "contextd_" + s.o.Prefix + "-live" }

// generation is what the metadata of a collection says.
type generation struct {
	crm.Generation
	AverageLength float64        `json:"average_length"`
	Shards        []crm.PortalID `json:"shards,omitempty"` // portals with a shard of their own; nil: automatic sharding
}

const metadataField = "contextd"

func (s *Store) describe(g generation) (map[string]*pb.Value, error) {
	g.Live = false // the alias says so
	text, err := json.Marshal(g)
	if err != nil {
		return nil, fmt.Errorf("qdrant: describe generation %s: %w", g.Name, err)
	}
	return map[string]*pb.Value{metadataField: pb.NewValueString(string(text))}, nil
}

// look reads a generation by its name. complete is false while some of its indexes are missing: its making was cut short, and Create finishes it.
func (s *Store) look(ctx context.Context, name string) (g generation, complete bool, err error) {
	info, err := s.client().GetCollectionInfo(ctx, s.collection(name))
	if err != nil {
		return g, false, s.mapped(ctx, "generation "+name, err)
	}
	text := info.GetConfig().GetMetadata()[metadataField].GetStringValue()
	if err := json.Unmarshal([]byte(text), &g); err != nil || g.Name != name {
		return g, false, fmt.Errorf("qdrant: collection %s exists but is not a generation of ours: %w", s.collection(name), crm.ErrConflict)
	}
	for field := range chunkIndexes() {
		if _, ok := info.GetPayloadSchema()[field]; !ok {
			return g, false, nil
		}
	}
	return g, true, nil
}

// live is the name of the live generation, or "".
func (s *Store) live(ctx context.Context) (string, error) {
	aliases, err := s.client().ListAliases(ctx)
	if err != nil {
		return "", s.mapped(ctx, "aliases", err)
	}
	for _, a := range aliases {
		if a.GetAliasName() == s.alias() {
			return strings.TrimPrefix(a.GetCollectionName(), s.collection("")), nil
		}
	}
	return "", nil
}

// Generations lists the complete ones, oldest first.
func (s *Store) Generations(ctx context.Context) ([]crm.Generation, error) {
	names, err := s.client().ListCollections(ctx)
	if err != nil {
		return nil, s.mapped(ctx, "collections", err)
	}
	live, err := s.live(ctx)
	if err != nil {
		return nil, err
	}
	var out []crm.Generation
	for _, collection := range names {
		name, ours := strings.CutPrefix(collection, s.collection(""))
		if !ours || !plain(name) {
			continue
		}
		g, complete, err := s.look(ctx, name)
		if errors.Is(err, crm.ErrNotFound) {
			continue // dropped since it was listed
		}
		if err != nil {
			return nil, err
		}
		if complete {
			g.Live = name == live
			out = append(out, g.Generation)
		}
	}
	slices.SortFunc(out, func(a, b crm.Generation) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, nil
}

// Open opens a generation; "" is the live one, and stays it: reads follow every swap. Writes through it go only to a generation of the same fingerprint as when it was
// opened; after a swap to another one they are crm.ErrConflict, since their vectors would be of the wrong embedder.
func (s *Store) Open(ctx context.Context, name string) (*Index, error) {
	x := &Index{s: s, name: name}
	if name == "" {
		var err error
		if name, err = s.live(ctx); err != nil {
			return nil, err
		}
	}
	if !plain(name) {
		return nil, fmt.Errorf("qdrant: generation %q: %w", name, crm.ErrNotFound)
	}
	g, err := s.finished(ctx, name)
	if err != nil {
		return nil, err
	}
	x.state.Store(&g)
	return x, nil
}

func (s *Store) finished(ctx context.Context, name string) (generation, error) {
	g, complete, err := s.look(ctx, name)
	if err == nil && !complete {
		err = fmt.Errorf("qdrant: generation %s is not finished: create it again: %w", name, crm.ErrNotFound)
	}
	return g, err
}

// Swap moves both aliases in one request, which the server carries out wholly or not at all.
func (s *Store) Swap(ctx context.Context, name string) error {
	if !plain(name) {
		return fmt.Errorf("qdrant: generation %q: %w", name, crm.ErrNotFound)
	}
	s.admin.Lock()
	defer s.admin.Unlock()
	if _, err := s.finished(ctx, name); err != nil {
		return err
	}
	aliases, err := s.client().ListAliases(ctx)
	if err != nil {
		return s.mapped(ctx, "aliases", err)
	}
	wanted := map[string]string{s.alias(): s.collection(name), profilesOf(s.alias()): profilesOf(s.collection(name))}
	var actions []*pb.AliasOperations
	for _, a := range aliases {
		if wanted[a.GetAliasName()] != "" {
			actions = append(actions, pb.NewAliasDelete(a.GetAliasName()))
		}
	}
	for _, alias := range slices.Sorted(maps.Keys(wanted)) {
		actions = append(actions, pb.NewAliasCreate(alias, wanted[alias]))
	}
	return s.mapped(ctx, "swap to "+name, s.client().UpdateAliases(ctx, actions))
}

// Drop removes a generation's collections, that of the chunks first: a generation without one is none.
func (s *Store) Drop(ctx context.Context, name string) error {
	if !plain(name) {
		return nil // there is none of such a name
	}
	s.admin.Lock()
	defer s.admin.Unlock()
	live, err := s.live(ctx)
	if err != nil {
		return err
	}
	if live == name { // the server would delete the collection and the alias with it
		return fmt.Errorf("qdrant: generation %s is live: %w", name, crm.ErrConflict)
	}
	for _, c := range []string{s.collection(name), profilesOf(s.collection(name))} {
		if err := s.remove(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a collection if there is one; the client makes an error of a missing one that tells nothing else apart.
func (s *Store) remove(ctx context.Context, collection string) error {
	exists, err := s.client().CollectionExists(ctx, collection)
	if err != nil || !exists {
		return s.mapped(ctx, "collection "+collection, err)
	}
	return s.mapped(ctx, "delete "+collection, s.client().DeleteCollection(ctx, collection))
}
