package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/evals/retrieval"
)

// ownSet is the evaluation set that is part of the repository.
var ownSet = filepath.Join("..", "..", "internal", "evals", "retrieval", "testdata", "own")

// eval runs contextd eval with these arguments and returns what it printed.
func eval(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, talk bytes.Buffer
	p := &program{stdout: &out, stderr: &talk}
	p.flags.format = formatJSON
	cmd := p.evalCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetOut(&talk)
	cmd.SetErr(&talk)
	err = cmd.ExecuteContext(context.Background())
	return out.String(), talk.String(), err
}

func reportsOf(t *testing.T, args ...string) []evalReport {
	t.Helper()
	stdout, stderr, err := eval(t, args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stderr)
	}
	var got struct {
		Items []evalReport `json:"items"`
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	return got.Items
}

// The figures that are printed are those of the run file, the second run is the first one, and nothing is left behind.
func TestEvalRetrievalMeasuresTheRealParts(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", filepath.Join(dir, "tmp"))
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	first, second := filepath.Join(dir, "first.tsv"), filepath.Join(dir, "second.tsv")
	r := reportsOf(t, "retrieval", "--set", ownSet, "--run", first)[0]
	again := reportsOf(t, "retrieval", "--set", ownSet, "--run", second, "--base", first, "--explain", "3")[0]
	a, b := read(t, first), read(t, second)
	if a == "" || a != b {
		t.Error("the second run is not the first")
	}
	set, err := retrieval.Load(ownSet)
	if err != nil {
		t.Fatal(err)
	}
	run, err := retrieval.ReadRun(first)
	if err != nil {
		t.Fatal(err)
	}
	e := retrieval.Evaluate(set, run, retrieval.Selection{})
	if r.Questions != 47 || r.Answered != 47 || math.Abs(r.Measures["nDCG@10"]-e.Mean[retrieval.NDCG10]) > 1e-9 || math.Abs(r.Measures["macro"]-e.Macro) > 1e-9 {
		t.Errorf("printed %+v, the run file says %+v", r, e.Mean)
	}
	if r.Measures["nDCG@10"] < .6 || r.Measures["R@20"] < .9 || r.Measures["packed500"] < .8 {
		t.Errorf("search finds too little to be wired right: %v", r.Measures)
	}
	for _, d := range again.Differences {
		if d.Mean != 0 || d.Low != 0 || d.High != 0 {
			t.Errorf("the run differs from itself by %+v", d)
		}
	}
	if len(again.Differences) != 3 || len(again.Explained) != 3 || len(again.Explained[0].Best) == 0 || len(again.Explained[0].Best[0].Parts) == 0 {
		t.Errorf("differences %v, explained %+v", again.Differences, again.Explained)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Every mode and fusion answers every question, from the account that is asked about only.
func TestEvalRetrievalModes(t *testing.T) {
	for _, args := range [][]string{{"--mode", "pipeline"}, {"--fusion", "convex"}, {"--fusion", "rrf"}, {"--embedder", "none"}, {"--embedder", "builtin/hash256"}, {"--folds", "protocol"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "run.tsv")
			r := reportsOf(t, append([]string{"retrieval", "--set", ownSet, "--run", file}, args...)...)[0]
			if r.Answered != r.Questions || r.Measures["R@20"] < .8 {
				t.Errorf("%d of %d answered, R@20 %.3f", r.Answered, r.Questions, r.Measures["R@20"])
			}
			for line := range strings.Lines(read(t, file)) {
				f := strings.Split(line, "\t")
				account, _, _ := strings.Cut(f[0], "/")
				if !strings.HasPrefix(f[1], account+"/") {
					t.Fatalf("an answer from another account: %s", line)
				}
			}
		})
	}
}

