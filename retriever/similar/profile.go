package similar

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

// Sizes of a profile.
const (
	maxTerms   = 256
	maxTexts   = 64 // embedded for the vector with the built-in embedder
	fewTexts   = 12 // with a transformer, where each costs
	halfLife   = 365 * 24 * time.Hour
	undated    = 0.5 // weight of what has no date
	minLetters = 3   // shorter words tell nothing, but for pairs of scripts without spaces
)

// Builder makes profiles. Its fields are set once; it is safe for concurrent use.
type Builder struct {
	Texts Texts
	// Statistics tells how common words are in the portal; required: without it every account is described by the words that all share.
	Statistics func(ctx context.Context, portal crm.PortalID) (*crm.WordStatistics, error)
	Now        func() time.Time // nil: time.Now
}

// Build makes the profile of an account as it was known at asOf (zero: now). known is an earlier profile: when nothing that is embedded has changed, its vector is taken
// over. An account without text has a profile without vector and terms. One that is too large to hold is profiled by nothing and stays as it is: crm.ErrTooLarge.
func (b *Builder) Build(ctx context.Context, e Embedder, account crm.Ref, asOf time.Time, known crm.Profile) (crm.Profile, error) {
	p := crm.Profile{Account: account, Updated: b.now()}
	facts, err := b.Texts.Facts(ctx, []crm.Ref{account})
	if err != nil {
		return p, fmt.Errorf("profile of %s: %w", account, err)
	}
	f := facts[account]
	p.Industry, p.Employees, p.Outcome, p.Amount, p.CycleDays = f.Industry, f.Employees, f.Outcome, f.Amount, f.CycleDays
	s, err := b.sketch(ctx, account, asOf)
	if err != nil || len(s.terms) == 0 {
		return p, err
	}
	p.Terms, p.Chunks = s.terms, s.chunks
	most := maxTexts
	if e.Windows() {
		most = fewTexts
	}
	telling := s.telling(most)
	p.Digest = digest(e.Fingerprint(), telling, s.names)
	if p.Digest == known.Digest && len(known.Vector) > 0 {
		p.Vector = known.Vector
		return p, nil
	}
	p.Vector, err = b.meaning(ctx, e, account.Portal, telling, s.names)
	if err != nil {
		return p, fmt.Errorf("profile of %s: %w", account, err)
	}
	return p, nil
}

func (b *Builder) now() time.Time {
	if b.Now == nil {
		return time.Now()
	}
	return b.Now()
}

// sketch is an account as its words describe it.
type sketch struct {
	postings *crm.Postings
	names    map[string]bool // words of the names of people, companies and deals
	stems    []string        // of each word of the postings; "" for those that say nothing
	weight   map[string]float64
	terms    []crm.TermWeight
	passing  []int     // chunks that count, by index
	recency  []float64 // of each of them
	chunks   int
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
	s := &sketch{postings: postings, names: namesOf(postings, members), weight: map[string]float64{}}
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
	s.chunks = len(s.passing)
	for _, i := range s.passing {
		s.recency = append(s.recency, recency(postings.Chunks[i].Time, newest))
	}
	s.weigh(stats)
	return s, nil
}

// recency halves with every year before the account's newest activity.
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

// weigh gives each stem (1 + log of how often, recent counts more) × how rare it is in the portal, and keeps the best as terms of unit length.
func (s *sketch) weigh(stats *crm.WordStatistics) {
	s.stems = make([]string, len(s.postings.Words))
	with := map[string]float64{}
	language := s.language()
	for i, w := range s.postings.Words {
		if s.names[w] || analysis.QuestionWords(w, language) || analysis.QuestionWords(w, "en") || (len(w) < minLetters && w[0] < 0x80) || w[0] <= '9' && w[0] >= '0' {
			continue
		}
		s.stems[i] = analysis.Stem(w, language)
		with[s.stems[i]] += float64(stats.With[w])
	}
	for n, i := range s.passing {
		c := &s.postings.Chunks[i]
		for _, w := range s.postings.Sequence[c.From:c.To] {
			if stem := s.stems[w]; stem != "" {
				s.weight[stem] += s.recency[n]
			}
		}
	}
	for stem, often := range s.weight {
		rare := math.Log((float64(stats.Chunks) + 1) / (with[stem] + 0.5))
		if s.weight[stem] = math.Log1p(often) * max(rare, 0); s.weight[stem] == 0 {
			delete(s.weight, stem)
		}
	}
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

// language is that of most of the chunks.
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
			if last[w] != n+1 && s.stems[w] != "" {
				last[w] = n + 1
				score += s.weight[s.stems[w]]
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
	vectors, _, err := e.Embed(ctx, crm.EmbedDocument, texts)
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

func digest(fingerprint string, chunks []string, names map[string]bool) string {
	h := sha256.New()
	fmt.Fprintln(h, fingerprint, slices.Sorted(slices.Values(chunks)), slices.Sorted(maps.Keys(names)))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
