package retrieval

import (
	"fmt"
	"slices"
)

// Difference is how much better a run is than a base, with the paired bootstrap's 95 % interval.
type Difference struct {
	Measure         Measure
	Mean, Low, High float64
}

// Compare gives the differences of two reports over the same questions for R@10, MRR@10 and nDCG@10, from that many resamples (0: 1,000). The draws are those of
// Python's random.Random(1).randrange, one after the other over the three measures, so that intervals agree with the published scorer's to the last digit.
func Compare(run, base Report, resamples int) ([]Difference, error) {
	if !slices.Equal(run.Questions, base.Questions) {
		return nil, fmt.Errorf("compare %s with %s: the questions are not the same", run.Set, base.Set)
	}
	n := len(run.Questions)
	if n == 0 {
		return nil, fmt.Errorf("compare %s with %s: no questions", run.Set, base.Set)
	}
	if resamples == 0 {
		resamples = 1000
	}
	draw := newTwister(1)
	var out []Difference
	for _, m := range []Measure{R10, MRR10, NDCG10} {
		each, total := make([]float64, n), 0.0
		for i := range each {
			each[i] = run.Each[i][m] - base.Each[i][m]
			total += each[i]
		}
		means := make([]float64, resamples)
		for b := range means {
			for range n {
				means[b] += each[draw.below(n)]
			}
			means[b] /= float64(n)
		}
		slices.Sort(means)
		out = append(out, Difference{m, total / float64(n), means[int(.025*float64(resamples))], means[max(int(.975*float64(resamples))-1, 0)]})
	}
	return out, nil
}
