package similar

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

const (
	reasons     = 3  // pairs of passages per neighbour
	sharedWords = 24 // that are looked for
	maxQuote    = 320
)

func isTooLarge(err error) bool { return errors.Is(err, crm.ErrTooLarge) }

// explain finds the passages of both accounts that hold the words in which they are alike, in pairs that share as much as possible.
func (f *Finder) explain(ctx context.Context, n *crm.Neighbour, own, theirs crm.Profile, asOf time.Time) error {
	shared := sharedTerms(own.Terms, theirs.Terms)
	members, err := f.Texts.Members(ctx, theirs.Account)
	if err != nil {
		return err
	}
	if len(members) > 0 && members[0].Ref == theirs.Account {
		n.Name = members[0].Name
	}
	mine, err := f.holders(ctx, own.Account, shared, asOf)
	if err != nil {
		return err
	}
	other, err := f.holders(ctx, theirs.Account, shared, asOf)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for range reasons {
		a, b, words := bestPair(mine, other, shared, used)
		if len(words) == 0 {
			break
		}
		for _, h := range []holder{a, b} {
			l, err := f.quote(ctx, h, words)
			if err != nil {
				return err
			}
			if l.Quote != "" {
				n.Because = append(n.Because, l)
			}
		}
		for _, w := range words {
			used[w] = true
		}
	}
	return nil
}

// sharedTerms are the terms of both with what each adds to the score, most first.
func sharedTerms(a, b []crm.TermWeight) []crm.TermWeight {
	var out []crm.TermWeight
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i].Term, b[j].Term); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			out = append(out, crm.TermWeight{Term: a[i].Term, Weight: a[i].Weight * b[j].Weight})
			i, j = i+1, j+1
		}
	}
	slices.SortFunc(out, func(a, b crm.TermWeight) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), strings.Compare(a.Term, b.Term))
	})
	return out[:min(len(out), sharedWords)]
}

// holder is a chunk with the shared terms that it holds.
type holder struct {
	account crm.Ref
	chunk   string
	terms   map[string]bool
	score   float64
}

// holders are the chunks of an account that hold shared terms, the best first.
func (f *Finder) holders(ctx context.Context, account crm.Ref, shared []crm.TermWeight, asOf time.Time) ([]holder, error) {
	s, err := f.sketch(ctx, account, asOf)
	if err != nil {
		return nil, err
	}
	weight := map[string]float64{}
	for _, t := range shared {
		weight[t.Term] = float64(t.Weight)
	}
	var out []holder
	for _, i := range s.passing {
		c := &s.postings.Chunks[i]
		h := holder{account: account, chunk: c.ID, terms: map[string]bool{}}
		for _, w := range s.postings.Sequence[c.From:c.To] {
			if stem := s.stems[w]; weight[stem] > 0 && !h.terms[stem] {
				h.terms[stem] = true
				h.score += weight[stem]
			}
		}
		if len(h.terms) > 0 {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b holder) int { return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.chunk, b.chunk)) })
	return out[:min(len(out), 20)], nil
}

// bestPair are the chunks of both sides that share most of what was not shown yet.
func bestPair(mine, theirs []holder, shared []crm.TermWeight, used map[string]bool) (a, b holder, words []string) {
	best := 0.0
	for _, m := range mine {
		for _, t := range theirs {
			sum := 0.0
			for _, s := range shared {
				if m.terms[s.Term] && t.terms[s.Term] && !used[s.Term] {
					sum += float64(s.Weight)
				}
			}
			if sum > best {
				best, a, b = sum, m, t
			}
		}
	}
	if best == 0 {
		return a, b, nil
	}
	for _, s := range shared {
		if a.terms[s.Term] && b.terms[s.Term] && !used[s.Term] {
			words = append(words, s.Term)
		}
	}
	return a, b, words
}

// quote is the sentence of a chunk that holds most of the words, verbatim.
func (f *Finder) quote(ctx context.Context, h holder, words []string) (crm.Likeness, error) {
	bodies, err := f.Texts.Bodies(ctx, h.account.Portal, []string{h.chunk})
	if err != nil || len(bodies) == 0 {
		return crm.Likeness{}, err // gone meanwhile: no quote
	}
	p := bodies[0]
	l := crm.Likeness{Account: h.account, Activity: p.Activity, Version: p.Version, Words: words}
	best := 0
	for start, end := range sentences(p.Text) {
		held := map[string]bool{}
		for _, t := range crm.Terms(p.Text[start:end]) {
			if stem := analysis.Stem(t, p.Language); slices.Contains(words, stem) {
				held[stem] = true
			}
		}
		if len(held) > best {
			best = len(held)
			l.Quote, l.Start, l.End = p.Text[start:end], p.Start+start, p.Start+end
		}
	}
	return l, nil
}

// sentences yields the ranges between ends of sentences and lines, trimmed; long ones are cut at a space.
func sentences(text string) func(yield func(start, end int) bool) {
	return func(yield func(start, end int) bool) {
		start := 0
		for i, r := range text {
			size := len(string(r))
			ends := r == '\n' || strings.ContainsRune("。！？", r) || strings.ContainsRune(".!?", r) && (i+size == len(text) || text[i+size] == ' ' || text[i+size] == '\n') ||
				r == ' ' && i-start > maxQuote || i+size == len(text)
			if !ends {
				continue
			}
			a, b := start, i+size
			for a < b && strings.IndexByte(" \t\r\n", text[a]) >= 0 {
				a++
			}
			for b > a && strings.IndexByte(" \t\r\n", text[b-1]) >= 0 {
				b--
			}
			if start = i + size; b > a && !yield(a, b) {
				return
			}
		}
	}
}
