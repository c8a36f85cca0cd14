package retrieval

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// made draws questions whose relevant candidate follows the softmax of truth.
func made(seed uint64, n int, truth []float64) []Query {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]Query, n)
	for i := range out {
		q := Query{Shape: "chat", Relevant: make([]bool, 12)}
		total, weights := 0.0, make([]float64, 12)
		for c := range 12 {
			f := make([]float64, len(truth))
			for j := range f {
				f[j] = r.Float64()
			}
			q.Candidates = append(q.Candidates, f)
			weights[c] = math.Exp(Dot(truth, f))
			total += weights[c]
		}
		at := r.Float64() * total
		for c := range weights {
			if at -= weights[c]; at < 0 || c == 11 {
				q.Relevant[c] = true
				break
			}
		}
		out[i] = q
	}
	return out
}

func TestFitFindsTheWeightsThatMadeTheData(t *testing.T) {
	truth := []float64{6, -3, 0, 1.5}
	sets := []Training{{"a", made(1, 3000, truth)}, {"b", made(2, 500, truth)}}
	prior := map[string][]float64{"chat": {1, 0, 0, 0}}
	w, err := Fit(sets, prior, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range truth {
		if math.Abs(w["chat"][i]-truth[i]) > .5 {
			t.Errorf("weights %v, made with %v", w["chat"], truth)
			break
		}
	}
	again, err := Fit(sets, prior, 0)
	if err != nil || !reflect.DeepEqual(w, again) {
		t.Errorf("the second time %v, then %v (%v)", w, again, err)
	}
	if prior["chat"][0] != 1 {
		t.Error("the prior was changed")
	}
}

func TestFitIsPulledTowardsThePrior(t *testing.T) {
	sets := []Training{{"a", made(3, 300, []float64{4, 4})}}
	prior := map[string][]float64{"chat": {2, 0}}
	distance := func(lambda float64) float64 {
		w, err := Fit(sets, prior, lambda)
		if err != nil {
			t.Fatal(err)
		}
		return math.Abs(w["chat"][1] / w["chat"][0])
	}
	free, some, tight := distance(0), distance(.05), distance(1000)
	if !(free > some && some > tight && tight < .01 && free > .8) {
		t.Errorf("the second weight relative to the first is %.3f, %.3f and %.3f with more and more pull", free, some, tight)
	}
	w, err := Fit(sets, prior, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	if w["chat"][0] < 3 {
		t.Errorf("the prior keeps its direction and takes the data's length: %v", w["chat"])
	}
}

// Two sets that want opposite things, one nine times as large: weighted equally they cancel out.
func TestSetsWeighTheSame(t *testing.T) {
	one := []Query{{Shape: "chat", Candidates: [][]float64{{1}, {0}}, Relevant: []bool{true, false}}}
	other := []Query{}
	for range 9 {
		other = append(other, Query{Shape: "chat", Candidates: [][]float64{{1}, {0}}, Relevant: []bool{false, true}})
	}
	w, err := Fit([]Training{{"one", one}, {"other", other}}, map[string][]float64{"chat": {1}}, .001)
	if err != nil || math.Abs(w["chat"][0]) > .02 {
		t.Errorf("weight %v, %v: 0 is expected", w, err)
	}
}

func TestShapesAreLearnedApart(t *testing.T) {
	chat := made(4, 200, []float64{5, 0})
	mail := made(5, 200, []float64{0, 5})
	for i := range mail {
		mail[i].Shape = "document"
	}
	prior := map[string][]float64{"chat": {1, 1}, "document": {1, 1}, "transcript": {1, 1}}
	w, err := Fit([]Training{{"both", append(chat, mail...)}}, prior, .001)
	if err != nil {
		t.Fatal(err)
	}
	if len(w) != 2 || w["chat"][0] < 3*math.Abs(w["chat"][1]) || w["document"][1] < 3*math.Abs(w["document"][0]) {
		t.Errorf("%v", w)
	}
	alone, err := Fit([]Training{{"chats", chat}}, prior, .001)
	if err != nil || !reflect.DeepEqual(alone["chat"], w["chat"]) {
		t.Errorf("mails changed the weights of chats: %v, %v", alone, err)
	}
}

func TestTheDerivativesAreThoseOfTheLoss(t *testing.T) {
	queries := made(6, 20, []float64{2, -1, 1})
	queries[0].Relevant[0], queries[0].Relevant[1], queries[0].Relevant[2] = true, true, true
	lists, err := divide([]Training{{"a", queries}}, map[string][]float64{"chat": {1, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	p := &problem{lists: lists["chat"], size: 3, lambda: .1, centre: []float64{1, 0, -1}}
	w := []float64{.5, -.25, 1}
	g, h := make([]float64, 3), make([]float64, 9)
	p.loss(w, g, h)
	const d = 1e-5
	for i := range 3 {
		up, down := append([]float64{}, w...), append([]float64{}, w...)
		up[i] += d
		down[i] -= d
		gu, gd, unused := make([]float64, 3), make([]float64, 3), make([]float64, 9)
		if got := (p.loss(up, gu, unused) - p.loss(down, gd, unused)) / (2 * d); math.Abs(got-g[i]) > 1e-6 {
			t.Errorf("gradient %d is %v, by differences %v", i, g[i], got)
		}
		for j := range 3 {
			if got := (gu[j] - gd[j]) / (2 * d); math.Abs(got-h[i*3+j]) > 1e-5 {
				t.Errorf("hessian %d %d is %v, by differences %v", i, j, h[i*3+j], got)
			}
		}
	}
}

func TestFitRefuses(t *testing.T) {
	prior := map[string][]float64{"chat": {1}}
	good := Query{Shape: "chat", Candidates: [][]float64{{1}, {0}}, Relevant: []bool{true, false}}
	for want, bad := range map[string]Query{
		`shape "fax" has no prior`:         {Shape: "fax", Candidates: good.Candidates, Relevant: good.Relevant},
		"2 candidates, 1 judgements":       {Shape: "chat", Candidates: good.Candidates, Relevant: []bool{true}},
		"2 features, the prior has 1":      {Shape: "chat", Candidates: [][]float64{{1, 2}}, Relevant: []bool{true}},
		"a, question 1: a feature is NaN":  {Shape: "chat", Candidates: [][]float64{{math.NaN()}}, Relevant: []bool{true}},
		"a, question 1: a feature is +Inf": {Shape: "chat", Candidates: [][]float64{{math.Inf(1)}}, Relevant: []bool{true}},
	} {
		if _, err := Fit([]Training{{"a", []Query{good, bad}}}, prior, .1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %q", err, want)
		}
	}
	if _, err := Fit([]Training{{"a", []Query{good}}}, prior, -1); err == nil {
		t.Error("a negative lambda was accepted")
	}
}

func TestFitAnswer(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	var qs []Answered
	for i := range 400 {
		yes := i%10 != 0
		x := r.NormFloat64()
		if yes {
			x += 2
		}
		qs = append(qs, Answered{[]float64{x, r.NormFloat64()}, yes})
	}
	offset, w, err := FitAnswer(qs, .001)
	if err != nil {
		t.Fatal(err)
	}
	if w[0] < 1.3 || w[0] > 2.7 || math.Abs(w[1]) > .5 || math.Abs(offset+w[0]) > .8 {
		t.Errorf("offset %.2f, weights %.2f: about −2 and 2, 0 made the data", offset, w)
	}
	if _, _, err := FitAnswer(qs[1:5], .1); err == nil {
		t.Error("answerable questions alone were accepted")
	}
}
