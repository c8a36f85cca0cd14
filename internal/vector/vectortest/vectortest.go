// Package vectortest is what every vector back end must pass: tenant isolation, replacing per activity, moves, filters before limits, exact order and counts, keyword
// search, refusals, generations, profiles, concurrency and reopening. A bug found in one back end becomes a case here.
package vectortest

import (
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// Dim is the dimension of the suite's generations, but for the cases of recall, which have RecallDim.
const (
	Dim       = 16
	RecallDim = 32
)

// Run runs the suite. open opens the store that lives in dir, which may hold an earlier one; a server back end takes dir as the name of a space of its own. The suite
// closes what it opens.
func Run(t *testing.T, open func(t *testing.T, dir string) Store) {
	for _, c := range []struct {
		name    string
		test    func(*testing.T, *space)
		windows bool
	}{
		{"portals are walls", isolation, false},
		{"scope before limit", scope, false},
		{"replace is total", replace, false},
		{"replace within a batch", batches, false},
		{"stale versions are ignored", stale, false},
		{"relink", relink, false},
		{"filters", filters, true},
		{"exact order, ties by id", order, false},
		{"both views", views, true},
		{"cosines in no order", cosines, false},
		{"vectors of any length", lengths, false},
		{"refused vectors", refusedVectors, true},
		{"refused batches", refusedBatches, false},
		{"refused filters", refusedFilters, false},
		{"scan", scan, false},
		{"keywords: order", keywords, false},
		{"keywords: statistics of the portal alone", portalStatistics, false},
		{"keywords: filter before limit", keywordScope, false},
		{"keywords: follow every write", keywordWrites, false},
		{"generations: create and list", create, false},
		{"generations: fill, swap, drop", swap, false},
		{"generations: swap under load", swapUnderLoad, false},
		{"profiles: kept as given", profiles, false},
		{"profiles: near", nearProfiles, false},
		{"profiles: match", matchProfiles, false},
		{"profiles: refused", refusedProfiles, false},
		{"readers and writers", concurrent, false},
		{"recall across a portal, and a small portal beside it", recall, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, t.TempDir())
			t.Cleanup(func() { check(t, s.Close()) })
			c.test(t, enter(t, s, crm.Generation{Name: "g1", Fingerprint: "suite@1", Dimension: Dim, Windows: c.windows}))
		})
	}
	t.Run("reopening", func(t *testing.T) { reopen(t, open) })
}

// space is a store with one live generation, which most cases work in.
type space struct {
	Store
	x Index
}

func enter(t *testing.T, s Store, g crm.Generation) *space {
	t.Helper()
	g.Created = start
	check(t, s.Create(t.Context(), g))
	check(t, s.Swap(t.Context(), g.Name))
	return &space{s, openIndex(t, s, "")}
}

func openIndex(t *testing.T, s Store, name string) Index {
	t.Helper()
	x, err := s.Open(t.Context(), name)
	check(t, err)
	t.Cleanup(func() { check(t, x.Close()) })
	return x
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
