package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// Bounds of what is read to find out whether a record that no run has looked at has its time: the newest activities of a month and a half, and days that passed lately.
const (
	firstDepth = 20
	firstPast  = 45 * 24 * time.Hour
	passedAgo  = 14 * 24 * time.Hour
)

// LooksByTime reports whether a workflow has a trigger by time: a silence, or a day that passes.
func LooksByTime(w prompts.Workflow) bool {
	return slices.ContainsFunc(w.Triggers, func(t prompts.Trigger) bool { return t.On == "silence" || t.On == "date" })
}

// HasItsTime reports whether a trigger by time of a workflow holds now for a record: nobody was heard for as long as it says, or for much longer than they are used to, and it is
// not longer ago than the workflow looks back, or a day that was named lately has passed. No run tells when the time of a record comes that none has looked at.
func (e *Engine) HasItsTime(ctx context.Context, w prompts.Workflow, rec crm.Record) (bool, error) {
	r := e.newRun(w, rec.Ref, crm.Claim{Portal: rec.Ref.Portal}, time.Time{})
	r.record = rec
	var err error
	switch r.account, err = e.History.Account(ctx, rec.Ref); {
	case errors.Is(err, crm.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("account of %s: %w", rec.Ref.Path(), err)
	}
	silences, err := r.silences(ctx, func(f prompts.Finding) bool { return f.Times > 0 })
	if err != nil {
		return false, fmt.Errorf("%s: %w", rec.Ref.Path(), err)
	}
	for _, s := range silences {
		if !s.notable.After(r.now()) && s.since.After(r.since()) {
			return true, nil
		}
	}
	if !slices.ContainsFunc(w.Triggers, func(t prompts.Trigger) bool { return t.On == "date" }) {
		return false, nil
	}
	return r.dayPassed(ctx)
}

// dayPassed reports whether a day that a recent activity of the record names has passed lately.
func (r *run) dayPassed(ctx context.Context) (bool, error) {
	line, err := r.History.Timeline(ctx, r.account, r.now().Add(-firstPast), firstDepth)
	if err != nil {
		return false, fmt.Errorf("timeline: %w", err)
	}
	about := crm.Hearing{Record: r.record.Ref, Account: r.account}
	for _, a := range line {
		if a.Ours || a.Generated || a.TimeUnknown || a.Time.After(r.now()) || !about.About(a.Links) || len(r.w.Retrieve.Kinds) > 0 && !slices.Contains(r.w.Retrieve.Kinds, a.Ref.Type.Kind()) {
			continue
		}
		switch a, err = r.activity(ctx, a.Ref); {
		case errors.Is(err, crm.ErrNotFound):
			continue
		case err != nil:
			return false, fmt.Errorf("read %s: %w", a.Ref.Path(), err)
		}
		for _, d := range datedIn([]crm.Passage{{Text: a.Document.Text, Time: a.Time, Language: a.Document.Language}}, r.zone()) {
			if at := passed(d.Day); at.After(a.Time) && !at.After(r.now()) && r.now().Sub(at) < passedAgo {
				return true, nil
			}
		}
	}
	return false, nil
}
