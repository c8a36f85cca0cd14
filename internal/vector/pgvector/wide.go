package pgvector

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contextd/contextd/internal/crm"
)

// An index with 16 links and 100 candidates per row finds ≥ .99 of the ten nearest of real text with 200 candidates per question.
const (
	links      = 16
	buildWidth = 100
	askWidth   = 200
	scanLimit  = 60_000 // rows that a filtered question may visit before the portal is searched exactly
)

// wideness is what a search of many rows sets for its transaction, and whether the portal has an index.
type wideness struct {
	portal  crm.PortalID
	view    crm.View
	n       int
	visits  int  // how many rows a filtered search may visit in the index
	words   bool // a keyword search
	indexed bool
}

// settings adds columns to the statement that opens the transaction. Compiling a plan (jit) takes longer than these statements run. Keyword searches go through the
// index of terms even for common ones: comparing each row's terms costs more than the rows' places in it.
func (w *wideness) settings(args *[]any) string {
	if w.words {
		return ", set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true), set_config('work_mem', '32MB', true)"
	}
	*args = append(*args, fmt.Sprint(min(1000, max(askWidth, 4*w.n))), fmt.Sprint(w.visits))
	return ", set_config('jit', 'off', true), set_config('hnsw.ef_search', $2, true), set_config('hnsw.max_scan_tuples', $3, true), set_config('hnsw.iterative_scan', 'strict_order', true)" +
		", to_regclass('SCHEMA." + hnswName(column(w.view), w.portal) + "') is not null"
}

func (w *wideness) scan() []any {
	if w.words {
		return []any{nil, nil, nil}
	}
	return []any{nil, nil, nil, nil, &w.indexed}
}

func hnswName(column string, p crm.PortalID) string { return "chunks_N_" + column + "_p" + p.String() }

// approximate builds the HNSW indexes of a portal beside the writers, unless another process does. They are the portal's own, so that no other portal's rows take
// places among the candidates. The connection is one of its own: building must not be cut short by a setting of the pool, nor leave one there.
func (s *Store) approximate(ctx context.Context, g generation, portal crm.PortalID) error {
	columns := []string{column(crm.ItemView)}
	if g.Windows {
		columns = append(columns, column(crm.WindowView))
	}
	if _, ok := s.indexed.Load(indexedPortal{g.id, portal, columns[len(columns)-1]}); ok || g.Dimension > maxIndexed {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return classify(ctx, err)
	}
	ours, err := buildIndexes(ctx, conn, s.schema, g, portal, columns)
	if closed := conn.Close(ctx); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("index of portal %d: %w", portal, classify(ctx, err))
	}
	for _, c := range columns {
		if ours {
			s.indexed.Store(indexedPortal{g.id, portal, c}, true)
		}
	}
	return nil
}

// indexedPortal is a key of Store.indexed.
type indexedPortal struct {
	id     int64
	portal crm.PortalID
	column string
}

// buildIndexes reports false when another process is at it.
func buildIndexes(ctx context.Context, conn *pgx.Conn, schema string, g generation, portal crm.PortalID, columns []string) (ours bool, err error) {
	if err := conn.QueryRow(ctx, "select pg_try_advisory_lock(hashtextextended($1, 1))", schema).Scan(&ours); err != nil || !ours {
		return false, err // the lock ends with the connection
	}
	if _, err := conn.Exec(ctx, "set statement_timeout = 0; set maintenance_work_mem = '256MB'"); err != nil {
		return false, err
	}
	for _, column := range columns {
		name := numbered(hnswName(column, portal), schema, g.id)
		var valid *bool
		err := conn.QueryRow(ctx, "select (select indisvalid from pg_index where indexrelid = to_regclass($1))", schema+"."+name).Scan(&valid)
		if err != nil {
			return false, err
		}
		if valid != nil && *valid {
			continue
		}
		if valid != nil { // a build that was cut short leaves its remains
			if _, err := conn.Exec(ctx, "drop index concurrently "+schema+"."+name); err != nil {
				return false, err
			}
		}
		sql := fmt.Sprintf("create index concurrently %s on SCHEMA.chunks_N using hnsw (%s halfvec_cosine_ops) with (m = %d, ef_construction = %d) where lead and %s",
			name, column, links, buildWidth, tenant(portal))
		if _, err := conn.Exec(ctx, numbered(sql, schema, g.id)); err != nil {
			return false, err
		}
	}
	_, err = conn.Exec(ctx, numbered("analyze SCHEMA.chunks_N", schema, g.id)) // a table that was filled a moment ago looks small to the planner, and no index worth while
	return true, err
}
