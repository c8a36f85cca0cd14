package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/prompts"
)

// repeating has runs repeated whose time has come though nothing happened: a day that somebody named has passed, or nobody has been heard for too long.
type repeating struct {
	s     *service
	after map[string]string // by portal, workflow and type: how far the looking has come; a restart begins anew
}

// look marks the next subjects that no run of a workflow has looked at, for workflows that want to see all of them, once the portal's history has been read; it tells how many
// records it has gone through.
func (r *repeating) look(ctx context.Context, portal crm.PortalID) (seen int, err error) {
	all, err := r.s.db.Cursors(ctx, portal)
	if err != nil {
		return 0, err
	}
	all = slices.DeleteFunc(all, func(c store.Cursor) bool { return !strings.HasPrefix(c.Name, indexer.CursorName("")) })
	if len(all) == 0 || slices.ContainsFunc(all, func(c store.Cursor) bool { return !c.Finished }) {
		return 0, nil
	}
	if r.after == nil {
		r.after = map[string]string{}
	}
	for _, w := range r.s.workflows {
		if !engine.LooksAtAll(w) {
			continue
		}
		for _, typ := range w.Subjects {
			if !typ.IsRecord() {
				continue
			}
			key := portal.String() + "/" + w.Name + "/" + string(typ)
			records, err := r.s.db.Unseen(ctx, portal, typ, w.Name, r.after[key], repeatMost)
			if err != nil {
				return seen, err
			}
			var marks []crm.Mark
			r.after[key] = ""
			for _, rec := range records {
				if seen++; engine.Takes(w, rec) {
					marks = append(marks, crm.Mark{Portal: portal, Kind: crm.ConsiderWork, Key: engine.ConsiderKey(w.Name, rec.Ref), Lane: crm.BackfillLane})
				}
				if len(records) == repeatMost {
					r.after[key] = rec.Ref.Path()
				}
			}
			if err := r.s.db.Mark(ctx, marks, crm.Claim{}); err != nil {
				return seen, err
			}
		}
	}
	return seen, nil
}

const (
	repeatEvery = time.Minute
	repeatMost  = 50 // runs of a portal at a time: a start after a long pause must not flood the queue
)

func (r *repeating) run(ctx context.Context) error {
	var names []string
	for _, w := range r.s.workflows {
		names = append(names, w.Name)
	}
	// Not at once: a command that opens the data for a moment makes no work.
	return periodically(ctx, repeatEvery, repeatEvery, func() {
		for _, portal := range r.s.portals {
			if _, err := r.look(ctx, portal); err != nil && ctx.Err() == nil {
				r.s.log.Warn("subjects that no run has looked at could not be marked; it is tried again", "portal", portal, "cause", err)
			}
			n, err := r.s.db.Due(ctx, portal, r.s.now(), names, repeatMost)
			switch {
			case errors.Is(err, context.Canceled):
			case err != nil:
				r.s.log.Warn("the runs that are due could not be marked; it is tried again", "portal", portal, "cause", err)
			case n > 0:
				r.s.log.Info("runs are repeated because their time has come", "portal", portal, "runs", n)
			}
		}
	})
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
