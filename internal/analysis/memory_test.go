package analysis

import (
	"fmt"
	"sync"
	"testing"
)

func TestWhatIsRememberedIsBoundedAndRight(t *testing.T) {
	var m memory
	var all sync.WaitGroup
	asked := 0
	var mu sync.Mutex
	stem := func(w string) string {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return "stem of " + w
	}
	for range 4 {
		all.Go(func() {
			for i := range 3 * mostStems {
				w := fmt.Sprint("word", i)
				if got := m.of(inLanguage{"en", w}, stem); got != "stem of "+w {
					t.Errorf("%s: %s", w, got)
					return
				}
				m.of(inLanguage{"de", "immer"}, stem)
			}
		})
	}
	all.Wait()
	if len(m.now) > mostStems || len(m.before) > mostStems {
		t.Errorf("%d and %d are remembered", len(m.now), len(m.before))
	}
	before := asked
	if m.of(inLanguage{"de", "immer"}, stem); asked != before {
		t.Error("what is asked for all the time was forgotten")
	}
}
