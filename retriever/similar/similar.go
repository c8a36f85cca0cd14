package similar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// What counts how much. Words and meaning are standardised over the candidates first; a centroid alone finds far less than telling words, together they find most. Facts
// only break ties: an account is like another because of its story, not its size.
const (
	wordsWeight   = 1.0
	meaningWeight = 0.5
	factsWeight   = 0.1
	fewest        = 5  // candidates whose middle means something
	candidates    = 60 // from each side
	// earlierCandidates is the same for an earlier moment, where a profile of today stands for what it was.
	earlierCandidates = 200
	defaultLimit      = 10
)

// Finder finds similar accounts. Its fields are set once; it is safe for concurrent use.
type Finder struct {
	Builder
	// Live is the live generation.
	Live func() (Index, Embedder)
}

// candidate is an account on its way through the ranking.
type candidate struct {
	profile        crm.Profile
	words, meaning float64
	score          float64
	parts          map[string]float64
}

// Similar returns the accounts that are most like one, best first, with reasons; none when the account has no text. Only accounts of its portal are considered. With AsOf
// both sides are compared as they were known then, from profiles made for the purpose.
func (f *Finder) Similar(ctx context.Context, q crm.SimilarQuestion) ([]crm.Neighbour, error) {
	own, all, err := f.ranked(ctx, q)
	if err != nil {
		return nil, err
	}
	out := neighbours(own, all)
	if len(out) == 0 {
		return nil, nil
	}
	mine, err := f.sketch(ctx, q.Account, q.AsOf)
	if err != nil {
		return nil, fmt.Errorf("similar to %s: %w", q.Account, err)
	}
	for i := range out {
		if err := f.explain(ctx, &out[i], mine, q.AsOf); err != nil {
			return nil, fmt.Errorf("similar to %s: %w", q.Account, err)
		}
	}
	return out, nil
}

// Rank is Similar without names and reasons, which take most of its time.
func (f *Finder) Rank(ctx context.Context, q crm.SimilarQuestion) ([]crm.Neighbour, error) {
	own, all, err := f.ranked(ctx, q)
	if err != nil {
		return nil, err
	}
	return neighbours(own, all), nil
}

// ranked are the profile of the account that is asked about and the best candidates.
func (f *Finder) ranked(ctx context.Context, q crm.SimilarQuestion) (crm.Profile, []candidate, error) {
	if q.Portal <= 0 || q.Account.Portal != q.Portal || q.Account.ID == "" {
		return crm.Profile{}, nil, fmt.Errorf("similar: the question names no portal and account: %w", crm.ErrInvalid)
	}
	q.Except = q.Account
	index, embedder := f.Live()
	own, err := f.own(ctx, index, embedder, q)
	if err != nil || len(own.Terms) == 0 || !narrow(&q, own) {
		return own, nil, err
	}
	all, err := f.candidates(ctx, index, embedder, q, own)
	if err != nil {
		return own, nil, err
	}
	rank(own, all)
	return own, all[:min(len(all), cmp.Or(q.Limit, defaultLimit))], nil
}

func neighbours(own crm.Profile, all []candidate) []crm.Neighbour {
	points := plane(own, all)
	out := make([]crm.Neighbour, 0, len(all))
	for i, c := range all {
		out = append(out, crm.Neighbour{Account: c.profile.Account, Score: c.score, Parts: c.parts, Outcome: c.profile.Outcome, Amount: c.profile.Amount, CycleDays: c.profile.CycleDays, X: points[i][0], Y: points[i][1]})
	}
	return out
}

// narrow turns the wish for the same industry and size into a filter; false when the account's own is not known.
func narrow(q *crm.SimilarQuestion, own crm.Profile) bool {
	if q.SameIndustry {
		if own.Industry == "" || q.Industry != "" && q.Industry != own.Industry {
			return false
		}
		q.Industry = own.Industry
	}
	if q.SameSize {
		if own.Employees == 0 {
			return false
		}
		q.MinEmployees = max(q.MinEmployees, (own.Employees+2)/3)
		if most := 3 * own.Employees; q.MaxEmployees == 0 || most < q.MaxEmployees {
			q.MaxEmployees = most
		}
	}
	return true
}

