package retriever

import (
	"cmp"
	"math"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// BM25 constants as in Lucene's defaults.
const (
	k1 = 1.2
	b  = 0.75
)

// terms are the query's words without question and function words; when nothing else is left, all of them count.
func terms(text string) []string {
	all := crm.Terms(text)
	kept := all[:0:0]
	for _, t := range all {
		if !stopWords[t] && !slices.Contains(kept, t) {
			kept = append(kept, t)
		}
	}
	if len(kept) == 0 {
		return slices.Compact(slices.Sorted(slices.Values(all)))
	}
	return kept
}

// match is the keyword arm: BM25 over the account's postings, the filter applied before the limit, best first, ties by chunk id.
func match(p *crm.Postings, f crm.Filter, query []string, n int) []crm.Hit {
	if len(p.Chunks) == 0 {
		return nil
	}
	scores := map[uint32]float64{}
	mean := float64(p.Tokens) / float64(len(p.Chunks))
	for _, term := range query {
		list := p.Terms[term]
		w := idf(len(p.Chunks), len(list))
		for _, post := range list {
			c := &p.Chunks[post.Chunk]
			if !f.Matches(c.Kind, c.Time, c.Created) {
				continue
			}
			tf := float64(post.Count)
			scores[post.Chunk] += w * tf * (k1 + 1) / (tf + k1*(1-b+b*float64(c.Tokens)/mean))
		}
	}
	hits := make([]crm.Hit, 0, len(scores))
	for i, s := range scores {
		hits = append(hits, crm.Hit{Chunk: p.Chunks[i].ID, Score: s})
	}
	slices.SortFunc(hits, func(a, b crm.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Chunk, b.Chunk))
	})
	return hits[:min(n, len(hits))]
}

// idf is Lucene's: log(1 + (N - n + .5)/(n + .5)); a term that is nowhere has the highest.
func idf(chunks, with int) float64 {
	return math.Log(1 + (float64(chunks)-float64(with)+0.5)/(float64(with)+0.5))
}

// coverage is the share of the question's idf mass whose terms occur in the chosen passages: 0 when nothing is covered, 1 when every word is.
func coverage(p *crm.Postings, query []string, chosen []crm.Passage) float64 {
	found := map[string]bool{}
	for _, c := range chosen {
		for _, t := range crm.Terms(c.Text) {
			found[t] = true
		}
	}
	var all, covered float64
	for _, t := range query {
		w := idf(len(p.Chunks), len(p.Terms[t]))
		all += w
		if found[t] {
			covered += w
		}
	}
	if all == 0 {
		return 0
	}
	return covered / all
}
