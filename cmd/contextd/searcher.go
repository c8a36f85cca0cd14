package main

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/indexer/past"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/retriever"
)

// searcher answers each question from one generation of the index, the one that is live when it is asked: postings, bodies and vectors are of one chunker and one embedder,
// also when another generation takes its place in the middle.
type searcher struct {
	s  *service
	at atomic.Pointer[searching]
	mu sync.Mutex // held to follow a swap
}

// searching is a generation with its retriever, whose prepared accounts are of its chunks.
type searching struct {
	of *generation.Open
	*retriever.Retriever
}

// Retrieve implements engine.Retriever.
func (x *searcher) Retrieve(ctx context.Context, q crm.Question) (crm.Context, error) {
	return x.live().Retrieve(crm.WithPayers(ctx, map[crm.PortalID]int{q.Portal: 1}), q)
}

func (x *searcher) live() *searching {
	live := x.s.index.Live()
	if at := x.at.Load(); at != nil && at.of == live {
		return at
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if at := x.at.Load(); at != nil && at.of == live {
		return at
	}
	at := &searching{live, x.s.searching(live)}
	x.at.Store(at)
	return at
}

// searching is a retriever of one generation.
func (s *service) searching(o *generation.Open) *retriever.Retriever {
	texts := s.db.Cut(o.Chunker)
	return &retriever.Retriever{Dense: dense{o}, Past: pasts{&past.Accounts{Texts: texts}, dense{o}}, Matcher: o.Index, Postings: texts, Bodies: s.db, Static: builtin.Static(),
		Statistics: s.words, Names: s.people, Now: s.now}
}

// cut is the store as the live generation sees it.
func (s *service) cut() store.Cut { return s.db.Cut(s.index.Live().Chunker) }
