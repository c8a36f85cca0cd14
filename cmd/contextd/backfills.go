package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// backfills reads history on demand: whole types as backfill work, named records as index work of everything that is on them.
type backfills struct{ s *service }

// StartBackfill implements web.Backfills.
func (b *backfills) StartBackfill(ctx context.Context, q web.Backfill) (objects int, err error) {
	client, ok := b.s.clients[q.Portal]
	if !ok {
		return 0, fmt.Errorf("portal %s is not configured: hubspot.portal_id: set it with hubspot.token in contextd.yaml or the environment: %w", q.Portal, crm.ErrForbidden)
	}
	if _, err := client.Account(ctx); err != nil && !errors.Is(err, crm.ErrTemporary) { // what is ordered survives an outage; what can never work is refused now
		return 0, reachable(err, b.s.portal(q.Portal))
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
		switch {
		case errors.Is(err, crm.ErrNotFound):
		case err != nil:
			return 0, err
		case row.State == "running" || row.State == "ready":
			return 0, fmt.Errorf("a backfill of %s is under way: %w", t, crm.ErrConflict)
		}
		marks = append(marks, crm.Mark{Portal: q.Portal, Kind: crm.BackfillWork, Key: string(t), Lane: crm.BackfillLane})
	}
	return -1, b.s.db.Mark(ctx, marks, crm.Claim{})
}

// records marks the records and every activity associated with them. A record that neither HubSpot nor we have is a mistake of the caller.
func (b *backfills) records(ctx context.Context, client *hubspot.Client, q web.Backfill) (int, error) {
	found, _, err := client.Records(ctx, q.Records)
	if err != nil {
		return 0, reachable(err, b.s.portal(q.Portal))
	}
	var refs []crm.Ref
	for _, r := range q.Records {
		if !slices.ContainsFunc(found, func(f crm.Record) bool { return f.Ref == r }) {
			if _, err := b.s.db.Record(ctx, r); err != nil { // what we have and HubSpot has not is looked at again: it was deleted
				return 0, fmt.Errorf("%s in HubSpot: %w", r.Path(), err)
			}
		}
		refs = append(refs, r)
	}
	activities, err := client.ActivitiesOf(ctx, q.Records, q.Objects)
	if err != nil {
		return 0, reachable(err, b.s.portal(q.Portal))
	}
	return b.mark(ctx, q, append(refs, activities...))
}

// changed marks what was changed since a moment, newest types first as far as the limit goes.
func (b *backfills) changed(ctx context.Context, client *hubspot.Client, q web.Backfill) (int, error) {
	var refs []crm.Ref
	for _, t := range indexer.BackfillOrder() {
		if len(q.Objects) > 0 && !slices.Contains(q.Objects, t) {
			continue
		}
		for listed, err := range client.Changed(hubspot.WithLane(ctx, crm.BackfillLane), t, q.Since) {
			if err != nil {
				return 0, reachable(err, b.s.portal(q.Portal))
			}
			if refs = append(refs, listed.Ref); q.Limit > 0 && len(refs) == q.Limit {
				return b.mark(ctx, q, refs)
			}
		}
	}
	return b.mark(ctx, q, refs)
}

// mark orders the first objects of refs, as many as the limit allows, and says how many.
func (b *backfills) mark(ctx context.Context, q web.Backfill, refs []crm.Ref) (int, error) {
	if q.Limit > 0 {
		refs = refs[:min(q.Limit, len(refs))]
	}
	var marks []crm.Mark
	for _, r := range refs {
		kind := crm.RecordWork
		if r.Type.IsActivity() {
			kind = crm.IndexWork
		}
		marks = append(marks, crm.Mark{Portal: r.Portal, Kind: kind, Key: r.Path(), Lane: crm.BackfillLane})
	}
	return len(refs), b.s.db.Mark(ctx, marks, crm.Claim{})
}

// portal is a configured portal; zero for another one.
func (s *service) portal(id crm.PortalID) PortalConfig {
	for _, p := range s.cfg.AllPortals() {
		if p.PortalID == id {
			return p
		}
	}
	return PortalConfig{PortalID: id}
}

// givenUp counts the objects of each type that were listed, tried and given up.
func (b *backfills) givenUp(ctx context.Context, portal crm.PortalID) (map[crm.ObjectType]int64, error) {
	out := map[crm.ObjectType]int64{}
	for _, kind := range []crm.WorkKind{crm.RecordWork, crm.IndexWork} {
		for cursor := ""; ; {
			rows, next, err := reads{b.s.db}.WorkRows(ctx, web.WorkFilter{Portal: portal, Kind: kind, State: "buried"}, cursor, 200)
			if err != nil {
				return nil, err
			}
			for _, r := range rows {
				typ, _, _ := strings.Cut(r.Key, "/")
				out[crm.ObjectType(typ)]++
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return out, nil
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
	failed, err := b.givenUp(ctx, portal)
	if err != nil {
		return nil, err
	}
	var out []web.Progress
	for _, t := range indexer.BackfillOrder() {
		row, err := b.s.db.Row(ctx, portal, crm.BackfillWork, string(t))
		if errors.Is(err, crm.ErrNotFound) {
			continue // never asked for
		}
		if err != nil {
			return nil, err
		}
		c := byName[indexer.CursorName(t)]
		p := web.Progress{Object: t, State: "queued", Listed: c.Done, Failed: min(failed[t], c.Done), LastError: row.LastError}
		p.Indexed = p.Listed - p.Failed
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
