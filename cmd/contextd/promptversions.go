package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
	goldens "github.com/contextd/contextd/internal/evals/workflows"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/web"
	"github.com/contextd/contextd/prompts"
)

// promptVersions governs which version of each workflow's prompt runs in a portal: a version is a draft until its golden cases were run with the model that would write,
// and goes live only when it is not worse than the one that is.
type promptVersions struct{ s *service }

// live is the number of the version that runs in a portal, for the engine: 0 is the folder's own.
func (p *promptVersions) live(ctx context.Context, portal crm.PortalID, workflow string) (int, error) {
	l, err := p.s.db.LivePrompt(ctx, portal, workflow)
	return l.Version, err
}

func (p *promptVersions) workflow(name string, version int) (prompts.Workflow, error) {
	for _, w := range p.s.workflows {
		if w.Name == name {
			return w.At(version)
		}
	}
	return prompts.Workflow{}, fmt.Errorf("workflow %q does not exist: %w", name, crm.ErrNotFound)
}

// writer is the model that writes for a workflow, as a run finds it.
func (p *promptVersions) writer(w prompts.Workflow) (model.Completer, error) {
	for _, key := range []string{w.Name, w.Model, ""} {
		if m := p.s.engine.Models[key]; m != nil {
			return m, nil
		}
	}
	return nil, fmt.Errorf("workflow %s has no model: %w", w.Name, crm.ErrInvalid)
}

// PromptVersions implements web.Prompts.
func (p *promptVersions) PromptVersions(ctx context.Context, portal crm.PortalID) ([]web.PromptVersion, error) {
	all, err := p.s.db.Evaluations(ctx, portal)
	if err != nil {
		return nil, err
	}
	var out []web.PromptVersion
	for _, w := range p.s.workflows {
		for _, v := range w.Versions {
			at, err := w.At(v.Number)
			if err != nil {
				return nil, err
			}
			shown, err := p.show(ctx, portal, at, all)
			if err != nil {
				return nil, err
			}
			out = append(out, shown)
		}
	}
	return out, nil
}

// PromptVersion implements web.Prompts.
func (p *promptVersions) PromptVersion(ctx context.Context, portal crm.PortalID, workflow string, version int) (web.PromptVersion, error) {
	w, err := p.workflow(workflow, version)
	if err != nil {
		return web.PromptVersion{}, err
	}
	all, err := p.s.db.Evaluations(ctx, portal)
	if err != nil {
		return web.PromptVersion{}, err
	}
	out, err := p.show(ctx, portal, w, all)
	for _, v := range w.Versions {
		if v.Number == version {
			out.Text = v.Text
		}
	}
	return out, err
}

func (p *promptVersions) show(ctx context.Context, portal crm.PortalID, w prompts.Workflow, all []crm.PromptEvaluation) (web.PromptVersion, error) {
	out := web.PromptVersion{Workflow: w.Name, Version: w.Version, SHA256: w.SHA256, Origin: w.Origin, State: "draft"}
	m, err := p.writer(w)
	if err != nil {
		return out, err
	}
	out.Model = m.Name()
	for _, e := range all {
		if e.Workflow == w.Name && e.Version == w.Version {
			out.Evaluations = append(out.Evaluations, e)
		}
	}
	if evaluated(all, w, m) != nil {
		out.State = "evaluated"
	}
	live, number, err := p.liveOf(ctx, portal, w.Name)
	if err == nil && number == w.Version {
		out.State = "live"
		if live.Version > 0 {
			out.Live = &live
		}
	}
	return out, err
}

// liveOf is what was decided in a portal, and the version that runs by it.
func (p *promptVersions) liveOf(ctx context.Context, portal crm.PortalID, workflow string) (crm.PromptLive, int, error) {
	live, err := p.s.db.LivePrompt(ctx, portal, workflow)
	if err != nil || live.Version > 0 {
		return live, live.Version, err
	}
	for _, w := range p.s.workflows {
		if w.Name == workflow {
			return live, w.Version, nil
		}
	}
	return live, 0, fmt.Errorf("workflow %q does not exist: %w", workflow, crm.ErrNotFound)
}

