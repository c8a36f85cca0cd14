package flat_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/flat"
)

// Sizes of the benchmarks: a portal of 100,000 chunks of 256 dimensions, in accounts of 100.
const benchChunks, benchDim = 100_000, 256

// randomCorpus is quick to make and, for speed, as good as texts: a thousand of them, each a hundred times and a little shifted.
func randomCorpus(tb testing.TB, n int, account func(int) int) []crm.Kept {
	tb.Helper()
	small, r := newTexts(benchDim).corpus(1000, true), rand.New(rand.NewPCG(5, 5))
	out := make([]crm.Kept, n)
	for i := range out {
		k := small[i%len(small)]
		k.Activity.Ref = note(i)
		k.Accounts = []crm.Ref{{Portal: 1, Type: crm.Companies, ID: fmt.Sprint(account(i))}}
		k.Chunks = []crm.Chunk{k.Chunks[0]}
		k.Chunks[0].ID = fmt.Sprintf("%032x", i)
		k.Chunks[0].Vector = slices.Clone(k.Chunks[0].Vector)
		for range 16 { // no two are alike: equal scores would be compared by id
			k.Chunks[0].Vector[r.IntN(benchDim)] += .05 * r.Float32()
		}
		out[i] = k
	}
	return out
}

// readRate is how long it takes to read as many bytes as the vectors have, once, on this machine now.
func readRate(b *testing.B) time.Duration {
	vectors := make([]uint64, benchChunks*benchDim/2)
	best := time.Hour
	for range 10 {
		var a, c, d, e uint64
		began := time.Now()
		for i := 0; i+3 < len(vectors); i += 4 {
			a, c, d, e = a+vectors[i], c+vectors[i+1], d+vectors[i+2], e+vectors[i+3]
		}
		if t := time.Since(began); a+c+d+e == 0 && t < best {
			best = t
		}
	}
	return best
}

// BenchmarkScan searches 100,000 chunks: as float32 (all in one account), and across a portal by codes, with and without a filter.
func BenchmarkScan(b *testing.B) {
	s, x := live(b, b.TempDir(), benchDim, flat.Options{CacheBytes: 1 << 30})
	defer func() { check(b, s.Close()) }()
	fill(b, x, randomCorpus(b, benchChunks, func(int) int { return 1 }))
	q := newTexts(benchDim).vector(1)
	read := readRate(b)
	for name, f := range map[string]crm.Filter{"float32": {Portal: 1, Account: acme}, "codes": {Portal: 1, Wide: true},
		"codes, half of it": {Portal: 1, Wide: true, Since: time.Date(2025, 1, 1, 8, 20, 0, 0, time.UTC)}} {
		b.Run(name, func(b *testing.B) {
			began := time.Now()
			_, err := x.Nearest(b.Context(), q, crm.ItemView, f, 10)
			check(b, err)
			b.Logf("loaded in %v", time.Since(began))
			for b.Loop() {
				_, err := x.Nearest(b.Context(), q, crm.ItemView, f, 10)
				check(b, err)
			}
			b.ReportMetric(read.Seconds()/(b.Elapsed().Seconds()/float64(b.N)), "×read-rate")
		})
	}
}

// BenchmarkAccount searches accounts of 100 and of 1,000 chunks among 100,000, and words across the portal.
func BenchmarkAccount(b *testing.B) {
	s, x := live(b, b.TempDir(), benchDim, flat.Options{CacheBytes: 1 << 30})
	defer func() { check(b, s.Close()) }()
	fill(b, x, randomCorpus(b, benchChunks, func(i int) int {
		if i%100 == 0 {
			return 1 // a thousand
		}
		return 2 + i*7919%990
	}))
	q := newTexts(benchDim).vector(1)
	for name, account := range map[string]string{"100": "7", "1000": "1"} {
		f := crm.Filter{Portal: 1, Account: crm.Ref{Portal: 1, Type: crm.Companies, ID: account}}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := x.Nearest(b.Context(), q, crm.ItemView, f, 10)
				check(b, err)
			}
		})
	}
	wide := crm.Filter{Portal: 1, Wide: true}
	b.Run("words", func(b *testing.B) {
		began := time.Now()
		_, err := x.Match(b.Context(), []string{"w7", "w100", "w2000"}, wide, 10)
		check(b, err)
		b.Logf("loaded in %v", time.Since(began))
		for b.Loop() {
			_, err := x.Match(b.Context(), []string{"w7", "w100", "w2000"}, wide, 10)
			check(b, err)
		}
	})
}

// BenchmarkReplace writes activities of one chunk in batches of 64, as indexing does: first all of them once, then again. The time is that of one activity.
func BenchmarkReplace(b *testing.B) {
	corpus := randomCorpus(b, 20_000, func(i int) int { return i * 7919 % 200 })
	s, x := live(b, b.TempDir(), benchDim, flat.Options{})
	defer func() { check(b, s.Close()) }()
	n := 0
	for b.Loop() {
		if n%64 == 0 {
			from := n % (len(corpus) - 64)
			check(b, x.Replace(b.Context(), corpus[from:from+64]))
		}
		n++
	}
}

// BenchmarkBreakEven searches portals of growing size, plainly and by codes.
func BenchmarkBreakEven(b *testing.B) {
	all := randomCorpus(b, 64_000, func(int) int { return 1 })
	q := newTexts(benchDim).vector(1)
	for _, n := range []int{1000, 2000, 4000, 8000, 16_000, 32_000, 64_000} {
		for _, o := range []flat.Options{{CoarseBytes: 1 << 30}, {CoarseBytes: 1}} {
			s, x := live(b, b.TempDir(), benchDim, o)
			fill(b, x, all[:n])
			b.Run(fmt.Sprintf("%d/coarse=%t", n, o.CoarseBytes == 1), func(b *testing.B) {
				for b.Loop() {
					_, err := x.Nearest(b.Context(), q, crm.ItemView, crm.Filter{Portal: 1, Wide: true}, 10)
					check(b, err)
				}
			})
			check(b, s.Close())
		}
	}
}
