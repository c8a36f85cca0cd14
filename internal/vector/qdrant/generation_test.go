package qdrant_test

import (
	"context"
	"errors"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

// TestInterruptedCreate stops before the index of the last fields: what is there is no generation until Create has finished it.
func TestInterruptedCreate(t *testing.T) {
	for _, shards := range [][]crm.PortalID{nil, {7}} {
		double := server(t, qdranttest.Options{})
		o := at(t, double.Addr())
		o.Shards = shards
		s := open(t, o)
		t.Cleanup(func() { check(t, s.Close()) })
		for n := range 25 { // one request more each time
			calls := 0
			double.SetHook(func(ctx context.Context, method string, _ proto.Message) error {
				switch method {
				case "Create", "CreateFieldIndex", "CreateShardKey":
					if calls++; calls > n {
						return with(codes.Internal)(ctx)
					}
				}
				return nil
			})
			err := s.Create(t.Context(), generation("g1"))
			double.SetHook(nil)
			gs, listErr := s.Generations(t.Context())
			check(t, listErr)
			_, openErr := s.Open(t.Context(), "g1")
			swapErr := s.Swap(t.Context(), "g1")
			if err == nil {
				if len(gs) != 1 || openErr != nil || swapErr != nil || n < 3 {
					t.Errorf("created after %d requests: %v, %v, %v", n, gs, openErr, swapErr)
				}
				break
			}
			if len(gs) != 0 || !errors.Is(openErr, crm.ErrNotFound) || !errors.Is(swapErr, crm.ErrNotFound) {
				t.Errorf("interrupted at request %d: %v, %v, %v", n+1, gs, openErr, swapErr)
			}
		}
		x, err := s.Open(t.Context(), "")
		check(t, err)
		check(t, x.Replace(t.Context(), []crm.Kept{kept(ref(7, 1), 2), kept(ref(8, 1), 2)}))
		if a, b := count(t, x, wide(7)), count(t, x, wide(8)); a != 2 || b != 2 {
			t.Errorf("%d and %d chunks, want 2 and 2", a, b)
		}
	}
}

// TestInterruptedDrop leaves the profiles behind: a generation of the same name later must not find them.
func TestInterruptedDrop(t *testing.T) {
	double := server(t, qdranttest.Options{})
	s := open(t, at(t, double.Addr()))
	live(t, s, generation("g1"))
	check(t, s.Create(t.Context(), generation("g2")))
	x, err := s.Open(t.Context(), "g2")
	check(t, err)
	check(t, x.PutProfiles(t.Context(), []crm.Profile{{Account: account(1), Vector: vector(1)}}))
	double.SetHook(func(ctx context.Context, _ string, m proto.Message) error {
		if d, ok := m.(*pb.DeleteCollection); ok && d.GetCollectionName() == "contextd_main_g2-profiles" {
			return with(codes.Internal)(ctx)
		}
		return nil
	})
	if err := s.Drop(t.Context(), "g2"); err == nil {
		t.Error("an interrupted drop says nothing")
	}
	double.SetHook(nil)
	g := generation("g2")
	g.Dimension = 3
	check(t, s.Create(t.Context(), g))
	x, err = s.Open(t.Context(), "g2")
	check(t, err)
	if ps, err := x.Profiles(t.Context(), []crm.Ref{account(1)}); err != nil || len(ps) != 0 {
		t.Errorf("profiles of the dropped generation: %v %v", ps, err)
	}
	check(t, x.PutProfiles(t.Context(), []crm.Profile{{Account: account(1), Vector: []float32{1, 2, 3}}}))
}

// TestPrefixesAreApart has two installations on one server.
func TestPrefixesAreApart(t *testing.T) {
	double := server(t, qdranttest.Options{})
	var xs []*qdrant.Index
	for _, p := range []string{"a", "ab"} {
		o := at(t, double.Addr())
		o.Prefix = p
		s := open(t, o)
		xs = append(xs, live(t, s, generation("g1")))
		gs, err := s.Generations(t.Context())
		check(t, err)
		if len(gs) != 1 || !gs[0].Live {
			t.Errorf("prefix %s has the generations %v", p, gs)
		}
	}
	check(t, xs[0].Replace(t.Context(), []crm.Kept{kept(ref(1, 1), 2)}))
	if a, b := count(t, xs[0], wide(1)), count(t, xs[1], wide(1)); a != 2 || b != 0 {
		t.Errorf("%d and %d chunks, want 2 and 0", a, b)
	}
}

// TestShardsFollowTheGeneration asks the live index over a swap to other shards.
func TestShardsFollowTheGeneration(t *testing.T) {
	double := server(t, qdranttest.Options{})
	o := at(t, double.Addr())
	o.Shards = []crm.PortalID{1}
	s := open(t, o)
	x := live(t, s, generation("g1"))
	o.Shards = []crm.PortalID{2, 3}
	second, plain := open(t, o), open(t, at(t, double.Addr()))
	t.Cleanup(func() { check(t, second.Close()); check(t, plain.Close()) })
	check(t, second.Create(t.Context(), generation("g2")))
	check(t, plain.Create(t.Context(), generation("g3")))
	for i, name := range []string{"g1", "g2", "g3"} {
		g, err := plain.Open(t.Context(), name) // whatever its own options are, the generation knows its shards
		check(t, err)
		for portal := range crm.PortalID(4) {
			check(t, g.Replace(t.Context(), []crm.Kept{kept(ref(portal+1, 1), i+2)}))
		}
	}
	for _, step := range []struct {
		name string
		want int
	}{{"g1", 2}, {"g2", 3}, {"g3", 4}, {"g2", 3}, {"g1", 2}, {"g3", 4}, {"g1", 2}} {
		check(t, plain.Swap(t.Context(), step.name))
		for _, portal := range []crm.PortalID{2, 1, 4, 3} {
			if n := count(t, x, wide(portal)); n != step.want {
				t.Errorf("%s is live: %d chunks of portal %d, want %d", step.name, n, portal, step.want)
			}
		}
	}
}
