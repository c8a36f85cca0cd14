package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// The types below only rename what one package offers into what another one asks for; none of them decides anything.

// lister lists a portal's objects with its HubSpot client, in the lane of backfills.
type lister map[crm.PortalID]*hubspot.Client

func (l lister) List(ctx context.Context, portal crm.PortalID, t crm.ObjectType, after string) (indexer.Page, error) {
	client, ok := l[portal]
	if !ok {
		_, err := portals(nil).of(portal)
		return indexer.Page{}, err
	}
	p, err := client.List(hubspot.WithLane(ctx, crm.BackfillLane), t, after, 0)
	return indexer.Page{Activities: p.Activities, Records: p.Records, Memberships: p.Memberships, Next: p.Next}, err
}

// cursors keeps the indexer's cursors in the store.
type cursors struct{ db *store.DB }

func (c cursors) Cursor(ctx context.Context, portal crm.PortalID, name string) (string, int, bool, error) {
	cur, err := c.db.Cursor(ctx, portal, name)
	return cur.Value, int(cur.Done), cur.Finished, err
}

func (c cursors) KeepCursor(ctx context.Context, portal crm.PortalID, name, after string, done int, finished bool) error {
	return c.db.KeepCursor(ctx, portal, store.Cursor{Name: name, Value: after, Done: int64(done), Finished: finished}, nil)
}

// reads is the store as the web package asks for it.
type reads struct{ *store.DB }

func (r reads) Proposals(ctx context.Context, f web.SuggestionFilter, cursor string, limit int) ([]crm.Proposal, string, error) {
	return r.Suggestions(ctx, store.SuggestionFilter(f), cursor, limit)
}

func (r reads) Beside(ctx context.Context, f web.SuggestionFilter, id string) (before, behind string, err error) {
	return r.DB.Beside(ctx, store.SuggestionFilter(f), id)
}

func (r reads) WorkRows(ctx context.Context, f web.WorkFilter, cursor string, limit int) ([]crm.WorkRow, string, error) {
	return r.DB.WorkRows(ctx, store.WorkFilter(f), cursor, limit)
}

func (r reads) Redrive(ctx context.Context, f web.WorkFilter, by crm.Actor) (int, error) {
	return r.DB.Redrive(ctx, store.WorkFilter(f), by)
}

func (r reads) BuryRows(ctx context.Context, f web.WorkFilter, cause string, by crm.Actor) (int, error) {
	return r.DB.BuryRows(ctx, store.WorkFilter(f), cause, by)
}

// Status implements web.StatusReader.
func (r reads) Status(ctx context.Context, portal crm.PortalID) (web.Status, error) {
	st, err := r.DB.Status(ctx, portal)
	if err != nil {
		return web.Status{}, err
	}
	coverage, err := r.Coverage(ctx, portal)
	if err != nil {
		return web.Status{}, err
	}
	return web.Status{Events: web.EventCounts(st.Events), Work: st.Work, OldestSeconds: st.OldestSeconds, Undecoded: st.Undecoded, Coverage: coverage}, nil
}

// TimelinePage implements web.History. Its cursor is how many were shown.
func (r reads) TimelinePage(ctx context.Context, record crm.Ref, since time.Time, cursor string, limit int) ([]crm.Stored, string, error) {
	shown := 0
	if cursor != "" {
		var err error
		if shown, err = strconv.Atoi(cursor); err != nil || shown < 0 {
			return nil, "", fmt.Errorf("cursor %q: not one of ours: %w", cursor, crm.ErrInvalid)
		}
	}
	all, err := r.Timeline(ctx, record, since, shown+limit+1)
	if err != nil || len(all) <= shown {
		return nil, "", err
	}
	if page := all[shown:]; len(page) > limit {
		return page[:limit], strconv.Itoa(shown + limit), nil
	}
	return all[shown:], "", nil
}

// readWriter is one portal's HubSpot, both ways.
type readWriter struct {
	*hubspot.Client
	*hubspot.Writer
	db *store.DB
}

// Recognise implements engine.Writer: it holds in this process, and after a restart.
func (w readWriter) Recognise(ctx context.Context, portal crm.PortalID, app string) error {
	if err := w.db.KeepOwnApp(ctx, portal, app); err != nil {
		return err
	}
	return w.Writer.Recognise(ctx, portal, app)
}

// asked answers people's questions and remembers them, so that another generation of the index can be tried with them.
type asked struct {
	*searcher
	db *store.DB
}

// Retrieve implements web.Retriever.
func (a asked) Retrieve(ctx context.Context, q crm.Question) (crm.Context, error) {
	found, err := a.searcher.Retrieve(ctx, q)
	if err != nil || q.Text == web.GeneralQuestion { // which nobody asked
		return found, err
	}
	return found, a.db.KeepQuery(ctx, q.Portal, q.Account, q.Text)
}
