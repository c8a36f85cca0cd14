package bench

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgtypes "github.com/pgvector/pgvector-go"
	pgxvec "github.com/pgvector/pgvector-go/pgx"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/pgvector"
)

// BenchmarkAdapterPgvector compares with the same statement on the same table, sent by the driver as a role that row security does not bind, and with COPY into tables
// of the same columns and indexes.
func BenchmarkAdapterPgvector(b *testing.B) {
	url := postgres(b, "B1, pgvector")
	s := newVectorSet(adapterChunks)
	parts := loaded(s)
	st, err := pgvector.Open(b.Context(), url, pgvector.Options{ApproximateAbove: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	generation := func(name string) *pgvector.Index {
		if err := st.Create(b.Context(), crm.Generation{Name: name, Fingerprint: "bench", Dimension: vectorDim}); err != nil {
			b.Fatal(err)
		}
		x, err := st.Open(b.Context(), name)
		if err != nil {
			b.Fatal(err)
		}
		return x
	}
	x := generation("g1")
	parallel(b, parts, func(part []crm.Kept) error { return x.Replace(b.Context(), part) })
	if err := st.Swap(b.Context(), "g1"); err != nil {
		b.Fatal(err)
	}
	live, err := st.Open(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	p := newBarePostgres(b, postgresServers.Admin(b, url, postgresMajor), parts)
	n := 1
	alternateAdapter(b, adapter{line: "pgvector", how: "bare pgx, PostgreSQL 18",
		question: s.question,
		search: func(q adapterQuestion) error {
			hits, err := live.Nearest(b.Context(), q.vector, crm.ItemView, crm.Filter{Portal: portal, Account: q.account}, nearest)
			return enough(len(hits), err)
		},
		bare: func(q adapterQuestion) error { return p.search(b.Context(), q.vector, q.account) },
		load: func() func([]crm.Kept) error {
			if n++; n > 2 {
				if err := st.Drop(b.Context(), fmt.Sprint("g", n-1)); err != nil {
					b.Fatal(err)
				}
			}
			next := generation(fmt.Sprint("g", n))
			return func(part []crm.Kept) error { return next.Replace(b.Context(), part) }
		},
		bareLoad: func() func(int) error {
			if _, err := p.pool.Exec(b.Context(), "truncate bare.activities, bare.chunks, bare.words"); err != nil {
				b.Fatal(err)
			}
			return func(part int) error { return p.load(b.Context(), p.rows[part]) }
		}}, parts)
}

// barePostgres is the driver alone.
type barePostgres struct {
	pool *pgxpool.Pool
	rows []bareRows
}

// bareRows are what one batch copies: rows of activities, chunks and words.
type bareRows [3][][]any

var bareTables = [3]struct{ name, columns string }{
	{"activities", "portal activity modified digest chunks accounts people"},
	{"chunks", "portal account chunk lead activity pos kind time created generated people item"},
	{"words", "chunk length terms counts"},
}

func newBarePostgres(b *testing.B, admin string, parts [][]crm.Kept) *barePostgres {
	b.Helper()
	config, err := pgxpool.ParseConfig(admin)
	if err != nil {
		b.Fatal(err)
	}
	config.AfterConnect = pgxvec.RegisterTypes
	p := &barePostgres{}
	if p.pool, err = pgxpool.NewWithConfig(b.Context(), config); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.pool.Close)
	make := []string{"create schema bare", "vacuum analyze contextd_vectors.chunks_1"}
	for _, t := range bareTables {
		make = append(make, fmt.Sprintf("create table bare.%s (like contextd_vectors.%s_1 including all)", t.name, t.name))
	}
	for _, s := range make {
		if _, err := p.pool.Exec(b.Context(), s); err != nil {
			b.Fatalf("%s: %v", s, err)
		}
	}
	for _, part := range parts {
		p.rows = append(p.rows, bareRowsOf(b, part))
	}
	return p
}

func (p *barePostgres) search(ctx context.Context, q []float32, account crm.Ref) error {
	rows, err := p.pool.Query(ctx, "select chunk, (item <=> $1) + 0 as d from contextd_vectors.chunks_1 where portal = 4711 and account = $2 order by d, chunk limit $3",
		pgtypes.NewHalfVector(q), account.Path(), nearest)
	if err != nil {
		return err
	}
	var hits []crm.Hit
	var id [16]byte
	var d float64
	_, err = pgx.ForEachRow(rows, []any{&id, &d}, func() error {
		hits = append(hits, crm.Hit{Chunk: hex.EncodeToString(id[:]), Score: 1 - d})
		return nil
	})
	return enough(len(hits), err)
}

func (p *barePostgres) load(ctx context.Context, rows bareRows) error {
	return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		for i, t := range bareTables {
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{"bare", t.name}, strings.Fields(t.columns), pgx.CopyFromRows(rows[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

func bareRowsOf(b *testing.B, part []crm.Kept) (out bareRows) {
	b.Helper()
	for _, k := range part {
		path, account := k.Activity.Ref.Path(), k.Accounts[0].Path()
		out[0] = append(out[0], []any{int64(portal), path, nil, k.Digest, len(k.Chunks), []string{account}, []string{}})
		for i, c := range k.Chunks {
			var id [16]byte
			if _, err := hex.Decode(id[:], []byte(c.ID)); err != nil {
				b.Fatal(err)
			}
			out[1] = append(out[1], []any{int64(portal), account, id, true, path, c.Pos, string(c.Kind), c.Time.UnixMicro(), c.Created.UnixMicro(), false, []string{}, pgtypes.NewHalfVector(c.Vector)})
			terms, counts := make([]int64, len(k.Terms[i])), make([]int32, len(k.Terms[i]))
			for j, t := range k.Terms[i] {
				h := fnv.New64a()
				_, _ = h.Write([]byte(t.Term)) // a hash returns no error
				terms[j], counts[j] = int64(h.Sum64()), int32(t.Count)
			}
			out[2] = append(out[2], []any{id, len(terms), terms, counts})
		}
	}
	return out
}
