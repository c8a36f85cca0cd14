package pgvector

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/pgvector/pgvector-go"

	"github.com/contextd/contextd/internal/crm"
)

// Index is one generation, or whichever is live. It is safe for concurrent use.
type Index struct {
	store *Store
	live  bool
	last  atomic.Pointer[generation] // the one that was opened; of a live index, the one that was live when last asked
}

// Close has nothing to do: connections belong to the store.
func (x *Index) Close() error { return nil }

// question is a read of one portal's rows: its statement for a generation, and what to do with the rows. wide adds the settings of portal-wide searches.
type question struct {
	portal crm.PortalID
	wide   *wideness
	make   func(s *statement, g generation) error
	rows   func(pgx.Rows) error
}

// read answers a question in one round trip: a transaction that names its portal, says which generation is live and runs the statement. When the live generation is
// not the one that was asked, the answer is thrown away and the other one is asked: an answer is wholly of one generation, the live one of its own transaction.
func (x *Index) read(ctx context.Context, q question) error {
	g := x.last.Load()
	for again := false; ; {
		var s statement
		err := q.make(&s, *g)
		id := g.id
		if err == nil {
			id, err = x.ask(ctx, q, &s, *g)
		}
		if lost(err) && !again { // the server was started anew, or ended our idle connections: what they would have told us at the next use
			x.store.pool.Reset()
			again = true
			continue
		}
		if err == nil && id == g.id {
			return nil
		}
		if !x.live || err != nil && !errors.Is(err, crm.ErrInvalid) && !errors.Is(err, crm.ErrNotFound) {
			return err
		}
		now, unknown := x.store.generation(ctx, "")
		if unknown != nil {
			return unknown
		}
		if now.id == g.id {
			if err != nil {
				return err
			}
			continue // swapped there and back while we looked
		}
		x.last.Store(&now)
		g = &now
	}
}

// ask returns the number of the generation that the answer is of: the live one, for a live index.
func (x *Index) ask(ctx context.Context, q question, s *statement, g generation) (int64, error) {
	live := pgtype.Int8{Int64: g.id, Valid: true}
	settings, args, into := x.settings(q, &live)
	var b pgx.Batch
	b.Queue(numbered(settings, x.store.schema, g.id), args...).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, into, func() error { return nil })
		return err
	})
	b.Queue(numbered(s.sql.String(), x.store.schema, g.id), s.args...).Query(q.rows)
	err := x.store.pool.SendBatch(ctx, &b).Close()
	if !live.Valid { // none is live
		live.Int64 = g.id
	}
	return live.Int64, classify(ctx, err)
}

// settings are the statement that opens a question's transaction, and where the columns of its row go.
func (x *Index) settings(q question, live *pgtype.Int8) (sql string, args, into []any) {
	sql, args, into = setPortal, []any{q.portal.String()}, []any{nil}
	if x.live {
		sql, into = sql+", SCHEMA.live()", append(into, live)
	}
	if q.wide != nil {
		sql, into = sql+q.wide.settings(&args), append(into, q.wide.scan()...)
	}
	return sql, args, into
}

// Count is the exact number of chunks that match.
func (x *Index) Count(ctx context.Context, f crm.Filter) (int, error) {
	var n int
	err := x.read(ctx, question{
		portal: f.Portal,
		make: func(s *statement, _ generation) error {
			where, err := s.where(f)
			s.sql.WriteString("select count(*) from SCHEMA.chunks_N where " + where)
			return err
		},
		rows: func(rows pgx.Rows) (err error) {
			n, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
			return err
		},
	})
	if err != nil {
		return 0, fmt.Errorf("pgvector: count: %w", err)
	}
	return n, nil
}

// Nearest returns the min(n, matching) chunks with the highest cosine, best first, ties by chunk id. Inside an account it is exact. Portal-wide it may go through the
// portal's HNSW index, when there is one; should that find fewer than n because of the filter, the portal is searched exactly.
func (x *Index) Nearest(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) ([]crm.Hit, error) {
	hits, err := x.nearest(ctx, vec, view, f, n)
	if err != nil {
		return nil, fmt.Errorf("pgvector: nearest in portal %d: %w", f.Portal, err)
	}
	return hits, nil
}

