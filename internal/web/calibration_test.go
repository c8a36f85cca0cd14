package web_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

func (w *world) calibrated(workflow, field string) (web.CalibratedField, error) {
	if workflow != "lead_score" {
		return web.CalibratedField{}, fmt.Errorf("workflow %q: %w", workflow, crm.ErrNotFound)
	}
	f := web.CalibratedField{Workflow: workflow, Field: field, Fits: []web.CalibrationFit{}}
	if w.field != nil {
		f = *w.field
	}
	return f, w.touch()
}

func (w *world) CalibratedFields(_ context.Context, _ crm.PortalID, workflow string) ([]web.CalibratedField, error) {
	if workflow == "" {
		workflow = "lead_score"
	}
	f, err := w.calibrated(workflow, "ai_lead_score")
	return []web.CalibratedField{f}, err
}

func (w *world) FitField(_ context.Context, _ crm.PortalID, workflow, field string, _ crm.Actor) (web.CalibratedField, error) {
	return w.calibrated(workflow, field)
}

func (w *world) RollBackField(_ context.Context, _ crm.PortalID, workflow, field string, version int, by crm.Actor) (web.CalibratedField, error) {
	f, err := w.calibrated(workflow, field)
	f.Version, f.Why = version, by.String()
	if version == 9 {
		err = fmt.Errorf("version 9 opens nothing: %w", crm.ErrConflict)
	}
	return f, err
}

func TestCalibration(t *testing.T) {
	mustContain(t, get("/api/v1/calibration", "viewer").do(t, handler(newWorld())).Body.String(), `"items":[{"workflow":"lead_score","field":"ai_lead_score","budget":{"wrong":0,`, `"next":null`)
	const field = "/api/v1/calibration/lead_score/ai_lead_score"
	for _, c := range []struct {
		path, body string
		status     int
		answer     string
	}{
		{field + "/fit", "{}", 200, `"field":"ai_lead_score"`}, {field + "/fit", `{"now":true}`, 400, ""}, {"/api/v1/calibration/nothing/x/fit", "{}", 404, ""},
		{field + "/rollback", "{}", 200, `"version":-1`}, {field + "/rollback", `{"version":0}`, 200, `"why":"token:admin"`}, {field + "/rollback", `{"version":-1}`, 400, ""},
		{field + "/rollback", `{"version":9}`, 409, "opens nothing"}, {field + "/rollback", `{"to":1}`, 400, ""},
	} {
		res := post(c.path, "admin", c.body).do(t, handler(newWorld()))
		if res.Code != c.status {
			t.Errorf("%s %s: %d, want %d: %s", c.path, c.body, res.Code, c.status, res.Body)
		}
		mustContain(t, res.Body.String(), c.answer)
	}
	for path, status := range map[string]int{"/api/v1/calibration?workflow=nothing": http.StatusNotFound, "/api/v1/calibration?x=1": http.StatusBadRequest} {
		wantProblem(t, path, get(path, "viewer").do(t, handler(newWorld())), status)
	}
}
