package vectortest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// scanned are the ids that a scan yields, ascending, with what it yields twice.
func scanned(t *testing.T, x Index, portal crm.PortalID) []string {
	t.Helper()
	var out []string
	for c, err := range x.Scan(t.Context(), portal) {
		check(t, err)
		out = append(out, c.Chunk)
	}
	return sorted(out)
}

// described is an Indexed as one line, its sets in order.
func described(c crm.Indexed) string {
	set := func(refs []crm.Ref) []crm.Ref {
		refs = slices.Clone(refs)
		slices.SortFunc(refs, crm.Ref.Compare)
		return refs
	}
	return fmt.Sprintf("%s %s %q %d %v %v", c.Chunk, c.Activity, c.Digest, c.Chunks, set(c.Accounts), set(c.People))
}

func (w world) indexed(portal crm.PortalID) []string {
	var out []string
	for _, k := range w {
		for _, c := range k.Chunks {
			if k.Activity.Ref.Portal == portal {
				out = append(out, described(crm.Indexed{Chunk: c.ID, Activity: k.Activity.Ref, Digest: k.Digest, Chunks: len(k.Chunks), Accounts: k.Accounts, People: c.People}))
			}
		}
	}
	return sorted(out)
}

func scan(t *testing.T, s *space) {
	w := various()
	for i := range w {
		each(w[i], func(c *crm.Chunk) { c.Window = nil })
	}
	check(t, s.x.Replace(t.Context(), w))
	same := func(when string) {
		t.Helper()
		for _, portal := range []crm.PortalID{1, 2, 3} {
			var got []string
			for c, err := range s.x.Scan(t.Context(), portal) {
				check(t, err)
				got = append(got, described(c))
			}
			if want := w.indexed(portal); !slices.Equal(sorted(got), want) {
				t.Errorf("%s: a scan of portal %d yields %d chunks, want %d; unlike ones: %v", when, portal, len(got), len(want), unlike(got, want))
			}
		}
	}
	same("stored")
	w[1].Accounts, w[1].Chunks[0].People, w[1].Chunks[1].People = []crm.Ref{bolt}, []crm.Ref{ben}, []crm.Ref{ben}
	check(t, s.x.Relink(t.Context(), w[1].Activity.Ref, w[1].Accounts, w[1].Chunks[0].People))
	w[2].Digest = "another"
	check(t, s.x.Replace(t.Context(), w[2:3]))
	same("one moved, one with another digest")
	for c, err := range s.x.Scan(t.Context(), 2) { // the loop removes what it sees
		check(t, err)
		check(t, s.x.Replace(t.Context(), []crm.Kept{{Activity: crm.Activity{Ref: c.Activity}}}))
	}
	w = slices.DeleteFunc(w, func(k crm.Kept) bool { return k.Activity.Ref.Portal == 2 })
	same("a loop that removes")
	for range s.x.Scan(t.Context(), 1) {
		break
	}
	check(t, s.x.Replace(t.Context(), w[:1])) // an ended loop holds no lock
}

func unlike(a, b []string) []string {
	counts := map[string]int{}
	for _, s := range a {
		counts[s]++
	}
	for _, s := range b {
		counts[s]--
	}
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	return slices.Sorted(maps.Keys(counts))
}
