package main

import (
	"context"
	"errors"
	"time"
)

// reconciling makes the index agree with the store now and then, whatever the reason was that it did not: a crash between both, a restored backup, a lost file.
type reconciling struct{ s *service }

const (
	reconcileFirst = 10 * time.Minute // after the start
	reconcileEvery = 24 * time.Hour
)

func (r *reconciling) run(ctx context.Context) error {
	return periodically(ctx, reconcileFirst, reconcileEvery, func() {
		for _, portal := range r.s.portals {
			report, err := r.s.index.Reconcile(ctx, "", portal, true)
			switch {
			case errors.Is(err, context.Canceled):
			case err != nil:
				r.s.log.Warn("the index could not be compared with the store; it is tried again", "portal", portal, "cause", err)
			case report.Mended > 0:
				r.s.log.Warn("the index differed from the store and was mended", "portal", portal, "missing", report.Missing, "stale", report.Stale, "moved", report.Moved, "orphans", report.Orphans)
			}
		}
	})
}
