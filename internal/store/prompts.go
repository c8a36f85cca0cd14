package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/contextd/contextd/internal/crm"
)

// KeepEvaluation records what a version of a prompt reached, in the place of an earlier evaluation of the same.
func (db *DB) KeepEvaluation(ctx context.Context, e crm.PromptEvaluation) error {
	measures, err := encode(e.Measures)
	if err == nil && (e.Portal <= 0 || e.Workflow == "" || e.Version < 1 || e.SHA256 == "" || e.Golden == "" || e.Model == "") {
		err = fmt.Errorf("incomplete: %w", crm.ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("evaluation of %s@%d: %w", e.Workflow, e.Version, err)
	}
	err = db.w.write(ctx, func(t *tx) error {
		actor, err := encode(e.By)
		if err != nil {
			return err
		}
		return errorsOf(
			t.do(`INSERT INTO prompt_evaluations (portal, workflow, version, sha256, golden, model, cases, measures, at, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (portal, workflow, version, sha256, golden, model) DO UPDATE SET cases = excluded.cases, measures = excluded.measures, at = excluded.at, actor = excluded.actor`,
				int64(e.Portal), e.Workflow, e.Version, e.SHA256, e.Golden, e.Model, e.Cases, measures, micros(t.now), actor),
			t.audit(crm.AuditEntry{Action: "prompt.evaluated", Actors: []crm.Actor{e.By}, Portal: e.Portal, Subject: "prompt/" + e.Workflow,
				IDs: map[string]string{"version": strconv.Itoa(e.Version), "model": e.Model}, Hashes: map[string]string{"prompt": e.SHA256, "golden": e.Golden}}))
	})
	if err != nil {
		return fmt.Errorf("evaluation of %s@%d: %w", e.Workflow, e.Version, err)
	}
	return nil
}

// Evaluations lists those of a portal, by workflow and version, the newest first.
func (db *DB) Evaluations(ctx context.Context, portal crm.PortalID) (out []crm.PromptEvaluation, err error) {
	q := "SELECT workflow, version, sha256, golden, model, cases, measures, at, actor FROM prompt_evaluations WHERE portal = ? ORDER BY workflow, version, at DESC, model"
	err = db.r.read(ctx, func(v *view) error {
		return v.each(q, []any{int64(portal)}, func(scan func(...any) error) error {
			e := crm.PromptEvaluation{Portal: portal}
			var measures, actor string
			var at int64
			if err := scan(&e.Workflow, &e.Version, &e.SHA256, &e.Golden, &e.Model, &e.Cases, &measures, &at, &actor); err != nil {
				return err
			}
			e.At = moment(at)
			out = append(out, e)
			last := &out[len(out)-1]
			return errorsOf(decode(measures, &last.Measures), decode(actor, &last.By))
		})
	})
	if err != nil {
		return nil, fmt.Errorf("evaluations of portal %d: %w", portal, err)
	}
	return out, nil
}

// promptDecision is a row of prompt_decisions.
type promptDecision struct {
	crm.PromptLive
	seq, before int64
}

// decided reads a decision, the newest one where seq is 0; crm.ErrNotFound.
func (v *view) decided(portal crm.PortalID, workflow string, seq int64) (d promptDecision, err error) {
	q, args := "SELECT seq, version, before, back, at, actor FROM prompt_decisions WHERE portal = ? AND workflow = ?", []any{int64(portal), workflow}
	if seq > 0 {
		q, args = q+" AND seq = ?", append(args, seq)
	}
	var back, at int64
	var actor string
	if err := v.one(q+" ORDER BY seq DESC LIMIT 1", args, &d.seq, &d.Version, &d.before, &back, &at, &actor); err != nil {
		return d, err
	}
	d.Workflow, d.Back, d.At = workflow, back == 1, moment(at)
	return d, decode(actor, &d.By)
}

// LivePrompt is the version of a workflow's prompt that runs in a portal. Version 0, by nobody, where nobody has decided.
func (db *DB) LivePrompt(ctx context.Context, portal crm.PortalID, workflow string) (live crm.PromptLive, err error) {
	err = db.r.read(ctx, func(v *view) error {
		d, err := v.decided(portal, workflow, 0)
		live = d.PromptLive
		return err
	})
	if errors.Is(err, crm.ErrNotFound) {
		return crm.PromptLive{Workflow: workflow}, nil
	}
	if err != nil {
		return live, fmt.Errorf("live prompt of %s: %w", workflow, err)
	}
	return live, nil
}

// PromotePrompt makes a version live. instead is the version that the decision was made against, 0 for the folder's own: crm.ErrConflict when another one is live meanwhile.
func (db *DB) PromotePrompt(ctx context.Context, e crm.PromptEvaluation, instead int, by crm.Actor) (live crm.PromptLive, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		now, err := t.decided(e.Portal, e.Workflow, 0)
		if err != nil && !errors.Is(err, crm.ErrNotFound) {
			return err
		}
		if now.Version != instead {
			return fmt.Errorf("version %d is live meanwhile: %w", now.Version, crm.ErrConflict)
		}
		live = crm.PromptLive{Workflow: e.Workflow, Version: e.Version, At: t.now, By: by}
		return t.decidePrompt(e.Portal, promptDecision{live, now.seq + 1, now.seq}, now.Version, map[string]string{"prompt": e.SHA256, "golden": e.Golden})
	})
	if err != nil {
		return live, fmt.Errorf("promote %s@%d: %w", e.Workflow, e.Version, err)
	}
	return live, nil
}

// RollBackPrompt makes the version live that was live before the last promotion that still holds; crm.ErrConflict when there is none.
func (db *DB) RollBackPrompt(ctx context.Context, portal crm.PortalID, workflow string, by crm.Actor) (live crm.PromptLive, err error) {
	err = db.w.write(ctx, func(t *tx) error {
		now, err := t.decided(portal, workflow, 0)
		if errors.Is(err, crm.ErrNotFound) || err == nil && now.Version == 0 {
			return fmt.Errorf("no version was promoted: %w", crm.ErrConflict)
		}
		if err != nil {
			return err
		}
		back := promptDecision{PromptLive: crm.PromptLive{Workflow: workflow, At: t.now, By: by, Back: true}, seq: now.seq + 1}
		if now.before > 0 {
			was, err := t.decided(portal, workflow, now.before)
			if err != nil {
				return err
			}
			back.Version, back.before = was.Version, was.before
		}
		live = back.PromptLive
		return t.decidePrompt(portal, back, now.Version, nil)
	})
	if err != nil {
		return live, fmt.Errorf("roll %s back: %w", workflow, err)
	}
	return live, nil
}

func (t *tx) decidePrompt(portal crm.PortalID, d promptDecision, instead int, hashes map[string]string) error {
	actor, err := encode(d.By)
	if err != nil {
		return err
	}
	action, back := "prompt.promoted", 0
	if d.Back {
		action, back = "prompt.rolled_back", 1
	}
	return errorsOf(
		t.do("INSERT INTO prompt_decisions (portal, workflow, seq, version, before, back, at, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", int64(portal), d.Workflow, d.seq, d.Version, d.before,
			back, micros(t.now), actor),
		t.audit(crm.AuditEntry{Action: action, Actors: []crm.Actor{d.By}, Portal: portal, Subject: "prompt/" + d.Workflow,
			IDs: map[string]string{"version": strconv.Itoa(d.Version), "instead": strconv.Itoa(instead)}, Hashes: hashes}))
}