// evaluated finds the figures of a version as it is now, on the cases as they are, with a model; nil when nobody has measured them.
func evaluated(all []crm.PromptEvaluation, w prompts.Workflow, m model.Completer) *crm.PromptEvaluation {
	for i, e := range all {
		if e.Workflow == w.Name && e.Version == w.Version && e.SHA256 == w.SHA256 && e.Golden == w.GoldenSHA && e.Model == m.Name() {
			return &all[i]
		}
	}
	return nil
}

// EvaluatePrompt implements web.Prompts.
func (p *promptVersions) EvaluatePrompt(ctx context.Context, portal crm.PortalID, workflow string, version int, by crm.Actor) (web.PromptVersion, error) {
	w, err := p.workflow(workflow, version)
	if err != nil {
		return web.PromptVersion{}, err
	}
	m, err := p.writer(w)
	if err != nil {
		return web.PromptVersion{}, err
	}
	todo := []prompts.Workflow{w}
	_, number, err := p.liveOf(ctx, portal, workflow)
	if err != nil {
		return web.PromptVersion{}, err
	}
	if live, gone := w.At(number); gone == nil && number != version { // a live version without a file has nothing to be measured by
		all, err := p.s.db.Evaluations(ctx, portal)
		if err != nil {
			return web.PromptVersion{}, err
		}
		if evaluated(all, live, m) == nil {
			todo = append(todo, live)
		}
	}
	for _, w := range todo {
		f, err := goldens.Trial{Model: m, Portal: portal, Spending: p.s.db}.Measure(ctx, w)
		if err == nil {
			err = p.s.db.KeepEvaluation(ctx, f.Evaluation(portal, by))
		}
		if err != nil {
			return web.PromptVersion{}, err
		}
	}
	return p.PromptVersion(ctx, portal, workflow, version)
}

// PromotePrompt implements web.Prompts.
func (p *promptVersions) PromotePrompt(ctx context.Context, portal crm.PortalID, workflow string, version int, by crm.Actor) (web.Promotion, error) {
	var out web.Promotion
	w, err := p.workflow(workflow, version)
	if err != nil {
		return out, err
	}
	decided, number, err := p.liveOf(ctx, portal, workflow)
	if err != nil {
		return out, err
	}
	if number == version {
		return out, fmt.Errorf("%s@%d is live already: %w", workflow, version, crm.ErrConflict)
	}
	m, err := p.writer(w)
	if err != nil {
		return out, err
	}
	all, err := p.s.db.Evaluations(ctx, portal)
	if err != nil {
		return out, err
	}
	out.Got = evaluated(all, w, m)
	live, gone := w.At(number)
	if gone == nil {
		out.Live = evaluated(all, live, m)
	} else if !errors.Is(gone, crm.ErrNotFound) {
		return out, gone
	}
	how := fmt.Sprintf("run contextd prompts evaluate %s %d", workflow, version)
	switch {
	case out.Got == nil:
		out.Worse = []string{fmt.Sprintf("version %d was not evaluated as it is now with %s: %s", version, m.Name(), how)}
	case out.Live == nil && gone == nil:
		out.Worse = []string{fmt.Sprintf("version %d, which is live, was not evaluated with %s: %s", number, m.Name(), how)}
	case out.Live == nil: // the live version has no file any more: nothing is lost
		out.Worse = goldens.Worse(out.Got.Measures, nil)
	default:
		out.Worse = goldens.Worse(out.Got.Measures, out.Live.Measures)
	}
	if len(out.Worse) == 0 {
		_, err = p.s.db.PromotePrompt(ctx, *out.Got, decided.Version, by)
		out.Promoted = err == nil
	}
	if err != nil {
		return out, err
	}
	out.Now, err = p.PromptVersion(ctx, portal, workflow, version)
	return out, err
}

// RollBackPrompt implements web.Prompts.
func (p *promptVersions) RollBackPrompt(ctx context.Context, portal crm.PortalID, workflow string, by crm.Actor) (web.PromptVersion, error) {
	if _, _, err := p.liveOf(ctx, portal, workflow); err != nil {
		return web.PromptVersion{}, err
	}
	if _, err := p.s.db.RollBackPrompt(ctx, portal, workflow, by); err != nil {
		return web.PromptVersion{}, err
	}
	_, number, err := p.liveOf(ctx, portal, workflow)
	if err != nil {
		return web.PromptVersion{}, err
	}
	return p.PromptVersion(ctx, portal, workflow, number)
}
