package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPromptsAgainstAService: what each command asks, prints and exits with.
func TestPromptsAgainstAService(t *testing.T) {
	one, two := strings.TrimSpace(fixture(t, "prompt_1.json")), strings.TrimSpace(fixture(t, "prompt_2.json"))
	problem := func(status int, title, detail string) answer {
		return answer{status, "", `{"type":"about:blank","title":"` + title + `","detail":"` + detail + `"}`}
	}
	for _, c := range []struct {
		name    string
		args    string
		answers map[string][]answer
	}{
		{"prompts_list", "list", map[string][]answer{"GET /prompts": {{200, "", `{"items":[` + one + `,` + two + `],"next":null}`}}}},
		{"prompts_list_json", "list --json", map[string][]answer{"GET /prompts": {{200, "", `{"items":[` + one + `],"next":null}`}}}},
		{"prompts_show", "show lead_score 2", map[string][]answer{"GET /prompts/lead_score/2": {{200, "", two}}}},
		{"prompts_show_none", "show lead_score 9", map[string][]answer{"GET /prompts/lead_score/9": {problem(404, "Not Found", "lead_score has no version 9: not found")}}},
		{"prompts_diff", "diff lead_score 1 2", map[string][]answer{"GET /prompts/lead_score/1": {{200, "", one}}, "GET /prompts/lead_score/2": {{200, "", two}}}},
		{"prompts_diff_jsonl", "diff lead_score 1 2 -o jsonl", map[string][]answer{"GET /prompts/lead_score/1": {{200, "", one}}, "GET /prompts/lead_score/2": {{200, "", two}}}},
		{"prompts_diff_usage", "diff lead_score one 0", nil},
		{"prompts_evaluate", "evaluate lead_score 2", map[string][]answer{"POST /prompts/lead_score/2/evaluate": {{200, "", two}}}},
		{"prompts_promote", "promote lead_score 2", map[string][]answer{"POST /prompts/lead_score/2/promote": {{200, "",
			`{"promoted":true,"worse":[],"got":{"model":"builtin/extractive@1","measures":{"coverage":1,"supported":1}},"live":{"model":"builtin/extractive@1","measures":{"coverage":0.9,"supported":1}},"prompt":` + two + `}`}}}},
		{"prompts_promote_worse", "promote lead_score 2", map[string][]answer{"POST /prompts/lead_score/2/promote": {{200, "",
			`{"promoted":false,"worse":["coverage 0.8000 instead of 0.9000"],"got":{"measures":{"coverage":0.8,"supported":1}},"live":{"measures":{"coverage":0.9,"supported":1}},"prompt":` + two + `}`}}}},
		{"prompts_promote_unmeasured", "promote lead_score 2", map[string][]answer{"POST /prompts/lead_score/2/promote": {problem(409, "Conflict", "version 2 of lead_score has no figures: evaluate it first: conflict")}}},
		{"prompts_rollback", "rollback lead_score", map[string][]answer{"POST /prompts/lead_score/rollback": {{200, "", one}}}},
		{"prompts_rollback_none", "rollback lead_score", map[string][]answer{"POST /prompts/lead_score/rollback": {problem(409, "Conflict", "lead_score was never promoted: conflict")}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.answers == nil {
				c.answers = map[string][]answer{}
			}
			service := &script{t: t, answers: c.answers}
			server := httptest.NewServer(service)
			defer server.Close()
			text, _ := transcript(t, connected(server.URL), nil, "", append([]string{"prompts"}, strings.Fields(c.args)...)...)
			golden(t, c.name+".txt", text+"-- requests --\n"+strings.Join(service.log, "\n")+"\n")
		})
	}
}
