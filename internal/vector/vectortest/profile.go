package vectortest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func company(id int) crm.Ref { return crm.Ref{Portal: 1, Type: crm.Companies, ID: fmt.Sprint(id)} }

func weights(terms ...string) []crm.TermWeight {
	slices.Sort(terms)
	out := make([]crm.TermWeight, len(terms))
	for i, t := range terms {
		out[i] = crm.TermWeight{Term: t, Weight: float32(1 / math.Sqrt(float64(len(terms))))}
	}
	return out
}

func profiles(t *testing.T, s *space) {
	ctx := t.Context()
	full := crm.Profile{Account: company(1), Vector: vector(Dim, 5), Terms: weights("price", "renew", "été"), Industry: "Logistics", Employees: 250, Outcome: "won", Amount: 48000.5,
		CycleDays: 61, Chunks: 128, Updated: start, Digest: "d1"}
	vectorOnly := crm.Profile{Account: company(2), Vector: vector(Dim, 6), Digest: "d2"}
	termsOnly := crm.Profile{Account: company(3), Terms: weights("renew"), Outcome: "lost"}
	theirs := crm.Profile{Account: abroad(company(1)), Vector: vector(Dim, 7), Digest: "theirs"}
	same := func(when string, want ...crm.Profile) {
		t.Helper()
		got, err := s.x.Profiles(ctx, []crm.Ref{company(1), company(2), company(3), company(404), abroad(company(1)), abroad(company(2))})
		check(t, err)
		slices.SortFunc(got, func(a, b crm.Profile) int { return a.Account.Compare(b.Account) })
		if len(got) != len(want) {
			t.Fatalf("%s: %d profiles, want %d", when, len(got), len(want))
		}
		for i := range want {
			alike(t, when, got[i], want[i])
		}
	}
	check(t, s.x.PutProfiles(ctx, []crm.Profile{full, vectorOnly, termsOnly, theirs}))
	same("stored", full, vectorOnly, termsOnly, theirs)
	full.Outcome, full.Terms, full.Employees, full.Vector = "churned", weights("secur"), 0, vector(Dim, 8)
	check(t, s.x.PutProfiles(ctx, []crm.Profile{full}))
	same("replaced", full, vectorOnly, termsOnly, theirs)
	check(t, s.x.PutProfiles(ctx, []crm.Profile{{Account: company(2)}, {Account: company(404)}}))
	same("one removed", full, termsOnly, theirs)
	if got, err := s.x.Profiles(ctx, nil); err != nil || len(got) != 0 {
		t.Errorf("asked for none: %v %v", got, err)
	}
}

func alike(t *testing.T, when string, got, want crm.Profile) {
	t.Helper()
	if len(got.Vector) != len(want.Vector) || len(want.Vector) > 0 && cosine(got.Vector, want.Vector) < 1-slack {
		t.Errorf("%s: vector %v, want %v", when, got.Vector, want.Vector)
	}
	ok := len(got.Terms) == len(want.Terms)
	for i := range got.Terms {
		ok = ok && got.Terms[i].Term == want.Terms[i].Term && math.Abs(float64(got.Terms[i].Weight-want.Terms[i].Weight)) < slack
	}
	if !ok {
		t.Errorf("%s: terms %v, want %v", when, got.Terms, want.Terms)
	}
	if !got.Updated.Equal(want.Updated) {
		t.Errorf("%s: made at %v, want %v", when, got.Updated, want.Updated)
	}
	facts := func(p crm.Profile) string {
		return fmt.Sprint(p.Account, p.Industry, p.Employees, p.Outcome, p.Amount, p.CycleDays, p.Chunks, p.Digest)
	}
	if facts(got) != facts(want) {
		t.Errorf("%s: %s, want %s", when, facts(got), facts(want))
	}
}

// peers are fifty accounts of every size, outcome and industry in two portals.
func peers() []crm.Profile {
	outcomes, industries := []string{"won", "lost", "open", "churned", ""}, []string{"Logistics", "Retail", ""}
	var ps []crm.Profile
	for i := range 50 {
		p := crm.Profile{Account: company(100 + i), Vector: vector(Dim, uint64(i%40)), Outcome: outcomes[i%5], Industry: industries[i%3], Employees: (i % 7) * 100}
		p.Terms = weights("renew", fmt.Sprint("t", i%4), fmt.Sprint("u", i%6))
		if i%10 == 9 {
			p.Account = abroad(p.Account)
		}
		if i == 17 {
			p.Vector = nil
		}
		if i == 18 {
			p.Terms = nil
		}
		ps = append(ps, p)
	}
	return ps
}

func profileFilters() map[string]crm.ProfileFilter {
	return map[string]crm.ProfileFilter{
		"all": {Portal: 1}, "other portal": {Portal: 2}, "unknown portal": {Portal: 3}, "won": {Portal: 1, Outcomes: []string{"won"}},
		"decided, but one": {Portal: 1, Outcomes: []string{"won", "lost", "churned"}, Except: company(100)}, "industry": {Portal: 1, Industry: "Retail"},
		"large": {Portal: 1, MinEmployees: 300}, "small": {Portal: 1, MaxEmployees: 200}, "band": {Portal: 1, MinEmployees: 200, MaxEmployees: 400, Outcomes: []string{"open", "lost"}},
		"none": {Portal: 1, Industry: "Mining"},
	}
}

