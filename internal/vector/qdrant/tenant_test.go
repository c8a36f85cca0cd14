package qdrant_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

// tenantOf is the portal that a filter demands at its top, or "".
func tenantOf(f *pb.Filter) string {
	for _, c := range f.GetMust() {
		if c.GetField().GetKey() == "portal_id" {
			return c.GetField().GetMatch().GetKeyword()
		}
	}
	return ""
}

// aimed is a filter that a request carries and the shards it addresses.
type aimed struct {
	what   string
	filter *pb.Filter
	shard  *pb.ShardKeySelector
}

// aims are all filters of a request that finds, changes or deletes points. ok is false for requests that touch no points.
func aims(m proto.Message) (out []aimed, ok bool) {
	switch r := m.(type) {
	case *pb.QueryPoints:
		out = append(out, aimed{"query", r.GetFilter(), r.GetShardKeySelector()})
		if idf := r.GetParams().GetIdf(); idf != nil || r.GetUsing() == "bm25" {
			out = append(out, aimed{"idf", idf.GetCorpus(), r.GetShardKeySelector()})
		}
	case *pb.CountPoints:
		out = append(out, aimed{"count", r.GetFilter(), r.GetShardKeySelector()})
	case *pb.ScrollPoints:
		out = append(out, aimed{"scroll", r.GetFilter(), r.GetShardKeySelector()})
	case *pb.UpsertPoints:
		out = append(out, aimed{"upsert", r.GetUpdateFilter(), r.GetShardKeySelector()})
	case *pb.UpdateBatchPoints:
		for _, op := range r.GetOperations() {
			switch v := op.GetOperation().(type) {
			case *pb.PointsUpdateOperation_Upsert:
				out = append(out, aimed{"upsert", v.Upsert.GetUpdateFilter(), v.Upsert.GetShardKeySelector()})
			case *pb.PointsUpdateOperation_DeletePoints_:
				out = append(out, aimed{"delete", v.DeletePoints.GetPoints().GetFilter(), v.DeletePoints.GetShardKeySelector()})
			case *pb.PointsUpdateOperation_SetPayload_:
				out = append(out, aimed{"set", v.SetPayload.GetPointsSelector().GetFilter(), v.SetPayload.GetShardKeySelector()})
			default:
				out = append(out, aimed{what: "an operation that this test does not know"})
			}
		}
	case *pb.CreateCollection, *pb.DeleteCollection, *pb.ListCollectionsRequest, *pb.CollectionExistsRequest, *pb.GetCollectionInfoRequest, *pb.ChangeAliases,
		*pb.ListAliasesRequest, *pb.CreateFieldIndexCollection, *pb.CreateShardKeyRequest, *pb.ListShardKeysRequest, *pb.HealthCheckRequest:
		return nil, false
	default:
		out = append(out, aimed{what: "a request that this test does not know"})
	}
	return out, true
}

// namesPortals reads recorded requests: each one that touches points says of which portal, in every filter, and waits for its writes.
func namesPortals(t *testing.T, calls []qdranttest.Call, sharded bool) {
	t.Helper()
	seen := map[string]int{}
	for _, c := range calls {
		as, ok := aims(c.Request)
		if !ok {
			continue
		}
		for _, a := range as {
			seen[a.what]++
			portal := tenantOf(a.filter)
			if _, err := crm.ParsePortalID(portal); err != nil {
				t.Fatalf("%s: %s: the filter names no portal: %v", c.Method, a.what, a.filter)
			}
			if keys := a.shard.GetShardKeys(); sharded && !strings.Contains(c.Request.(interface{ GetCollectionName() string }).GetCollectionName(), "profiles") {
				want := "shared-"
				if portal == "2" {
					want = "portal-2"
				}
				if len(keys) != 1 || !strings.HasPrefix(keys[0].GetKeyword(), want) {
					t.Fatalf("%s: %s of portal %s addresses the shards %v", c.Method, a.what, portal, keys)
				}
			}
		}
		if b, ok := c.Request.(interface{ GetWait() bool }); ok && !b.GetWait() {
			t.Fatal("a write does not wait until it is applied")
		}
	}
	for _, what := range []string{"query", "idf", "count", "scroll", "upsert", "delete", "set"} {
		if seen[what] < 10 {
			t.Errorf("only %d requests of kind %s were seen: the test reads nothing", seen[what], what)
		}
	}
}

// TestOnlyOneFileReachesPoints keeps the client's methods for points in calls.go, where each takes a scope.
func TestOnlyOneFileReachesPoints(t *testing.T) {
	harmless := []string{"Close", "HealthCheck", "GetCollectionInfo", "ListAliases", "ListCollections", "UpdateAliases", "CollectionExists", "DeleteCollection",
		"CreateCollection", "ListShardKeys", "CreateShardKey", "CreateFieldIndex"}
	files, err := filepath.Glob("*.go")
	check(t, err)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		check(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			call, ok := sel.X.(*ast.CallExpr) // s.client().Something
			if !ok {
				return true
			}
			if inner, ok := call.Fun.(*ast.SelectorExpr); !ok || inner.Sel.Name != "client" || slices.Contains(harmless, sel.Sel.Name) {
				return true
			}
			if found++; file != "calls.go" {
				t.Errorf("%s calls client.%s: only calls.go may, with a scope", file, sel.Sel.Name)
			}
			return true
		})
	}
	if found < 4 {
		t.Errorf("only %d calls found in all: the test reads nothing", found)
	}
}

// TestForeignPointsAreRefused lets the server forget the filter: no answer is better than somebody else's.
func TestForeignPointsAreRefused(t *testing.T) {
	double := server(t, qdranttest.Options{})
	s := open(t, at(t, double.Addr()))
	x := live(t, s, generation("g1"))
	check(t, x.Replace(t.Context(), []crm.Kept{kept(ref(1, 1), 2), kept(ref(2, 1), 2)}))
	check(t, x.PutProfiles(t.Context(), []crm.Profile{{Account: account(1), Vector: vector(1)}, {Account: account(2), Vector: vector(1)}}))
	double.SetHook(func(_ context.Context, _ string, m proto.Message) error {
		switch r := m.(type) {
		case *pb.QueryPoints:
			r.Filter = nil
		case *pb.ScrollPoints:
			r.Filter = nil
		}
		return nil
	})
	refused := func(name string, n int, err error) {
		t.Helper()
		if err == nil || n > 0 || errors.Is(err, crm.ErrTemporary) || !strings.Contains(err.Error(), "point of portal") {
			t.Errorf("%s: a server without filters gives %d, %v", name, n, err)
		}
	}
	hits, err := x.Nearest(t.Context(), vector(1), crm.ItemView, crm.Filter{Portal: 1, Account: account(1)}, 10)
	refused("nearest", len(hits), err)
	hits, err = x.Match(t.Context(), []string{"renew"}, crm.Filter{Portal: 1, Wide: true}, 10)
	refused("match", len(hits), err)
	near, err := x.NearProfiles(t.Context(), vector(1), crm.ProfileFilter{Portal: 1}, 10)
	refused("profiles", len(near), err)
	ps, err := x.Profiles(t.Context(), []crm.Ref{account(1)})
	refused("profiles by account", len(ps), err)
	for _, err := range x.Scan(t.Context(), 1) {
		if err != nil {
			refused("scan", 0, err)
		}
	}
}
