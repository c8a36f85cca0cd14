package flat_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/contextd/contextd/internal/vector/flat"
	"github.com/contextd/contextd/internal/vector/vectortest"
)

// opened makes the concrete store the contract's.
type opened struct{ *flat.Store }

func (o opened) Open(ctx context.Context, name string) (vectortest.Index, error) {
	x, err := o.Store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return x, nil
}

func path(dir string) string { return filepath.Join(dir, "vectors.flat") }

func open(t *testing.T, dir string) vectortest.Store {
	t.Helper()
	s, err := flat.Open(t.Context(), path(dir), flat.Options{CacheBytes: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return opened{s}
}

func TestStore(t *testing.T) { vectortest.Run(t, open) }

// TestStoreWithoutCache runs everything from the file.
func TestStoreWithoutCache(t *testing.T) {
	vectortest.Run(t, func(t *testing.T, dir string) vectortest.Store {
		s, err := flat.Open(t.Context(), path(dir), flat.Options{CacheBytes: 1})
		if err != nil {
			t.Fatal(err)
		}
		return opened{s}
	})
}
