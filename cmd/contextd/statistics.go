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
	statisticsEvery  = 10 * time.Minute // how often they are looked at; they change slowly
	statisticsSample = 20_000           // chunks
)

// statistics keeps a snapshot of how common words are in each portal. Until the first one is made, rare is what is rare in the account that is asked about.
type statistics struct {
	db      *store.DB
	portals []crm.PortalID
	log     *slog.Logger

	mu   sync.RWMutex
	made map[crm.PortalID]*crm.WordStatistics
	at   map[crm.PortalID]int64 // number of the last change they know
}

// Statistics implements retriever.Statistics.
func (s *statistics) Statistics(_ context.Context, portal crm.PortalID) (*crm.WordStatistics, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.made[portal], nil
}

// run renews the snapshots of portals that have changed, at once and then now and again, until ctx ends.
func (s *statistics) run(ctx context.Context) error {
	tick := time.NewTicker(statisticsEvery)
	defer tick.Stop()
	for {
		for _, p := range s.portals {
			if err := s.renew(ctx, p); err != nil && !errors.Is(err, context.Canceled) {
				s.log.Warn("word statistics could not be renewed; the ones before stay", "portal", p, "cause", err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (s *statistics) renew(ctx context.Context, portal crm.PortalID) error {
	s.mu.RLock()
	known := s.at[portal]
	s.mu.RUnlock()
	changed, last, err := s.db.ChangedAccounts(ctx, portal, known, 1<<20)
	if err != nil || len(changed) == 0 {
		return err
	}
	made, err := s.db.WordStatistics(ctx, portal, statisticsSample)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[portal], s.at[portal] = made, last
	return nil
}
