package flat

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// BenchmarkCold loads accounts that are not in memory.
func BenchmarkCold(b *testing.B) {
	for _, of := range []struct{ activities, per int }{{1000, 1}, {100, 10}, {10_000, 1}} {
		b.Run(fmt.Sprintf("%d chunks, %d each", of.activities*of.per, of.per), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			g := filled(b, 256, 4*of.activities, of.per, 4, func() []float32 {
				v := make([]float32, 256)
				for i := range v {
					v[i] = float32(r.NormFloat64())
				}
				return v
			})
			f := crm.Filter{Portal: 1, Account: crm.Ref{Portal: 1, Type: crm.Companies, ID: "2"}}
			for b.Loop() {
				held, err := g.load(b.Context(), f)
				if err != nil || held.live != of.activities*of.per {
					b.Fatal(held.live, err)
				}
			}
		})
	}
}

// filled is a generation whose activities go round the accounts.
func filled(tb testing.TB, dim, activities, per, accounts int, draw func() []float32) *generation {
	tb.Helper()
	ctx := tb.Context()
	s, err := Open(ctx, tb.TempDir()+"/vectors.flat", Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	if err := s.Create(ctx, crm.Generation{Name: "g1", Fingerprint: "test@1", Dimension: dim}); err != nil {
		tb.Fatal(err)
	}
	g, err := s.generation(ctx, "g1")
	if err != nil {
		tb.Fatal(err)
	}
	var batch []crm.Kept
	for i := range activities {
		ref := crm.Ref{Portal: 1, Type: crm.Notes, ID: fmt.Sprint(90_000_000_000 + i)}
		k := crm.Kept{Activity: crm.Activity{Ref: ref}, Accounts: []crm.Ref{{Portal: 1, Type: crm.Companies, ID: fmt.Sprint(i % accounts)}}}
		for j := range per {
			sum := sha256.Sum256(fmt.Append(nil, i, j))
			k.Chunks = append(k.Chunks, crm.Chunk{ID: hex.EncodeToString(sum[:16]), Activity: ref, Kind: crm.Note, Vector: draw(), Generated: i%3 == 0})
		}
		if batch = append(batch, k); len(batch) == 64 || i == activities-1 {
			if err := (&Index{store: s, bound: g}).Replace(ctx, batch); err != nil {
				tb.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	return g
}
