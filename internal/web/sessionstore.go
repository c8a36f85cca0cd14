package web

import (
	"sync"
	"time"
)

// sessionStore keeps sessions in memory for scs. Expired ones leave when a new one comes, so that no goroutine is needed to sweep.
type sessionStore struct {
	mu   sync.Mutex
	kept map[string]keptSession
}

type keptSession struct {
	data    []byte
	expires time.Time
}

// Find returns a session that has not expired.
func (s *sessionStore) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[token]
	if !ok || time.Now().After(k.expires) {
		return nil, false, nil
	}
	return k.data, true, nil
}

// Commit keeps a session until it expires.
func (s *sessionStore) Commit(token string, data []byte, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]keptSession{}
	}
	for t, k := range s.kept {
		if time.Now().After(k.expires) {
			delete(s.kept, t)
		}
	}
	s.kept[token] = keptSession{data, expires}
	return nil
}

// Delete ends a session; an unknown one is already ended.
func (s *sessionStore) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, token)
	return nil
}
