package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// repeating has runs repeated whose time has come though nothing happened: a day that somebody named has passed, or nobody has been heard for too long.
type repeating struct{ s *service }

const (
	repeatEvery = time.Minute
	repeatMost  = 50 // runs of a portal at a time: a start after a long pause must not flood the queue
)

func (r *repeating) run(ctx context.Context) error {
	var names []string
	for _, w := range r.s.workflows {
		names = append(names, w.Name)
	}
	tick := time.NewTicker(repeatEvery)
	defer tick.Stop()
	for { // not before the first tick: a command that opens the data for a moment makes no work
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		for _, portal := range r.s.portals {
			n, err := r.s.db.Due(ctx, portal, r.s.now(), names, repeatMost)
			switch {
			case errors.Is(err, context.Canceled):
			case err != nil:
				r.s.log.Warn("the runs that are due could not be marked; it is tried again", "portal", portal, "cause", err)
			case n > 0:
				r.s.log.Info("runs are repeated because their time has come", "portal", portal, "runs", n)
			}
		}
	}
}

// triggered are the workflows with the measures of usage of the configuration in their triggers: prompts.UsageProperties stands for them.
func (s *service) triggered() []prompts.Workflow {
	out := slices.Clone(s.workflows)
	for i := range out {
		out[i].Triggers = slices.Clone(out[i].Triggers)
		for j := range out[i].Triggers {
			t := &out[i].Triggers[j]
			if at := slices.Index(t.Properties, prompts.UsageProperties); at >= 0 && (t.Type == "" || t.Type == crm.Companies) {
				t.Properties = slices.Concat(t.Properties[:at], s.cfg.Workflows.Usage, t.Properties[at+1:])
			}
		}
	}
	return out
}
