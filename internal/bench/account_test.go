package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/flat"
)

// plainTable is the least that a search inside an account needs: vectors in the order of their accounts, and a btree on the account. An index on vectors does not help
// there: it is asked before the account is.
func (s *vectorSet) plainTable(b *testing.B, conn *pgx.Conn, vectorType string) {
	b.Helper()
	execute(b, conn, fmt.Sprintf("create table plain (id int not null, account int not null, v %s(%d) not null)", vectorType, vectorDim))
	rows := pgx.CopyFromSlice(len(s.vectors), func(i int) ([]any, error) { return []any{i, i / accountSize, vectorOf(vectorType, s.vectors[i])}, nil })
	if _, err := conn.CopyFrom(b.Context(), pgx.Identifier{"plain"}, []string{"id", "account", "v"}, rows); err != nil {
		b.Fatal(err)
	}
	execute(b, conn, "create index on plain (account)", "vacuum analyze plain")
}

func vectorOf(vectorType string, v []float32) any {
	if vectorType == "halfvec" {
		return pgvector.NewHalfVector(v)
	}
	return pgvector.NewVector(v)
}

// askPlain searches one account of the plain table. The vectors have unit length, so that the inner product, which is cheaper, ranks as the cosine does.
func askPlain(b *testing.B, conn *pgx.Conn, account int, q any) error {
	rows, err := conn.Query(b.Context(), "select id, v <#> $2 as d from plain where account = $1 order by d limit 10", account, q)
	if err != nil {
		return err
	}
	n, id, d := 0, 0, 0.0
	_, err = pgx.ForEachRow(rows, []any{&id, &d}, func() error { n++; return nil })
	return enough(n, err)
}

type accountRound struct{ flat, pgvector, half float64 }

func BenchmarkAccountPgvector(b *testing.B) {
	conn := tuned(b, postgres(b, "V6 account, pgvector"))
	half := tuned(b, postgresServers.Database(b, postgresMajor))
	s := newVectorSet(vectorCount)
	st, x := s.openFlat(b, b.TempDir(), flat.Options{})
	defer st.Close()
	s.plainTable(b, conn, "vector")
	s.plainTable(b, half, "halfvec")
	got, unsound := alternate(b, false, func() (r accountRound) {
		q, i := s.vector(), s.rng.IntN(vectorCount)
		one, exact, short := crm.Filter{Portal: portal, Account: accountOf(i)}, vectorOf("vector", q), vectorOf("halfvec", q)
		r.flat = times(b, time.Second, func() error { return search(b, x, q, one) })
		r.pgvector = times(b, time.Second, func() error { return askPlain(b, conn, i/accountSize, exact) })
		r.half = times(b, time.Second, func() error { return askPlain(b, half, i/accountSize, short) })
		return r
	})
	us := func(of func(accountRound) float64) float64 { return 1e6 * median(column(got, of)) }
	measured.add(b, goal{name: "V6 account, pgvector", limit: 4, unsound: unsound, what: "bare pgx on a plain table through the account btree / flat, one account of 1,000 among 100,000",
		ratios: column(got, func(r accountRound) float64 { return min(r.pgvector, r.half) / r.flat }),
		note: fmt.Sprintf("flat %.1f us, vector %.0f us, halfvec %.0f us", us(func(r accountRound) float64 { return r.flat }), us(func(r accountRound) float64 { return r.pgvector }),
			us(func(r accountRound) float64 { return r.half }))})
}
