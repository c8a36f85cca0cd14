package flat

import (
	"fmt"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// accounts fills a store with accounts of 20 chunks of 256 dimensions.
func accounts(t *testing.T, o Options, n int) (*Store, *generation, []crm.Filter) {
	t.Helper()
	ctx := t.Context()
	s, err := Open(ctx, t.TempDir()+"/vectors.flat", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Create(ctx, crm.Generation{Name: "g1", Fingerprint: "test@1", Dimension: 256}); err != nil {
		t.Fatal(err)
	}
	g, err := s.generation(ctx, "g1")
	if err != nil {
		t.Fatal(err)
	}
	x := &Index{store: s, bound: g}
	var batch []crm.Kept
	var filters []crm.Filter
	for i := range n {
		account := crm.Ref{Portal: 1, Type: crm.Companies, ID: fmt.Sprint(i)}
		filters = append(filters, crm.Filter{Portal: 1, Account: account})
		for j := range 20 {
			batch = append(batch, one(20*i+j, account))
		}
	}
	if err := x.Replace(ctx, batch); err != nil {
		t.Fatal(err)
	}
	return s, g, filters
}

// one is an activity of one chunk.
func one(i int, account crm.Ref) crm.Kept {
	v := make([]float32, 256)
	v[i%256], v[i/256%256] = 1, 1
	ref := crm.Ref{Portal: account.Portal, Type: crm.Notes, ID: fmt.Sprint(i)}
	return crm.Kept{Activity: crm.Activity{Ref: ref}, Accounts: []crm.Ref{account}, Chunks: []crm.Chunk{{ID: fmt.Sprintf("%032x", i), Activity: ref, Kind: crm.Note, Vector: v}}}
}

func TestCacheStaysBelowItsLimit(t *testing.T) {
	const limit = 200 << 10 // about nine accounts
	_, g, filters := accounts(t, Options{CacheBytes: limit}, 40)
	q := one(3, filters[0].Account).Chunks[0].Vector
	for range 3 {
		for i, f := range filters {
			hits, err := g.nearest(t.Context(), q, crm.ItemView, f, 100)
			if err != nil || len(hits) != 20 {
				t.Fatalf("account %d: %d hits, %v", i, len(hits), err)
			}
			if g.cache.used > limit {
				t.Fatalf("%d bytes are kept, more than %d", g.cache.used, limit)
			}
		}
	}
	used := 0
	for _, e := range g.cache.items {
		used += e.Value.(*entry).value.size()
	}
	if n := len(g.cache.items); n < 5 || n == len(filters) || used != g.cache.used || n != g.cache.order.Len() {
		t.Errorf("%d of %d accounts are kept in %d bytes, %d are counted", n, len(filters), used, g.cache.used)
	}
	last := filters[len(filters)-1].Account
	if g.cache.peek(address{vectorPart, last}) == nil {
		t.Error("the account that was used last is not kept")
	}
}

// TestWritesReachWhatIsKept changes an account that is in memory: it stays there, and is what the file is.
func TestWritesReachWhatIsKept(t *testing.T) {
	s, g, filters := accounts(t, Options{}, 2)
	ctx, f, x := t.Context(), filters[0], &Index{store: s, bound: g}
	wide := crm.Filter{Portal: 1, Wide: true}
	q := one(3, f.Account).Chunks[0].Vector
	ask := func() {
		t.Helper()
		for _, f := range []crm.Filter{f, wide} {
			if _, err := g.nearest(ctx, q, crm.ItemView, f, 5); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := x.Match(ctx, []string{"a"}, wide, 5); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	before := g.cache.peek(address{vectorPart, f.Account})
	for i := range 5 {
		if err := x.Replace(ctx, []crm.Kept{one(3, f.Account), one(1000+i, f.Account)}); err != nil {
			t.Fatal(err)
		}
		ask()
	}
	if g.cache.peek(address{vectorPart, f.Account}) != before {
		t.Error("an account that was written to was loaded again")
	}
	if b := before.(*block); b.live != 25 || len(b.exact[0]) != 256*len(b.ids) {
		t.Errorf("it has %d chunks, want 25", b.live)
	}
	for i := range 200 { // replaced so often that most rows are dead
		if err := x.Replace(ctx, []crm.Kept{one(i%20, f.Account)}); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if b := g.cache.peek(address{vectorPart, f.Account}).(*block); len(b.ids) > 2*25+64 {
		t.Errorf("%d rows are kept for %d chunks", len(b.ids), b.live)
	}
}

// TestAChangeThatIsThereAlready: what a load read from the file may have the changes that were made meanwhile, which are applied to it all the same.
func TestAChangeThatIsThereAlready(t *testing.T) {
	_, g, filters := accounts(t, Options{}, 1)
	k := one(19, filters[0].Account)
	p, err := g.prepare(&k)
	if err != nil {
		t.Fatal(err)
	}
	c := &change{portal: 1, ref: p.ref, n: g.last, now: &p.facts, vectors: p.vectors, words: p.words}
	b, err := g.load(t.Context(), filters[0])
	if err != nil {
		t.Fatal(err)
	}
	w, err := g.loadWords(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if !b.apply(c) || !w.apply(c) || b.live != 20 || len(b.exact[0]) != 20*256 || w.live != 20 || len(w.lengths) != 20 {
		t.Errorf("%d chunks and %d with words are kept, want 20", b.live, w.live)
	}
}

// TestBytesInMemory: not more than the vectors themselves in an account (1.3 × in a small one), less than them across the portal, and a quarter where what the codes leave out is in the file.
func TestBytesInMemory(t *testing.T) {
	_, g, _ := accounts(t, Options{CoarseBytes: 1 << 20}, 100)
	account, portal := crm.Filter{Portal: 1, Account: crm.Ref{Portal: 1, Type: crm.Companies, ID: "7"}}, crm.Filter{Portal: 1, Wide: true}
	for name, c := range map[string]struct {
		f             crm.Filter
		cache, from   int // codes from so many bytes on
		coarse, rests bool
		limit         float64
	}{
		"account":              {account, 256 << 20, 1 << 10, true, true, 1},
		"small account":        {account, 256 << 20, 1 << 20, false, false, 1.3},
		"portal":               {portal, 256 << 20, 1 << 20, true, true, .9},
		"portal, little cache": {portal, 2 << 20, 1 << 20, true, false, .4},
	} {
		g.cache.limit, g.coarse = c.cache, c.from
		b, err := g.load(t.Context(), c.f)
		if err != nil {
			t.Fatal(err)
		}
		if b.coarse != c.coarse || b.rests != c.rests {
			t.Errorf("%s: coarse is %t, with rests %t", name, b.coarse, b.rests)
		}
		share := float64(b.size()) / float64(1024*b.live)
		t.Logf("%s: %.3f × raw", name, share)
		if share > c.limit {
			t.Errorf("%s: %.3f × raw, want ≤ %.1f", name, share, c.limit)
		}
	}
}
