package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/retriever/similar"
)

const (
	profilesEvery = 5 * time.Second // how often is looked for accounts that have changed
	profilesBatch = 32
)

// profiles keeps the profiles of accounts current: behind the index, in the background, where it was left after a crash.
type profiles struct{ s *service }

func (s *service) finder() *similar.Finder { return s.finderIn(s.index.Live) }

func (s *service) finderIn(live func() *generation.Open) *similar.Finder {
	return &similar.Finder{Builder: similar.Builder{Texts: s.db.Cut(live().Chunker), Now: s.now, Statistics: s.words.current},
		Live: func() (similar.Index, similar.Embedder) { g := live(); return g.Index, g.Embedder }}
}

// run follows the changes of every portal until ctx ends. What a swap left of the profiles of an earlier generation, for whatever reason, is forgotten here.
func (p *profiles) run(ctx context.Context) error {
	settled := ""
	return periodically(ctx, 0, profilesEvery, func() {
		if live := p.s.index.Live().Name; live != settled {
			if err := p.forget(ctx); err == nil {
				settled = live
			} else if !errors.Is(err, context.Canceled) {
				p.s.log.Warn("profiles of an earlier generation could not be forgotten; it is tried again", "cause", err)
			}
		}
		for _, portal := range p.s.portals {
			if err := p.follow(ctx, portal); err != nil && !errors.Is(err, context.Canceled) {
				p.s.log.Warn("profiles of accounts are behind; they are tried again", "portal", portal, "cause", err)
			}
		}
	})
}

// follow refreshes the accounts that changed since the last time, in the live generation. Another generation begins anew, and so does a portal that has grown to twice as
// many chunks: what is telling in it has changed.
func (p *profiles) follow(ctx context.Context, portal crm.PortalID) error {
	live := p.s.index.Live()
	cur, err := p.s.db.Cursor(ctx, portal, profilesCursor(live.Name))
	if err != nil {
		return err
	}
	after, basis := parseProfilesCursor(cur.Value)
	for {
		changed, last, err := p.s.db.ChangedAccounts(ctx, portal, after, profilesBatch)
		if err != nil || len(changed) == 0 {
			return err
		}
		words, err := p.s.words.current(ctx, portal)
		if err != nil {
			return err
		}
		if basis > 0 && words.Chunks > 2*basis {
			after, basis = 0, words.Chunks
			continue
		}
		if basis == 0 {
			basis = words.Chunks
		}
		cur.Name, cur.Done = profilesCursor(live.Name), cur.Done+int64(len(changed))
		next := cur
		next.Value = strconv.FormatInt(last, 10) + " " + strconv.Itoa(basis)
		if still, err := p.refresh(ctx, live, portal, changed, cur, next); err != nil || !still {
			return err
		}
		after, cur = last, next
	}
}

// refresh makes one batch of profiles; false when another generation is live by now.
func (p *profiles) refresh(ctx context.Context, live *generation.Open, portal crm.PortalID, changed []crm.Ref, before, after store.Cursor) (still bool, err error) {
	p.s.profiling.Lock()
	defer p.s.profiling.Unlock()
	if p.s.index.Live() != live {
		return false, nil
	}
	if before.Value == "" { // the first profile of a generation is announced before it is there: forget looks only where something may be
		before.Value = "0 0"
		if err := p.s.db.KeepCursor(ctx, portal, before, nil); err != nil {
			return false, err
		}
	}
	if err := p.s.finderIn(func() *generation.Open { return live }).Refresh(ctx, changed); err != nil {
		return false, err
	}
	return true, p.s.db.KeepCursor(ctx, portal, after, nil)
}

// forget removes the profiles of generations that are not live: nobody keeps them current, and they hold words of texts that may have to be forgotten. Should one be live
// again, they are made anew.
func (p *profiles) forget(ctx context.Context) error {
	p.s.profiling.Lock()
	defer p.s.profiling.Unlock()
	all, err := p.s.index.Generations(ctx)
	if err != nil {
		return err
	}
	for _, g := range all {
		for _, portal := range p.s.portals {
			if g.Live {
				continue
			}
			if err := p.forgetIn(ctx, g.Name, portal); err != nil {
				return fmt.Errorf("forget profiles of generation %s: %w", g.Name, err)
			}
		}
	}
	return nil
}

// forgetIn removes one portal's profiles, also those of accounts that are erased by now: every account that has ever changed is listed.
func (p *profiles) forgetIn(ctx context.Context, name string, portal crm.PortalID) error {
	cur, err := p.s.db.Cursor(ctx, portal, profilesCursor(name))
	if err != nil || cur.Value == "" {
		return err
	}
	x, err := p.s.index.Bare(ctx, name)
	if err != nil {
		return err
	}
	for after := int64(0); ; {
		accounts, last, err := p.s.db.ChangedAccounts(ctx, portal, after, 500)
		if err != nil {
			return err
		}
		if len(accounts) == 0 {
			return p.s.db.KeepCursor(ctx, portal, store.Cursor{Name: profilesCursor(name)}, nil)
		}
		gone := make([]crm.Profile, len(accounts))
		for i, a := range accounts {
			gone[i] = crm.Profile{Account: a}
		}
		if err := x.PutProfiles(ctx, gone); err != nil {
			return err
		}
		after = last
	}
}

func profilesCursor(generation string) string { return "profiles/" + generation }

// parseProfilesCursor reads "change chunks"; anything else begins anew.
func parseProfilesCursor(s string) (after int64, basis int) {
	a, b, _ := strings.Cut(s, " ")
	after, err1 := strconv.ParseInt(a, 10, 64)
	basis, err2 := strconv.Atoi(b)
	if err1 != nil || err2 != nil {
		return 0, 0
	}
	return after, basis
}

// catchUp is how long a question for similar accounts waits for profiles that are behind; after that it is answered from those that are there.
const catchUp = 10 * time.Second

// Similar implements web.Similar: what has just been indexed is compared, too.
func (p *profiles) Similar(ctx context.Context, q crm.SimilarQuestion) ([]crm.Neighbour, error) {
	waiting, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	if err := p.follow(waiting, q.Portal); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	return p.s.finder().Similar(ctx, q)
}
