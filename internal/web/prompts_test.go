package web_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

func promptVersion(version int) web.PromptVersion {
	by := crm.Actor{Kind: crm.TokenActor, ID: "ann"}
	p := web.PromptVersion{Workflow: "lead_score", Version: version, SHA256: "abc", State: "live", Model: "builtin", Live: &crm.PromptLive{Workflow: "lead_score", Version: version, At: now, By: by},
		Evaluations: []crm.PromptEvaluation{{Workflow: "lead_score", Version: version, SHA256: "old", Model: "builtin", Cases: 6, Measures: map[string]float64{"coverage": .5}, At: now, By: by}}}
	return p
}

func (w *world) PromptVersions(_ context.Context, p crm.PortalID) ([]web.PromptVersion, error) {
	return []web.PromptVersion{promptVersion(1)}, w.touch()
}

func (w *world) PromptVersion(_ context.Context, p crm.PortalID, workflow string, version int) (web.PromptVersion, error) {
	if workflow != "lead_score" || p != portal {
		return web.PromptVersion{}, fmt.Errorf("workflow %q: %w", workflow, crm.ErrNotFound)
	}
	out := promptVersion(version)
	out.Text = "You judge."
	return out, w.touch()
}

func (w *world) EvaluatePrompt(ctx context.Context, p crm.PortalID, workflow string, version int, by crm.Actor) (web.PromptVersion, error) {
	w.moved = append(w.moved, fmt.Sprintf("evaluate %s@%d by %s", workflow, version, by.ID))
	return w.PromptVersion(ctx, p, workflow, version)
}

func (w *world) PromotePrompt(_ context.Context, _ crm.PortalID, workflow string, version int, by crm.Actor) (web.Promotion, error) {
	w.moved = append(w.moved, fmt.Sprintf("promote %s@%d by %s", workflow, version, by.ID))
	p := promptVersion(version)
	return web.Promotion{Worse: []string{"coverage 0.5000 instead of 0.9000"}, Got: &p.Evaluations[0], Now: p}, w.touch()
}

func (w *world) RollBackPrompt(_ context.Context, _ crm.PortalID, workflow string, by crm.Actor) (web.PromptVersion, error) {
	w.moved = append(w.moved, fmt.Sprintf("roll %s back by %s", workflow, by.ID))
	return promptVersion(1), w.touch()
}

func TestPrompts(t *testing.T) {
	for _, c := range []struct{ path, want, answer string }{
		{"/api/v1/prompts/lead_score/2/evaluate", "evaluate lead_score@2 by admin", `"evaluations":[{"model":"builtin","cases":6,"measures":{"coverage":0.5},"current":false,`},
		{"/api/v1/prompts/lead_score/2/promote", "promote lead_score@2 by admin", `{"promoted":false,"worse":["coverage 0.5000 instead of 0.9000"],"got":{"model":"builtin",`},
		{"/api/v1/prompts/lead_score/rollback", "roll lead_score back by admin", `"promoted_by":"token:ann"`},
	} {
		w := newWorld()
		res := post(c.path, "admin", "{}").do(t, handler(w))
		if res.Code != http.StatusOK || len(w.moved) != 1 || w.moved[0] != c.want {
			t.Errorf("%s: %d, did %v, want %q", c.path, res.Code, w.moved, c.want)
		}
		mustContain(t, res.Body.String(), c.answer)
		w = newWorld()
		if res := post(c.path, "admin", `{"force":true}`).do(t, handler(w)); res.Code != http.StatusBadRequest || len(w.moved) > 0 {
			t.Errorf("%s with an unknown field: %d, did %v", c.path, res.Code, w.moved)
		}
	}
	mustContain(t, get("/api/v1/prompts/lead_score/1", "viewer").do(t, handler(newWorld())).Body.String(), `"text":"You judge."`, `"state":"live"`)
	mustContain(t, get("/api/v1/prompts", "viewer").do(t, handler(newWorld())).Body.String(), `"items":[{"workflow":"lead_score","version":1,`, `"next":null`)
	for path, status := range map[string]int{"/api/v1/prompts/nothing/1": 404, "/api/v1/prompts/lead_score/0": 400, "/api/v1/prompts/lead_score/one": 400, "/api/v1/prompts?x=1": 400, "/api/v1/prompts/lead_score/1?x=1": 400} {
		wantProblem(t, path, get(path, "viewer").do(t, handler(newWorld())), status)
	}
}
