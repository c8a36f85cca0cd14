package hubspot

import (
	"context"

	"github.com/contextd/contextd/internal/crm"
)

type laneKey struct{}

// WithLane says for which lane the requests under this context compete for the quota. Without it they are live.
func WithLane(ctx context.Context, lane crm.Lane) context.Context {
	return context.WithValue(ctx, laneKey{}, lane)
}

func laneOf(ctx context.Context) crm.Lane {
	if lane, ok := ctx.Value(laneKey{}).(crm.Lane); ok && lane > crm.LiveLane && lane <= crm.BackfillLane {
		return lane
	}
	return crm.LiveLane
}
