package qdrant_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant"
)

const dim = 8

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func generation(name string) crm.Generation {
	return crm.Generation{Name: name, Fingerprint: "test@" + name, Dimension: dim, Created: start}
}

// live makes a generation, swaps to it and opens it as the live one.
func live(t testing.TB, s *qdrant.Store, g crm.Generation) *qdrant.Index {
	t.Helper()
	t.Cleanup(func() { check(t, s.Close()) })
	check(t, s.Create(t.Context(), g))
	check(t, s.Swap(t.Context(), g.Name))
	x, err := s.Open(t.Context(), "")
	check(t, err)
	return x
}

func ref(portal crm.PortalID, id int) crm.Ref {
	return crm.Ref{Portal: portal, Type: crm.Notes, ID: fmt.Sprint(id)}
}

func account(portal crm.PortalID) crm.Ref {
	return crm.Ref{Portal: portal, Type: crm.Companies, ID: "10"}
}

func wide(portal crm.PortalID) crm.Filter { return crm.Filter{Portal: portal, Wide: true} }

func vector(seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 3))
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// kept is an activity of n chunks in its portal's account; version makes other chunk ids.
func kept(activity crm.Ref, n int, version ...string) crm.Kept {
	k := crm.Kept{Activity: crm.Activity{Ref: activity, Modified: start}, Accounts: []crm.Ref{account(activity.Portal)}, Digest: fmt.Sprint("digest", version)}
	for i := range n {
		sum := sha256.Sum256(fmt.Append(nil, activity, version, i))
		k.Chunks = append(k.Chunks, crm.Chunk{ID: hex.EncodeToString(sum[:16]), Activity: activity, Pos: i, Kind: crm.Note, Time: start, Created: start, Vector: vector(uint64(sum[0]))})
		k.Terms = append(k.Terms, crm.CountTerms([]string{"renew", fmt.Sprint("word", i)}))
	}
	return k
}

func count(t *testing.T, x *qdrant.Index, f crm.Filter) int {
	t.Helper()
	n, err := x.Count(t.Context(), f)
	check(t, err)
	return n
}
