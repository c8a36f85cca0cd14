package generation

import "github.com/contextd/contextd/internal/crm"

// watch notes what writers do while somebody reads the store in order to write to an index later: what they wrote meanwhile is newer than what was read and must not be
// undone, and what they removed must not come back.
type watch struct {
	set *Set
	of  map[crm.Ref]string // the generation that was written to; "" when the activity was removed from all of them
}

// watch begins before the first read and lasts until stop. It waits for those who are between the index and the store: what was written before it began is in both.
func (s *Set) watch() *watch {
	s.settled.Lock()
	defer s.settled.Unlock()
	return s.watchSettled()
}

// watchSettled is watch for who holds s.settled.
func (s *Set) watchSettled() *watch {
	w := &watch{s, map[crm.Ref]string{}}
	s.noting.Lock()
	defer s.noting.Unlock()
	s.watches[w] = true
	return w
}

func (w *watch) stop() {
	w.set.noting.Lock()
	defer w.set.noting.Unlock()
	delete(w.set.watches, w)
}

// note tells everybody who watches that a writer is at an activity; the caller holds s.writes.
func (s *Set) note(activity crm.Ref, generation string) {
	s.noting.Lock()
	defer s.noting.Unlock()
	for w := range s.watches {
		if before, ok := w.of[activity]; !ok || before != "" {
			w.of[activity] = generation
		}
	}
}

// overtook tells whether a writer has been at an activity of a generation since the watch began.
func (w *watch) overtook(generation string, activity crm.Ref) bool {
	w.set.noting.Lock()
	defer w.set.noting.Unlock()
	at, ok := w.of[activity]
	return ok && (at == "" || at == generation)
}
