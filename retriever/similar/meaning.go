package similar

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

const (
	maxTexts = 64 // embedded for the vector with the built-in embedder
	fewTexts = 12 // with a transformer, where each costs
)

// telling are the ids of the chunks that hold most of what describes the account, best first.
func (s *sketch) telling(most int) []string {
	type scored struct {
		id    string
		score float64
	}
	all := make([]scored, 0, len(s.passing))
	last := make([]int, len(s.postings.Words))
	for n, i := range s.passing {
		c := &s.postings.Chunks[i]
		score := 0.0
		for _, w := range s.postings.Sequence[c.From:c.To] {
			if last[w] != n+1 {
				last[w] = n + 1
				score += s.weight[s.stemAt(w, c.Language)]
			}
		}
		all = append(all, scored{c.ID, s.recency[n] * score / math.Sqrt(float64(c.Tokens()+10))})
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.id, b.id)) })
	out := make([]string, 0, most)
	for _, a := range all[:min(most, len(all))] {
		out = append(out, a.id)
	}
	return out
}

// meaning is the mean direction of the telling texts without the names in them.
func (b *Builder) meaning(ctx context.Context, e Embedder, portal crm.PortalID, chunks []string, names map[string]bool) ([]float32, error) {
	bodies, err := b.Texts.Bodies(ctx, portal, chunks)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(bodies, func(a, b crm.Passage) int { return strings.Compare(a.Chunk, b.Chunk) }) // sums of floats depend on their order
	var texts []string
	for _, p := range bodies {
		if text := without(p.Text, names); text != "" {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return nil, nil
	}
	vectors, _, err := e.Embed(crm.WithPayers(ctx, map[crm.PortalID]int{portal: 1}), crm.EmbedDocument, texts)
	if err != nil {
		return nil, fmt.Errorf("embed %d texts: %w", len(texts), err)
	}
	return mean(vectors), nil
}

// without leaves out the words that are names.
func without(text string, names map[string]bool) string {
	var kept []string
	for _, word := range strings.Fields(text) {
		terms := crm.Terms(word)
		if len(terms) > 0 && !slices.ContainsFunc(terms, func(t string) bool { return !names[t] }) {
			continue
		}
		kept = append(kept, word)
	}
	return strings.Join(kept, " ")
}

// mean is the normalised sum; nil when it is zero.
func mean(vectors [][]float32) []float32 {
	out := make([]float32, len(vectors[0]))
	for _, v := range vectors {
		for i, x := range v {
			out[i] += x
		}
	}
	if !crm.ValidVector(out, len(out)) {
		return nil
	}
	var sum float64
	for _, x := range out {
		sum += float64(x) * float64(x)
	}
	for i := range out {
		out[i] = float32(float64(out[i]) / math.Sqrt(sum))
	}
	return out
}
