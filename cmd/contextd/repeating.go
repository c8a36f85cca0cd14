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
	"github.com/contextd/contextd/internal/web"
	"github.com/contextd/contextd/prompts"
)

// repeating has runs repeated whose time has come though nothing happened: a day that somebody named has passed, or nobody has been heard for too long.
type repeating struct {
	s     *service
	after map[string]string    // by portal, workflow and type: how far the looking has come; a restart begins anew
	rests map[string]time.Time // until when it rests, having come to the end
}

// look marks the next subjects that no run of a workflow has looked at, once the portal's history has been read: all of them for workflows that want so, else those for which a trigger
// by time holds, such as a deal that was silent already when it was read. No run has told when their time comes. It tells how many records it has gone through.
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
		r.after, r.rests = map[string]string{}, map[string]time.Time{}
	}
	for _, w := range r.s.workflows {
		if !r.looks(w) {
			continue
		}
		for _, typ := range w.Subjects {
			if !typ.IsRecord() {
				continue
			}
			n, err := r.lookAt(ctx, portal, w, typ)
			if seen += n; err != nil {
				return seen, err
			}
		}
	}
	return seen, nil
}

// looks reports whether a workflow's records are gone through. Imported records that were held back when they came are among them: nothing else would ever look at them.
func (r *repeating) looks(w prompts.Workflow) bool {
	if r.s.cfg.Workflows.FirstLooks == "none" {
		return false
	}
	return engine.LooksByTime(w) || engine.LooksAtImports(w) && r.s.costs(w)
}

// lookAt goes on through the records of a type until enough of them were looked at. What is held back is only counted, and anew every hour.
func (r *repeating) lookAt(ctx context.Context, portal crm.PortalID, w prompts.Workflow, typ crm.ObjectType) (seen int, err error) {
	key, every, held := portal.String()+"/"+w.Name+"/"+string(typ), engine.LooksAtAll(w), r.s.heldBack(w)
	if r.rests[key].After(r.s.now()) {
		return 0, nil
	}
	most := repeatMost
	if held { // counting asks nobody
		most = skipMost
	}
	var marks []crm.Mark
	for looked := 0; looked < most && seen < skipMost; {
		records, err := r.s.db.Unseen(ctx, portal, typ, w.Name, r.after[key], most-looked)
		if err != nil {
			return seen, err
		}
		for _, rec := range records {
			seen++
			r.after[key] = rec.Ref.Path()
			if !engine.Takes(w, rec) {
				continue
			}
			looked++
			switch due, err := r.isDue(ctx, w, rec); {
			case err != nil:
				return seen, errors.Join(err, r.s.db.Mark(ctx, marks, crm.Claim{}))
			case due && held:
				r.s.held.add(key, 1)
			case due:
				marks = append(marks, crm.Mark{Portal: portal, Kind: crm.ConsiderWork, Key: engine.ConsiderKey(w.Name, rec.Ref), Lane: crm.BackfillLane})
			}
		}
		if len(records) == 0 {
			r.after[key] = ""
			if held || !every {
				r.rests[key] = r.s.now().Add(lookEvery)
			}
			if held {
				r.tell(portal, key, web.Held{Workflow: w.Name, Type: string(typ), Model: modelOf(r.s.writerOf(w.Name))})
			}
			break
		}
	}
	return seen, r.s.db.Mark(ctx, marks, crm.Claim{})
}

// isDue reports whether a record that a workflow takes is to be looked at now, though nothing happened there.
func (r *repeating) isDue(ctx context.Context, w prompts.Workflow, rec crm.Record) (bool, error) {
	switch {
	case engine.LooksAtAll(w), engine.LooksAtImports(w) && engine.Imported(rec):
		return true, nil
	case !engine.LooksByTime(w):
		return false, nil
	}
	return r.s.engine.HasItsTime(ctx, w, rec)
}

// tell keeps what a walk has counted, and says it once in the log: whoever has just set up a model that costs money reads that.
func (r *repeating) tell(portal crm.PortalID, key string, of web.Held) {
	if told, first := r.s.held.end(key, of); first {
		r.s.log.Warn("first looks wait: their model costs money, and workflows.first_looks is free; contextd status says what they would cost", "portal", portal, "workflow", told.Workflow,
			"records", told.Records, "model", told.Model)
	}
}

const (
	repeatEvery = time.Minute
	repeatMost  = 50        // runs of a portal at a time: a start after a long pause must not flood the queue
	skipMost    = 2000      // records that a workflow does not take are passed over, so many at a time
	lookEvery   = time.Hour // so long after all were looked at nobody's time is asked for again
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
