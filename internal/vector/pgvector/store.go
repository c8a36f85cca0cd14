// Package pgvector keeps the index in PostgreSQL with the pgvector extension. It owns one schema:
//
//	generations     one row per generation; at most one is live
//	live()          a function that says which one
//	activities_N    one row per activity of generation N: digest, accounts, people, what Scan yields
//	chunks_N        one row per chunk and account: facets and vectors in half precision; "lead" marks one of a chunk's rows, which stands for it in portal-wide searches
//	words_N         one row per chunk with words: hashes of its terms (salted with the portal) and how often each occurs
//	stats_N         one row per portal: chunks and tokens, the statistics of BM25
//	profiles_N      one row per account: what it is compared by
//
// A search inside an account reads that account's rows through their primary key and ranks them exactly. Portal-wide searches of large portals use an HNSW index of
// that portal alone. Every statement has the portal in its WHERE, and row security lets each transaction see the rows of one portal only, which it has to name.
package pgvector

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxvec "github.com/pgvector/pgvector-go/pgx"

	"github.com/contextd/contextd/internal/crm"
)

// Options change what Open does; the zero value is a good default.
type Options struct {
	Schema           string // lower-case letters, digits and _; "": contextd_vectors
	ApproximateAbove int    // portal-wide searches of portals with more chunks go through HNSW; 0: 50,000; below 0: never
}

