package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Stops is the stop button for writing to HubSpot. Portal 0 is every portal.
type Stops interface {
	// Stop holds from its return on, and after restarts; a stop that is there keeps its reason.
	Stop(ctx context.Context, portal crm.PortalID, reason string, by crm.Actor) error
	// Resume ends it; crm.ErrNotFound when there is none.
	Resume(ctx context.Context, portal crm.PortalID, by crm.Actor) error
	// Stops lists all, the one of every portal first.
	Stops() []crm.Stop
}

type stopsJSON struct {
	Stops []crm.Stop `json:"stops"`
}

// stopWriting is the stop button: from its answer on no write to HubSpot begins, in the caller's portal or, for a caller who may see all of them, everywhere.
func (s *server) stopWriting(c *gin.Context) {
	var body struct {
		Reason string `json:"reason"`
		All    bool   `json:"all"`
	}
	s.switchWriting(c, &body, &body.All, func(ctx context.Context, portal crm.PortalID, by crm.Actor) error {
		reason := strings.TrimSpace(body.Reason)
		if reason == "" || len(reason) > 500 {
			return fmt.Errorf("reason: say in 1 to 500 bytes why, others will read it: %w", crm.ErrInvalid)
		}
		return s.Stops.Stop(ctx, portal, reason, by)
	})
}

func (s *server) resumeWriting(c *gin.Context) {
	var body struct {
		All bool `json:"all"`
	}
	s.switchWriting(c, &body, &body.All, s.Stops.Resume)
}

func (s *server) switchWriting(c *gin.Context, body any, all *bool, do func(ctx context.Context, portal crm.PortalID, by crm.Actor) error) {
	if err := readJSON(c, body); err != nil {
		s.fail(c, err)
		return
	}
	who := callerOf(c)
	portal := who.portal
	if *all {
		if who.Portal != 0 {
			s.fail(c, fmt.Errorf("all: this token is for portal %s only: %w", who.Portal, crm.ErrForbidden))
			return
		}
		portal = 0
	}
	err := do(c.Request.Context(), portal, who.Actor())
	s.answer(c, http.StatusOK, stopsJSON{s.stopsOf(who.portal)}, err, "stop or resume writing")
}

// stopsOf are those that hold for a portal.
func (s *server) stopsOf(portal crm.PortalID) []crm.Stop {
	out := []crm.Stop{}
	for _, stop := range s.Stops.Stops() {
		if stop.Portal == 0 || stop.Portal == portal {
			out = append(out, stop)
		}
	}
	return out
}
