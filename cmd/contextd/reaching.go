package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

// reaching knows whether HubSpot lets each portal's token in: it asks at once when the service starts, so that a wrong token is said there and not when the first work fails, and again from
// time to time, since a token may be mended or revoked while the service waits.
type reaching struct {
	s *service

	mu  sync.Mutex
	bad map[crm.PortalID]unreached
}

// unreached is what is the matter with a portal.
type unreached struct {
	problem string
	since   time.Time
}

// How long until HubSpot is asked again, when it does not let us in and when it does.
const (
	askSoon  = 30 * time.Second
	askLater = 10 * time.Minute
)

func (r *reaching) run(ctx context.Context) error {
	var later time.Time
	return periodically(ctx, 0, askSoon, func() {
		ask := r.problems()
		if now := r.s.now(); !now.Before(later) {
			later, ask = now.Add(askLater), slices.Sorted(maps.Keys(r.s.clients))
		}
		for _, portal := range ask {
			r.ask(ctx, portal)
		}
	})
}

// ask asks once and reports whether HubSpot let us in; what changes is logged.
func (r *reaching) ask(ctx context.Context, portal crm.PortalID) bool {
	_, err := r.s.clients[portal].Account(ctx)
	if err != nil && ctx.Err() != nil {
		return true // we are stopping
	}
	if err != nil {
		err = reachable(err, r.s.portal(portal))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	was, had := r.bad[portal]
	switch {
	case err == nil && had:
		delete(r.bad, portal)
		r.s.log.Info("HubSpot lets us in again", "portal", portal)
	case err != nil && (!had || words(err) != was.problem):
		if !had {
			was.since = r.s.now()
		}
		r.bad[portal] = unreached{words(err), was.since}
		r.s.log.Error("HubSpot does not let us in: what needs it waits, webhooks are kept", "portal", portal, "error", err)
	}
	return err == nil
}

// words are an error without what differs from one request to the next.
func words(err error) string {
	var outside *crm.Dependency
	if errors.As(err, &outside) {
		return outside.Words
	}
	return err.Error()
}

// problems lists the portals that HubSpot does not let in.
func (r *reaching) problems() []crm.PortalID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.bad))
}

// of says how a portal stands with HubSpot.
func (r *reaching) of(ctx context.Context, portal crm.PortalID) (web.HubSpot, error) {
	r.mu.Lock()
	bad := r.bad[portal]
	r.mu.Unlock()
	out := web.HubSpot{Problem: bad.problem, Since: bad.since}
	if id := r.s.portal(portal).AppID; id != "" {
		out.Apps = append(out.Apps, web.OwnApp{ID: id})
	}
	learned, err := r.s.db.OwnApps(ctx, portal)
	for _, a := range learned {
		out.Apps = append(out.Apps, web.OwnApp{ID: a.ID, LearnedAt: a.At})
	}
	return out, err
}
