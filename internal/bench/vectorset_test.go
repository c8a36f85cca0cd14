package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/flat"
)

// The sizes of performance.md: 100,000 vectors of 256 dimensions; one account of 1,000 among them.
const (
	vectorDim   = 256
	vectorCount = 100_000
	accountSize = 1000
	nearest     = 10
)

// vectorSet is many unit vectors in accounts of accountSize.
type vectorSet struct {
	vectors [][]float32
	per     int // chunks of an activity
	said    int // words of a chunk
	rng     *rand.Rand
}

func newVectorSet(n int) *vectorSet {
	s := &vectorSet{per: 10, rng: rand.New(rand.NewPCG(5, 5))}
	for range n {
		s.vectors = append(s.vectors, s.vector())
	}
	return s
}

func (s *vectorSet) vector() []float32 {
	v := make([]float32, vectorDim)
	var sum float64
	for i := range v {
		v[i] = float32(s.rng.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	vek32.DivNumber_Inplace(v, float32(math.Sqrt(sum)))
	return v
}

func accountOf(i int) crm.Ref {
	return crm.Ref{Portal: portal, Type: crm.Companies, ID: strconv.Itoa(1 + i/accountSize)}
}

// openFlat stores all vectors in a new embedded back end.
func (s *vectorSet) openFlat(b *testing.B, dir string, o flat.Options) (*flat.Store, *flat.Index) {
	b.Helper()
	st, err := flat.Open(b.Context(), filepath.Join(dir, "vectors.flat"), o)
	if err != nil {
		b.Fatal(err)
	}
	g := crm.Generation{Name: "g1", Fingerprint: "bench", Dimension: vectorDim}
	if err := st.Create(b.Context(), g); err != nil {
		b.Fatal(err)
	}
	if err := st.Swap(b.Context(), "g1"); err != nil {
		b.Fatal(err)
	}
	x, err := st.Open(b.Context(), "g1")
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < len(s.vectors); from += 1000 {
		if err := x.Replace(b.Context(), s.kept(from, min(from+1000, len(s.vectors)))); err != nil {
			b.Fatal(err)
		}
	}
	return st, x
}

// words are a chunk's.
func (s *vectorSet) words(zipf *rand.Zipf) []crm.TermCount {
	said := make([]string, s.said)
	for i := range said {
		said[i] = strconv.FormatUint(zipf.Uint64(), 36)
	}
	return crm.CountTerms(said)
}

// kept are the vectors [from, to) as activities.
func (s *vectorSet) kept(from, to int) (out []crm.Kept) {
	zipf := rand.NewZipf(s.rng, 1.07, 3, 19_999)
	for i := from; i < to; i++ {
		if i%s.per == 0 {
			ref := crm.Ref{Portal: portal, Type: crm.Notes, ID: strconv.Itoa(1 + i/s.per)}
			out = append(out, crm.Kept{Activity: crm.Activity{Ref: ref, Time: began, Created: began}, Accounts: []crm.Ref{accountOf(i)}, Digest: "d"})
		}
		k := &out[len(out)-1]
		k.Chunks = append(k.Chunks, crm.Chunk{ID: fmt.Sprintf("%032x", i), Activity: k.Activity.Ref, Pos: i % s.per, Kind: crm.Note, Time: began, Created: began, Vector: s.vectors[i]})
		if s.said > 0 {
			k.Terms = append(k.Terms, s.words(zipf))
		}
	}
	return out
}

// times runs f for about a span and returns the median time of a call in seconds.
func times(b *testing.B, span time.Duration, f func() error) float64 {
	b.Helper()
	var all []float64
	for start := time.Now(); time.Since(start) < span || len(all) < 3; {
		before := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		all = append(all, time.Since(before).Seconds())
	}
	return median(all)
}

// readRate reads as many bytes as the vectors take, by the fastest of three loops on one core and on all, and returns seconds per pass.
func readRate(b *testing.B, data []float32) float64 {
	b.Helper()
	best := math.Inf(1)
	for _, read := range []func([]float32) float32{vek32.Sum, func(x []float32) float32 { return vek32.Dot(x, x) }, eachLine} {
		for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
			best = min(best, readBy(b, data, threads, read))
		}
	}
	return best
}

func readBy(b *testing.B, data []float32, threads int, read func([]float32) float32) float64 {
	b.Helper()
	part := len(data) / threads
	sums := make([]float32, threads)
	return times(b, 80*time.Millisecond, func() error {
		var done sync.WaitGroup
		for t := range threads {
			done.Go(func() { sums[t] = read(data[t*part : (t+1)*part]) })
		}
		done.Wait()
		return nil
	})
}

// eachLine touches every line of 64 bytes once: nothing is computed, memory alone is waited for.
func eachLine(x []float32) (sum float32) {
	for ; len(x) >= 64; x = x[64:] {
		sum += (x[0] + x[16]) + (x[32] + x[48])
	}
	return sum
}

func search(b *testing.B, x *flat.Index, q []float32, f crm.Filter) error {
	hits, err := x.Nearest(b.Context(), q, crm.ItemView, f, nearest)
	return enough(len(hits), err)
}

func enough(n int, err error) error {
	if err == nil && n != nearest {
		err = fmt.Errorf("%d hits, want %d", n, nearest)
	}
	return err
}
