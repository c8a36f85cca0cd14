package retrieval

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// Measure names one figure per question; all are between 0 and 1, higher is better.
type Measure int

// The measures, in the order in which they are printed.
const (
	R5     Measure = iota // share of the gold documents among the first 5
	R10                   // … 10
	R20                   // … 20
	Hit10                 // 1 when a gold document is among the first 10
	MRR10                 // 1 / rank of the first gold document, 0 beyond 10
	NDCG10                // normalised discounted cumulative gain of the first 10, binary relevance
	B500                  // share of the gold documents among those that fit into 500 words
	B1000                 // … 1,000 words
	measures
)

var measureNames = [measures]string{"R@5", "R@10", "R@20", "hit@10", "MRR@10", "nDCG@10", "B500", "B1000"}

// String is the measure's usual name, such as nDCG@10.
func (m Measure) String() string { return measureNames[m] }

// Measures lists all of them in order.
func Measures() []Measure {
	all := make([]Measure, measures)
	for i := range all {
		all[i] = Measure(i)
	}
	return all
}

// Scores holds one figure per measure.
type Scores [measures]float64

// Judge measures one ranking against its gold documents, of which there must be at least one. words gives a document's length for the budgets.
func Judge(ranking []string, relevant map[string]bool, words func(document string) int) Scores {
	var s Scores
	seen, found, gain := map[string]bool{}, 0, 0.0
	total := float64(len(relevant))
	left := [2]int{500, 1000}
	for _, d := range ranking {
		if seen[d] {
			continue
		}
		rank := len(seen) // from 0
		seen[d] = true
		if relevant[d] {
			if found++; rank < 10 {
				gain += 1 / math.Log2(float64(rank)+2)
				s[Hit10] = 1
				if s[MRR10] == 0 {
					s[MRR10] = 1 / float64(rank+1)
				}
			}
		}
		for i, m := range [2]Measure{B500, B1000} {
			if left[i] <= 0 {
				continue
			}
			if left[i] -= words(d); left[i] >= 0 && relevant[d] {
				s[m] += 1 / total
			}
		}
		for i, k := range [3]int{5, 10, 20} {
			if rank < k {
				s[R5+Measure(i)] = float64(found) / total
			}
		}
	}
	ideal := 0.0
	for i := range min(len(relevant), 10) {
		ideal += 1 / math.Log2(float64(i)+2)
	}
	s[NDCG10] = gain / ideal
	return s
}

// Words counts what stands between white space, as the budgets of the published figures do.
func Words(text string) int { return len(strings.FieldsFunc(text, unicode.IsSpace)) }

// AUROC is the probability that a positive example scores above a negative one, ties counting half; NaN when one side is empty.
func AUROC(positive, negative []float64) float64 {
	sorted := slices.Sorted(slices.Values(negative))
	wins := 0.0
	for _, p := range positive {
		below, _ := slices.BinarySearch(sorted, p)
		equal := 0
		for below+equal < len(sorted) && sorted[below+equal] == p {
			equal++
		}
		wins += float64(below) + float64(equal)/2
	}
	return wins / float64(len(positive)) / float64(len(negative))
}
