package generation

// Awaited tells whether somebody waits for those who are between the index and the store.
func (s *Set) Awaited() bool {
	if s.settled.TryRLock() {
		s.settled.RUnlock()
		return false
	}
	return true
}
