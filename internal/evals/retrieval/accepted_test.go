package retrieval

import (
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestGate(t *testing.T) {
	at := func(set string) Figure { return Figure{set, "chunks", "flat", "builtin/static256", "nDCG@10"} }
	was := Accepted{at("a"): .6, at("b"): .5, at("c"): .7, at("gone"): .9}
	falls, compared := Gate(was, Accepted{at("a"): .5901, at("b"): .489, at("c"): math.NaN(), at("new"): .1}, .01)
	if compared != 3 || len(falls) != 2 || falls[0].Figure != at("b") || falls[0].Accepted != .5 || falls[1].Set != "c" {
		t.Errorf("%d compared, %v", compared, falls)
	}
	if _, compared := Gate(was, Accepted{at("new"): 1}, .01); compared != 0 {
		t.Errorf("%d compared: nothing of it was accepted", compared)
	}
}

func TestAcceptedFiguresSurviveTheirFile(t *testing.T) {
	a := Accepted{{"b", "chunks", "flat", "e", "R@10"}: .5, {"a", "pipeline", "qdrant", "e", "nDCG@10"}: .25}
	path := filepath.Join(t.TempDir(), "accepted.tsv")
	if err := WriteAccepted(path, a); err != nil {
		t.Fatal(err)
	}
	back, err := ReadAccepted(path)
	if err != nil || !reflect.DeepEqual(a, back) {
		t.Errorf("%v %v", back, err)
	}
	for text, want := range map[string]string{"set\tvalue\n": "the first line", acceptedHeader + "\na\tb\n": "accepted.tsv:2: 2 columns", acceptedHeader + "\na\tb\tc\td\te\tNaN\n": "not a figure",
		acceptedHeader + "\na\tb\tc\td\te\t1\na\tb\tc\td\te\t1\n": "accepted.tsv:3: a b c d e is there twice"} {
		if _, err := ReadAccepted(filepath.Join(write(t, map[string]string{"accepted.tsv": text}), "accepted.tsv")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, not %q", text, err, want)
		}
	}
}

func TestHits(t *testing.T) {
	spans := []Span{{"a", 0, 100}, {"b", 101, 121}, {"c", 122, 1000}}
	for _, c := range []struct {
		start, end int
		want       []string
	}{
		{0, 121, []string{"a", "b"}},
		{50, 122, []string{"a", "b"}},
		{80, 122, []string{"b"}},
		{300, 400, []string{"c"}}, // a part of a long document is that document
		{90, 200, []string{"b", "c"}},
		{110, 121, []string{"b"}},
		{100, 101, nil},
	} {
		if got := Hits(spans, c.start, c.end); !reflect.DeepEqual(got, c.want) {
			t.Errorf("[%d, %d) hits %v, not %v", c.start, c.end, got, c.want)
		}
	}
}
