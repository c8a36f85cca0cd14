package modeltest

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// Embedder is the contract that the indexer and the retriever have with embedding models.
type Embedder interface {
	Fingerprint() string
	Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error)
}

// RunEmbedder is the suite for embedders: unit vectors of one length, in order, deterministic within a tolerance of 1e-4, independent of the batch.
func RunEmbedder(t *testing.T, open func(t *testing.T) Embedder) { runEmbedder(t, open, 5000) }

// RunRealEmbedder is the same with texts of which a real model can embed dozens in a minute; the longest is still longer than its window.
func RunRealEmbedder(t *testing.T, open func(t *testing.T) Embedder) { runEmbedder(t, open, 120) }

func runEmbedder(t *testing.T, open func(t *testing.T) Embedder, repeats int) {
	texts := []string{"We need a price for 140 technicians.", "", " \n", "…!?", "我们需要价格", strings.Repeat("long text about lifts and pumps ", repeats), "\xff\xfe", "We need a price for 140 technicians."}
	embed := func(t *testing.T, e Embedder, texts ...string) [][]float32 {
		t.Helper()
		v, _, err := e.Embed(t.Context(), crm.EmbedDocument, texts)
		if err != nil {
			t.Fatal(err)
		}
		if len(v) != len(texts) {
			t.Fatalf("%d vectors for %d texts", len(v), len(texts))
		}
		return v
	}
	t.Run("unit vectors of one length", func(t *testing.T) {
		v := embed(t, open(t), texts...)
		for i := range v {
			if !crm.ValidVector(v[i], len(v[0])) || math.Abs(cosine(v[i], v[i])-1) > 1e-3 {
				t.Errorf("text %d (%.20q) has length² %v in %d dimensions", i, texts[i], cosine(v[i], v[i]), len(v[i]))
			}
		}
		if cosine(v[0], v[len(v)-1]) < .9999 {
			t.Error("the same text has two vectors in one batch")
		}
	})
	t.Run("alone as in a batch", func(t *testing.T) {
		e := open(t)
		all := embed(t, e, texts...)
		for i, text := range texts {
			if one := embed(t, e, text); cosine(one[0], all[i]) < .9999 {
				t.Errorf("text %d differs alone and in a batch", i)
			}
		}
	})
	t.Run("no texts", func(t *testing.T) { embed(t, open(t)) })
	t.Run("a stable fingerprint", func(t *testing.T) {
		if a, b := open(t).Fingerprint(), open(t).Fingerprint(); a == "" || a != b {
			t.Errorf("fingerprints %q and %q", a, b)
		}
	})
	t.Run("a done context ends the call", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if v, _, err := open(t).Embed(ctx, crm.EmbedQuery, texts); !errors.Is(err, context.Canceled) || v != nil {
			t.Errorf("%d vectors, error %v: want none and context.Canceled", len(v), err)
		}
	})
	t.Run("concurrent calls agree", func(t *testing.T) {
		e := open(t)
		want := embed(t, e, texts...)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				got, _, err := e.Embed(t.Context(), crm.EmbedDocument, texts)
				if err != nil || !slices.EqualFunc(got, want, func(a, b []float32) bool { return cosine(a, b) > .9999 }) {
					t.Errorf("concurrent vectors differ (%v)", err)
				}
			})
		}
		wg.Wait()
	})
}

func cosine(a, b []float32) (sum float64) {
	if len(a) != len(b) {
		return math.NaN()
	}
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