// Cosines is Nearest without the order.
func (x *Index) Cosines(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) (crm.Cosines, error) {
	hits, err := x.Nearest(ctx, vec, view, f, n)
	return crm.CosinesOf(hits), err
}

func (x *Index) nearest(ctx context.Context, vec []float32, view crm.View, f crm.Filter, n int) ([]crm.Hit, error) {
	q := search{vec: vec, view: view, f: f, n: max(n, 0)}
	var w *wideness
	if f.Wide && n > 0 {
		w = &wideness{portal: f.Portal, view: view, n: n, visits: x.store.visits}
	}
	var hits []crm.Hit
	var key indexedPortal
	approximate := false
	ask := question{portal: f.Portal, wide: w, rows: collectHits(&hits, cosine)}
	ask.make = func(s *statement, g generation) error {
		key = indexedPortal{g.id, f.Portal, column(view)}
		_, approximate = x.store.indexed.Load(key)
		approximate = approximate && w != nil
		return q.write(s, g, approximate)
	}
	if err := x.read(ctx, ask); err != nil {
		return nil, err
	}
	if w != nil && w.indexed {
		x.store.indexed.Store(key, true) // another process has built it: the next question uses it
	}
	if approximate && len(hits) < n {
		ask.make = func(s *statement, g generation) error { return q.write(s, g, false) }
		if err := x.read(ctx, ask); err != nil {
			return nil, err
		}
	}
	return hits, nil
}

// search is a question to the vectors.
type search struct {
	vec  []float32
	view crm.View
	f    crm.Filter
	n    int
}

// write makes the statement. An exact search orders by the distance plus nothing, which no index can give. An approximate one takes the rows as the index gives them
// and brings equally near ones into order.
func (q search) write(s *statement, g generation, approximate bool) error {
	if q.view != crm.ItemView && (q.view != crm.WindowView || !g.Windows) {
		return fmt.Errorf("generation %s has no view %d: %w", g.Name, q.view, crm.ErrInvalid)
	}
	if !crm.ValidVector(q.vec, g.Dimension) {
		return fmt.Errorf("a question's vector of %d dimensions for generation %s of %d, or without a direction: %w", len(q.vec), g.Name, g.Dimension, crm.ErrInvalid)
	}
	distance := column(q.view) + " <=> " + s.arg(half(q.vec))
	where, err := s.where(q.f)
	if err != nil {
		return err
	}
	from := " as d from SCHEMA.chunks_N where " + where + " order by d"
	if approximate {
		s.sql.WriteString("select chunk, d from (select chunk, " + distance + from + " limit " + s.arg(q.n) + ") nearest order by d, chunk")
	} else {
		s.sql.WriteString("select chunk, (" + distance + ") + 0" + from + ", chunk limit " + s.arg(q.n))
	}
	return nil
}

func column(v crm.View) string {
	if v == crm.WindowView {
		return "win"
	}
	return "item"
}

func cosine(distance float64) float64 { return 1 - distance }

// collectHits reads rows of a chunk and a number, of which score makes the hit's score.
func collectHits(hits *[]crm.Hit, score func(float64) float64) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		*hits = nil // of a question that is asked again
		var id pgtype.UUID
		var n float64
		var digits [32]byte
		_, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error {
			hex.Encode(digits[:], id.Bytes[:])
			*hits = append(*hits, crm.Hit{Chunk: string(digits[:]), Score: score(n)})
			return nil
		})
		return err
	}
}

// half makes a vector of unit length in half precision of a valid one: its cosines are the same, and no number is too large or too small for the type.
func half(v []float32) pgvector.HalfVector {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	norm := math.Sqrt(sum)
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / norm)
	}
	return pgvector.NewHalfVector(out)
}
