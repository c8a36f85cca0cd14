package pgvector

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	pgxvec "github.com/pgvector/pgvector-go/pgx"

	"github.com/contextd/contextd/internal/crm"
)

// The adapter against the bare driver: the same SQL on the same rows, prepared, on one connection, without the transaction's settings and without our types around
// it; for loading, COPY into tables of the same columns and indexes. Both sides take turns inside one benchmark, so that a busy machine slows them alike; the ratio is
// reported.
const (
	speedChunks  = 20_000
	speedAccount = 1_000
	speedDim     = 256
)

// speedWorld's connection is the server's superuser, whom row security does not bind: a bare client would not have it.
func speedWorld(b *testing.B) (*Store, *Index, *pgx.Conn) {
	url := servers.Database(b, 18)
	s, x := fresh(b, url, Options{ApproximateAbove: -1}, speedDim)
	conn, err := pgx.Connect(b.Context(), servers.Admin(b, url, 18))
	check(b, err)
	b.Cleanup(func() { check(b, conn.Close(context.WithoutCancel(b.Context()))) })
	return s, x, conn
}

// quantile is the share's place among the times: .5 is what users see, .1 is nearly free of what else the machine does.
func quantile(ds []time.Duration, share float64) time.Duration {
	slices.Sort(ds)
	return ds[int(share*float64(len(ds)))]
}

func BenchmarkSearch(b *testing.B) {
	s, x, conn := speedWorld(b)
	fill(b, x, talks(1, speedChunks, speedChunks/speedAccount, speedDim, 30))
	id := x.last.Load().id
	_, err := conn.Exec(b.Context(), numbered("vacuum analyze SCHEMA.chunks_N", s.schema, id))
	check(b, err)
	check(b, pgxvec.RegisterTypes(b.Context(), conn))
	r := rand.New(rand.NewPCG(1, 2))
	ask := func(adapter bool, f crm.Filter) time.Duration {
		q := search{vec: direction(r, speedDim), f: f, n: 10}
		start := time.Now()
		var hits []crm.Hit
		var err error
		if adapter {
			hits, err = x.Nearest(b.Context(), q.vec, q.view, q.f, q.n)
		} else {
			hits, err = bareSearch(b.Context(), conn, s.schema, q, *x.last.Load())
		}
		took := time.Since(start)
		if check(b, err); len(hits) != q.n {
			b.Fatalf("%d hits", len(hits))
		}
		return took
	}
	for i := range 40 { // plans settle
		ask(i%2 == 0, crm.Filter{Portal: 1, Account: company(1, i%20)})
	}
	var adapter, bare []time.Duration
	for i := 0; b.Loop(); i++ {
		f := crm.Filter{Portal: 1, Account: company(1, i%20)}
		for _, first := range []bool{i%2 == 0, i%2 != 0} { // who comes second finds the account's rows in the processor's cache
			if first {
				adapter = append(adapter, ask(true, f))
			} else {
				bare = append(bare, ask(false, f))
			}
		}
	}
	a, p := quantile(adapter, .5), quantile(bare, .5)
	b.ReportMetric(float64(a.Nanoseconds())/1e3, "adapter-µs")
	b.ReportMetric(float64(p.Nanoseconds())/1e3, "bare-µs")
	b.ReportMetric(float64(a)/float64(p), "adapter/bare")
	b.ReportMetric(float64(quantile(adapter, .1))/float64(quantile(bare, .1)), "adapter/bare-p10")
	b.ReportMetric(float64(quantile(bare, .1).Nanoseconds())/1e3, "bare-p10-µs")
}

// bareSearch is what anybody would write with the driver: the same statement, its rows into a slice.
func bareSearch(ctx context.Context, conn *pgx.Conn, schema string, q search, g generation) ([]crm.Hit, error) {
	var s statement
	if err := q.write(&s, g, false); err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, numbered(s.sql.String(), schema, g.id), s.args...)
	if err != nil {
		return nil, err
	}
	var hits []crm.Hit
	var id [16]byte
	var d float64
	_, err = pgx.ForEachRow(rows, []any{&id, &d}, func() error {
		hits = append(hits, crm.Hit{Chunk: fmt.Sprintf("%x", id), Score: 1 - d})
		return nil
	})
	return hits, err
}

func BenchmarkLoad(b *testing.B) {
	s, x, conn := speedWorld(b)
	check(b, pgxvec.RegisterTypes(b.Context(), conn))
	// The bare side has a generation's tables of its own.
	check(b, s.Create(b.Context(), crm.Generation{Name: "bare", Fingerprint: "f", Dimension: speedDim}))
	bare, err := s.generation(b.Context(), "bare")
	check(b, err)
	for _, table := range walled { // COPY refuses tables with row security
		_, err := conn.Exec(b.Context(), numbered("alter table SCHEMA."+table+"_N disable row level security", s.schema, bare.id))
		check(b, err)
	}
	const batch = 500
	var adapter, copied []time.Duration
	for i := 0; b.Loop(); i++ {
		ks := talks(1, batch, 50, speedDim, 60)
		for j := range ks {
			ks[j].Activity.Ref.ID = fmt.Sprint(i*batch + j)
			ks[j].Chunks[0].ID = fmt.Sprintf("%032x", i*batch+j)
			ks[j].Chunks[0].Activity = ks[j].Activity.Ref
		}
		start := time.Now()
		check(b, x.Replace(b.Context(), ks))
		adapter = append(adapter, time.Since(start))
		start = time.Now()
		check(b, bareLoad(b.Context(), conn, s.schema, bare.id, ks))
		copied = append(copied, time.Since(start))
	}
	a, p := quantile(adapter, .5), quantile(copied, .5)
	b.ReportMetric(batch/a.Seconds(), "adapter-chunks/s")
	b.ReportMetric(batch/p.Seconds(), "bare-chunks/s")
	b.ReportMetric(float64(p)/float64(a), "adapter/bare")
}

// bareLoad copies the same rows in one transaction.
func bareLoad(ctx context.Context, conn *pgx.Conn, schema string, id int64, ks []crm.Kept) error {
	var activities, chunks, words [][]any
	for i := range ks {
		k := &ks[i]
		c := &k.Chunks[0]
		rows := newColumns(false)
		if err := rows.add(k); err != nil {
			return err
		}
		activities = append(activities, []any{int64(1), k.Activity.Ref.Path(), micros(k.Activity.Modified), k.Digest, 1, paths(1, k.Accounts), []string{}})
		chunks = append(chunks, []any{int64(1), k.Accounts[0].Path(), rows.chunk[0], true, k.Activity.Ref.Path(), 0, string(c.Kind), micros(c.Time), c.Created.UnixMicro(), false, []string{}, rows.item[0]})
		words = append(words, rows.words...)
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, table := range []struct {
			name, columns string
			rows          [][]any
		}{
			{"activities_N", "portal activity modified digest chunks accounts people", activities},
			{"chunks_N", "portal account chunk lead activity pos kind time created generated people item", chunks},
			{"words_N", "chunk length terms counts", words},
		} {
			name := pgx.Identifier{schema, numbered(table.name, schema, id)}
			if _, err := tx.CopyFrom(ctx, name, strings.Fields(table.columns), pgx.CopyFromRows(table.rows)); err != nil {
				return err
			}
		}
		return nil
	})
}
