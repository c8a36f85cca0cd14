package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/prompts"
)

// copied puts a built-in workflow's folder into a directory of its own, with a second version of its prompt.
func copied(t *testing.T, workflow, second string) string {
	t.Helper()
	dir := t.TempDir()
	to := filepath.Join(dir, workflow)
	if err := os.CopyFS(to, os.DirFS(filepath.Join("..", "..", "prompts", workflow))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "prompt@2.md"), []byte(second), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A version is a draft until it was evaluated, goes live only when it is not worse, writes from then on under its own number and hash, and can be taken back.
func TestTheLifeOfAPromptVersion(t *testing.T) {
	dir := copied(t, "lead_score", "Second words.\n{{template \"payload\" .}}\n{{template \"answer\" .}}\n")
	p := startPipeline(t, hubsim.Options{}, func(c *Config) { c.Prompts.Dir = dir })
	v, ctx, ann := &promptVersions{p.s}, t.Context(), crm.Actor{Kind: crm.UserActor, ID: "ann"}
	state := func(version int) string {
		t.Helper()
		got, err := v.PromptVersion(ctx, p.portal(), "lead_score", version)
		if err != nil || got.Origin != dir {
			t.Fatalf("version %d of %q: %v", version, got.Origin, err)
		}
		return got.State
	}
	if state(1) != "live" || state(2) != "draft" {
		t.Fatalf("at first: %s, %s", state(1), state(2))
	}
	refused, err := v.PromotePrompt(ctx, p.portal(), "lead_score", 2, ann)
	if err != nil || refused.Promoted || !strings.Contains(strings.Join(refused.Worse, ""), "was not evaluated") {
		t.Fatalf("without an evaluation: %+v, %v", refused, err)
	}
	got, err := v.EvaluatePrompt(ctx, p.portal(), "lead_score", 2, ann)
	if err != nil || got.State != "evaluated" || got.Evaluations[0].Measures["supported"] != 1 {
		t.Fatalf("evaluated: %+v, %v", got, err)
	}
	honest := got.Evaluations[0]
	worse := honest
	worse.Measures = map[string]float64{"supported": 1, "coverage": .5, "clean": 1, "answered": 1, "order": 1}
	if err := p.s.db.KeepEvaluation(ctx, worse); err != nil {
		t.Fatal(err)
	}
	refused, err = v.PromotePrompt(ctx, p.portal(), "lead_score", 2, ann)
	if err != nil || refused.Promoted || !slices.Equal(refused.Worse, []string{"coverage 0.5000 instead of 1.0000"}) || state(2) == "live" {
		t.Fatalf("a worse one: %+v, %v", refused, err)
	}
	stale := honest
	stale.SHA256 = "before it was edited"
	if err := errors.Join(p.s.db.KeepEvaluation(ctx, stale), p.s.db.KeepEvaluation(ctx, honest)); err != nil {
		t.Fatal(err)
	}
	done, err := v.PromotePrompt(ctx, p.portal(), "lead_score", 2, ann)
	if err != nil || !done.Promoted || done.Now.Live == nil || done.Now.Live.By != ann || state(1) != "evaluated" {
		t.Fatalf("promoted: %+v, %v", done, err)
	}
	if _, err := v.PromotePrompt(ctx, p.portal(), "lead_score", 2, ann); !errors.Is(err, crm.ErrConflict) {
		t.Errorf("promoted twice: %v", err)
	}
	if n, err := p.s.engine.Version(ctx, p.portal(), "lead_score"); err != nil || n != 2 {
		t.Errorf("the engine runs version %d, %v", n, err)
	}
	back, err := v.RollBackPrompt(ctx, p.portal(), "lead_score", ann)
	if err != nil || back.Version != 1 || back.State != "live" || state(2) != "evaluated" {
		t.Errorf("rolled back: %+v, %v", back, err)
	}
	for _, none := range []error{
		func() error { _, err := v.PromptVersion(ctx, p.portal(), "lead_score", 3); return err }(),
		func() error { _, err := v.EvaluatePrompt(ctx, p.portal(), "nothing", 1, ann); return err }(),
		func() error { _, err := v.PromotePrompt(ctx, p.portal(), "nothing", 1, ann); return err }(),
		func() error { _, err := v.RollBackPrompt(ctx, p.portal(), "nothing", ann); return err }(),
	} {
		if !errors.Is(none, crm.ErrNotFound) {
			t.Errorf("what does not exist: %v", none)
		}
	}
	all, err := v.PromptVersions(ctx, p.portal())
	if err != nil || !slices.ContainsFunc(p.s.workflows, func(w prompts.Workflow) bool { return w.Name == "reply_draft" }) || len(all) != len(p.s.workflows)+1 {
		t.Errorf("%d versions of %d workflows, %v", len(all), len(p.s.workflows), err)
	}
}
