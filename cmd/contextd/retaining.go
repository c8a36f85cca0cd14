package main

import (
	"context"
	"errors"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// retaining erases texts whose time has come, in the portals that set one.
type retaining struct{ s *service }

// retainEvery is often enough for times that are told in days.
const retainEvery = time.Hour

func (r *retaining) run(ctx context.Context) error {
	return periodically(ctx, 2*time.Minute, retainEvery, func() {
		if err := r.once(ctx, r.s.now()); err != nil && !errors.Is(err, context.Canceled) {
			r.s.log.Warn("texts whose time has come could not be erased; it is tried again", "cause", err)
		}
	})
}

func (r *retaining) once(ctx context.Context, now time.Time) error {
	gone := 0
	for _, p := range r.s.cfg.AllPortals() {
		for _, what := range crm.RetainedTexts() {
			days := p.keepDays(what)
			if days == 0 {
				continue
			}
			n, err := r.s.db.Retain(ctx, p.PortalID, what, now.AddDate(0, 0, -days))
			if gone += n; err != nil {
				return err
			}
			if n > 0 {
				r.s.log.Info("texts were erased: their time had come", "portal", p.PortalID, "what", string(what), "count", n, "days", days)
			}
		}
	}
	if gone == 0 {
		return nil
	}
	return r.s.db.Checkpoint(ctx) // no byte of them is left in the log, either
}
