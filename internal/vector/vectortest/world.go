package vectortest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

var (
	start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	acme  = crm.Ref{Portal: 1, Type: crm.Companies, ID: "10"}
	bolt  = crm.Ref{Portal: 1, Type: crm.Companies, ID: "11"}
	ann   = crm.Ref{Portal: 1, Type: crm.Contacts, ID: "501"}
	ben   = crm.Ref{Portal: 1, Type: crm.Contacts, ID: "502"}
)

// slack is how far a score may be from the exact cosine: what half precision loses.
const slack = 2e-3

func note(id int) crm.Ref { return crm.Ref{Portal: 1, Type: crm.Notes, ID: fmt.Sprint(id)} }

// abroad is the same reference in another portal.
func abroad(r crm.Ref) crm.Ref {
	r.Portal = 2
	return r
}

func in(account crm.Ref) crm.Filter { return crm.Filter{Portal: account.Portal, Account: account} }

func wide(portal crm.PortalID) crm.Filter { return crm.Filter{Portal: portal, Wide: true} }

func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
	return v
}

// vector is a random direction that follows from the seed.
func vector(dim int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return unit(v)
}

func chunkID(activity crm.Ref, salt string, pos int) (string, uint64) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", activity, salt, pos))
	return hex.EncodeToString(sum[:16]), uint64(sum[16])<<16 | uint64(sum[17])<<8 | uint64(sum[18])
}

// activity makes one with n chunks, whose ids and vectors follow from its reference.
func activity(ref crm.Ref, n int, at time.Time, accounts ...crm.Ref) crm.Kept {
	k := crm.Kept{Activity: crm.Activity{Ref: ref, Time: at, Created: at}, Accounts: accounts, Digest: "digest of " + ref.Path()}
	for i := range n {
		id, seed := chunkID(ref, "", i)
		k.Chunks = append(k.Chunks, crm.Chunk{ID: id, Activity: ref, Pos: i, Kind: ref.Type.Kind(), Time: at, Created: at, Vector: vector(Dim, seed)})
	}
	return k
}

// each changes all chunks of an activity, which share their facets.
func each(k crm.Kept, change func(*crm.Chunk)) crm.Kept {
	for i := range k.Chunks {
		change(&k.Chunks[i])
	}
	return k
}

// said gives an activity's chunks their terms: one text per chunk, words apart by a space.
func said(k crm.Kept, texts ...[]string) crm.Kept {
	k.Terms = nil
	for _, words := range texts {
		k.Terms = append(k.Terms, crm.CountTerms(words))
	}
	return k
}

// world is what a back end should hold: the activities, each once.
type world []crm.Kept

// matching are the chunks that a filter lets through, by brute force.
func (w world) matching(f crm.Filter) []crm.Chunk {
	var out []crm.Chunk
	for _, k := range w {
		if k.Activity.Ref.Portal != f.Portal || !f.Wide && !slices.Contains(k.Accounts, f.Account) {
			continue
		}
		for _, c := range k.Chunks {
			if f.Matches(c.Facets()) {
				out = append(out, c)
			}
		}
	}
	return out
}

// nearest is the exact answer.
func (w world) nearest(q []float32, view crm.View, f crm.Filter, n int) []crm.Hit {
	var hits []crm.Hit
	for _, c := range w.matching(f) {
		v := c.Vector
		if view == crm.WindowView {
			v = c.Window
		}
		hits = append(hits, crm.Hit{Chunk: c.ID, Score: cosine(q, v)})
	}
	slices.SortFunc(hits, compare)
	return hits[:min(n, len(hits))]
}

func compare(a, b crm.Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Chunk, b.Chunk))
}

func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return dot / math.Sqrt(aa*bb)
}

func ids(hits []crm.Hit) []string {
	out := make([]string, len(hits))
	for i, h := range hits {
		out[i] = h.Chunk
	}
	return out
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

func chunkIDs(cs []crm.Chunk) []string {
	out := make([]string, len(cs))
	for i, c := range cs {
		out[i] = c.ID
	}
	return sorted(out)
}

func nearest(t *testing.T, x Index, f crm.Filter, n int) []string {
	t.Helper()
	hits, err := x.Nearest(t.Context(), vector(Dim, 1), crm.ItemView, f, n)
	check(t, err)
	return ids(hits)
}

func count(t *testing.T, x Index, f crm.Filter) int {
	t.Helper()
	n, err := x.Count(t.Context(), f)
	check(t, err)
	return n
}

// holds compares what the index says of an account or portal, in both ways it can be asked without words, with the activities that should be there.
func holds(t *testing.T, x Index, when string, f crm.Filter, want ...crm.Kept) {
	t.Helper()
	expected := chunkIDs(world(want).matching(f))
	if got := sorted(nearest(t, x, f, 1000)); !slices.Equal(got, expected) {
		t.Errorf("%s: %d chunks are found, want %d:\n%v\n%v", when, len(got), len(expected), got, expected)
	}
	c, err := x.Cosines(t.Context(), vector(Dim, 1), crm.ItemView, f, 1000)
	check(t, err)
	if got := sorted(c.Chunks); !slices.Equal(got, expected) || len(c.Of) != len(got) {
		t.Errorf("%s: %d cosines of %d chunks, want %d:\n%v\n%v", when, len(c.Of), len(got), len(expected), got, expected)
	}
	if got := count(t, x, f); got != len(expected) {
		t.Errorf("%s: count is %d, want %d", when, got, len(expected))
	}
}
