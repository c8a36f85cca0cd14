package flat_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/contextd/contextd/internal/crm"
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

func with(o flat.Options) func(t *testing.T, dir string) vectortest.Store {
	return func(t *testing.T, dir string) vectortest.Store {
		t.Helper()
		s, err := flat.Open(t.Context(), path(dir), o)
		if err != nil {
			t.Fatal(err)
		}
		return opened{s}
	}
}

func TestStore(t *testing.T) { vectortest.Run(t, with(flat.Options{})) }

// TestStoreWithoutCache reads everything from the file, every time.
func TestStoreWithoutCache(t *testing.T) { vectortest.Run(t, with(flat.Options{CacheBytes: 1})) }

// TestStoreCoarse searches across portals by codes, however small they are.
func TestStoreCoarse(t *testing.T) { vectortest.Run(t, with(flat.Options{CoarseBytes: 1})) }

// TestStoreCoarseFile has what the codes leave out in the file only.
func TestStoreCoarseFile(t *testing.T) {
	vectortest.Run(t, with(flat.Options{CoarseBytes: 1, CacheBytes: 1}))
}

var acme = crm.Ref{Portal: 1, Type: crm.Companies, ID: "1"}

// live opens a store in dir and its generation g1, which it makes if need be.
func live(tb testing.TB, dir string, dim int, o flat.Options) (*flat.Store, *flat.Index) {
	tb.Helper()
	ctx := tb.Context()
	s, err := flat.Open(ctx, path(dir), o)
	check(tb, err)
	check(tb, s.Create(ctx, crm.Generation{Name: "g1", Fingerprint: "test@1", Dimension: dim}))
	check(tb, s.Swap(ctx, "g1"))
	x, err := s.Open(ctx, "")
	check(tb, err)
	return s, x
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func note(i int) crm.Ref {
	return crm.Ref{Portal: 1, Type: crm.Notes, ID: fmt.Sprint(90_000_000_000 + i)}
}
