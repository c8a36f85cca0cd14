package store

import (
	"context"
	"sync"
)

// signals tells subscribers that a commit has happened. Signals coalesce: a channel holds at most one.
type signals struct {
	mu   sync.Mutex
	subs map[string]map[chan struct{}]bool
}

func newSignals() *signals { return &signals{subs: map[string]map[chan struct{}]bool{}} }

func (s *signals) subscribe(ctx context.Context, topic string) <-chan struct{} {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subs[topic] == nil {
		s.subs[topic] = map[chan struct{}]bool{}
	}
	s.subs[topic][ch] = true
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subs[topic], ch)
	})
	return ch
}

func (s *signals) raise(topics map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for topic := range topics {
		for ch := range s.subs[topic] {
			select {
			case ch <- struct{}{}:
			default: // one is already waiting to be read
			}
		}
	}
}
