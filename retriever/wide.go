package retriever

import (
	"cmp"
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

// foundHit is a chunk that the back end found, without postings beside it.
type foundHit struct {
	id             string
	keyword, dense float64
}

// wide ranks what the back end finds in a whole portal, or in an account too large to hold: both arms, convex, no structure.
func (r *Retriever) wide(ctx context.Context, q crm.Question) (*selection, error) {
	if r.Matcher == nil {
		return nil, fmt.Errorf("no keyword search over %s: %w", scope(q.Filter), crm.ErrInvalid)
	}
	depth := cmp.Or(r.Depth, defaultDepth)
	s := &selection{question: &question{}, scale: unlearned}
	at := map[string]int{}
	hit := func(id string) *foundHit {
		i, ok := at[id]
		if !ok {
			i = len(s.found)
			at[id] = i
			s.found = append(s.found, foundHit{id: id})
		}
		return &s.found[i]
	}
	s.stems = stemmed(q.Text)
	if terms := s.stems; len(terms) > 0 {
		hits, err := r.Matcher.Match(ctx, terms, q.Filter, depth)
		if err != nil {
			return nil, err
		}
		for _, h := range hits {
			hit(h.Chunk).keyword = h.Score
		}
	}
	if r.Dense != nil && q.Text != "" {
		near, err := r.Dense.Near(ctx, q.Text, q.Filter, depth)
		if err != nil {
			return nil, err
		}
		for i, chunk := range near.Item.Chunks {
			hit(chunk).dense = max(0, float64(near.Item.Of[i]))
		}
	}
	var bestKeyword, bestDense float64
	for _, h := range s.found {
		bestKeyword, bestDense = max(bestKeyword, h.keyword), max(bestDense, h.dense)
	}
	share := cmp.Or(r.DenseShare, defaultDenseShare)
	for i, h := range s.found {
		s.ranked = append(s.ranked, ranked{int32(i), float32((1-share)*part(h.keyword, bestKeyword) + share*part(h.dense, bestDense))})
	}
	return s, nil
}

// covered is the share of the question's stems that the passages hold: how rare each is, is not known here.
func covered(stems []string, chosen []crm.Passage) float64 {
	if len(stems) == 0 {
		return 0
	}
	found := map[string]bool{}
	for i := range chosen {
		language := cmp.Or(chosen[i].Language, analysis.Language(chosen[i].Text), "en")
		for _, w := range crm.Terms(chosen[i].Text) {
			found[analysis.Stem(w, language)] = true
		}
	}
	n := 0
	for _, s := range stems {
		if found[s] {
			n++
		}
	}
	return float64(n) / float64(len(stems))
}

func part(x, of float64) float64 {
	if of == 0 {
		return 0
	}
	return x / of
}

// stemmed are the question's telling words as the index has them, each once.
func stemmed(text string) []string {
	language := analysis.Language(text)
	var out []string
	seen := map[string]bool{}
	for _, w := range crm.Terms(text) {
		stem := analysis.Stem(w, cmp.Or(language, "en"))
		if !seen[stem] && !analysis.QuestionWords(w, language) {
			seen[stem] = true
			out = append(out, stem)
		}
	}
	return out
}
