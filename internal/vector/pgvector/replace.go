package pgvector

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/contextd/contextd/internal/crm"
)

// change is what a batch does to one activity. It applies unless the stored version is newer than guard.
type change struct {
	kept  *crm.Kept
	guard int64
}

func (c change) removes() bool { return len(c.kept.Chunks) == 0 || len(c.kept.Accounts) == 0 }

// plan brings a batch to one change per activity, as if its elements were applied one after the other: an older version behind a newer one is left out; behind a
// removal, or behind one without a time, it applies whenever that does.
func plan(batch []crm.Kept) map[crm.PortalID]map[string]change {
	out := map[crm.PortalID]map[string]change{}
	for i := range batch {
		k := &batch[i]
		ref, modified := k.Activity.Ref, k.Activity.Modified
		if out[ref.Portal] == nil {
			out[ref.Portal] = map[string]change{}
		}
		next := change{k, modified.UnixMicro()}
		if modified.IsZero() {
			next.guard = math.MaxInt64
		}
		if prev, ok := out[ref.Portal][ref.Path()]; ok {
			before := prev.kept.Activity.Modified
			if !prev.removes() && !before.IsZero() && !modified.IsZero() && modified.UnixMicro() < before.UnixMicro() {
				continue
			}
			next.guard = max(next.guard, prev.guard)
		}
		out[ref.Portal][ref.Path()] = next
	}
	return out
}

