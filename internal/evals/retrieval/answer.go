package retrieval

import "fmt"

// Answered is one question with features of what was found for it, and whether the account holds an answer.
type Answered struct {
	Features   []float64
	Answerable bool
}

// FitAnswer learns by logistic regression the log odds, offset + weights · features, that a question can be answered. Both classes weigh the same, so that 0 means "as likely
// as not" however few unanswerable questions a set has. Both must occur. lambda is as in Fit, towards 0.
func FitAnswer(questions []Answered, lambda float64) (offset float64, weights []float64, err error) {
	// Two candidates, the question's features with a constant and nothing at all, of which one is right: the softmax over them is the logistic function.
	sets := [2]Training{{Set: "unanswerable"}, {Set: "answerable"}}
	size := 0
	for i, q := range questions {
		if i == 0 {
			size = 1 + len(q.Features)
		}
		row := append([]float64{1}, q.Features...)
		side := 0
		if q.Answerable {
			side = 1
		}
		sets[side].Queries = append(sets[side].Queries, Query{Shape: "answer", Candidates: [][]float64{row, make([]float64, size)}, Relevant: []bool{q.Answerable, !q.Answerable}})
	}
	for _, s := range sets {
		if len(s.Queries) == 0 {
			return 0, nil, fmt.Errorf("fit answer: no %s questions among %d", s.Set, len(questions))
		}
	}
	w, err := Fit(sets[:], map[string][]float64{"answer": make([]float64, size)}, lambda)
	if err != nil {
		return 0, nil, fmt.Errorf("fit answer: %w", err)
	}
	return w["answer"][0], w["answer"][1:], nil
}
