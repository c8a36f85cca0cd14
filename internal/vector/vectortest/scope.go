package vectortest

import (
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// isolation fills two portals with activities of equal ids in accounts and with people of equal ids, and looks for the one in the other.
func isolation(t *testing.T, s *space) {
	ours := said(activity(note(1), 3, start, acme), []string{"renew"}, []string{"renew"}, []string{"price"})
	each(ours, func(c *crm.Chunk) { c.People = []crm.Ref{ann} })
	theirs := said(activity(abroad(note(1)), 2, start, abroad(acme)), []string{"renew"}, []string{"renew", "secret"})
	each(theirs, func(c *crm.Chunk) { c.People = []crm.Ref{abroad(ann)} })
	check(t, s.x.Replace(t.Context(), []crm.Kept{ours, theirs}))
	all := func(when string, kept ...crm.Kept) {
		t.Helper()
		for _, f := range []crm.Filter{in(acme), in(abroad(acme)), wide(1), wide(2), {Portal: 1, Wide: true, People: []crm.Ref{ann}}, {Portal: 2, Wide: true, People: []crm.Ref{abroad(ann)}},
			{Portal: 1, Wide: true, People: []crm.Ref{abroad(ann)}}} {
			holds(t, s.x, when, f, kept...)
		}
		for portal := range crm.PortalID(2) {
			if got, want := scanned(t, s.x, portal+1), chunkIDs(world(kept).matching(wide(portal+1))); !slices.Equal(got, want) {
				t.Errorf("%s: a scan of portal %d yields %v, want %v", when, portal+1, got, want)
			}
		}
	}
	all("both stored", ours, theirs)
	if hits, err := s.x.Match(t.Context(), []string{"secret"}, wide(1), 10); err != nil || len(hits) != 0 {
		t.Errorf("a word of another portal: %v, %v", hits, err)
	}
	if hits, err := s.x.Match(t.Context(), []string{"renew"}, in(abroad(acme)), 10); err != nil || !slices.Equal(sorted(ids(hits)), chunkIDs(theirs.Chunks)) {
		t.Errorf("a word of both portals finds %v, %v in the second, want only its own", hits, err)
	}
	check(t, s.x.Relink(t.Context(), abroad(note(1)), []crm.Ref{abroad(bolt)}, nil))
	theirs.Accounts = []crm.Ref{abroad(bolt)}
	each(theirs, func(c *crm.Chunk) { c.People = nil })
	all("the second portal's activity moved", ours, theirs)
	check(t, s.x.Replace(t.Context(), []crm.Kept{activity(abroad(note(1)), 0, start)}))
	all("the second portal's activity removed", ours)
}

func scope(t *testing.T, s *space) {
	var batch world
	for i := range 100 {
		batch = append(batch, activity(note(1000+i), 3, start, bolt))
	}
	small := activity(note(1), 4, start, acme)
	batch = append(batch, small)
	check(t, s.x.Replace(t.Context(), batch))
	for _, c := range []struct {
		f       crm.Filter
		n, want int
	}{
		{in(acme), 10, 4}, {in(acme), 4, 4}, {in(acme), 3, 3}, {in(bolt), 25, 25}, {in(bolt), 1000, 300}, {wide(1), 25, 25}, {wide(1), 1000, 304},
		{in(acme), 0, 0}, {in(acme), -1, 0}, {wide(1), 0, 0},
		{in(crm.Ref{Portal: 1, Type: crm.Companies, ID: "404"}), 10, 0}, {in(crm.Ref{Portal: 1, Type: crm.Contacts, ID: acme.ID}), 10, 0}, {wide(77), 10, 0},
	} {
		got := nearest(t, s.x, c.f, c.n)
		if len(got) != c.want {
			t.Errorf("%+v, n %d: %d hits, want %d: the filter comes before the limit", c.f, c.n, len(got), c.want)
		}
		if slices.Sort(got); len(slices.Compact(got)) != c.want {
			t.Errorf("%+v, n %d: a chunk is there twice", c.f, c.n)
		}
	}
	if got := sorted(nearest(t, s.x, in(acme), 10)); !slices.Equal(got, chunkIDs(small.Chunks)) {
		t.Errorf("the account answers %v", got)
	}
}
