package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

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

func (s *service) finder() *similar.Finder {
	return &similar.Finder{Builder: similar.Builder{Texts: s.db, Now: s.now, Statistics: s.words.current},
		Live: func() (similar.Index, similar.Embedder) { g := s.index.Live(); return g.Index, g.Embedder }}
}

// run follows the changes of every portal until ctx ends.
func (p *profiles) run(ctx context.Context) error {
	tick := time.NewTicker(profilesEvery)
	defer tick.Stop()
	for {
		for _, portal := range p.s.portals {
			if err := p.follow(ctx, portal); err != nil && !errors.Is(err, context.Canceled) {
				p.s.log.Warn("profiles of accounts are behind; they are tried again", "portal", portal, "cause", err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// follow refreshes the accounts that changed since the last time, in the live generation. Another generation begins anew, and so does a portal that has grown to twice as
// many chunks: what is telling in it has changed.
func (p *profiles) follow(ctx context.Context, portal crm.PortalID) error {
	name := profilesCursor(p.s.index.Live().Name)
	cur, err := p.s.db.Cursor(ctx, portal, name)
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
		if err := p.s.finder().Refresh(ctx, changed); err != nil {
			return err
		}
		after = last
		value := strconv.FormatInt(after, 10) + " " + strconv.Itoa(basis)
		if err := p.s.db.KeepCursor(ctx, portal, store.Cursor{Name: name, Value: value, Done: cur.Done + int64(len(changed))}, nil); err != nil {
			return err
		}
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