// own is the profile of the account that is asked about: the one of the index, or, when there is none yet or an earlier moment is asked for, one made now.
func (f *Finder) own(ctx context.Context, index Index, e Embedder, q crm.SimilarQuestion) (crm.Profile, error) {
	if q.AsOf.IsZero() {
		found, err := index.Profiles(ctx, []crm.Ref{q.Account})
		if err != nil {
			return crm.Profile{}, fmt.Errorf("similar to %s: %w", q.Account, err)
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return f.Build(ctx, e, q.Account, q.AsOf, crm.Profile{})
}

// candidates are the nearest by words and by meaning. At an earlier moment they are chosen by what is known today and then compared by what was known: what became of them
// since is neither looked at nor filtered by.
func (f *Finder) candidates(ctx context.Context, index Index, e Embedder, q crm.SimilarQuestion, own crm.Profile) ([]candidate, error) {
	filter, n := q.ProfileFilter, candidates
	if !q.AsOf.IsZero() {
		filter.Outcomes, n = nil, earlierCandidates
	}
	byWords, err := index.MatchProfiles(ctx, own.Terms, filter, n)
	if err != nil {
		return nil, fmt.Errorf("similar to %s: %w", q.Account, err)
	}
	var byMeaning []crm.ProfileHit
	if len(own.Vector) > 0 {
		if byMeaning, err = index.NearProfiles(ctx, own.Vector, filter, n); err != nil {
			return nil, fmt.Errorf("similar to %s: %w", q.Account, err)
		}
	}
	var refs []crm.Ref
	for _, h := range slices.Concat(byWords, byMeaning) {
		if !slices.Contains(refs, h.Account) {
			refs = append(refs, h.Account)
		}
	}
	profiles, err := index.Profiles(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("similar to %s: %w", q.Account, err)
	}
	var out []candidate
	for _, p := range profiles {
		if p.Account.Portal != q.Portal {
			return nil, fmt.Errorf("similar to %s: the index answered with %s: %w", q.Account, p.Account, crm.ErrForbidden)
		}
		if !q.AsOf.IsZero() {
			if p, err = f.Build(ctx, e, p.Account, q.AsOf, crm.Profile{}); err != nil {
				return nil, err
			}
		}
		if len(p.Terms) > 0 && q.Matches(&p) {
			out = append(out, candidate{profile: p, words: dotTerms(own.Terms, p.Terms), meaning: dot(own.Vector, p.Vector)})
		}
	}
	return out, nil
}

// rank scores and orders the candidates.
func rank(own crm.Profile, all []candidate) {
	centre(own, all)
	wordsAt, wordsBy := spread(all, func(c candidate) float64 { return c.words })
	meaningAt, meaningBy := spread(all, func(c candidate) float64 { return c.meaning })
	for i := range all {
		c := &all[i]
		words, meaning, facts := wordsWeight*(c.words-wordsAt)/wordsBy, meaningWeight*(c.meaning-meaningAt)/meaningBy, factsWeight*Alike(own, c.profile)
		c.score = words + meaning + facts
		c.parts = map[string]float64{"words": words, "meaning": meaning, "facts": facts, "words_cosine": c.words, "meaning_cosine": c.meaning}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), a.profile.Account.Compare(b.profile.Account))
	})
}

// centre measures meaning from the middle of the candidates: what all accounts of a portal talk about says nothing of two of them.
func centre(own crm.Profile, all []candidate) {
	middle := make([]float64, len(own.Vector))
	n := 0.0
	for _, c := range all {
		if len(c.profile.Vector) == len(middle) {
			n++
			for i, x := range c.profile.Vector {
				middle[i] += float64(x)
			}
		}
	}
	if n < fewest {
		return
	}
	from := func(v []float32) []float64 {
		out := make([]float64, len(v))
		sum := 0.0
		for i, x := range v {
			out[i] = float64(x) - middle[i]/n
			sum += out[i] * out[i]
		}
		for i := range out {
			out[i] /= math.Sqrt(max(sum, 1e-12))
		}
		return out
	}
	mine := from(own.Vector)
	for i := range all {
		c := &all[i]
		c.meaning = 0
		if len(c.profile.Vector) == len(mine) {
			for k, x := range from(c.profile.Vector) {
				c.meaning += mine[k] * x
			}
		}
	}
}

// spread is mean and standard deviation; the latter 1 where all are the same.
func spread(all []candidate, of func(candidate) float64) (mean, deviation float64) {
	for _, c := range all {
		mean += of(c) / float64(len(all))
	}
	for _, c := range all {
		deviation += (of(c) - mean) * (of(c) - mean) / float64(len(all))
	}
	if deviation = math.Sqrt(deviation); deviation < 1e-9 {
		deviation = 1
	}
	return mean, deviation
}

// Alike compares firmographics, from 0 to 2: 1 for the same industry, and up to 1 the closer the numbers of employees are. What is unknown adds nothing.
func Alike(a, b crm.Profile) float64 {
	score := 0.0
	if a.Industry != "" && a.Industry == b.Industry {
		score++
	}
	if a.Employees > 0 && b.Employees > 0 {
		score += math.Exp(-math.Abs(math.Log(float64(a.Employees) / float64(b.Employees))))
	}
	return score
}

// dotTerms multiplies two lists that ascend by term.
func dotTerms(a, b []crm.TermWeight) (sum float64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].Term < b[j].Term:
			i++
		case a[i].Term > b[j].Term:
			j++
		default:
			sum += float64(a[i].Weight) * float64(b[j].Weight)
			i, j = i+1, j+1
		}
	}
	return sum
}

// dot is 0 where one of them is missing.
func dot(a, b []float32) (sum float64) {
	for i := range min(len(a), len(b)) {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// Refresh makes the profiles of these accounts anew and stores them, those that did not change too. An account that is too large to hold keeps the one it has.
func (f *Finder) Refresh(ctx context.Context, accounts []crm.Ref) error {
	index, e := f.Live()
	known, err := index.Profiles(ctx, accounts)
	if err != nil {
		return fmt.Errorf("profiles: %w", err)
	}
	byAccount := map[crm.Ref]crm.Profile{}
	for _, p := range known {
		byAccount[p.Account] = p
	}
	var made []crm.Profile
	for _, a := range accounts {
		p, err := f.Build(ctx, e, a, time.Time{}, byAccount[a])
		switch {
		case errors.Is(err, crm.ErrTooLarge), errors.Is(err, crm.ErrInvalid): // cannot be profiled: none, instead of one that may hold what was erased since
			p = crm.Profile{Account: a}
		case err != nil:
			return err
		}
		made = append(made, p)
	}
	return index.PutProfiles(ctx, made)
}