// Replace makes each activity's chunks the only ones of it, in one transaction for the batch.
func (x *Index) Replace(ctx context.Context, batch []crm.Kept) error {
	if len(batch) == 0 {
		return nil
	}
	changes := plan(batch)
	var large []crm.PortalID
	g, err := x.write(ctx, func(tx pgx.Tx, g generation) error {
		large = large[:0]
		for i := range batch {
			if err := refuse(&batch[i], g); err != nil {
				return err
			}
		}
		for _, portal := range slices.Sorted(maps.Keys(changes)) {
			w := portalWrite{tx: tx, schema: x.store.schema, id: g.id, portal: portal, windows: g.Windows}
			chunks, err := w.replace(ctx, changes[portal])
			if err != nil {
				return fmt.Errorf("portal %d: %w", portal, err)
			}
			if x.store.above >= 0 && chunks > x.store.above {
				large = append(large, portal)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("pgvector: replace %d activities: %w", len(batch), err)
	}
	for _, portal := range large {
		if err := x.store.approximate(ctx, g, portal); err != nil {
			return fmt.Errorf("pgvector: %w", err)
		}
	}
	return nil
}

// write runs a change in a transaction that holds its generation: it cannot be dropped meanwhile, and a live one stays the live one until the commit.
func (x *Index) write(ctx context.Context, change func(pgx.Tx, generation) error) (generation, error) {
	var g generation
	err := pgx.BeginFunc(ctx, x.store.pool, func(tx pgx.Tx) error {
		where, args := "live", []any(nil)
		if !x.live {
			where, args = "id = $1", []any{x.last.Load().id}
		}
		rows, err := tx.Query(ctx, "select "+generationColumns+" from "+x.store.schema+".generations where "+where+" for share", args...)
		if err != nil {
			return err
		}
		if g, err = pgx.CollectExactlyOneRow(rows, scanGeneration); err != nil {
			return err
		}
		return change(tx, g)
	})
	return g, classify(ctx, err)
}

// portalWrite is the part of a transaction that belongs to one portal.
type portalWrite struct {
	tx      pgx.Tx
	schema  string
	id      int64
	portal  crm.PortalID
	windows bool
}

func (w portalWrite) sql(text string) string { return numbered(text, w.schema, w.id) }

const setPortal = "select set_config('contextd.portal', $1, true)"

// replace applies the changes of a portal and returns how many chunks it has then. Statistics come last: their row is the only one that all writers of a portal share.
func (w portalWrite) replace(ctx context.Context, changes map[string]change) (int64, error) {
	applied, fresh, err := w.activities(ctx, changes)
	if err != nil {
		return 0, fmt.Errorf("activities: %w", err)
	}
	rows := newColumns(w.windows)
	for _, path := range applied {
		if c := changes[path]; !c.removes() {
			if err := rows.add(c.kept); err != nil {
				return 0, err
			}
		}
	}
	var goneChunks, goneTokens int64
	var b pgx.Batch
	if !fresh {
		b.Queue(w.sql(deleteWords(w.portal)), applied).QueryRow(func(row pgx.Row) error { return row.Scan(&goneChunks, &goneTokens) })
		b.Queue(w.sql("delete from SCHEMA.chunks_N where "+tenant(w.portal)+" and activity = any($1)"), applied)
	}
	if len(rows.chunk) > 0 {
		b.Queue(w.sql(rows.insert(w.portal)), rows.args()...)
	}
	if b.Len() > 0 {
		if err := w.tx.SendBatch(ctx, &b).Close(); err != nil {
			return 0, fmt.Errorf("chunks: %w", err)
		}
	}
	if len(rows.words) > 0 {
		if _, err := w.tx.CopyFrom(ctx, pgx.Identifier{w.schema, w.sql("words_N")}, []string{"chunk", "length", "terms", "counts"}, pgx.CopyFromRows(rows.words)); err != nil {
			return 0, fmt.Errorf("words: %w", err)
		}
	}
	return w.count(ctx, int64(len(rows.words))-goneChunks, rows.tokens-goneTokens)
}

// deleteWords removes the words of activities, while their chunks still stand, and says how many chunks and tokens there were.
func deleteWords(p crm.PortalID) string {
	return "with gone as (delete from SCHEMA.words_N w using SCHEMA.chunks_N c where w.chunk = c.chunk and c.lead and c." + tenant(p) +
		" and c.activity = any($1) returning length) select count(*), coalesce(sum(length), 0) from gone"
}

// count moves the portal's statistics and returns how many chunks it has now.
func (w portalWrite) count(ctx context.Context, chunks, tokens int64) (n int64, err error) {
	err = w.tx.QueryRow(ctx, w.sql("insert into SCHEMA.stats_N as s values ("+w.portal.String()+", $1, $2) on conflict (portal) do update "+
		"set chunks = s.chunks + excluded.chunks, tokens = s.tokens + excluded.tokens returning chunks"), chunks, tokens).Scan(&n)
	return n, err
}

// activities writes the rows of activities and returns those that the changes apply to, and whether all of them are new. The rows are locked in one order by all
// writers, and until the commit: whoever replaces one of them next waits.
func (w portalWrite) activities(ctx context.Context, changes map[string]change) (applied []string, fresh bool, err error) {
	var put, gone columnsOfActivities
	for _, path := range slices.Sorted(maps.Keys(changes)) {
		if c := changes[path]; c.removes() {
			gone.add(w.portal, path, c)
		} else {
			put.add(w.portal, path, c)
		}
	}
	var b pgx.Batch
	b.Queue(setPortal, w.portal.String())
	if len(gone.path) > 0 {
		b.Queue(w.sql("select from SCHEMA.activities_N where "+tenant(w.portal)+" and activity = any($1) order by activity for update"), slices.Sorted(maps.Keys(changes)))
		b.Queue(w.sql("delete from SCHEMA.activities_N a using unnest($1::text[], $2::bigint[]) as g (activity, guard) where a."+tenant(w.portal)+
			" and a.activity = g.activity and (a.modified is null or a.modified <= g.guard) returning a.activity"), gone.path, gone.guard).
			Query(func(rows pgx.Rows) error {
				paths, err := pgx.CollectRows(rows, pgx.RowTo[string])
				applied = append(applied, paths...)
				return err
			})
	}
	fresh = len(gone.path) == 0
	if len(put.path) > 0 {
		b.Queue(w.sql(putActivities(w.portal)), put.path, put.guard, put.modified, put.digest, put.chunks, put.accounts, put.people).Query(func(rows pgx.Rows) error {
			var path string
			var isNew bool
			_, err := pgx.ForEachRow(rows, []any{&path, &isNew}, func() error {
				applied, fresh = append(applied, path), fresh && isNew
				return nil
			})
			return err
		})
	}
	return applied, fresh, w.tx.SendBatch(ctx, &b).Close()
}

// putActivities reports each activity that it wrote, and whether there was none before: a row that was not locked by an update has no xmax.
func putActivities(p crm.PortalID) string {
	return "insert into SCHEMA.activities_N as a (portal, activity, modified, digest, chunks, accounts, people) select " + p.String() +
		", activity, modified, digest, chunks, " + split("accounts") + ", " + split("people") +
		" from unnest($1::text[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::text[]) as g (activity, modified, digest, chunks, accounts, people)" +
		" order by activity on conflict (portal, activity) do update set modified = excluded.modified, digest = excluded.digest, chunks = excluded.chunks, accounts = excluded.accounts," +
		" people = excluded.people where a.modified is null or a.modified <= ($2::bigint[])[array_position($1::text[], excluded.activity)] returning activity, xmax = 0"
}
