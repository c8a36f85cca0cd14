package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

// runs starts workflows by hand: as work of the same kind as any other, in the review lane because a person waits.
type runs struct{ s *service }

// StartRun implements web.Runs.
func (r *runs) StartRun(ctx context.Context, q web.RunRequest) (string, error) {
	if err := r.check(ctx, q); err != nil {
		return "", err
	}
	if !q.AsOf.IsZero() {
		return "", fmt.Errorf("as_of: a run that is stored speaks of now; ask with dry_run for a past moment: %w", crm.ErrInvalid)
	}
	key := engine.ConsiderKey(q.Workflow, q.Subject)
	if err := r.s.db.Mark(ctx, []crm.Mark{{Portal: q.Portal, Kind: crm.ConsiderWork, Key: key, Lane: crm.ReviewLane}}, crm.Claim{}); err != nil {
		return "", err
	}
	row, err := r.s.db.Row(ctx, q.Portal, crm.ConsiderWork, key)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s#%d", key, row.Seq)), nil
}

// check refuses what could only fail later: an unknown workflow, a subject it does not take, a subject that is not known.
func (r *runs) check(ctx context.Context, q web.RunRequest) error {
	var names []string
	for _, w := range r.s.workflows {
		names = append(names, w.Name)
		if w.Name != q.Workflow {
			continue
		}
		if !slices.Contains(w.Subjects, q.Subject.Type) {
			return fmt.Errorf("workflow %s: its subjects are %v, not %s: %w", w.Name, w.Subjects, q.Subject.Type, crm.ErrInvalid)
		}
		var err error
		switch {
		case !q.Subject.Type.IsActivity():
			_, err = r.s.db.Record(ctx, q.Subject)
		case q.AsOf.IsZero():
			_, err = r.s.db.Activity(ctx, q.Subject)
		default:
			_, err = r.s.db.ActivityAt(ctx, q.Subject, q.AsOf.Add(-time.Nanosecond)) // it may have gone since
		}
		return err
	}
	return fmt.Errorf("workflow %q: there are %s: %w", q.Workflow, strings.Join(names, ", "), crm.ErrInvalid)
}

// DryRun implements web.Runs.
func (r *runs) DryRun(ctx context.Context, q web.RunRequest) (web.DryRun, error) {
	if err := r.check(ctx, q); err != nil {
		return web.DryRun{}, err
	}
	d, err := r.s.engine.DryRun(ctx, q.Workflow, q.Subject, q.AsOf)
	if err != nil && !errors.Is(err, engine.ErrUnusable) { // that one is shown
		return web.DryRun{}, err
	}
	out := web.DryRun{Proposal: d.Proposal, Passages: d.Passages, PromptText: d.Prompt, Reply: d.Reply}
	for _, c := range d.Checks {
		out.Checks = append(out.Checks, web.RunCheck(c))
	}
	return out, nil
}

// Run implements web.Runs: what became of a run follows from its row and from what it proposed.
func (r *runs) Run(ctx context.Context, portal crm.PortalID, id string) (web.Run, error) {
	notFound := fmt.Errorf("run %s: %w", id, crm.ErrNotFound)
	b, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return web.Run{}, notFound
	}
	key, seqText, _ := strings.Cut(string(b), "#")
	seq, err := strconv.ParseInt(seqText, 10, 64)
	if err != nil {
		return web.Run{}, notFound
	}
	workflow, subject, err := engine.ParseConsiderKey(portal, key)
	if err != nil {
		return web.Run{}, notFound
	}
	row, err := r.s.db.Row(ctx, portal, crm.ConsiderWork, key)
	if err != nil {
		return web.Run{}, err
	}
	out := web.Run{ID: id, Workflow: workflow, Subject: subject, State: "queued", Error: row.LastError}
	claim := row.Claim
	claim.Seq = seq
	if out.Suggestions, err = r.s.db.SuggestionsOf(ctx, claim); err != nil {
		return web.Run{}, err
	}
	switch {
	case row.State == "buried":
		out.State = "dead"
	case len(out.Suggestions) > 0 || row.State == "done":
		out.State, out.Error = "done", ""
	case row.State == "running":
		out.State = "running"
	}
	return out, nil
}
