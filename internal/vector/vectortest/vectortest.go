// Package vectortest is what every vector back end must pass: replacing per activity, removal, moves between accounts, scope before limit, filters, refusals and
// reopening. A bug found in one back end becomes a case here.
package vectortest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Dim is the dimension that the suite's vectors have.
const Dim = 16

// Index is the contract under test.
type Index interface {
	Replace(ctx context.Context, batch []crm.Kept) error
	Relink(ctx context.Context, activity crm.Ref, accounts []crm.Ref) error
	Nearest(ctx context.Context, vec []float32, f crm.Filter, n int) ([]crm.Hit, error)
	Close() error
}

// Run runs the suite. open opens the index that lives in dir, which may hold an earlier one; it must have dimension Dim.
func Run(t *testing.T, open func(t *testing.T, dir string) Index) {
	for name, test := range map[string]func(*testing.T, Index){
		"scope before limit": scope, "replace is total": replace, "relink": relink, "filters": filters, "refusals": refusals,
		"exact order": order, "concurrent readers and writers": concurrent,
	} {
		t.Run(name, func(t *testing.T) {
			x := open(t, t.TempDir())
			t.Cleanup(func() { check(t, x.Close()) })
			test(t, x)
		})
	}
	t.Run("reopening", func(t *testing.T) { reopen(t, open) })
}

var (
	start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	acme  = crm.Ref{Portal: 1, Type: crm.Companies, ID: "10"}
	bolt  = crm.Ref{Portal: 1, Type: crm.Companies, ID: "11"}
)

func vector(seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	v := make([]float32, Dim)
	var sum float64
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// activity makes one with n chunks, whose vectors follow from its id.
func activity(ref crm.Ref, n int, at time.Time, accounts ...crm.Ref) crm.Kept {
	k := crm.Kept{Activity: crm.Activity{Ref: ref, Time: at, Created: at}, Accounts: accounts}
	for i := range n {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", ref, i))
		k.Chunks = append(k.Chunks, crm.Chunk{ID: hex.EncodeToString(sum[:16]), Activity: ref, Pos: i, Kind: ref.Type.Kind(), Time: at, Created: at,
			Vector: vector(uint64(sum[0])<<8 | uint64(sum[1]))})
	}
	return k
}

func note(id int) crm.Ref { return crm.Ref{Portal: 1, Type: crm.Notes, ID: fmt.Sprint(id)} }

func in(account crm.Ref) crm.Filter { return crm.Filter{Portal: account.Portal, Account: account} }

func search(t *testing.T, x Index, f crm.Filter, n int) []string {
	t.Helper()
	hits, err := x.Nearest(t.Context(), vector(1), f, n)
	check(t, err)
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.Chunk
	}
	return ids
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func scope(t *testing.T, x Index) {
	foreign := crm.Ref{Portal: 2, Type: crm.Companies, ID: acme.ID} // the same id in another portal
	var batch []crm.Kept
	for i := range 200 {
		batch = append(batch, activity(note(1000+i), 3, start, bolt))
	}
	other := activity(crm.Ref{Portal: 2, Type: crm.Notes, ID: "1"}, 2, start, foreign)
	batch = append(batch, activity(note(1), 4, start, acme), other)
	check(t, x.Replace(t.Context(), batch))
	if got := search(t, x, in(acme), 10); len(got) != 4 {
		t.Errorf("an account with 4 of 606 chunks answered %d, want all 4: the filter must come before the limit", len(got))
	}
	if got := search(t, x, in(foreign), 10); len(got) != 2 || !slices.Contains(got, other.Chunks[0].ID) {
		t.Errorf("the account of the same id in another portal answered %v, want only its own", got)
	}
	if got := search(t, x, in(crm.Ref{Portal: 1, Type: crm.Companies, ID: "404"}), 10); len(got) != 0 {
		t.Errorf("an account without chunks answered %v", got)
	}
	if got := search(t, x, in(bolt), 25); len(got) != 25 {
		t.Errorf("asked for 25 of 600, have %d", len(got))
	}
}

func replace(t *testing.T, x Index) {
	check(t, x.Replace(t.Context(), []crm.Kept{activity(note(1), 5, start, acme, bolt)}))
	second := activity(note(1), 2, start, acme)
	check(t, x.Replace(t.Context(), []crm.Kept{second}))
	check(t, x.Replace(t.Context(), []crm.Kept{second})) // twice is once
	if got := search(t, x, in(acme), 10); len(got) != 2 {
		t.Errorf("after replacing 5 chunks by 2 there are %d", len(got))
	}
	if got := search(t, x, in(bolt), 10); len(got) != 0 {
		t.Errorf("the activity left this account but %d chunks stay", len(got))
	}
	check(t, x.Replace(t.Context(), []crm.Kept{activity(note(1), 0, start, acme)}))
	if got := search(t, x, in(acme), 10); len(got) != 0 {
		t.Errorf("removed, but %d chunks stay", len(got))
	}
	check(t, x.Replace(t.Context(), []crm.Kept{activity(note(2), 3, start)}))
	if err := x.Relink(t.Context(), note(2), []crm.Ref{acme}); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("an activity without accounts was stored: relink says %v", err)
	}
}

