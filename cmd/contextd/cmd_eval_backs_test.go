package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
	"github.com/contextd/contextd/retriever"
)

// The set of our own is answered alike by all three back ends: a real PostgreSQL, and a double of Qdrant in this process.
func TestEvalBackEndsAgree(t *testing.T) {
	double, err := qdranttest.New(qdranttest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(double.Close)
	dir := t.TempDir()
	accepted, run := filepath.Join(dir, "accepted.tsv"), filepath.Join(dir, "run.tsv")
	args := []string{"retrieval", "--set", ownSet, "--folds", "protocol", "--accepted", accepted, "--run", run, "--vectors", "flat:", "--vectors", "qdrant-double=qdrant://" + double.Addr(),
		"--vectors", "pgvector=" + pgtest.Start(t, os.Getenv, 18)}
	rs := reportsOf(t, append(args, "--accept")...)
	if len(rs) != 3 || rs[0].BackEnd != "flat" || rs[1].BackEnd != "qdrant-double" || rs[2].BackEnd != "pgvector" {
		t.Fatalf("reports %+v", rs)
	}
	for _, r := range rs {
		if r.Answered != 47 || math.Abs(r.Measures["nDCG@10"]-rs[0].Measures["nDCG@10"]) > .01 {
			t.Errorf("%s: %d answered, nDCG@10 %.4f; flat %.4f", r.BackEnd, r.Answered, r.Measures["nDCG@10"], rs[0].Measures["nDCG@10"])
		}
	}
	for _, mark := range []string{"", ".qdrant-double", ".pgvector"} {
		read(t, strings.TrimSuffix(run, ".tsv")+mark+".tsv")
	}
	if _, talk, err := eval(t, append(args, "--gate")...); err != nil || !strings.Contains(talk, "agree within 0.01") {
		t.Errorf("%v\n%s", err, talk)
	}
	if _, talk, err := eval(t, append(args, "--gate", "--agree", "-1")...); exitCode(err) != exitEvaluation || !strings.Contains(err.Error(), "differs by") || strings.Contains(talk, "agree within") {
		t.Errorf("back ends that must differ by less than nothing: exit %d, %v", exitCode(err), err)
	}
	var cfg Config
	cfg.Vectors.URL = "qdrant://" + double.Addr()
	store, err := openVectorStore(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if gs, err := store.Generations(t.Context()); err != nil || len(gs) > 0 {
		t.Errorf("left behind: %v %v", gs, err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func TestEvalDisagreements(t *testing.T) {
	at := func(set string, ndcg float64) evalReport {
		return evalReport{Set: set, Measures: map[string]float64{"nDCG@10": ndcg, "R@10": .5}}
	}
	for name, c := range map[string]struct {
		reports []evalReport
		want    int
	}{
		"one back end":             {[]evalReport{at("a", .5), at("b", .9)}, 0},
		"alike":                    {[]evalReport{at("a", .5), at("a", .509), at("b", .9), at("b", .891)}, 0},
		"one set":                  {[]evalReport{at("a", .5), at("a", .511), at("b", .9), at("b", .9)}, 1},
		"the others of each other": {[]evalReport{at("a", .5), at("a", .506), at("a", .494)}, 1},
		"not a number":             {[]evalReport{at("a", .5), at("a", math.NaN()), at("a", .5)}, 1},
	} {
		if errs := disagreements(agreements(c.reports), .01); len(errs) != c.want {
			t.Errorf("%s: %v, want %d", name, errs, c.want)
		}
	}
}

// A goal holds on every back end, without tolerance, and one whose figure is missing is missed.
func TestEvalGoals(t *testing.T) {
	dir := t.TempDir()
	accepted, goals := filepath.Join(dir, "accepted.tsv"), filepath.Join(dir, "goals.tsv")
	r := reportsOf(t, "retrieval", "--set", ownSet, "--accept", "--accepted", accepted)[0]
	for name, c := range map[string]struct {
		measure string
		goal    float64
		want    string
	}{
		"reached":            {"nDCG@10", r.Measures["nDCG@10"], ""},
		"missed by a hair":   {"nDCG@10", r.Measures["nDCG@10"] + .0002, "own chunks flat builtin nDCG@10 is"},
		"nobody measures it": {"R@1000", 0, "own chunks flat builtin R@1000 is"},
	} {
		figure := retrieval.Figure{Set: "own", Mode: "chunks", BackEnd: anyBackEnd, Embedder: "builtin", Measure: c.measure}
		if err := retrieval.WriteAccepted(goals, retrieval.Accepted{figure: math.Floor(c.goal*1e4) / 1e4}); err != nil {
			t.Fatal(err)
		}
		_, _, err := eval(t, "retrieval", "--set", ownSet, "--gate", "--accepted", accepted, "--goals", goals)
		if c.want == "" && err != nil || c.want != "" && (exitCode(err) != exitEvaluation || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: exit %d, %v", name, exitCode(err), err)
		}
	}
}

// What was accepted and is not measured any more has fallen.
func TestEvalVanished(t *testing.T) {
	file := filepath.Join(t.TempDir(), "accepted.tsv")
	if _, _, err := eval(t, "retrieval", "--set", ownSet, "--accept", "--accepted", file); err != nil {
		t.Fatal(err)
	}
	accepted, err := retrieval.ReadAccepted(file)
	if err != nil {
		t.Fatal(err)
	}
	accepted[retrieval.Figure{Set: "own", Mode: "chunks", BackEnd: "flat", Embedder: "builtin", Measure: "joy"}] = .1
	if err := retrieval.WriteAccepted(file, accepted); err != nil {
		t.Fatal(err)
	}
	if _, _, err := eval(t, "retrieval", "--set", ownSet, "--gate", "--accepted", file); exitCode(err) != exitEvaluation || !strings.Contains(err.Error(), "joy was accepted") {
		t.Errorf("exit %d, %v", exitCode(err), err)
	}
}

func TestEvalPlaces(t *testing.T) {
	got, err := evalPlaces([]string{"flat:", "postgresql://h/db?sslmode=disable", "qdrants://h:1", "mine=postgres://h/db?a=b"}, "builtin")
	want := []evalPlace{{"flat", "flat:"}, {"postgres", "postgresql://h/db?sslmode=disable"}, {"qdrant", "qdrants://h:1"}, {"mine", "postgres://h/db?a=b"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
	if got, err = evalPlaces([]string{"flat:"}, "none"); err != nil || got[0].name != "none" {
		t.Errorf("without a dense arm: %v %v", got, err)
	}
	for _, c := range [][]string{{"builtin", "flat:", "flat:"}, {"builtin", "a=flat:", "a=qdrant://h:1"}, {"none", "flat:", "qdrant://h:1"}, {"builtin"}} {
		if got, err := evalPlaces(c[1:], c[0]); exitCode(err) != exitUsage {
			t.Errorf("%v: %v %v", c, got, err)
		}
	}
}

// countedNear is a dense arm that counts its searches and answers with their number.
type countedNear struct{ asked int }

func (c *countedNear) Near(_ context.Context, text string, f crm.Filter, n int) (retriever.Near, error) {
	if c.asked++; text == "fail" {
		return retriever.Near{}, errors.New("no")
	}
	return retriever.Near{Item: crm.Cosines{Chunks: []string{fmt.Sprint(text, f.Account.ID, n)}, Of: []float32{float32(c.asked)}}}, nil
}

// The same search is made once while it is remembered; another text, account, number or filter is another search.
func TestRecentlyNear(t *testing.T) {
	c := &countedNear{}
	r := &recentlyNear{Dense: c}
	in := func(id string) crm.Filter {
		return crm.Filter{Portal: 1, Account: crm.Ref{Portal: 1, Type: crm.Companies, ID: id}}
	}
	for range 2 {
		near, err := r.Near(t.Context(), "q", in("1"), 5)
		if err != nil || c.asked != 1 || !reflect.DeepEqual(near.Item, crm.Cosines{Chunks: []string{"q15"}, Of: []float32{1}}) {
			t.Errorf("%d asked: %+v %v", c.asked, near, err)
		}
	}
	human := in("1")
	human.Human = true
	for i, f := range []func() (retriever.Near, error){
		func() (retriever.Near, error) { return r.Near(t.Context(), "p", in("1"), 5) },
		func() (retriever.Near, error) { return r.Near(t.Context(), "q", in("2"), 5) },
		func() (retriever.Near, error) { return r.Near(t.Context(), "q", in("1"), 6) },
		func() (retriever.Near, error) { return r.Near(t.Context(), "q", human, 5) },
		func() (retriever.Near, error) { return r.Near(t.Context(), "q", human, 5) },
	} {
		if _, err := f(); err != nil || c.asked != 2+i {
			t.Errorf("%d: %d asked, %v", i, c.asked, err)
		}
	}
	for range 2 {
		if _, err := r.Near(t.Context(), "fail", in("1"), 5); err == nil {
			t.Error("a failure is remembered as an answer")
		}
	}
	for i := range 2 * fewAnswers {
		if _, err := r.Near(t.Context(), fmt.Sprint(i), in("1"), 5); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.last) != fewAnswers {
		t.Errorf("%d answers are remembered", len(r.last))
	}
}
