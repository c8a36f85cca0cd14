package retriever

import "github.com/contextd/contextd/internal/crm"

// explain says what a candidate's score is made of: feature × weight by the feature's name, without zeros, and the base that all items of its shape have. The
// parts of a learned score sum to it.
func (s *selection) explain(c ranked, focus bool) (float64, map[string]float64) {
	parts := make(map[string]float64, 28)
	if focus {
		parts["focus"] = 1
		return 0, parts
	}
	if s.account == nil {
		h := s.found[c.chunk]
		return float64(c.score), map[string]float64{"keyword": h.keyword, "dense": h.dense}
	}
	if s.by == nil {
		return float64(c.score), map[string]float64{"keyword": float64(s.evidence.bm25[c.chunk]), "dense": float64(s.evidence.dense[c.chunk])}
	}
	var row [featureCount]float32
	s.evidence.row(s.account, s.question, c.chunk, &row)
	d := s.by[Shapes()[s.account.shapes[c.chunk]]]
	if d.offset != 0 {
		parts["base"] = float64(d.offset)
	}
	for i, name := range featureNames {
		if x := float64(row[i] * d.weights[i]); x != 0 {
			parts[name] = x
		}
	}
	return float64(c.score), parts
}

// coverage is the share of the question's idf mass whose terms occur in the chosen passages: 0 when nothing is covered, 1 when every word is.
func (s *selection) coverage(chosen []crm.Passage) float64 {
	if s.account == nil {
		return covered(s.stems, chosen)
	}
	if s.question.mass == 0 {
		return 0
	}
	var mask uint64
	for i := range chosen {
		mask |= s.evidence.mask[s.account.byID[chosen[i].Chunk]]
	}
	return float64(s.question.masses.of(mask))
}
