package similar

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

const (
	reasons    = 3  // pairs of passages per neighbour
	sharedTops = 64 // shared terms that are looked for
	holders    = 24 // chunks of each side whose sentences are read
	leastWords = 5  // of a sentence that is quoted
	maxQuote   = 320
	compared   = 60 // pairs that are compared by meaning
	leastAlike = .4 // cosine of what they mean

	// In a language with n chunks, a word tells something when at most one chunk in nʷ holds it, and words do together when by chance at most one in nᵖ would hold all of
	// them. Small and large portals have bounds: powers of e.
	tellingWord, leastWord, mostWord = .45, 2.8, 4.
	tellingPair, leastPair, mostPair = 1.2, 6.5, 10.

	outweighs   = .1 // part of all that two accounts share: a single long word that makes so much of it is a reason by itself
	longLetters = 7
	copies      = .6 // two sentences with more words in common than this part are the same one, or a template
)

// explain finds sentences of both accounts that say something alike, best first. It finds none rather than a pair that only shares words which say little.
func (f *Finder) explain(ctx context.Context, n *crm.Neighbour, own *sketch, asOf time.Time) error {
	members, err := f.Texts.Members(ctx, n.Account)
	if err != nil {
		return err
	}
	if len(members) > 0 && members[0].Ref == n.Account {
		n.Name = members[0].Name
	}
	other, err := f.sketch(ctx, n.Account, asOf)
	if err != nil {
		return err
	}
	shared := sharedTerms(own.terms, other.terms)
	mine, err := f.sentences(ctx, own, shared)
	if err != nil {
		return err
	}
	yours, err := f.sentences(ctx, other, shared)
	if err != nil {
		return err
	}
	all := pairs(mine, yours, shared, own)
	if _, e := f.Live(); !e.Windows() { // a transformer would take longer than anybody waits
		if all, err = f.meant(ctx, e, all, own.names, other.names); err != nil {
			return err
		}
	}
	for _, p := range choose(all) {
		n.Because = append(n.Because, p.mine.likeness(own.account, p.words), p.yours.likeness(n.Account, p.words))
	}
	return nil
}

// sharedTerms are the terms of both with the part of the likeness that each makes, the largest parts first.
func sharedTerms(a, b []crm.TermWeight) []crm.TermWeight {
	var out []crm.TermWeight
	var sum float32
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i].Term, b[j].Term); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			out = append(out, crm.TermWeight{Term: a[i].Term, Weight: a[i].Weight * b[j].Weight})
			sum += a[i].Weight * b[j].Weight
			i, j = i+1, j+1
		}
	}
	for i := range out {
		out[i].Weight /= sum
	}
	slices.SortFunc(out, func(a, b crm.TermWeight) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), strings.Compare(a.Term, b.Term))
	})
	return out[:min(len(out), sharedTops)]
}

// sentence is a part of a passage with its telling terms, ascending, and the words among them that both accounts share.
type sentence struct {
	passage    *crm.Passage
	start, end int // in the passage's text
	terms      []string
	length     float64 // of the vector of the terms' rarity
}

func (s *sentence) text() string { return s.passage.Text[s.start:s.end] }

func (s *sentence) likeness(account crm.Ref, words []string) crm.Likeness {
	p := s.passage
	return crm.Likeness{Account: account, Activity: p.Activity, Version: p.Version, Quote: s.text(), Start: p.Start + s.start, End: p.Start + s.end, Words: words}
}

// sentences are those of an account that hold a shared term, from the chunks that hold most of what is shared.
func (f *Finder) sentences(ctx context.Context, s *sketch, shared []crm.TermWeight) ([]sentence, error) {
	part := map[string]float64{}
	for _, t := range shared {
		part[t.Term] = float64(t.Weight)
	}
	bodies, err := f.Texts.Bodies(ctx, s.account.Portal, s.holding(part))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(bodies, func(a, b crm.Passage) int { return strings.Compare(a.Chunk, b.Chunk) })
	var out []sentence
	for i := range bodies {
		p := &bodies[i]
		for start, end := range sentences(p.Text) {
			x := sentence{passage: p, start: start, end: end}
			words := crm.Terms(p.Text[start:end])
			holds := false
			for _, w := range words {
				if stem := s.stem(w, p.Language); s.rare[stem] > 0 && !dated(w, p.Language) {
					x.terms = append(x.terms, stem)
					holds = holds || part[stem] > 0
				}
			}
			if !holds || len(words) < leastWords {
				continue
			}
			x.terms = slices.Compact(slices.Sorted(slices.Values(x.terms)))
			for _, t := range x.terms {
				x.length += s.rare[t] * s.rare[t]
			}
			x.length = math.Sqrt(x.length)
			out = append(out, x)
		}
	}
	return out, nil
}

