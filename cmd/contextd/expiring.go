package main

import (
	"context"
	"errors"
	"time"
)

// expiring ends suggestions that nobody has decided about for as long as their workflow lets them wait.
type expiring struct{ s *service }

// expireEvery is often enough for limits that are told in hours.
const expireEvery = 15 * time.Minute

func (e *expiring) run(ctx context.Context) error {
	return periodically(ctx, time.Minute, expireEvery, func() {
		if err := e.once(ctx); err != nil && !errors.Is(err, context.Canceled) {
			e.s.log.Warn("old suggestions could not be ended; it is tried again", "cause", err)
		}
	})
}

func (e *expiring) once(ctx context.Context) error {
	for _, portal := range e.s.portals {
		for _, w := range e.s.workflows {
			n, err := e.s.db.Expire(ctx, portal, w.Name, e.s.now().Add(-w.Policy.Expiry()))
			if err != nil {
				return err
			}
			if n > 0 {
				e.s.log.Info("suggestions expired: nobody decided about them", "portal", portal, "workflow", w.Name, "count", n, "after", w.Policy.Expiry())
			}
		}
	}
	return nil
}
