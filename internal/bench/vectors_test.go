package bench

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/philippgille/chromem-go"
	"github.com/viterin/vek/vek32"
	_ "modernc.org/sqlite/vec" // registers sqlite-vec's functions with the driver

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
	rng     *rand.Rand
}

func newVectorSet(n int) *vectorSet {
	s := &vectorSet{rng: rand.New(rand.NewPCG(5, 5))}
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

// openFlat stores vectors [0, n) in a new embedded back end: one activity per ten chunks.
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

// kept are the vectors [from, to) as activities of ten chunks.
func (s *vectorSet) kept(from, to int) (out []crm.Kept) {
	for i := from; i < to; i++ {
		if i%10 == 0 {
			ref := crm.Ref{Portal: portal, Type: crm.Notes, ID: strconv.Itoa(1 + i/10)}
			out = append(out, crm.Kept{Activity: crm.Activity{Ref: ref, Time: began, Created: began}, Accounts: []crm.Ref{accountOf(i)}, Digest: "d"})
		}
		k := &out[len(out)-1]
		k.Chunks = append(k.Chunks, crm.Chunk{ID: fmt.Sprintf("%032x", i), Activity: k.Activity.Ref, Pos: i % 10, Kind: crm.Note, Time: began, Created: began, Vector: s.vectors[i]})
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

// readRate reads as many bytes as the vectors take, once per call, on as many threads as there are, and returns seconds per pass at best.
func readRate(b *testing.B, data []float32) float64 {
	b.Helper()
	threads := runtime.GOMAXPROCS(0)
	part := len(data) / threads
	sums := make([]float32, threads)
	return times(b, 300*time.Millisecond, func() error {
		done := make(chan struct{}, threads)
		for t := range threads {
			go func() {
				sums[t] = vek32.Sum(data[t*part : (t+1)*part])
				done <- struct{}{}
			}()
		}
		for range threads {
			<-done
		}
		return nil
	})
}

type scanRound struct{ read, flat, chromem, sqlite, one, chromemOne float64 }

func BenchmarkVectorScan(b *testing.B) {
	s := newVectorSet(vectorCount)
	dir := b.TempDir()
	st, x := s.openFlat(b, dir, flat.Options{CacheBytes: 1 << 30, CoarseBytes: 1 << 30})
	defer st.Close()
	data := make([]float32, 0, vectorCount*vectorDim)
	for _, v := range s.vectors {
		data = append(data, v...)
	}
	peer := s.chromem(b)
	db := s.sqliteVec(b, dir)
	defer db.Close()
	wide := crm.Filter{Portal: portal, Wide: true}
	got, unsound := alternate(b, false, func() (r scanRound) {
		q := s.vector()
		before := readRate(b, data)
		r.flat = times(b, time.Second, func() error { return search(b, x, q, wide) })
		r.read = (before + readRate(b, data)) / 2
		r.chromem = times(b, time.Second, func() error {
			found, err := peer.QueryEmbedding(b.Context(), q, nearest, nil, nil)
			return enough(len(found), err)
		})
		r.sqlite = times(b, time.Second, func() error { return s.askSQLite(b, db, q) })
		one := crm.Filter{Portal: portal, Account: accountOf(s.rng.IntN(vectorCount))}
		r.one = times(b, time.Second, func() error { return search(b, x, q, one) })
		r.chromemOne = times(b, time.Second, func() error {
			found, err := peer.QueryEmbedding(b.Context(), q, nearest, map[string]string{"account": one.Account.ID}, nil)
			return enough(len(found), err)
		})
		return r
	})
	us := func(of func(scanRound) float64) float64 { return 1e6 * median(column(got, of)) }
	note := fmt.Sprintf("flat %.0f us, read %.0f, chromem %.0f, sqlite-vec %.0f", us(func(r scanRound) float64 { return r.flat }), us(func(r scanRound) float64 { return r.read }),
		us(func(r scanRound) float64 { return r.chromem }), us(func(r scanRound) float64 { return r.sqlite }))
	measured.add(b, goal{name: "V1 scan", what: "memory read rate / exact float32 scan of 100,000 x 256, both on all cores", limit: 0.60, unsound: unsound, note: note,
		ratios: column(got, func(r scanRound) float64 { return r.read / r.flat })})
	measured.add(b, goal{name: "V2 scan", what: "chromem-go v0.7.0 / flat, the same vectors", limit: 20, unsound: unsound, ratios: column(got, func(r scanRound) float64 { return r.chromem / r.flat })})
	measured.add(b, goal{name: "V2 scan", what: "sqlite-vec / flat, the same vectors", limit: 15, unsound: unsound, ratios: column(got, func(r scanRound) float64 { return r.sqlite / r.flat })})
	measured.add(b, goal{name: "V6 account", what: "chromem-go where / flat, one account of 1,000 among 100,000", limit: 2000, unsound: unsound, ratios: column(got, func(r scanRound) float64 { return r.chromemOne / r.one }),
		note: fmt.Sprintf("flat %.1f us, chromem %.0f us", us(func(r scanRound) float64 { return r.one }), us(func(r scanRound) float64 { return r.chromemOne }))})
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

func (s *vectorSet) chromem(b *testing.B) *chromem.Collection {
	b.Helper()
	c, err := chromem.NewDB().CreateCollection("bench", nil, func(context.Context, string) ([]float32, error) { return nil, fmt.Errorf("not asked for") })
	if err != nil {
		b.Fatal(err)
	}
	docs := make([]chromem.Document, len(s.vectors))
	for i, v := range s.vectors {
		docs[i] = chromem.Document{ID: strconv.Itoa(i), Embedding: v, Content: "x", Metadata: map[string]string{"account": accountOf(i).ID}}
	}
	if err := c.AddDocuments(b.Context(), docs, runtime.GOMAXPROCS(0)); err != nil {
		b.Fatal(err)
	}
	return c
}

func (s *vectorSet) sqliteVec(b *testing.B, dir string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "vec.db"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(fmt.Sprintf("CREATE VIRTUAL TABLE v USING vec0(embedding float[%d])", vectorDim)); err != nil {
		b.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	for i, v := range s.vectors {
		if _, err := tx.Exec("INSERT INTO v (rowid, embedding) VALUES (?, ?)", i+1, floats(v)); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	return db
}

func (s *vectorSet) askSQLite(b *testing.B, db *sql.DB, q []float32) error {
	rows, err := db.QueryContext(b.Context(), "SELECT rowid, distance FROM v WHERE embedding MATCH ? AND k = ? ORDER BY distance", floats(q), nearest)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	return enough(n, rows.Err())
}

func floats(v []float32) []byte {
	out := make([]byte, 0, 4*len(v))
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

// BenchmarkVectorSize weighs memory and disk per vector against the raw floats, without a search's own buffers.
func BenchmarkVectorSize(b *testing.B) {
	s := newVectorSet(vectorCount)
	dir := b.TempDir()
	st, x := s.openFlat(b, dir, flat.Options{CacheBytes: 1 << 30, CoarseBytes: 1 << 30})
	if err := st.Close(); err != nil { // everything is in the files then
		b.Fatal(err)
	}
	raw := float64(vectorCount * vectorDim * 4)
	var disk int64
	files, err := filepath.Glob(filepath.Join(dir, "vectors.flat*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			b.Fatal(err)
		}
		disk += info.Size()
	}
	q := s.vector()
	s.vectors = nil
	st, err = flat.Open(b.Context(), filepath.Join(dir, "vectors.flat"), flat.Options{CacheBytes: 1 << 30, CoarseBytes: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	if x, err = st.Open(b.Context(), ""); err != nil {
		b.Fatal(err)
	}
	before := heap()
	if err := search(b, x, q, crm.Filter{Portal: portal, Wide: true}); err != nil {
		b.Fatal(err)
	}
	memory := heap() - before
	measured.add(b, goal{name: "V10 disk", what: "bytes on disk / raw float32, ten chunks per activity, no words", limit: 1.3, atMost: true, ratios: []float64{float64(disk) / raw}})
	measured.add(b, goal{name: "V10 memory", what: "heap of a portal that is held / raw float32", limit: 1.3, atMost: true, ratios: []float64{memory / raw}})
	runtime.KeepAlive(x)
}

// heap is what is in use after a collection, in bytes.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

