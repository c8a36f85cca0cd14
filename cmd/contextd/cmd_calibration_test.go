package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestCalibrationAgainstAService: what each command asks, prints and exits with.
func TestCalibrationAgainstAService(t *testing.T) {
	open, closed := strings.TrimSpace(fixture(t, "calibration.json")), strings.TrimSpace(fixture(t, "calibration_closed.json"))
	list := answer{200, "", `{"items":[` + open + `,` + closed + `],"next":null}`}
	conflict := answer{409, "", `{"type":"about:blank","title":"Conflict","detail":"roll back lead_score.ai_lead_score: no fit is in force: conflict"}`}
	for _, c := range []struct {
		name    string
		args    string
		answers map[string][]answer
	}{
		{"calibration_show", "show", map[string][]answer{"GET /calibration": {list}}},
		{"calibration_show_json", "show lead_score ai_lead_score --json", map[string][]answer{"GET /calibration?workflow=lead_score": {list}}},
		{"calibration_show_field", "show lead_score ai_lead_score", map[string][]answer{"GET /calibration?workflow=lead_score": {list}}},
		{"calibration_show_workflow", "show call_summary", map[string][]answer{"GET /calibration?workflow=call_summary": {{200, "", `{"items":[` + closed + `],"next":null}`}}}},
		{"calibration_show_unknown", "show lead_score ai_lead_scor", map[string][]answer{"GET /calibration?workflow=lead_score": {list}}},
		{"calibration_fit", "fit call_summary note", map[string][]answer{"POST /calibration/call_summary/note/fit": {{200, "", closed}}}},
		{"calibration_rollback", "rollback lead_score ai_lead_score", map[string][]answer{"POST /calibration/lead_score/ai_lead_score/rollback": {conflict}}},
		{"calibration_rollback_to", "rollback call_summary note --to 0", map[string][]answer{"POST /calibration/call_summary/note/rollback": {{200, "", closed}}}},
		{"calibration_rollback_usage", "rollback call_summary note --to -1", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.answers == nil {
				c.answers = map[string][]answer{}
			}
			service := &script{t: t, answers: c.answers}
			server := httptest.NewServer(service)
			defer server.Close()
			text, _ := transcript(t, connected(server.URL), nil, "", append([]string{"calibration"}, strings.Fields(c.args)...)...)
			golden(t, c.name+".txt", text+"-- requests --\n"+strings.Join(service.log, "\n")+"\n")
		})
	}
}
