package retrieval

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Query is one question as the ranker saw it: the features of its candidates, and which of them are relevant. All candidates have one shape of item.
type Query struct {
	Account    string
	Shape      string
	Candidates [][]float64
	Relevant   []bool
}

// Training is the queries of one set. Sets weigh the same, however many questions they have.
type Training struct {
	Set     string
	Queries []Query
}

// DefaultLambda is the pull towards the prior weights that does well on the development sets, each scored with weights learned without the scored part: half or twice as much
// changes nothing that could be told from chance, twenty times as much costs chats .02 nDCG@10 and mails and notes .01.
const DefaultLambda = .0005

// Fit learns one weight vector per shape that occurs in the training: the listwise softmax loss, mean over the relevant candidates of a question, over the questions of a
// set, summed over the sets, plus lambda · |w − prior|², where the prior keeps its direction and takes the length that fits best. A shape without prior is an error, as are
// features that are not finite; questions without a relevant or without an irrelevant candidate teach nothing and are left out. The loss is convex and Newton's method finds
// its minimum; sums are formed in a fixed order, so that the same input gives the same weights on every run.
func Fit(sets []Training, prior map[string][]float64, lambda float64) (map[string][]float64, error) {
	if lambda < 0 || math.IsNaN(lambda) || math.IsInf(lambda, 0) {
		return nil, fmt.Errorf("fit: lambda is %v", lambda)
	}
	lists, err := divide(sets, prior)
	if err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	out := map[string][]float64{}
	for _, shape := range slices.Sorted(maps.Keys(lists)) {
		p := &problem{lists: lists[shape], size: len(prior[shape]), lambda: lambda}
		p.centre = p.scaled(prior[shape])
		w, err := p.minimum(slices.Clone(p.centre))
		if err != nil {
			return nil, fmt.Errorf("fit shape %s: %w", shape, err)
		}
		out[shape] = w
	}
	return out, nil
}

// list is a query that teaches something, with its weight in the loss.
type list struct {
	*Query
	weight   float64 // 1 / questions of its set and shape
	relevant float64 // how many
}

// divide sorts the queries by shape, in their order.
func divide(sets []Training, prior map[string][]float64) (map[string][]list, error) {
	out := map[string][]list{}
	for _, s := range sets {
		from := map[string]int{}
		for shape := range out {
			from[shape] = len(out[shape])
		}
		for i := range s.Queries {
			q := &s.Queries[i]
			if err := checkQuery(q, len(prior[q.Shape])); err != nil {
				return nil, fmt.Errorf("%s, question %d: %w", s.Set, i, err)
			}
			n := 0
			for _, r := range q.Relevant {
				if r {
					n++
				}
			}
			if n > 0 && n < len(q.Relevant) {
				out[q.Shape] = append(out[q.Shape], list{Query: q, relevant: float64(n)})
			}
		}
		for shape, ls := range out {
			for i := from[shape]; i < len(ls); i++ {
				ls[i].weight = 1 / float64(len(ls)-from[shape])
			}
		}
	}
	return out, nil
}

func checkQuery(q *Query, size int) error {
	if size == 0 {
		return fmt.Errorf("shape %q has no prior weights", q.Shape)
	}
	if len(q.Candidates) != len(q.Relevant) {
		return fmt.Errorf("%d candidates, %d judgements", len(q.Candidates), len(q.Relevant))
	}
	for _, c := range q.Candidates {
		if len(c) != size {
			return fmt.Errorf("%d features, the prior has %d", len(c), size)
		}
		for _, x := range c {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("a feature is %v", x)
			}
		}
	}
	return nil
}

// problem is the loss of one shape.
type problem struct {
	lists  []list
	size   int
	lambda float64
	centre []float64
}

// scaled is the prior at the length with the smallest loss, searched between 1/64 and 64 times by golden section over the logarithm; a zero prior stays zero.
func (p *problem) scaled(prior []float64) []float64 {
	at := func(log float64) []float64 {
		w := make([]float64, len(prior))
		for i := range w {
			w[i] = prior[i] * math.Exp(log)
		}
		return w
	}
	loss := func(log float64) float64 { return p.data(at(log), nil, nil) }
	const ratio = .6180339887498949
	low, high := -math.Log(64), math.Log(64)
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	la, lb := loss(a), loss(b)
	for high-low > .01 {
		if la <= lb {
			high, b, lb = b, a, la
			a = high - ratio*(high-low)
			la = loss(a)
		} else {
			low, a, la = a, b, lb
			b = low + ratio*(high-low)
			lb = loss(b)
		}
	}
	return at((low + high) / 2)
}

var errNoMinimum = errors.New("no minimum was found: the features may be dependent; raise lambda")

// minimum runs Newton's method from w with halved steps until nothing is gained.
func (p *problem) minimum(w []float64) ([]float64, error) {
	gradient, hessian := make([]float64, p.size), make([]float64, p.size*p.size)
	loss := p.loss(w, gradient, hessian)
	for range 100 {
		step, ok := solve(hessian, gradient)
		if !ok {
			return nil, errNoMinimum
		}
		slope := 0.0
		for i := range step {
			slope += step[i] * gradient[i]
		}
		if slope < 1e-10 {
			return w, nil
		}
		next, length := make([]float64, p.size), 1.0
		for ; ; length /= 2 {
			for i := range next {
				next[i] = w[i] - length*step[i]
			}
			if p.loss(next, nil, nil) <= loss-1e-4*length*slope {
				break
			}
			if length < 1e-9 {
				return w, nil // the differences that are left are those of rounding
			}
		}
		w = next
		loss = p.loss(w, gradient, hessian)
	}
	return nil, errNoMinimum
}
