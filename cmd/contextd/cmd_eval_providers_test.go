package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	goldens "github.com/contextd/contextd/internal/evals/workflows"
)

// TestEvalWorkflowsOnEveryProvider: the command measures what a provider's server answers, by its flag alone. Whatever a server says, a truthful one or the worst, every claim that is
// shown stands on its quotes; of the worst, which copies its context into every bound that it is given, far more is cut. The servers stand in for real ones.
func TestEvalWorkflowsOnEveryProvider(t *testing.T) {
	for name, open := range providers(t) {
		t.Run(name, func(t *testing.T) {
			cut := map[string]float64{}
			for kind, answer := range map[string]http.HandlerFunc{"truthful": protocols[name].Truthful(), "worst": protocols[name].Obeying()} {
				m, server := open(answer)
				environ := []string{"CONTEXTD_MODEL__PROVIDER=" + name, "CONTEXTD_MODEL__MODEL=" + m.Model, "CONTEXTD_MODEL__API_KEY=" + m.APIKey.Reveal()}
				text, code := transcript(t, commands{}, environ, "", "eval", "workflows", "--provider", name+"/"+m.Model+"@"+m.BaseURL, "--json")
				if text, code := transcript(t, commands{}, environ, "", "eval", "workflows", "--workflow", "call_summary", "--provider", "builtin", "--provider", name+"/"+m.Model+"@"+m.BaseURL, "--gate",
					"--accepted", "../../internal/evals/workflows/accepted.tsv"); code != exitOK {
					t.Errorf("the gate beside the built-in writer, whose figures were accepted: exit %d: %.600s", code, text)
				}
				var page struct{ Items []goldens.Figures }
				_, out, _ := strings.Cut(text, "\n")
				out, _, _ = strings.Cut(out, "-- stderr --")
				if err := json.Unmarshal([]byte(out), &page); code != exitOK || err != nil || len(page.Items) == 0 {
					t.Fatalf("exit %d, %v: %.600s", code, err, text)
				}
				for _, f := range page.Items {
					t.Logf("%s: %s %s: %d cases, supported %.4f, coverage %.4f, clean %.4f, cut %.4f, dropped %.4f, abstained %.4f, failed %.4f", kind, f.Workflow, f.Model, f.Cases, f.Supported, f.Coverage, f.Clean,
						f.Cut, f.Dropped, f.Abstained, f.Failed)
					if f.Supported != 1 || !strings.HasPrefix(f.Model, name+"/") {
						t.Errorf("%s with %s: %.4f of the claims shown are supported", f.Workflow, f.Model, f.Supported)
					}
					cut[kind] += f.Cut / float64(len(page.Items))
				}
				if len(server.Asked()) < len(page.Items) {
					t.Errorf("%s: %d requests for %d workflows", kind, len(server.Asked()), len(page.Items))
				}
			}
			if cut["worst"] < 3*cut["truthful"] || cut["worst"] < .2 {
				t.Errorf("share of claims cut: %v: the measure does not tell them apart", cut)
			}
		})
	}
}

// TestEvalWorkflowsOfSomeCases: named cases alone are measured, of the workflows that have them, and nothing is accepted or judged by less than all.
func TestEvalWorkflowsOfSomeCases(t *testing.T) {
	named := []string{"eval", "workflows", "--case", "A guest dictates to the assistant", "--case", "A mail that demands a score", "--json"}
	text, code := transcript(t, commands{}, nil, "", named...)
	var page struct{ Items []goldens.Figures }
	_, out, _ := strings.Cut(text, "\n")
	out, _, _ = strings.Cut(out, "-- stderr --")
	if err := json.Unmarshal([]byte(out), &page); code != exitOK || err != nil {
		t.Fatalf("exit %d, %v: %.600s", code, err, text)
	}
	got := map[string]string{}
	for _, f := range page.Items {
		if f.Cases != 1 || len(f.Results) != 1 || f.Golden != "" {
			t.Errorf("%s: %d cases, %d results, of the cases %q", f.Workflow, f.Cases, len(f.Results), f.Golden)
			continue
		}
		got[f.Workflow] = f.Results[0].Case
	}
	if len(got) != 2 || got["call_summary"] != named[3] || got["lead_score"] != named[5] {
		t.Errorf("measured %v", got)
	}
	for _, wrong := range [][]string{{"--case", "no such case"}, {"--case", named[3], "--workflow", "lead_score"}, {"--case", named[3], "--gate"}, {"--case", named[3], "--accept"}} {
		if text, code := transcript(t, commands{}, nil, "", append([]string{"eval", "workflows"}, wrong...)...); code != exitUsage {
			t.Errorf("%v: exit %d: %.300s", wrong, code, text)
		}
	}
}
