package retriever

import (
	"cmp"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// base stands for the offset among the features of a score.
const base = featureCount

func partName(f int) string {
	if f == base {
		return "base"
	}
	return featureNames[f]
}

// byName are the features and the base in the order of their names.
var byName = slices.SortedFunc(func(yield func(int) bool) {
	for f := range featureCount + 1 {
		if !yield(f) {
			return
		}
	}
}, func(x, y int) int { return cmp.Compare(partName(x), partName(y)) })

// explain says what a candidate's score is made of: feature × weight by the feature's name, without zeros, and the base that all items of its shape have. The
// parts of a learned score sum to it.
func (s *selection) explain(c ranked, focus bool) (float64, crm.Parts) {
	if focus {
		return 0, crm.Parts{{Name: "focus", Value: 1}}
	}
	if s.account == nil {
		h := s.found[c.chunk]
		return float64(c.score), crm.Parts{{Name: "dense", Value: h.dense}, {Name: "keyword", Value: h.keyword}}
	}
	if s.by == nil {
		return float64(c.score), crm.Parts{{Name: "dense", Value: float64(s.evidence.dense[c.chunk])}, {Name: "keyword", Value: float64(s.evidence.bm25[c.chunk])}}
	}
	var row [featureCount]float32
	s.evidence.row(s.account, s.question, c.chunk, &row)
	d := &s.by[s.account.shapes[c.chunk]]
	parts := make(crm.Parts, 0, 24)
	for _, f := range byName {
		x := float64(d.offset)
		if f != base {
			x = float64(row[f] * d.weights[f])
		}
		if x != 0 {
			parts = append(parts, crm.Part{Name: partName(f), Value: x})
		}
	}
	return float64(c.score), parts
}

// coverage is the share of the question's idf mass whose terms occur in the chosen passages: 0 when nothing is covered, 1 when every word is.
func (s *selection) coverage(c *choice) float64 {
	if s.account == nil {
		return covered(s.stems, c.passages)
	}
	if s.question.mass == 0 {
		return 0
	}
	var mask uint64
	for _, x := range c.chosen {
		mask |= s.evidence.mask[x.chunk]
	}
	return float64(s.question.masses.of(mask))
}
