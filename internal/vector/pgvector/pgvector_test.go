package pgvector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
	"github.com/contextd/contextd/internal/vector/vectortest"
)

var servers = pgtest.Servers{Getenv: os.Getenv}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := errors.Join(servers.Stop(), goleak.Find()); err != nil { // in this order: a server is a goroutine
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// suited is a Store as the suite wants it: Open returns its interface.
type suited struct{ *Store }

func (s suited) Open(ctx context.Context, name string) (vectortest.Index, error) {
	x, err := s.Store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return x, nil
}

func open(t testing.TB, url string, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	for _, major := range pgtest.Majors() {
		t.Run(fmt.Sprint(major), func(t *testing.T) { conform(t, major, Options{}) })
	}
	t.Run("18, hnsw", func(t *testing.T) { conform(t, 18, Options{ApproximateAbove: 100}) })
}

func conform(t *testing.T, major int, o Options) {
	databases := map[string]string{} // by the suite's folder: opening it again is opening the database again
	vectortest.Run(t, func(t *testing.T, dir string) vectortest.Store {
		if databases[dir] == "" {
			databases[dir] = servers.Database(t, major)
		}
		return suited{open(t, databases[dir], o)}
	})
}
