package qdrant_test

import (
	"context"
	"hash/fnv"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"go.uber.org/goleak"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
	"github.com/contextd/contextd/internal/vector/vectortest"
)

// suite fits the store to the contract: its Open returns its own type.
type suite struct{ *qdrant.Store }

func (s suite) Open(ctx context.Context, name string) (vectortest.Index, error) {
	x, err := s.Store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return x, nil
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// server starts a double of the test's own.
func server(t testing.TB, o qdranttest.Options) *qdranttest.Server {
	t.Helper()
	s, err := qdranttest.New(o)
	check(t, err)
	t.Cleanup(s.Close)
	return s
}

func at(t testing.TB, addr string) qdrant.Options {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	check(t, err)
	n, err := strconv.Atoi(port)
	check(t, err)
	return qdrant.Options{Host: host, Port: n, Backoff: time.Millisecond}
}

func open(t testing.TB, o qdrant.Options) *qdrant.Store {
	t.Helper()
	s, err := qdrant.Open(t.Context(), o)
	check(t, err)
	return s
}

// prefix turns a directory into a prefix of its own, so that the cases share one server.
func prefix(dir string) string {
	h := fnv.New64a()
	h.Write([]byte(dir)) // a hash returns no error
	return "t" + strconv.FormatUint(h.Sum64(), 36)
}

// TestContractOnTheDouble runs the suite with and without shards of their own, and reads every request that the suite has caused.
func TestContractOnTheDouble(t *testing.T) {
	for name, shards := range map[string][]crm.PortalID{"one shard": nil, "a shard for portal 2": {2}} {
		t.Run(name, func(t *testing.T) {
			double := server(t, qdranttest.Options{Record: true})
			vectortest.Run(t, func(t *testing.T, dir string) vectortest.Store {
				o := at(t, double.Addr())
				o.Prefix, o.Shards = prefix(dir), shards
				return suite{open(t, o)}
			})
			namesPortals(t, double.Requests(), shards != nil)
		})
	}
}

// TestContractOnAServer needs a real server: no package manager carries one, so that it is never required.
func TestContractOnAServer(t *testing.T) {
	addr := os.Getenv("CONTEXTD_TEST_QDRANT")
	if addr == "" {
		t.Skip("SKIPPED: no real Qdrant was asked: set CONTEXTD_TEST_QDRANT=host:6334 to run the contract on one")
	}
	vectortest.Run(t, func(t *testing.T, dir string) vectortest.Store {
		o := at(t, addr)
		o.Prefix, o.Backoff = prefix(dir), 0
		t.Cleanup(func() { clean(t, o) })
		return suite{open(t, o)}
	})
}

// clean removes what a case has made on a shared server, the live generation too.
func clean(t *testing.T, o qdrant.Options) {
	ctx := context.Background() // the test's own has ended
	c, err := pb.NewClient(&pb.Config{Host: o.Host, Port: o.Port, SkipCompatibilityCheck: true})
	check(t, err)
	defer c.Close()
	names, err := c.ListCollections(ctx)
	check(t, err)
	for _, name := range names {
		if strings.HasPrefix(name, "contextd_"+o.Prefix+"_") {
			check(t, c.DeleteCollection(ctx, name))
		}
	}
}