// ranked compares profile hits with brute force: as many, scores within slack rank by rank, in order.
func ranked(t *testing.T, name string, got []crm.ProfileHit, f crm.ProfileFilter, n int, score func(*crm.Profile) (float64, bool)) {
	t.Helper()
	var want []crm.ProfileHit
	for _, p := range peers() {
		if s, ok := score(&p); ok && p.Account.Portal == f.Portal && f.Matches(&p) {
			want = append(want, crm.ProfileHit{Account: p.Account, Score: s})
		}
	}
	before := func(a, b crm.ProfileHit) int {
		if math.Abs(a.Score-b.Score) > 1e-6 {
			if a.Score > b.Score {
				return -1
			}
			return 1
		}
		return a.Account.Compare(b.Account)
	}
	slices.SortFunc(want, before)
	want = want[:max(0, min(n, len(want)))]
	if len(got) != len(want) {
		t.Errorf("%s: %d hits, want %d", name, len(got), len(want))
		return
	}
	for i := range got {
		if math.Abs(got[i].Score-want[i].Score) > slack {
			t.Errorf("%s: hit %d is %v, want %v", name, i, got[i], want[i])
		}
		if i > 0 && before(got[i-1], got[i]) >= 0 {
			t.Errorf("%s: hits %d and %d are out of order: %v, %v", name, i-1, i, got[i-1], got[i])
		}
	}
}

func nearProfiles(t *testing.T, s *space) {
	check(t, s.x.PutProfiles(t.Context(), peers()))
	for name, f := range profileFilters() {
		for _, n := range []int{0, 1, 4, 100} {
			q := vector(Dim, 3)
			got, err := s.x.NearProfiles(t.Context(), q, f, n)
			check(t, err)
			ranked(t, fmt.Sprint("near, ", name, ", n ", n), got, f, n, func(p *crm.Profile) (float64, bool) {
				if len(p.Vector) == 0 {
					return 0, false
				}
				return cosine(q, p.Vector), true
			})
		}
	}
}

func matchProfiles(t *testing.T, s *space) {
	check(t, s.x.PutProfiles(t.Context(), peers()))
	q := []crm.TermWeight{{Term: "t1", Weight: .8}, {Term: "u3", Weight: .5}, {Term: "unheard", Weight: .3}}
	for name, f := range profileFilters() {
		for _, n := range []int{0, 1, 4, 100} {
			got, err := s.x.MatchProfiles(t.Context(), q, f, n)
			check(t, err)
			ranked(t, fmt.Sprint("match, ", name, ", n ", n), got, f, n, func(p *crm.Profile) (float64, bool) {
				var sum float64
				for _, w := range p.Terms {
					for _, asked := range q {
						if asked.Term == w.Term {
							sum += float64(asked.Weight) * float64(w.Weight)
						}
					}
				}
				return sum, sum > 0
			})
		}
	}
	if got, err := s.x.MatchProfiles(t.Context(), nil, crm.ProfileFilter{Portal: 1}, 5); err != nil || len(got) != 0 {
		t.Errorf("no terms: %v %v", got, err)
	}
}

func refusedProfiles(t *testing.T, s *space) {
	ctx := t.Context()
	good := crm.Profile{Account: company(1), Vector: vector(Dim, 1), Terms: weights("a")}
	check(t, s.x.PutProfiles(ctx, []crm.Profile{good}))
	for name, v := range badVectors() {
		if v != nil { // a profile may be without a vector
			invalid(t, "a profile whose vector is "+name, s.x.PutProfiles(ctx, []crm.Profile{{Account: company(9), Terms: weights("a")}, {Account: company(1), Vector: v}}))
		}
		_, err := s.x.NearProfiles(ctx, v, crm.ProfileFilter{Portal: 1}, 5)
		invalid(t, "asked with a vector that is "+name, err)
	}
	for _, account := range []crm.Ref{{}, {Type: crm.Companies, ID: "1"}, {Portal: -1, Type: crm.Companies, ID: "1"}, {Portal: 1, Type: crm.Companies}} {
		invalid(t, "a profile of no account", s.x.PutProfiles(ctx, []crm.Profile{{Account: account, Terms: weights("a")}}))
	}
	for _, portal := range []crm.PortalID{0, -1} {
		_, err := s.x.NearProfiles(ctx, vector(Dim, 1), crm.ProfileFilter{Portal: portal}, 5)
		invalid(t, "near profiles of no portal", err)
		_, err = s.x.MatchProfiles(ctx, weights("a"), crm.ProfileFilter{Portal: portal}, 5)
		invalid(t, "matching profiles of no portal", err)
	}
	if got, err := s.x.MatchProfiles(ctx, weights("a"), crm.ProfileFilter{Portal: 1}, 5); err != nil || len(got) != 1 {
		t.Errorf("refused profiles change nothing, but there are %v %v", got, err)
	}
}
