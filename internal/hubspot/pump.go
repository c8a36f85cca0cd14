package hubspot

import (
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// pump hands out every place that is free, most urgent lane first, and sets the timer for the next one. The caller holds the lock.
func (l *ledger) pump() {
	now := time.Now()
	full := false // somebody more urgent waits for a common place: nobody behind may take it
	for lane := range l.waiting {
		var kept []*waiter
		for i, w := range l.waiting[lane] {
			if full && !l.silent(now) {
				kept = append(kept, l.waiting[lane][i:]...)
				break
			}
			switch end := l.pauseEnd(w.class); {
			case end.Sub(now) > longestWait:
				w.ready <- &crm.RetryAfter{At: end, Err: fmt.Errorf("hubspot: quiet until %s: %s", end.UTC().Format(time.RFC3339), l.why)}
			case end.After(now) || full:
				kept = append(kept, w)
			case !l.commonRoom(now, w.backfill):
				full = true
				kept = append(kept, w)
			case !l.extra[w.class].room(now, w.backfill):
				kept = append(kept, w) // others need not wait for its own limit
			default:
				l.common.take(w.backfill)
				l.extra[w.class].take(w.backfill)
				w.granted = true
				w.ready <- nil
			}
		}
		l.waiting[lane] = kept
	}
	l.arm(now)
}

func (l *ledger) silent(now time.Time) bool {
	for _, end := range l.pause {
		if end.After(now) {
			return true
		}
	}
	return false
}

// commonRoom also holds back until the first reply has told the portal's limit.
func (l *ledger) commonRoom(now time.Time, backfill bool) bool {
	if all, _ := l.common.used(now); !l.learned && l.common.limit > firstLimit && all >= firstLimit {
		return false
	}
	return l.common.room(now, backfill)
}

// arm wakes the pump when time alone may free a place. Without waiters there is no timer.
func (l *ledger) arm(now time.Time) {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	var next time.Time
	consider := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, lane := range l.waiting {
		for _, w := range lane {
			consider(l.pauseEnd(w.class))
			consider(l.common.next(now))
			consider(l.extra[w.class].next(now))
		}
	}
	if next.IsZero() {
		return
	}
	l.timer = time.AfterFunc(next.Sub(now), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.pump()
	})
}