func TestEvalGate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "accepted.tsv")
	if _, _, err := eval(t, "retrieval", "--set", ownSet, "--gate", "--accepted", file); err == nil {
		t.Error("a gate without accepted figures was passed")
	}
	if _, _, err := eval(t, "retrieval", "--set", ownSet, "--accept", "--accepted", file); err != nil {
		t.Fatal(err)
	}
	if _, _, err := eval(t, "retrieval", "--set", ownSet, "--gate", "--accepted", file); err != nil {
		t.Errorf("the figures just accepted do not pass: %v", err)
	}
	if _, _, err := eval(t, "retrieval", "--set", ownSet, "--gate", "--accepted", file, "--mode", "pipeline"); exitCode(err) != exitEvaluation || !strings.Contains(err.Error(), "was ever accepted") {
		t.Errorf("another mode: %v", err)
	}
	accepted, err := retrieval.ReadAccepted(file)
	if err != nil {
		t.Fatal(err)
	}
	raised := retrieval.Figure{Set: "own", Mode: "chunks", BackEnd: "flat", Embedder: "builtin", Measure: "R@10"}
	if accepted[raised] == 0 {
		t.Fatalf("accepted: %v", accepted)
	}
	accepted[raised] += .02
	if err := retrieval.WriteAccepted(file, accepted); err != nil {
		t.Fatal(err)
	}
	if _, _, err := eval(t, "retrieval", "--set", ownSet, "--gate", "--accepted", file); exitCode(err) != exitEvaluation || !strings.Contains(err.Error(), "own chunks flat builtin R@10 fell from") {
		t.Errorf("a figure that fell: exit %d, %v", exitCode(err), err)
	}
	if _, _, err := eval(t, "retrieval", "--set", ownSet, "--gate", "--accepted", file, "--tolerance", ".03"); err != nil {
		t.Errorf("within the tolerance: %v", err)
	}
}

// What is learned can be read by search, twice the same, and is another than before.
func TestEvalFit(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.json"), filepath.Join(dir, "two.json")
	stdout, stderr, err := eval(t, "fit", "--set", ownSet, "--out", one)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if !strings.Contains(stdout, `"before"`) || !strings.Contains(stderr, "learned without kestrel-logistics") {
		t.Errorf("%s\n%s", stdout, stderr)
	}
	if _, _, err := eval(t, "fit", "--set", ownSet, "--out", two); err != nil {
		t.Fatal(err)
	}
	if read(t, one) != read(t, two) {
		t.Error("the second time other weights were learned")
	}
	with := reportsOf(t, "retrieval", "--set", ownSet, "--weights", one)[0]
	without := reportsOf(t, "retrieval", "--set", ownSet)[0]
	if reflect.DeepEqual(with.Measures, without.Measures) || with.Measures["nDCG@10"] < without.Measures["nDCG@10"]-.05 {
		t.Errorf("with what was learned %v, without %v", with.Measures, without.Measures)
	}
}

func TestEvalRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"no set":                {"retrieval"},
		`--fusion "best"`:       {"retrieval", "--set", ownSet, "--fusion", "best"},
		`--mode "whole"`:        {"retrieval", "--set", ownSet, "--mode", "whole"},
		`--folds "all"`:         {"retrieval", "--set", ownSet, "--folds", "all"},
		"learns the weights":    {"retrieval", "--set", ownSet, "--folds", "protocol", "--fusion", "rrf"},
		"contradict":            {"retrieval", "--set", ownSet, "--gate", "--accept"},
		"--depth 0":             {"retrieval", "--set", ownSet, "--depth", "0"},
		"--lambda -1":           {"fit", "--set", ownSet, "--lambda", "-1"},
		`--embedder "nobody/x"`: {"retrieval", "--set", ownSet, "--embedder", "nobody/x"},
		"another set is called": {"retrieval", "--set", ownSet, "--set", ownSet},
	} {
		if _, _, err := eval(t, args...); exitCode(err) != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: exit %d, %v", args, exitCode(err), err)
		}
	}
	if _, _, err := eval(t, "retrieval", "--set", t.TempDir()); err == nil || !strings.Contains(err.Error(), "corpus.jsonl") {
		t.Errorf("an empty directory: %v", err)
	}
}
