package vectortest

import (
	"errors"
	"math"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// badVectors are what no index may hold or be asked with.
func badVectors() map[string][]float32 {
	with := func(x float64) []float32 {
		v := vector(Dim, 3)
		v[2] = float32(x)
		return v
	}
	return map[string][]float32{"zero": make([]float32, Dim), "NaN": with(math.NaN()), "infinite": with(math.Inf(1)), "negative infinite": with(math.Inf(-1)),
		"short": vector(Dim-1, 3), "long": vector(Dim+1, 3), "empty": nil}
}

func invalid(t *testing.T, name string, err error) {
	t.Helper()
	if !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("%s: %v, want invalid", name, err)
	}
}

func windowed(k crm.Kept) crm.Kept {
	return each(k, func(c *crm.Chunk) { c.Window = vector(Dim, uint64(c.Pos)) })
}

func refusedVectors(t *testing.T, s *space) {
	ctx, good := t.Context(), windowed(activity(note(1), 1, start, acme))
	check(t, s.x.Replace(ctx, []crm.Kept{good}))
	for name, v := range badVectors() {
		bad, badWindow := windowed(activity(note(1), 2, start, acme)), windowed(activity(note(1), 2, start, acme))
		bad.Chunks[1].Vector, badWindow.Chunks[1].Window = v, v
		first := windowed(activity(note(9), 1, start, acme))
		invalid(t, "stored a vector that is "+name, s.x.Replace(ctx, []crm.Kept{first, bad}))
		invalid(t, "stored a window that is "+name, s.x.Replace(ctx, []crm.Kept{first, badWindow}))
		for _, view := range []crm.View{crm.ItemView, crm.WindowView} {
			for _, f := range []crm.Filter{in(acme), wide(1), in(bolt)} {
				_, err := s.x.Nearest(ctx, v, view, f, 5)
				invalid(t, "asked with a vector that is "+name, err)
				_, err = s.x.Cosines(ctx, v, view, f, 5)
				invalid(t, "asked for cosines with a vector that is "+name, err)
			}
		}
	}
	holds(t, s.x, "refused batches change nothing", wide(1), good)
	if err := s.Create(ctx, crm.Generation{Name: "g2", Fingerprint: "plain@1", Dimension: Dim}); err != nil {
		t.Fatal(err)
	}
	plain := openIndex(t, s, "g2")
	invalid(t, "a window where the generation has none", plain.Replace(ctx, []crm.Kept{good}))
	_, err := plain.Nearest(ctx, vector(Dim, 1), crm.WindowView, in(acme), 5)
	invalid(t, "the view of windows where there are none", err)
	_, err = plain.Cosines(ctx, vector(Dim, 1), crm.WindowView, in(acme), 5)
	invalid(t, "cosines of windows where there are none", err)
}

func refusedBatches(t *testing.T, s *space) {
	ctx, good := t.Context(), activity(note(1), 1, start, acme)
	check(t, s.x.Replace(ctx, []crm.Kept{good}))
	mended := func(change func(*crm.Kept)) crm.Kept {
		k := said(activity(note(5), 2, start, acme), []string{"a"}, []string{"b"})
		change(&k)
		return k
	}
	for name, k := range map[string]crm.Kept{
		"an account of another portal":       mended(func(k *crm.Kept) { k.Accounts = append(k.Accounts, abroad(acme)) }),
		"a person of another portal":         mended(func(k *crm.Kept) { each(*k, func(c *crm.Chunk) { c.People = []crm.Ref{abroad(ann)} }) }),
		"no portal":                          mended(func(k *crm.Kept) { k.Activity.Ref.Portal, k.Accounts[0].Portal = 0, 0 }),
		"a negative portal":                  mended(func(k *crm.Kept) { k.Activity.Ref.Portal, k.Accounts[0].Portal = -1, -1 }),
		"no id":                              mended(func(k *crm.Kept) { k.Activity.Ref.ID = "" }),
		"a chunk without an id":              mended(func(k *crm.Kept) { k.Chunks[1].ID = "" }),
		"an id that is not hex":              mended(func(k *crm.Kept) { k.Chunks[1].ID = "zz0102030405060708090a0b0c0d0e0f" }),
		"a short id":                         mended(func(k *crm.Kept) { k.Chunks[1].ID = "00ff" }),
		"fewer terms than chunks":            mended(func(k *crm.Kept) { k.Terms = k.Terms[:1] }),
		"removal in a portal that is none":   {Activity: crm.Activity{Ref: crm.Ref{Type: crm.Notes, ID: "1"}}},
		"a window in a generation with none": mended(func(k *crm.Kept) { k.Chunks[0].Window = vector(Dim, 1) }),
	} {
		invalid(t, name, s.x.Replace(ctx, []crm.Kept{activity(note(9), 1, start, acme), k}))
	}
	holds(t, s.x, "refused batches change nothing", wide(1), good)
}

func refusedFilters(t *testing.T, s *space) {
	ctx := t.Context()
	check(t, s.x.Replace(ctx, []crm.Kept{said(activity(note(1), 1, start, acme), []string{"renew"})}))
	for _, f := range []crm.Filter{{}, {Portal: 1}, {Account: acme}, abroadOf(acme), {Portal: -1, Account: acme}, {Wide: true}, {Portal: -1, Wide: true},
		{Portal: 1, Wide: true, Account: acme}, {Portal: 1, Account: crm.Ref{Portal: 1, Type: crm.Companies}}} {
		for _, n := range []int{5, 0} {
			_, err := s.x.Nearest(ctx, vector(Dim, 1), crm.ItemView, f, n)
			invalid(t, "nearest with a filter that names no place", err)
			_, err = s.x.Cosines(ctx, vector(Dim, 1), crm.ItemView, f, n)
			invalid(t, "cosines with a filter that names no place", err)
			_, err = s.x.Match(ctx, []string{"renew"}, f, n)
			invalid(t, "match with a filter that names no place", err)
		}
		_, err := s.x.Match(ctx, nil, f, 5)
		invalid(t, "match without terms and place", err)
		_, err = s.x.Count(ctx, f)
		invalid(t, "count with a filter that names no place", err)
	}
	for _, portal := range []crm.PortalID{0, -1} {
		var last error
		n := 0
		for _, err := range s.x.Scan(ctx, portal) {
			if last = err; err == nil {
				n++
			}
		}
		if invalid(t, "scan of no portal", last); n > 0 {
			t.Errorf("a scan of portal %d yields %d chunks", portal, n)
		}
	}
}

func abroadOf(account crm.Ref) crm.Filter { return crm.Filter{Portal: 2, Account: account} }
