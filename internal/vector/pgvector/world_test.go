package pgvector

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func company(portal crm.PortalID, id int) crm.Ref {
	return crm.Ref{Portal: portal, Type: crm.Companies, ID: fmt.Sprint(id)}
}

func direction(r *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// talks are n activities of one chunk each, dealt to accounts in turn, with words of a vocabulary in which low numbers are common.
func talks(portal crm.PortalID, n, accounts, dim, words int) []crm.Kept {
	r := rand.New(rand.NewPCG(uint64(portal), uint64(n)))
	zipf := rand.NewZipf(r, 1.3, 8, 40_000)
	out := make([]crm.Kept, n)
	for i := range out {
		ref := crm.Ref{Portal: portal, Type: crm.Notes, ID: fmt.Sprint(i)}
		text := make([]string, words)
		for j := range text {
			text[j] = fmt.Sprint("w", zipf.Uint64())
		}
		out[i] = crm.Kept{
			Activity: crm.Activity{Ref: ref, Modified: start}, Accounts: []crm.Ref{company(portal, i%accounts)}, Terms: [][]crm.TermCount{crm.CountTerms(text)}, Digest: "d",
			Chunks: []crm.Chunk{{ID: fmt.Sprintf("%016x%016x", uint64(portal), i), Activity: ref, Kind: crm.Note, Time: start, Created: start, Vector: direction(r, dim)}},
		}
	}
	return out
}

// fresh is a new database with one live generation, opened by "".
func fresh(t testing.TB, url string, o Options, dim int) (*Store, *Index) {
	t.Helper()
	s := open(t, url, o)
	t.Cleanup(func() { check(t, s.Close()) })
	check(t, s.Create(t.Context(), crm.Generation{Name: "g1", Fingerprint: "test@1", Dimension: dim, Created: start}))
	check(t, s.Swap(t.Context(), "g1"))
	x, err := s.Open(t.Context(), "")
	check(t, err)
	return s, x
}

func fill(t testing.TB, x *Index, ks []crm.Kept) {
	t.Helper()
	for len(ks) > 0 {
		n := min(500, len(ks))
		check(t, x.Replace(t.Context(), ks[:n]))
		ks = ks[n:]
	}
}
