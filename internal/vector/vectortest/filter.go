package vectortest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// various is a portal of activities that differ in all that a filter looks at, beside another portal of the same.
func various() world {
	types := crm.ActivityTypes()
	var w world
	for i := range 144 {
		at := start.AddDate(0, 0, i%12)
		if i%13 == 0 {
			at = time.Time{}
		}
		ref := crm.Ref{Portal: 1, Type: types[i%len(types)], ID: fmt.Sprint(i)}
		accounts, people := []crm.Ref{acme}, []crm.Ref(nil)
		if i%3 == 1 {
			accounts = []crm.Ref{bolt, acme}
		}
		if i%4 == 1 {
			people = append(people, ann)
		}
		if i%5 == 1 {
			people = append(people, ben)
		}
		if i%9 == 8 {
			ref, accounts, people = abroad(ref), []crm.Ref{abroad(acme)}, []crm.Ref{abroad(ann)}
		}
		k := activity(ref, 1+i%2, at, accounts...)
		each(k, func(c *crm.Chunk) {
			c.People, c.Generated, c.Created = people, i%7 == 3, start.AddDate(0, 0, i%17)
			c.Window = vector(Dim, uint64(9000+i))
		})
		k.Terms = make([][]crm.TermCount, len(k.Chunks))
		for j := range k.Terms {
			k.Terms[j] = crm.CountTerms([]string{"renew", fmt.Sprint("w", i)})
		}
		w = append(w, k)
	}
	return w
}

// filters holds every combination of filters, for every kind of search, against brute force.
func filters(t *testing.T, s *space) {
	w := various()
	check(t, s.x.Replace(t.Context(), w))
	parts := []struct {
		name string
		set  func(*crm.Filter)
	}{
		{"kinds", func(f *crm.Filter) { f.Kinds = []crm.Kind{crm.Call, crm.Note, crm.Email} }},
		{"people", func(f *crm.Filter) { f.People = []crm.Ref{ben, ann} }},
		{"since", func(f *crm.Filter) { f.Since = start.AddDate(0, 0, 3) }},
		{"as of", func(f *crm.Filter) { f.AsOf = start.AddDate(0, 0, 10) }},
		{"human", func(f *crm.Filter) { f.Human = true }},
	}
	for set := range 1 << len(parts) {
		for _, f := range []crm.Filter{in(acme), wide(1)} {
			name := fmt.Sprint("wide ", f.Wide)
			for i, p := range parts {
				if set>>i&1 == 1 {
					p.set(&f)
					name += ", " + p.name
				}
			}
			filtered(t, s.x, name, w, f)
		}
	}
	for name, f := range map[string]crm.Filter{
		"one kind":                    {Portal: 1, Account: acme, Kinds: []crm.Kind{crm.Task}},
		"one person":                  {Portal: 1, Account: bolt, People: []crm.Ref{ann}},
		"nobody we know":              {Portal: 1, Wide: true, People: []crm.Ref{{Portal: 1, Type: crm.Contacts, ID: "404"}}},
		"since is inclusive":          {Portal: 1, Account: acme, Since: start.AddDate(0, 0, 11)},
		"as of is exclusive":          {Portal: 1, Wide: true, AsOf: start},
		"as of the next moment":       {Portal: 1, Wide: true, AsOf: start.Add(time.Microsecond)},
		"as of, also by what we knew": {Portal: 1, Wide: true, AsOf: start.AddDate(0, 0, 12)},
		"an empty window":             {Portal: 1, Wide: true, Since: start.AddDate(0, 0, 5), AsOf: start.AddDate(0, 0, 5)},
		"after everything":            {Portal: 1, Wide: true, Since: start.AddDate(1, 0, 0)},
		"the other portal":            {Portal: 2, Wide: true, Human: true},
		"an account of one":           {Portal: 1, Account: bolt, Kinds: []crm.Kind{crm.Meeting}, Human: true},
	} {
		filtered(t, s.x, name, w, f)
	}
}

func filtered(t *testing.T, x Index, name string, w world, f crm.Filter) {
	t.Helper()
	want := chunkIDs(w.matching(f))
	if got := count(t, x, f); got != len(want) {
		t.Errorf("%s: count %d, want %d", name, got, len(want))
	}
	for _, n := range []int{5, 1000} {
		for _, view := range []crm.View{crm.ItemView, crm.WindowView} {
			hits, err := x.Nearest(t.Context(), vector(Dim, 3), view, f, n)
			check(t, err)
			exact(t, fmt.Sprintf("%s, view %d, n %d", name, view, n), hits, w.nearest(vector(Dim, 3), view, f, n))
			unordered(t, x, fmt.Sprintf("%s, view %d, n %d, in no order", name, view, n), vector(Dim, 3), view, f, n, w)
			if n >= len(want) && !slices.Equal(sorted(ids(hits)), want) {
				t.Errorf("%s: nearest finds %v, want %v", name, ids(hits), want)
			}
		}
		hits, err := x.Match(t.Context(), []string{"renew"}, f, n)
		check(t, err)
		if len(hits) != min(n, len(want)) {
			t.Errorf("%s: a word of all chunks has %d hits, want %d", name, len(hits), min(n, len(want)))
		}
		for _, h := range hits {
			if !slices.Contains(want, h.Chunk) {
				t.Errorf("%s: match finds %s, which is out of the filter", name, h.Chunk)
			}
		}
	}
}