func relink(t *testing.T, x Index) {
	k := activity(note(1), 3, start, acme)
	check(t, x.Replace(t.Context(), []crm.Kept{k, activity(note(2), 1, start, acme)}))
	search(t, x, in(acme), 10) // fills whatever caches there are
	check(t, x.Relink(t.Context(), note(1), []crm.Ref{bolt}))
	if got := search(t, x, in(acme), 10); len(got) != 1 {
		t.Errorf("the old account answers %d chunks, want the one that stayed", len(got))
	}
	if got := search(t, x, in(bolt), 10); len(got) != 3 {
		t.Errorf("the new account answers %d chunks, want 3", len(got))
	}
	check(t, x.Relink(t.Context(), note(1), nil))
	if got := search(t, x, in(bolt), 10); len(got) != 0 {
		t.Errorf("without accounts %d chunks stay", len(got))
	}
	if err := x.Relink(t.Context(), note(77), []crm.Ref{acme}); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("relinking an unknown activity: %v, want not found", err)
	}
}

func filters(t *testing.T, x Index) {
	call := crm.Ref{Portal: 1, Type: crm.Calls, ID: "1"}
	late := activity(note(2), 1, start.AddDate(0, 1, 0), acme)
	backdated := activity(note(3), 1, start, acme)
	backdated.Chunks[0].Created = start.AddDate(0, 2, 0)
	unknown := activity(note(4), 1, time.Time{}, acme)
	check(t, x.Replace(t.Context(), []crm.Kept{activity(call, 2, start, acme), late, backdated, unknown}))
	for _, c := range []struct {
		name string
		f    func(*crm.Filter)
		want int
	}{
		{"none", func(*crm.Filter) {}, 5},
		{"kind", func(f *crm.Filter) { f.Kinds = []crm.Kind{crm.Call} }, 2},
		{"since is inclusive, unknown times stay out", func(f *crm.Filter) { f.Since = start.AddDate(0, 1, 0) }, 1},
		{"as of is exclusive, also by when it was learned", func(f *crm.Filter) { f.AsOf = start.AddDate(0, 1, 0) }, 2},
	} {
		f := in(acme)
		c.f(&f)
		if got := search(t, x, f, 10); len(got) != c.want {
			t.Errorf("%s: %d hits, want %d", c.name, len(got), c.want)
		}
	}
}