// Store is all generations of the index in one database. It is safe for concurrent use, by several processes, too.
type Store struct {
	pool   *pgxpool.Pool
	schema string
	above  int64
	visits int // scanLimit, but for tests

	indexed sync.Map // indexedPortal: the HNSW indexes that are known to be there
}

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,39}$`)

// Open connects to the database of a postgres:// URL, makes the schema and, where the role may, the extension. Two processes may do so at once. crm.ErrInvalid for a
// URL or option that makes no sense, crm.ErrTemporary while the server is away, crm.ErrForbidden when the role may not.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Schema == "" {
		o.Schema = "contextd_vectors"
	}
	if o.ApproximateAbove == 0 {
		o.ApproximateAbove = 50_000
	}
	if !schemaName.MatchString(o.Schema) {
		return nil, fmt.Errorf("pgvector: schema %q: want at most 40 lower-case letters, digits and _: %w", o.Schema, crm.ErrInvalid)
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("pgvector: %w: %w", err, crm.ErrInvalid)
	}
	if err := migrate(ctx, config.ConnConfig, o.Schema); err != nil {
		return nil, fmt.Errorf("pgvector: open: %w", classify(ctx, err))
	}
	config.AfterConnect = pgxvec.RegisterTypes
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("pgvector: open: %w", classify(ctx, err))
	}
	return &Store{pool: pool, schema: o.Schema, above: int64(o.ApproximateAbove), visits: scanLimit}, nil
}

// Close ends all connections; searches that still run fail.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// generation is a crm.Generation with the number that its tables are named by. A number is never used again, so that an index of a dropped generation finds nothing,
// even when there is a new one of that name.
type generation struct {
	crm.Generation
	id int64
}

const generationColumns = "id, name, fingerprint, dimension, windows, embedder, created, live"

func scanGeneration(row pgx.CollectableRow) (generation, error) {
	var g generation
	var created *int64
	err := row.Scan(&g.id, &g.Name, &g.Fingerprint, &g.Dimension, &g.Windows, &g.Embedder, &created, &g.Live)
	g.Created = moment(created)
	return g, err
}

// Generations lists them, oldest first; none in a new store.
func (s *Store) Generations(ctx context.Context) ([]crm.Generation, error) {
	rows, err := s.pool.Query(ctx, "select "+generationColumns+" from "+s.schema+".generations order by created nulls first, id")
	if err != nil {
		return nil, fmt.Errorf("pgvector: generations: %w", classify(ctx, err))
	}
	gs, err := pgx.CollectRows(rows, scanGeneration)
	if err != nil {
		return nil, fmt.Errorf("pgvector: generations: %w", classify(ctx, err))
	}
	out := make([]crm.Generation, len(gs))
	for i, g := range gs {
		out[i] = g.Generation
	}
	return out, nil
}

// generation finds one by its name; "" is the live one.
func (s *Store) generation(ctx context.Context, name string) (generation, error) {
	rows, err := s.pool.Query(ctx, "select "+generationColumns+" from "+s.schema+".generations where name = $1 or ($1 = '' and live)", name)
	if err != nil {
		return generation{}, classify(ctx, err)
	}
	g, err := pgx.CollectExactlyOneRow(rows, scanGeneration)
	if errors.Is(err, pgx.ErrNoRows) && name == "" {
		return generation{}, fmt.Errorf("no generation is live: %w", crm.ErrNotFound)
	}
	return g, classify(ctx, err)
}

// Open opens a generation; "" is the live one, whichever it is at the time of each call. crm.ErrNotFound when there is none.
func (s *Store) Open(ctx context.Context, name string) (*Index, error) {
	g, err := s.generation(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("pgvector: open generation %q: %w", name, err)
	}
	x := &Index{store: s, live: name == ""}
	x.last.Store(&g)
	return x, nil
}

var generationName = regexp.MustCompile(`^[a-z0-9]{1,63}$`)

// Create makes an empty generation that is not live. The same one again is no error and changes nothing; another one of that name is crm.ErrConflict.
func (s *Store) Create(ctx context.Context, g crm.Generation) error {
	if !generationName.MatchString(g.Name) || g.Fingerprint == "" || g.Dimension < 1 || g.Dimension > maxDimension {
		return fmt.Errorf("pgvector: create generation %q of %d dimensions, fingerprint %q: %w", g.Name, g.Dimension, g.Fingerprint, crm.ErrInvalid)
	}
	err := s.exclusive(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "select "+generationColumns+" from "+s.schema+".generations where name = $1", g.Name)
		if err != nil {
			return err
		}
		switch old, err := pgx.CollectExactlyOneRow(rows, scanGeneration); {
		case err == nil && old.Fingerprint == g.Fingerprint && old.Dimension == g.Dimension && old.Windows == g.Windows:
			return nil
		case err == nil:
			return fmt.Errorf("there is another of that name: %w", crm.ErrConflict)
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		var id int64
		err = tx.QueryRow(ctx, "insert into "+s.schema+".generations (name, fingerprint, dimension, windows, embedder, created) values ($1, $2, $3, $4, $5, $6) returning id",
			g.Name, g.Fingerprint, g.Dimension, g.Windows, g.Embedder, micros(g.Created)).Scan(&id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, generationSchema(s.schema, id, g.Dimension, g.Windows))
		return err
	})
	if err != nil {
		return fmt.Errorf("pgvector: create generation %s: %w", g.Name, classify(ctx, err))
	}
	return nil
}

// Swap makes a generation the live one. Searches and writes read which one is live in their own transaction, so one commit moves all processes at once.
func (s *Store) Swap(ctx context.Context, name string) error {
	err := s.exclusive(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "update "+s.schema+".generations set live = false where live and name <> $1", name); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, "update "+s.schema+".generations set live = true where name = $1", name)
		if err == nil && tag.RowsAffected() == 0 {
			return crm.ErrNotFound // rolls the first update back
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("pgvector: swap to generation %s: %w", name, classify(ctx, err))
	}
	return nil
}

// Drop removes a generation with its tables, once those who use them are done; crm.ErrConflict for the live one; an unknown one is no error.
func (s *Store) Drop(ctx context.Context, name string) error {
	err := s.exclusive(ctx, func(tx pgx.Tx) error {
		var id int64
		var live bool
		switch err := tx.QueryRow(ctx, "delete from "+s.schema+".generations where name = $1 returning id, live", name).Scan(&id, &live); {
		case errors.Is(err, pgx.ErrNoRows):
			return nil
		case err != nil:
			return err
		case live:
			return fmt.Errorf("it is live: %w", crm.ErrConflict)
		}
		_, err := tx.Exec(ctx, dropSchema(s.schema, id))
		return err
	})
	if err != nil {
		return fmt.Errorf("pgvector: drop generation %s: %w", name, classify(ctx, err))
	}
	return nil
}

// exclusive runs changes of generations one after the other, over all processes.
func (s *Store) exclusive(ctx context.Context, change func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended($1, 0))", s.schema); err != nil {
			return err
		}
		return change(tx)
	})
}

// micros is how times are stored: microseconds since 1970, nothing for an unknown one.
func micros(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixMicro()
	return &n
}

func moment(micros *int64) time.Time {
	if micros == nil {
		return time.Time{}
	}
	return time.UnixMicro(*micros).UTC()
}
