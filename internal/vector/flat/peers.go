package flat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/crm"
)

// peers is the profiles of one portal in memory: as many as there are accounts, compared with all of them exactly.
type peers struct {
	mu    sync.RWMutex
	of    []crm.Profile // terms ascending; none without vector and terms
	at    map[crm.Ref]int
	bytes int
}

func (p *peers) size() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.bytes
}

func profileBytes(p *crm.Profile) int {
	n := 400 + 4*len(p.Vector) + 24*len(p.Terms)
	for _, t := range p.Terms {
		n += len(t.Term)
	}
	return n
}

func (p *peers) apply(c *change) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, put := range c.profiles {
		p.put(put)
	}
	return !c.unclear
}

func (p *peers) put(put crm.Profile) {
	put.Terms = byTerm(put.Terms)
	i, there := p.at[put.Account]
	switch empty := len(put.Vector) == 0 && len(put.Terms) == 0; {
	case there && empty: // the last one takes its place
		last := len(p.of) - 1
		p.bytes -= profileBytes(&p.of[i])
		p.of[i] = p.of[last]
		p.at[p.of[i].Account] = i
		p.of[last] = crm.Profile{}
		p.of = p.of[:last]
		delete(p.at, put.Account)
	case empty:
	case there:
		p.bytes += profileBytes(&put) - profileBytes(&p.of[i])
		p.of[i] = put
	default:
		p.at[put.Account] = len(p.of)
		p.of = append(p.of, put)
		p.bytes += profileBytes(&put)
	}
}

// byTerm orders terms, as profiles have them already.
func byTerm(terms []crm.TermWeight) []crm.TermWeight {
	compare := func(a, b crm.TermWeight) int { return strings.Compare(a.Term, b.Term) }
	if slices.IsSortedFunc(terms, compare) {
		return terms
	}
	return slices.SortedStableFunc(slices.Values(terms), compare)
}

func (g *generation) peers(ctx context.Context, portal crm.PortalID) (*peers, error) {
	v, err := g.cache.find(ctx, portalAddress(profilePart, portal), func() (resident, error) {
		all, err := g.readProfiles(ctx, profilesOfPortal, portal)
		p := &peers{at: make(map[crm.Ref]int, len(all))}
		for _, one := range all {
			p.put(one)
		}
		return p, err
	})
	if err != nil {
		return nil, err
	}
	return v.(*peers), nil
}

// NearProfiles returns the min(n, matching) accounts whose vector is closest, best first, ties by account.
func (x *Index) NearProfiles(ctx context.Context, vec []float32, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error) {
	return x.profiles(ctx, f, n, func(g *generation) (func(*crm.Profile) (float64, bool), error) {
		if !crm.ValidVector(vec, g.Dimension) {
			return nil, fmt.Errorf("want %d finite numbers that are not all zero, have %d: %w", g.Dimension, len(vec), crm.ErrInvalid)
		}
		q := appendUnit(nil, vec)
		return func(p *crm.Profile) (float64, bool) {
			if len(p.Vector) == 0 {
				return 0, false
			}
			return float64(vek32.Dot(q, p.Vector)), true
		}, nil
	})
}

// MatchProfiles returns the min(n, matching) accounts that share a term and whose terms are closest, best first, ties by account.
func (x *Index) MatchProfiles(ctx context.Context, terms []crm.TermWeight, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error) {
	return x.profiles(ctx, f, n, func(*generation) (func(*crm.Profile) (float64, bool), error) {
		q := byTerm(terms)
		return func(p *crm.Profile) (float64, bool) { return dotTerms(q, p.Terms) }, nil
	})
}

// dotTerms walks two lists that are ascending by term. false: they share none.
func dotTerms(a, b []crm.TermWeight) (sum float64, shared bool) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch strings.Compare(a[i].Term, b[j].Term) {
		case -1:
			i++
		case 1:
			j++
		default:
			sum += float64(a[i].Weight) * float64(b[j].Weight)
			shared = true
			i++
		}
	}
	return sum, shared
}

// profiles ranks a portal's profiles by a score that is made for the generation.
func (x *Index) profiles(ctx context.Context, f crm.ProfileFilter, n int, scorer func(*generation) (func(*crm.Profile) (float64, bool), error)) ([]crm.ProfileHit, error) {
	if f.Portal <= 0 {
		return nil, fmt.Errorf("search profiles of portal %d: %w", f.Portal, crm.ErrInvalid)
	}
	g, err := x.acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("search profiles: %w", err)
	}
	defer g.release()
	score, err := scorer(g)
	if err != nil {
		return nil, fmt.Errorf("search profiles: %w", err)
	}
	if n <= 0 {
		return nil, nil
	}
	p, err := g.peers(ctx, f.Portal)
	if err != nil {
		return nil, fmt.Errorf("search profiles of portal %s: %w", f.Portal, err)
	}
	return p.rank(f, n, score), nil
}

func (p *peers) rank(f crm.ProfileFilter, n int, score func(*crm.Profile) (float64, bool)) []crm.ProfileHit {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var hits []crm.ProfileHit
	for i := range p.of {
		one := &p.of[i]
		if !f.Matches(one) {
			continue
		}
		if s, ok := score(one); ok {
			hits = append(hits, crm.ProfileHit{Account: one.Account, Score: s})
		}
	}
	slices.SortFunc(hits, func(a, b crm.ProfileHit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), a.Account.Compare(b.Account))
	})
	return slices.Clip(hits[:min(n, len(hits))])
}
