package similar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

const (
	maxTerms    = 384
	halfLife    = 2 * 365 * 24 * time.Hour
	undated     = 0.5 // weight of what has no date
	oftenWeight = .2  // of the log of how many chunks hold a stem
	rareness    = 1.5 // power of rarity
	minLetters  = 3   // shorter words tell nothing, but for pairs of scripts without spaces
)

// sketch is an account as its words describe it.
type sketch struct {
	account  crm.Ref
	postings *crm.Postings
	home     string              // the language of most of its text
	names    map[string]bool     // words of the names of people and companies
	stems    map[string][]string // by language, of each word of the postings; see stemAt
	chunks   map[string]float64  // of the portal, by language; about, see spoken
	rare     map[string]float64  // of each stem: the log of one in how many chunks of its language holds it
	weight   map[string]float64  // of each stem
	terms    []crm.TermWeight    // the heaviest, ascending, of unit length together
	passing  []int               // chunks that count, by index
	recency  []float64           // of each of them
}

func (b *Builder) sketch(ctx context.Context, account crm.Ref, asOf time.Time) (*sketch, error) {
	postings, err := b.Texts.Postings(ctx, account)
	if err != nil {
		if errors.Is(err, crm.ErrTooLarge) {
			return nil, err
		}
		return nil, fmt.Errorf("profile of %s: %w", account, err)
	}
	stats, err := b.Statistics(ctx, account.Portal)
	if err != nil {
		return nil, fmt.Errorf("profile of %s: %w", account, err)
	}
	members, err := b.Texts.Members(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("profile of %s: %w", account, err)
	}
	s := &sketch{account: account, postings: postings, names: namesOf(postings, members), stems: map[string][]string{}}
	filter := crm.Filter{Portal: account.Portal, Account: account, AsOf: asOf, Human: true}
	var newest time.Time
	for i := range postings.Chunks {
		c := &postings.Chunks[i]
		if filter.Matches(c.Facets()) {
			s.passing = append(s.passing, i)
			if c.Time.After(newest) {
				newest = c.Time
			}
		}
	}
	for _, i := range s.passing {
		s.recency = append(s.recency, recency(postings.Chunks[i].Time, newest))
	}
	s.home = s.language()
	s.weigh(stats)
	return s, nil
}

// recency halves with every two years before the account's newest activity.
func recency(at, newest time.Time) float64 {
	if at.IsZero() {
		return undated
	}
	return math.Exp2(-float64(newest.Sub(at)) / float64(halfLife))
}

// namesOf are the words by which an account is called, not what it is like.
func namesOf(p *crm.Postings, members []crm.Member) map[string]bool {
	out := map[string]bool{}
	add := func(name string) {
		for _, w := range crm.Terms(name) {
			out[w] = true
		}
	}
	for i := range p.Chunks {
		add(p.Chunks[i].Speaker)
	}
	for _, m := range members {
		if m.Ref.Type != crm.Deals && m.Ref.Type != crm.Tickets { // these are named for what they are about
			add(m.Name)
		}
	}
	return out
}

// language is that of most of the text.
func (s *sketch) language() string {
	count := map[string]int{}
	for _, i := range s.passing {
		count[s.postings.Chunks[i].Language] += s.postings.Chunks[i].Tokens()
	}
	best := ""
	for l, n := range count {
		if n > count[best] || n == count[best] && l < best {
			best = l
		}
	}
	return best
}

// stem is a word in the form in which accounts are compared; "" for what says nothing: names, function words, numbers. A history has mails in several languages: each
// is stemmed by its own rules, so that it meets histories that are all in that language.
func (s *sketch) stem(word, language string) string {
	language = cmp.Or(language, s.home)
	if s.names[word] || analysis.QuestionWords(word, language) || analysis.QuestionWords(word, "en") || (len(word) < minLetters && word[0] < 0x80) || word[0] <= '9' && word[0] >= '0' {
		return ""
	}
	return analysis.Stem(word, language)
}

