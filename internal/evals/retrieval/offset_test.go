package retrieval

import (
	"math"
	"testing"
)

func TestOffsetMakesScoresLogOdds(t *testing.T) {
	q := Query{Shape: "chat", Candidates: [][]float64{{2}, {1}, {0}, {0}}, Relevant: []bool{true, false, false, false}}
	other := Query{Shape: "mail", Candidates: [][]float64{{9}}, Relevant: []bool{true}}
	sets := []Training{{Set: "a", Queries: []Query{q, other}}, {Set: "b", Queries: []Query{q}}}
	b := Offset(sets, "chat", []float64{1.5})
	sum := 0.0
	for _, f := range q.Candidates {
		sum += 1 / (1 + math.Exp(-1.5*f[0]-b))
	}
	if math.Abs(sum-1) > 1e-6 {
		t.Errorf("offset %v: the chances sum to %v, want the one relevant candidate", b, sum)
	}
	if got := Offset(sets, "transcript", []float64{1}); got != 0 {
		t.Errorf("an unknown shape has offset %v", got)
	}
}
