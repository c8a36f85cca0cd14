package pgvector

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contextd/contextd/internal/crm"
)

// Relink moves an activity's chunks to exactly these accounts and people. The vectors stay on the server. No accounts: the activity is removed.
func (x *Index) Relink(ctx context.Context, activity crm.Ref, accounts, people []crm.Ref) error {
	_, err := x.write(ctx, func(tx pgx.Tx, g generation) error {
		if !validRef(activity, activity.Portal) {
			return fmt.Errorf("not a reference: %w", crm.ErrInvalid)
		}
		if err := refuseRefs(activity.Portal, append(accounts[:len(accounts):len(accounts)], people...)); err != nil {
			return fmt.Errorf("%w: %w", err, crm.ErrInvalid)
		}
		w := portalWrite{tx: tx, schema: x.store.schema, id: g.id, portal: activity.Portal, windows: g.Windows}
		if len(accounts) == 0 {
			return w.remove(ctx, activity)
		}
		return w.relink(ctx, activity, unique(activity.Portal, accounts), unique(activity.Portal, people))
	})
	if err != nil {
		return fmt.Errorf("pgvector: relink %s: %w", activity, err)
	}
	return nil
}

func (w portalWrite) relink(ctx context.Context, activity crm.Ref, accounts, people []string) error {
	found := false
	one := " where " + tenant(w.portal) + " and activity = $1"
	win := ""
	if w.windows {
		win = ", win"
	}
	var b pgx.Batch
	b.Queue(setPortal, w.portal.String())
	b.Queue(w.sql("update SCHEMA.activities_N set accounts = $2, people = $3"+one+" returning true"), activity.Path(), accounts, people).Query(func(rows pgx.Rows) error {
		found = rows.Next()
		return rows.Err()
	})
	same := "portal, chunk, activity, pos, kind, time, created, generated, item" + win
	b.Queue(w.sql("insert into SCHEMA.chunks_N ("+same+", account, lead, people) select "+same+", a.account, false, $3 from SCHEMA.chunks_N, unnest($2::text[]) as a (account)"+
		one+" and lead and chunks_N.account <> a.account on conflict do nothing"), activity.Path(), accounts, people)
	b.Queue(w.sql("delete from SCHEMA.chunks_N"+one+" and account <> all($2::text[])"), activity.Path(), accounts)
	// In two steps: at no moment may two rows of a chunk lead.
	b.Queue(w.sql("update SCHEMA.chunks_N set lead = false, people = $3"+one+" and account <> $2 and (lead or people <> $3)"), activity.Path(), accounts[0], people)
	b.Queue(w.sql("update SCHEMA.chunks_N set lead = true, people = $3"+one+" and account = $2 and (not lead or people <> $3)"), activity.Path(), accounts[0], people)
	if err := w.tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	if !found {
		return crm.ErrNotFound // rolls back, though there was nothing to change
	}
	return nil
}

func (w portalWrite) remove(ctx context.Context, activity crm.Ref) error {
	var b pgx.Batch
	var found bool
	var chunks, tokens int64
	b.Queue(setPortal, w.portal.String())
	b.Queue(w.sql("delete from SCHEMA.activities_N where "+tenant(w.portal)+" and activity = $1 returning true"), activity.Path()).Query(func(rows pgx.Rows) error {
		found = rows.Next()
		return rows.Err()
	})
	b.Queue(w.sql(deleteWords(w.portal)), []string{activity.Path()}).QueryRow(func(row pgx.Row) error { return row.Scan(&chunks, &tokens) })
	b.Queue(w.sql("delete from SCHEMA.chunks_N where "+tenant(w.portal)+" and activity = $1"), activity.Path())
	if err := w.tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	if !found {
		return crm.ErrNotFound
	}
	_, err := w.count(ctx, -chunks, -tokens)
	return err
}
