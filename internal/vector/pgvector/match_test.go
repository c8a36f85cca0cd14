package pgvector

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
)

// bm25 is the formula by the book, over one portal's chunks.
func bm25(ks []crm.Kept, terms []string, passes func(crm.Kept) bool) []crm.Hit {
	var tokens float64
	df := map[string]float64{}
	for _, k := range ks {
		for _, t := range k.Terms[0] {
			tokens += float64(t.Count)
			df[t.Term]++
		}
	}
	n := float64(len(ks))
	var hits []crm.Hit
	for _, k := range ks {
		var length, score float64
		for _, t := range k.Terms[0] {
			length += float64(t.Count)
		}
		for _, t := range k.Terms[0] {
			if slices.Contains(terms, t.Term) {
				tf := float64(t.Count)
				score += math.Log(1+(n-df[t.Term]+.5)/(df[t.Term]+.5)) * tf * 2.2 / (tf + 1.2*(.25+.75*length/(tokens/n)))
			}
		}
		if score > 0 && passes(k) {
			hits = append(hits, crm.Hit{Chunk: k.Chunks[0].ID, Score: score})
		}
	}
	slices.SortFunc(hits, func(a, b crm.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Chunk, b.Chunk)) })
	return hits
}

// Scores are BM25 to the last digits, whatever was replaced, moved and removed before, and whatever another portal holds.
func TestMatchIsBM25(t *testing.T) {
	for _, major := range pgtest.Majors() {
		_, x := fresh(t, servers.Database(t, major), Options{}, 4)
		fill(t, x, talks(2, 200, 4, 4, 15))
		fill(t, x, talks(1, 400, 4, 4, 40)) // other texts of the same activities
		ks := talks(1, 300, 4, 4, 25)
		for i := range ks {
			ks[i].Chunks[0].Generated = i%3 == 0
		}
		fill(t, x, ks)
		for i := range 100 {
			fill(t, x, []crm.Kept{{Activity: crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Notes, ID: fmt.Sprint(300 + i)}}}})
		}
		check(t, x.Relink(t.Context(), ks[7].Activity.Ref, []crm.Ref{company(1, 1), company(1, 2)}, nil))
		ks[7].Accounts = []crm.Ref{company(1, 1), company(1, 2)}
		check(t, x.Relink(t.Context(), ks[8].Activity.Ref, nil, nil))
		ks = slices.Delete(ks, 8, 9)
		for _, question := range []string{"w0", "w1 w2 w3", "w5 w40 w90 w1000", "w7 w7 unheard", "unheard"} {
			terms := strings.Fields(question)
			for name, c := range map[string]struct {
				f      crm.Filter
				passes func(crm.Kept) bool
			}{
				"portal":         {crm.Filter{Portal: 1, Wide: true}, func(crm.Kept) bool { return true }},
				"portal, people": {crm.Filter{Portal: 1, Wide: true, Human: true}, func(k crm.Kept) bool { return !k.Chunks[0].Generated }},
				"account":        {crm.Filter{Portal: 1, Account: company(1, 2)}, func(k crm.Kept) bool { return slices.Contains(k.Accounts, company(1, 2)) }},
			} {
				got, err := x.Match(t.Context(), terms, c.f, 20)
				check(t, err)
				want := bm25(ks, terms, c.passes)
				want = want[:min(20, len(want))]
				if len(got) != len(want) {
					t.Errorf("%d: %q in %s: %d hits, want %d", major, question, name, len(got), len(want))
					continue
				}
				for i := range want {
					if math.Abs(got[i].Score-want[i].Score) > 1e-9 {
						t.Errorf("%d: %q in %s: hit %d scores %v, want %v", major, question, name, i+1, got[i], want[i])
						break
					}
				}
			}
		}
	}
}
