package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// backfills reads history on demand: whole types as backfill work, named records as index work of everything that is on them.
type backfills struct{ s *service }

// StartBackfill implements web.Backfills.
func (b *backfills) StartBackfill(ctx context.Context, q web.Backfill) error {
	client, ok := b.s.clients[q.Portal]
	if !ok {
		_, err := portals(nil).of(q.Portal)
		return err
	}
	switch {
	case len(q.Records) > 0:
		return b.records(ctx, client, q)
	case !q.Since.IsZero() || q.Limit > 0:
		return b.changed(ctx, client, q)
	}
	types := q.Objects
	if len(types) == 0 {
		types = indexer.BackfillOrder()
	}
	var marks []crm.Mark
	for _, t := range types {
		row, err := b.s.db.Row(ctx, q.Portal, crm.BackfillWork, string(t))
		if err == nil && (row.State == "running" || row.State == "ready") {
			return fmt.Errorf("a backfill of %s is under way: %w", t, crm.ErrConflict)
		}
		marks = append(marks, crm.Mark{Portal: q.Portal, Kind: crm.BackfillWork, Key: string(t), Lane: crm.BackfillLane})
	}
	return b.s.db.Mark(ctx, marks, crm.Claim{})
}

// records marks the records and every activity associated with them.
func (b *backfills) records(ctx context.Context, client *hubspot.Client, q web.Backfill) error {
	var marks []crm.Mark
	for _, r := range q.Records {
		marks = append(marks, crm.Mark{Portal: r.Portal, Kind: crm.RecordWork, Key: r.Path(), Lane: crm.BackfillLane})
	}
	activities, err := client.ActivitiesOf(ctx, q.Records, q.Objects)
	if err != nil {
		return err
	}
	return b.mark(ctx, q, activities, marks)
}

// changed marks what was changed since a moment, newest types first as far as the limit goes.
func (b *backfills) changed(ctx context.Context, client *hubspot.Client, q web.Backfill) error {
	var refs []crm.Ref
	for _, t := range indexer.BackfillOrder() {
		if len(q.Objects) > 0 && !slices.Contains(q.Objects, t) {
			continue
		}
		for listed, err := range client.Changed(hubspot.WithLane(ctx, crm.BackfillLane), t, q.Since) {
			if err != nil {
				return err
			}
			if refs = append(refs, listed.Ref); q.Limit > 0 && len(refs) == q.Limit {
				return b.mark(ctx, q, refs, nil)
			}
		}
	}
	return b.mark(ctx, q, refs, nil)
}

func (b *backfills) mark(ctx context.Context, q web.Backfill, refs []crm.Ref, marks []crm.Mark) error {
	for _, r := range refs {
		kind := crm.RecordWork
		if r.Type.IsActivity() {
			kind = crm.IndexWork
		}
		marks = append(marks, crm.Mark{Portal: r.Portal, Kind: kind, Key: r.Path(), Lane: crm.BackfillLane})
		if q.Limit > 0 && len(marks) >= q.Limit {
			break
		}
	}
	return b.s.db.Mark(ctx, marks, crm.Claim{})
}

// BackfillProgress implements web.Backfills.
func (b *backfills) BackfillProgress(ctx context.Context, portal crm.PortalID) ([]web.Progress, error) {
	all, err := b.s.db.Cursors(ctx, portal)
	if err != nil {
		return nil, err
	}
	byName := map[string]store.Cursor{}
	for _, c := range all {
		byName[c.Name] = c
	}
	var out []web.Progress
	for _, t := range indexer.BackfillOrder() {
		row, err := b.s.db.Row(ctx, portal, crm.BackfillWork, string(t))
		if err != nil {
			continue // never asked for
		}
		c := byName[indexer.CursorName(t)]
		p := web.Progress{Object: t, State: "queued", Listed: c.Done, Indexed: c.Done, LastError: row.LastError}
		switch row.State {
		case "running":
			p.State = "running"
		case "buried":
			p.State = "failed"
		case "done":
			p.State, p.FinishedAt, p.LastError = "done", c.Updated, ""
		}
		out = append(out, p)
	}
	return out, nil
}
