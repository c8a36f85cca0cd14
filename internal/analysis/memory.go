package analysis

import (
	"strings"
	"sync"
)

// inLanguage is a word of a language.
type inLanguage struct{ language, word string }

// mostStems bounds what a memory holds, twice: of the words of a language few are frequent.
const mostStems = 1 << 14

// memory remembers the stems of words that were asked for lately: the accounts of a portal share most of theirs, and looking one up takes a tenth of the time.
type memory struct {
	mu          sync.RWMutex
	now, before map[inLanguage]string // what is asked for again moves from before to now
}

var remembered memory

func (m *memory) of(key inLanguage, stemmed func(word string) string) string {
	m.mu.RLock()
	stem, ok := m.now[key]
	if ok {
		m.mu.RUnlock()
		return stem
	}
	stem, ok = m.before[key]
	m.mu.RUnlock()
	if !ok {
		key.word = strings.Clone(key.word) // it may be a slice of a text, which must not live on
		stem = stemmed(key.word)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil || len(m.now) >= mostStems {
		m.now, m.before = map[inLanguage]string{}, m.now
	}
	m.now[key] = stem
	return stem
}
