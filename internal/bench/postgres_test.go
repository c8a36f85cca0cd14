package bench

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	pgxvec "github.com/pgvector/pgvector-go/pgx"

	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
)

// postgresServers are the servers of this process; TestMain stops them.
var postgresServers = pgtest.Servers{Getenv: os.Getenv}

const postgresMajor = 18

// postgres is the URL of a new database of a real server. Where none is installed the benchmark is skipped, and the table says which line is missing.
func postgres(b *testing.B, line string) string {
	b.Helper()
	b.Cleanup(func() {
		if b.Skipped() {
			measured.skipped = append(measured.skipped, fmt.Sprintf("%s: no PostgreSQL %d with pgvector: run .ci/postgres, or set CONTEXTD_TEST_POSTGRES", line, postgresMajor))
		}
	})
	return postgresServers.Database(b, postgresMajor)
}

// tuned connects as one would who wants speed: types known, statements prepared by pgx and planned once, no compilation and no workers for queries this short.
func tuned(b *testing.B, url string) *pgx.Conn {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(b.Context())); err != nil { // the benchmark's context has ended by now
			b.Error(err)
		}
	})
	if err := pgxvec.RegisterTypes(b.Context(), conn); err != nil {
		b.Fatal(err)
	}
	execute(b, conn, "set jit = off", "set max_parallel_workers_per_gather = 0", "set plan_cache_mode = force_generic_plan", "set work_mem = '64MB'")
	return conn
}

func execute(b *testing.B, conn *pgx.Conn, statements ...string) {
	b.Helper()
	for _, s := range statements {
		if _, err := conn.Exec(b.Context(), s); err != nil {
			b.Fatalf("%s: %v", s, err)
		}
	}
}
