package similar

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func near(a, b Scores) bool {
	return math.Abs(a.P5-b.P5) < 1e-9 && math.Abs(a.MRR-b.MRR) < 1e-9 && math.Abs(a.MAP-b.MAP) < 1e-9
}

func TestJudge(t *testing.T) {
	relevant := map[string]bool{"a": true, "b": true}
	for ranking, want := range map[string]Scores{
		"":              {},
		"x y z":         {},
		"a b x":         {.4, 1, 1},
		"a a b":         {.4, 1, 1},
		"x a y z v w b": {.2, .5, (1./2 + 2./7) / 2},
		"x y z v w a":   {0, 1. / 6, 1. / 12},
	} {
		if got := Judge(strings.Fields(ranking), relevant); !near(got, want) {
			t.Errorf("%q: %+v, want %+v", ranking, got, want)
		}
	}
}

// What is computed must be what shuffling gives.
func TestRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ n, r int }{{1, 1}, {3, 1}, {20, 4}, {7, 7}, {33, 12}} {
		names, relevant := make([]string, c.n), map[string]bool{}
		for i := range names {
			names[i] = string(rune('A' + i))
			relevant[names[i]] = i < c.r
			if i >= c.r {
				delete(relevant, names[i])
			}
		}
		var all []Scores
		for range 20_000 {
			rng.Shuffle(c.n, func(i, j int) { names[i], names[j] = names[j], names[i] })
			all = append(all, Judge(names, relevant))
		}
		got, want := Random(c.n, c.r), Mean(all)
		if math.Abs(got.P5-want.P5) > .01 || math.Abs(got.MRR-want.MRR) > .01 || math.Abs(got.MAP-want.MAP) > .01 {
			t.Errorf("%d of %d: %+v, shuffled %+v", c.r, c.n, got, want)
		}
	}
	if got := Random(5, 0); got != (Scores{}) {
		t.Errorf("nothing is alike: %+v", got)
	}
}

func TestMean(t *testing.T) {
	if got := Mean([]Scores{{1, 0, .5}, {0, 1, .5}}); !near(got, Scores{.5, .5, .5}) {
		t.Error(got)
	}
	if got := Mean(nil); got != (Scores{}) {
		t.Error(got)
	}
}

func TestRead(t *testing.T) {
	for raw, want := range map[string]string{
		"- {situation: a, about: b, accounts: [x/y/z]}":                                              "at least two",
		"- {situation: a, about: b, accounts: [x/y/z, x/y/z]}":                                       "at least two",
		"- {situation: a, accounts: [x, y]}":                                                         "a description",
		"- {situation: a, about: b, accounts: [x, y]}\n- {situation: a, about: b, accounts: [x, z]}": "twice",
		"- {situation: a, about: b, accounts: [x, y], colour: red}":                                  "colour",
		"situation: a": "cannot",
	} {
		if _, err := read([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", raw, err, want)
		}
	}
}

func TestDemo(t *testing.T) {
	all, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 12 {
		t.Errorf("%d situations: at least 12 are needed for figures that mean something", len(all))
	}
	for a, others := range Relevant(all) {
		if len(strings.Split(a, "/")) != 3 {
			t.Errorf("%q is no STORY/TYPE/KEY", a)
		}
		if len(others) == 0 || others[a] {
			t.Errorf("%s: %v", a, others)
		}
		for b := range others {
			if !Relevant(all)[b][a] {
				t.Errorf("%s is like %s, but not the other way round", a, b)
			}
		}
	}
}
