package bench

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/philippgille/chromem-go"
	_ "modernc.org/sqlite/vec" // registers sqlite-vec's functions with the driver

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/flat"
)

// scanRound has, of ours, the scan of float32 vectors and what a portal's questions get by default: codes, with the same answer.
type scanRound struct{ read, exact, flat, chromem, sqlite, one, chromemOne float64 }

func BenchmarkVectorScan(b *testing.B) {
	s := newVectorSet(vectorCount)
	dir := b.TempDir()
	st, exact := s.openFlat(b, b.TempDir(), flat.Options{CacheBytes: 1 << 30, CoarseBytes: 1 << 30})
	defer st.Close()
	own, x := s.openFlat(b, dir, flat.Options{})
	defer own.Close()
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
		r.exact = times(b, time.Second, func() error { return search(b, exact, q, wide) })
		r.read = (before + readRate(b, data)) / 2
		s.agree(b, x, exact, q)
		r.flat = times(b, time.Second, func() error { return search(b, x, q, wide) })
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
	note := fmt.Sprintf("float32 %.0f us, by codes %.0f, read %.0f, chromem %.0f, sqlite-vec %.0f", us(func(r scanRound) float64 { return r.exact }), us(func(r scanRound) float64 { return r.flat }), us(func(r scanRound) float64 { return r.read }),
		us(func(r scanRound) float64 { return r.chromem }), us(func(r scanRound) float64 { return r.sqlite }))
	measured.add(b, goal{name: "V1 scan", what: "reading the same bytes by the fastest of three loops, on one core or all / exact float32 scan of 100,000 x 256", limit: 0.60, unsound: unsound, note: note,
		ratios: column(got, func(r scanRound) float64 { return r.read / r.exact })})
	measured.add(b, goal{name: "V2 scan, chromem", what: "chromem-go v0.7.0 / flat with its defaults, the same vectors", limit: 20, unsound: unsound, ratios: column(got, func(r scanRound) float64 { return r.chromem / r.flat })})
	measured.add(b, goal{name: "V2 scan, sqlite-vec", what: "sqlite-vec / flat with its defaults, the same vectors", limit: 15, unsound: unsound, ratios: column(got, func(r scanRound) float64 { return r.sqlite / r.flat })})
	measured.add(b, goal{name: "V6 account", what: "chromem-go where / flat, one account of 1,000 among 100,000", limit: 2000, unsound: unsound, ratios: column(got, func(r scanRound) float64 { return r.chromemOne / r.one }),
		note: fmt.Sprintf("flat %.1f us, chromem %.0f us", us(func(r scanRound) float64 { return r.one }), us(func(r scanRound) float64 { return r.chromemOne }))})
}

// agree makes sure that both answers are the same.
func (s *vectorSet) agree(b *testing.B, x, y *flat.Index, q []float32) {
	b.Helper()
	var answers [2][]crm.Hit
	for i, x := range []*flat.Index{x, y} {
		var err error
		if answers[i], err = x.Nearest(b.Context(), q, crm.ItemView, crm.Filter{Portal: portal, Wide: true}, nearest); err != nil {
			b.Fatal(err)
		}
	}
	if !slices.EqualFunc(answers[0], answers[1], func(a, b crm.Hit) bool { return a.Chunk == b.Chunk }) {
		b.Fatalf("the search by codes found %v, want %v", answers[0], answers[1])
	}
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