func refusals(t *testing.T, x Index) {
	good := activity(note(1), 1, start, acme)
	check(t, x.Replace(t.Context(), []crm.Kept{good}))
	nan := vector(3)
	nan[2] = float32(math.NaN())
	inf := vector(3)
	inf[2] = float32(math.Inf(1))
	for name, v := range map[string][]float32{"zero": make([]float32, Dim), "NaN": nan, "infinite": inf, "short": vector(3)[:Dim-1], "empty": nil} {
		bad := activity(note(1), 2, start, acme)
		bad.Chunks[1].Vector = v
		if err := x.Replace(t.Context(), []crm.Kept{activity(note(9), 1, start, acme), bad}); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("a vector that is %s was accepted: %v", name, err)
		}
		if _, err := x.Nearest(t.Context(), v, in(acme), 5); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("a query that is %s was accepted: %v", name, err)
		}
	}
	if got := search(t, x, in(acme), 10); len(got) != 1 {
		t.Errorf("a refused batch changed the index: %d chunks, want 1", len(got))
	}
	for _, f := range []crm.Filter{{}, {Portal: 1}, {Account: acme}, {Portal: 2, Account: acme}, {Portal: -1, Account: acme}} {
		if _, err := x.Nearest(t.Context(), vector(1), f, 5); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("filter %+v: %v, want invalid", f, err)
		}
	}
	foreign := activity(note(5), 1, start, crm.Ref{Portal: 2, Type: crm.Companies, ID: "1"})
	if err := x.Replace(t.Context(), []crm.Kept{foreign}); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("an account of another portal was accepted: %v", err)
	}
}

func order(t *testing.T, x Index) {
	var batch []crm.Kept
	type scored struct {
		id    string
		score float64
	}
	var want []scored
	q := vector(1)
	for i := range 40 {
		k := activity(note(i), 5, start, acme)
		batch = append(batch, k)
		for _, c := range k.Chunks {
			var dot float64
			for j := range q {
				dot += float64(q[j]) * float64(c.Vector[j])
			}
			want = append(want, scored{c.ID, dot})
		}
	}
	check(t, x.Replace(t.Context(), batch))
	slices.SortFunc(want, func(a, b scored) int {
		switch {
		case a.score > b.score+1e-9:
			return -1
		case b.score > a.score+1e-9:
			return 1
		}
		return slices.Compare([]byte(a.id), []byte(b.id))
	})
	hits, err := x.Nearest(t.Context(), q, in(acme), 30)
	check(t, err)
	for i, h := range hits {
		if math.Abs(h.Score-want[i].score) > 1e-4 {
			t.Errorf("hit %d scores %.6f, exact search gives %.6f", i, h.Score, want[i].score)
		}
	}
	if len(hits) != 30 {
		t.Errorf("%d hits, want 30", len(hits))
	}
}

func concurrent(t *testing.T, x Index) {
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 25 {
				if err := x.Replace(t.Context(), []crm.Kept{activity(note(w), 1+i%4, start, acme)}); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 50 {
				if _, err := x.Nearest(t.Context(), vector(1), in(acme), 5); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := search(t, x, in(acme), 100); len(got) != 4*1 { // the last round leaves 1+24%4 = 1 chunk each
		t.Errorf("after all writers are done %d chunks, want 4: a cache is stale or a write was lost", len(got))
	}
}

func reopen(t *testing.T, open func(*testing.T, string) Index) {
	dir := t.TempDir()
	x := open(t, dir)
	check(t, x.Replace(t.Context(), []crm.Kept{activity(note(1), 3, start, acme), activity(note(2), 2, start, acme)}))
	check(t, x.Relink(t.Context(), note(2), []crm.Ref{bolt}))
	before := search(t, x, in(acme), 10)
	check(t, x.Close())
	x = open(t, dir)
	t.Cleanup(func() { check(t, x.Close()) })
	if after := search(t, x, in(acme), 10); !slices.Equal(before, after) || len(after) != 3 {
		t.Errorf("before closing %v, after %v", before, after)
	}
	if got := search(t, x, in(bolt), 10); len(got) != 2 {
		t.Errorf("a move did not survive reopening: %d chunks, want 2", len(got))
	}
}
