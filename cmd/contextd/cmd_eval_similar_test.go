package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/evals/retrieval"
)

func similarReports(t *testing.T, args ...string) map[string]similarReport {
	t.Helper()
	stdout, stderr, err := eval(t, append([]string{"similar"}, args...)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	var got struct {
		Items []similarReport `json:"items"`
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	out := map[string]similarReport{}
	for _, r := range got.Items {
		out[r.Set+" "+r.Ranking] = r
	}
	return out
}

// The figures that are accepted for the demo portal hold, and the ranking is better than each of its parts and than chance.
func TestEvalSimilarOnTheDemoPortal(t *testing.T) {
	got := similarReports(t, "--gate", "--accepted", filepath.Join("..", "..", "internal", "evals", "similar", "accepted.tsv"))
	best := got["demo similar"]
	if best.Questions < 30 || len(got) != 2*len(evalRankings) {
		t.Fatalf("%+v", got)
	}
	for _, part := range []string{"words", "meaning", "firmographics", "chance"} {
		other := got["demo "+part]
		for _, m := range []string{"MAP", "MRR", "P@5"} {
			if other.Measures[m] <= 0 || best.Measures[m] <= other.Measures[m] {
				t.Errorf("%s: %.3f, by %s alone %.3f", m, best.Measures[m], part, other.Measures[m])
			}
		}
	}
}

func TestEvalSimilarGate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "accepted.tsv")
	got := similarReports(t, "--set", ownSet, "--accept", "--accepted", file)
	r := got["own/halves similar"]
	if r.Questions < 2 || r.Measures["MRR"] <= got["own/halves chance"].Measures["MRR"] {
		t.Errorf("%+v", got)
	}
	if _, stderr, err := eval(t, "similar", "--set", ownSet, "--gate", "--accepted", file); err != nil {
		t.Errorf("the same figures: %v\n%s", err, stderr)
	}
	accepted, err := retrieval.ReadAccepted(file)
	if err != nil || len(accepted) != 3 {
		t.Fatalf("accepted: %v, %v", accepted, err)
	}
	accepted[retrieval.Figure{Set: "own/halves", Mode: "similar", BackEnd: "flat", Embedder: "builtin", Measure: "MRR"}] += .02
	if err := retrieval.WriteAccepted(file, accepted); err != nil {
		t.Fatal(err)
	}
	if _, _, err := eval(t, "similar", "--set", ownSet, "--gate", "--accepted", file); exitCode(err) != exitEvaluation || !strings.Contains(err.Error(), "MRR fell from") {
		t.Errorf("a figure that fell: %v", err)
	}
	for _, args := range [][]string{{"--gate", "--accept"}, {"--embedder", "none"}, {"--set", ownSet, "--embedder", "none"}} {
		if _, _, err := eval(t, append([]string{"similar"}, args...)...); exitCode(err) != exitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}