// dated reports whether a word is a part of a date or a number: two accounts are not alike because something happens to both in June.
func dated(word, language string) bool {
	t := analysis.Traits(word, language)
	return t.Has(crm.HasTime) || t.Has(crm.HasNumber)
}

// holding are the ids of the chunks that hold most of these terms.
func (s *sketch) holding(part map[string]float64) []string {
	score := map[string]float64{}
	for _, i := range s.passing {
		c := &s.postings.Chunks[i]
		seen := map[string]bool{}
		for _, w := range s.postings.Sequence[c.From:c.To] {
			if t := s.stem(s.postings.Words[w], c.Language); part[t] > 0 && !seen[t] {
				seen[t] = true
				score[c.ID] += part[t]
			}
		}
	}
	ids := slices.SortedFunc(maps.Keys(score), func(a, b string) int { return cmp.Or(cmp.Compare(score[b], score[a]), strings.Compare(a, b)) })
	return ids[:min(len(ids), holders)]
}

// pair is a sentence of each side with the words that they share, the most telling first.
type pair struct {
	mine, yours *sentence
	words       []string
	score       float64
}

// pairs are those whose words are a reason, best first: a pair must share two words that tell something, or a long one that makes much of the likeness by itself, in one
// language (the same letters mean another thing in another one), and be no copies of a template. The best share the largest part of what makes the accounts alike and of what
// they say themselves.
func pairs(mine, yours []sentence, shared []crm.TermWeight, own *sketch) (all []pair) {
	for i := range mine {
		for j := range yours {
			if p, ok := match(&mine[i], &yours[j], shared, own); ok {
				all = append(all, p)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	return all[:min(len(all), compared)]
}

// match compares two sentences; ok is false when what they share is no reason.
func match(a, b *sentence, shared []crm.TermWeight, own *sketch) (p pair, ok bool) {
	if a.passage.Language != b.passage.Language || overlap(a.terms, b.terms) > copies {
		return p, false
	}
	chunks := math.Log(own.chunks[cmp.Or(a.passage.Language, own.home)] + 1)
	leastRare, leastTogether := min(max(tellingWord*chunks, leastWord), mostWord), min(max(tellingPair*chunks, leastPair), mostPair)
	p = pair{mine: a, yours: b}
	part, rareness, single := 0.0, 0.0, false
	for _, t := range shared {
		rare := own.rare[t.Term]
		if rare < leastRare || !holds(a.terms, t.Term) || !holds(b.terms, t.Term) {
			continue
		}
		p.words = append(p.words, t.Term)
		part += float64(t.Weight)
		rareness += rare
		p.score += rare * rare
		single = single || float64(t.Weight) >= outweighs && len(t.Term) >= longLetters
	}
	if (len(p.words) < 2 || rareness < leastTogether) && !single {
		return p, false
	}
	p.score *= math.Sqrt(part) / (a.length * b.length)
	return p, true
}

// meant keeps the pairs that mean something alike, too, and orders them by both.
func (f *Finder) meant(ctx context.Context, e Embedder, all []pair, names, theirs map[string]bool) ([]pair, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var texts []string
	for _, p := range all {
		texts = append(texts, without(p.mine.text(), names), without(p.yours.text(), theirs))
	}
	vectors, _, err := e.Embed(ctx, crm.EmbedDocument, texts)
	if err != nil {
		return nil, fmt.Errorf("embed %d sentences: %w", len(texts), err)
	}
	var out []pair
	for i, p := range all {
		if c := dot(vectors[2*i], vectors[2*i+1]); c >= leastAlike {
			p.score *= c
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	return out, nil
}

// choose takes the best pairs: no word counts twice, and no sentence is shown twice or in another wording.
func choose(all []pair) (out []pair) {
	used := map[string]bool{}
	for _, p := range all {
		fresh := slices.DeleteFunc(slices.Clone(p.words), func(w string) bool { return used[w] })
		repeats := slices.ContainsFunc(out, func(o pair) bool {
			return overlap(o.mine.terms, p.mine.terms) > copies || overlap(o.yours.terms, p.yours.terms) > copies
		})
		if len(fresh)*2 <= len(p.words) || repeats {
			continue
		}
		for _, w := range p.words {
			used[w] = true
		}
		if out = append(out, p); len(out) == reasons {
			break
		}
	}
	return out
}

func holds(sorted []string, t string) bool {
	_, ok := slices.BinarySearch(sorted, t)
	return ok
}

// overlap is the part of the terms of two ascending lists that both have.
func overlap(a, b []string) float64 {
	both := 0
	for _, t := range a {
		if holds(b, t) {
			both++
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
