package vectortest

import (
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// reopen writes in all ways, closes, and finds the same in a store that was opened again.
func reopen(t *testing.T, open func(*testing.T, string) Store) {
	ctx, dir := t.Context(), t.TempDir()
	s := open(t, dir)
	if got := generations(t, s); len(got) != 0 {
		t.Fatalf("a new store has generations %v", got)
	}
	if _, err := s.Open(ctx, ""); err == nil {
		t.Error("a store without generations has a live one")
	}
	g1 := crm.Generation{Name: "g1", Fingerprint: "suite@1", Dimension: Dim, Embedder: "builtin/suite", Created: start}
	g2 := crm.Generation{Name: "g2", Fingerprint: "suite@2", Dimension: 8, Windows: true, Created: start.Add(time.Hour)}
	for _, g := range []crm.Generation{g1, g2} {
		check(t, s.Create(ctx, g))
	}
	check(t, s.Swap(ctx, "g1"))
	x, err := s.Open(ctx, "")
	check(t, err)
	moved := talk(2, "renew", acme)
	check(t, x.Replace(ctx, []crm.Kept{talk(1, "renew now", acme), moved, talk(3, "renew later", acme)}))
	check(t, x.Relink(ctx, note(2), []crm.Ref{bolt}, []crm.Ref{ann}))
	check(t, x.Replace(ctx, []crm.Kept{activity(note(3), 0, start)}))
	check(t, x.PutProfiles(ctx, []crm.Profile{{Account: acme, Vector: vector(Dim, 1), Digest: "d"}}))
	before := match(t, x, "renew", wide(1), 10)
	check(t, x.Close())
	check(t, s.Close())

	s = open(t, dir)
	t.Cleanup(func() { check(t, s.Close()) })
	g1.Live = true
	if got := generations(t, s); !slices.Equal(got, []crm.Generation{g1, g2}) {
		t.Errorf("generations after reopening: %+v", got)
	}
	x = openIndex(t, s, "")
	moved.Accounts = []crm.Ref{bolt}
	each(moved, func(c *crm.Chunk) { c.People = []crm.Ref{ann} })
	for _, f := range []crm.Filter{in(acme), in(bolt), wide(1), {Portal: 1, Wide: true, People: []crm.Ref{ann}}} {
		holds(t, x, "reopened", f, talk(1, "renew now", acme), moved)
	}
	if after := match(t, x, "renew", wide(1), 10); !slices.Equal(ids(before), ids(after)) || len(after) != 2 {
		t.Errorf("words before closing %v, after %v", before, after)
	}
	if ps, err := x.Profiles(ctx, []crm.Ref{acme}); err != nil || len(ps) != 1 || ps[0].Digest != "d" {
		t.Errorf("profiles after reopening: %v %v", ps, err)
	}
	check(t, s.Swap(ctx, "g2"))
	if n := count(t, x, wide(1)); n != 0 {
		t.Errorf("the other generation has %d chunks", n)
	}
}