// unknown stands for a stem that was not looked for yet.
const unknown = "\x00"

// stemAt is the stem of a word of the postings, which is looked for once.
func (s *sketch) stemAt(w uint32, language string) string {
	known := s.stems[language]
	if known == nil {
		known = slices.Repeat([]string{unknown}, len(s.postings.Words))
		s.stems[language] = known
	}
	if known[w] == unknown {
		known[w] = s.stem(s.postings.Words[w], language)
	}
	return known[w]
}

// use is how an account uses a stem.
type use struct {
	chunks   int
	newest   float64         // recency of the newest chunk
	words    map[uint32]bool // its forms
	language string          // in which it was seen first
}

// weigh gives each stem how rare it is × how often and how recently it was said, and keeps the heaviest as terms of unit length. What is said once counts almost as much as
// what is said often: that is the way of a conversation and not of a situation. Rarity counts with a power above 1 for the same reason. Both were chosen on halves of meetings
// and agree with the demo portal.
func (s *sketch) weigh(stats *crm.WordStatistics) {
	uses := s.uses()
	s.chunks = map[string]float64{}
	s.rare, s.weight = make(map[string]float64, len(uses)), make(map[string]float64, len(uses))
	for stem, u := range uses {
		n, known := s.chunks[u.language]
		if !known {
			n = s.spoken(u.language, stats)
			s.chunks[u.language] = n
		}
		with := 0.5
		for w := range u.words {
			with += float64(stats.With[s.postings.Words[w]])
		}
		if rare := math.Log((n + 1) / with); rare > 0 {
			s.rare[stem], s.weight[stem] = rare, u.newest*(1+oftenWeight*math.Log(float64(u.chunks)))*math.Pow(rare, rareness)
		}
	}
	s.keep()
}

// uses are all stems of the account.
func (s *sketch) uses() map[string]*use {
	out := map[string]*use{}
	for n, i := range s.passing {
		c := &s.postings.Chunks[i]
		seen := map[string]bool{}
		for _, w := range s.postings.Sequence[c.From:c.To] {
			stem := s.stemAt(w, c.Language)
			if stem == "" {
				continue
			}
			u := out[stem]
			if u == nil {
				u = &use{words: map[uint32]bool{}, language: cmp.Or(c.Language, s.home)}
				out[stem] = u
			}
			u.words[w] = true
			if !seen[stem] {
				seen[stem] = true
				u.chunks++
				u.newest = max(u.newest, s.recency[n])
			}
		}
	}
	return out
}

// spoken is about how many chunks of the portal are in a language: as its most frequent function word is to the most frequent word of all. Without it, every word of a language
// that few accounts speak would pass for a telling one, and they would be alike because of their language.
func (s *sketch) spoken(language string, stats *crm.WordStatistics) float64 {
	here := 0
	for _, w := range s.postings.Words {
		if analysis.QuestionWords(w, language) {
			here = max(here, stats.With[w])
		}
	}
	most := here
	for _, with := range stats.With {
		most = max(most, with)
	}
	if here == 0 {
		return float64(stats.Chunks)
	}
	return float64(stats.Chunks) * float64(here) / float64(most)
}

// keep makes terms of the heaviest stems.
func (s *sketch) keep() {
	for stem, w := range s.weight {
		s.terms = append(s.terms, crm.TermWeight{Term: stem, Weight: float32(w)})
	}
	slices.SortFunc(s.terms, func(a, b crm.TermWeight) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), strings.Compare(a.Term, b.Term))
	})
	s.terms = s.terms[:min(len(s.terms), maxTerms)]
	var sum float64
	for _, t := range s.terms {
		sum += float64(t.Weight) * float64(t.Weight)
	}
	for i := range s.terms {
		s.terms[i].Weight = float32(float64(s.terms[i].Weight) / math.Sqrt(sum))
	}
	slices.SortFunc(s.terms, func(a, b crm.TermWeight) int { return strings.Compare(a.Term, b.Term) })
}
