package retrieval

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestARunSurvivesItsFile(t *testing.T) {
	s, _, _ := small(t)
	run := Run{s.Questions[1].ID: {{"north/d3", .75}, {"north/d1", .5}}, s.Questions[0].ID: {{"north/d2", 1}}}
	path := filepath.Join(t.TempDir(), "run.tsv")
	if err := WriteRun(path, s, run); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "north/q0\tnorth/d2\t1\t1\nnorth/q1\tnorth/d3\t1\t0.75\nnorth/q1\tnorth/d1\t2\t0.5\n"; string(raw) != want {
		t.Errorf("%q, not %q", raw, want)
	}
	back, err := ReadRun(path)
	if err != nil || !reflect.DeepEqual(back, run) {
		t.Errorf("%v %v, not %v", back, err, run)
	}
}

func TestReadRunRefuses(t *testing.T) {
	for text, want := range map[string]string{"q\td\n": "run.tsv:1: 2 columns", "q\td\t1\t1\nq\td\tfirst\t1\n": `run.tsv:2: the rank "first"`, "q\td\t1\thigh\n": `run.tsv:1: the score "high"`} {
		path := filepath.Join(write(t, map[string]string{"run.tsv": text}), "run.tsv")
		if _, err := ReadRun(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, not %q", text, err, want)
		}
	}
}
