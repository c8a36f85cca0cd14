package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

// ReviewConfig is what of the review takes place in HubSpot.
type ReviewConfig struct {
	HubSpotStatus string   `koanf:"hubspot_status"`
	HubSpotUsers  []string `koanf:"hubspot_users"`
}

// hubspotUser checks one entry of review.hubspot_users.
func hubspotUser(s string) (string, error) {
	user, role, ok := strings.Cut(s, "=")
	if _, err := digits(user); !ok || err != nil && user != "*" {
		return "", complain("use ID=role, such as 9101=approver, or *=reviewer", "%q does not name a HubSpot user and a role", s)
	}
	if r, err := web.ParseRole(role); err != nil || r != web.Reviewer && r != web.Approver {
		return "", complain("use reviewer or approver", "%q is not a role for decisions in HubSpot", role)
	}
	return s, nil
}

// mayDecide says why a HubSpot user may not approve or reject on a record, "" when they may. An entry of their own goes before that of everybody else.
func (c Config) mayDecide(_ crm.PortalID, user string, approve bool) string {
	needed := web.Reviewer
	if approve {
		needed = web.Approver
	}
	role := web.Role("")
	for _, entry := range c.Review.HubSpotUsers {
		switch who, as, _ := strings.Cut(entry, "="); who {
		case user:
			if web.Role(as).May(needed) {
				return ""
			}
			return fmt.Sprintf("user %s is %s in review.hubspot_users; this needs %s", user, as, needed)
		case "*":
			role = web.Role(as)
		}
	}
	if role.May(needed) {
		return ""
	}
	return fmt.Sprintf("review.hubspot_users lets user %s not do this; it needs %s", user, needed)
}

// signalling keeps crm.ReviewStatus of the records in HubSpot in agreement with what waits.
type signalling struct{ s *service }

const (
	signalEvery = time.Second // coalesces what one burst of events suggests about a record
	signalMost  = 100         // records of a portal at a time
)

func (g *signalling) run(ctx context.Context) error {
	return periodically(ctx, 0, signalEvery, func() {
		if _, err := g.once(ctx); err != nil && !errors.Is(err, context.Canceled) {
			g.s.log.Warn("what waits for a decision could not be shown in HubSpot; it is tried again", "cause", err)
		}
	})
}

// once is one round over the portals that may be written to. It returns how many records there were to write about.
func (g *signalling) once(ctx context.Context) (all int, err error) {
	if g.s.cfg.Review.HubSpotStatus != "on" {
		return 0, nil
	}
	writing := g.s.writing()
	for _, portal := range g.s.portals {
		if writing(portal) != nil {
			continue
		}
		n, err := g.s.db.Signal(ctx, portal, signalMost, g.ready(ctx))
		if err != nil {
			return all, err
		}
		all += n
	}
	return all, nil
}

// ready says of records where HubSpot has refused the property before whether it would take it now, asking once for each type of record: contextd setup hubspot may have made it since.
func (g *signalling) ready(ctx context.Context) func(crm.Ref) bool {
	known := map[crm.ObjectType]bool{}
	return func(record crm.Ref) bool {
		is, asked := known[record.Type]
		if !asked {
			is = engine.SignalProblem(ctx, g.s.takes, record) == ""
			known[record.Type] = is
		}
		return is
	}
}
