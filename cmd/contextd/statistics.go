package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

const (
	statisticsEvery  = 2 * time.Second // how often they are looked at
	statisticsShare  = 20              // making them takes at most this part of the time
	statisticsSample = 20_000          // chunks
)

// statistics keeps a snapshot of how common words are in each portal.
type statistics struct {
	cut     func() store.Cut // the live generation's
	portals []crm.PortalID
	log     *slog.Logger

	mu   sync.Mutex
	made map[crm.PortalID]snapshot
}

// snapshot is how common words were up to a change, and when it may be renewed.
type snapshot struct {
	words   *crm.WordStatistics
	chunker int
	change  int64
	next    time.Time
}

// Statistics implements retriever.Statistics. Only the first question of a process waits for them to be made.
func (s *statistics) Statistics(ctx context.Context, portal crm.PortalID) (*crm.WordStatistics, error) {
	s.mu.Lock()
	made := s.made[portal]
	s.mu.Unlock()
	if made.words != nil && made.chunker == s.cut().Chunker {
		return made.words, nil
	}
	return s.current(ctx, portal)
}

// current is the portal's snapshot, made now when there is none or when it may be renewed.
func (s *statistics) current(ctx context.Context, portal crm.PortalID) (*crm.WordStatistics, error) {
	s.mu.Lock()
	old := s.made[portal]
	s.mu.Unlock()
	start, texts := time.Now(), s.cut()
	if old.chunker != texts.Chunker {
		old = snapshot{} // of the chunks of another generation
	}
	if old.words != nil && start.Before(old.next) {
		return old.words, nil
	}
	last := old.change
	for {
		changed, to, err := texts.ChangedAccounts(ctx, portal, last, 1000)
		if err != nil {
			return nil, err
		}
		if last = to; len(changed) < 1000 { // all changes at once: what is counted next has seen them
			break
		}
	}
	if old.words != nil && last == old.change {
		return old.words, nil
	}
	words, err := texts.WordStatistics(ctx, portal, statisticsSample)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[portal] = snapshot{words, texts.Chunker, last, time.Now().Add(max(statisticsEvery, statisticsShare*time.Since(start)))}
	return words, nil
}

// run renews the snapshots of portals that have changed, at once and then now and again, until ctx ends.
func (s *statistics) run(ctx context.Context) error {
	return periodically(ctx, 0, statisticsEvery, func() {
		for _, p := range s.portals {
			if _, err := s.current(ctx, p); err != nil && !errors.Is(err, context.Canceled) {
				s.log.Warn("word statistics could not be renewed; the ones before stay", "portal", p, "cause", err)
			}
		}
	})
}
