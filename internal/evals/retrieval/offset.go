package retrieval

import "math"

// Offset is what brings scores of one shape to the scale of log-odds: with it, the logistic function of all scores sums to the number of relevant candidates, sets weighted
// equally. A listwise loss leaves it open, and items of several shapes in one account compare only with it. 0 when the training has no query of the shape.
func Offset(sets []Training, shape string, weights []float64) float64 {
	type list struct {
		scores   []float64
		relevant int
		share    float64
	}
	var lists []list
	for _, s := range sets {
		var of []list
		for _, q := range s.Queries {
			if q.Shape != shape {
				continue
			}
			l := list{scores: make([]float64, len(q.Candidates))}
			for i, f := range q.Candidates {
				for j, w := range weights {
					l.scores[i] += w * f[j]
				}
				if q.Relevant[i] {
					l.relevant++
				}
			}
			of = append(of, l)
		}
		for _, l := range of {
			l.share = 1 / float64(len(of))
			lists = append(lists, l)
		}
	}
	if len(lists) == 0 {
		return 0
	}
	surplus := func(offset float64) (sum float64) {
		for _, l := range lists {
			expected := 0.0
			for _, s := range l.scores {
				expected += 1 / (1 + math.Exp(-s-offset))
			}
			sum += l.share * (expected - float64(l.relevant))
		}
		return sum
	}
	low, high := -100.0, 100.0 // the surplus grows with the offset
	for range 60 {
		middle := (low + high) / 2
		if surplus(middle) > 0 {
			high = middle
		} else {
			low = middle
		}
	}
	return (low + high) / 2
}
