package hubspot

import "time"

// window counts requests against a rolling limit. HubSpot counts a request somewhere between its sending and its reply, so each one takes a place from before it is
// sent until one span after its reply: whatever the delays, no span of HubSpot's clock then sees more than limit of them.
type window struct {
	limit   int // at most; negative: no limit
	span    time.Duration
	flying  [2]int      // requests without a reply: others, backfill
	landed  []departure // replies, oldest first
	foreign int         // places that others use, as HubSpot's headers tell
	until   time.Time   // when foreign was last true
}

type departure struct {
	at       time.Time
	backfill bool
}

// used counts taken places: all, and those of the backfill lane.
func (w *window) used(now time.Time) (all, backfill int) {
	i := 0
	for i < len(w.landed) && now.Sub(w.landed[i].at) >= w.span {
		i++
	}
	w.landed = w.landed[i:]
	backfill = w.flying[1]
	for _, d := range w.landed {
		if d.backfill {
			backfill++
		}
	}
	return w.flying[0] + w.flying[1] + len(w.landed), backfill
}

// room reports whether one more request may leave. Backfill never takes more than 60 % of the places, the rest is kept for live work.
func (w *window) room(now time.Time, backfill bool) bool {
	if w.limit < 0 {
		return true
	}
	all, back := w.used(now)
	limit := w.limit
	if now.Before(w.until) {
		limit = max(limit-w.foreign, 1) // somebody else's hunger must not starve us for good
	}
	if backfill && back >= max(limit*6/10, 1) {
		return false
	}
	return all < limit
}

func (w *window) take(backfill bool) { w.flying[index(backfill)]++ }

// land turns a flying request into one that HubSpot has counted.
func (w *window) land(now time.Time, backfill bool) {
	w.flying[index(backfill)]--
	w.landed = append(w.landed, departure{now, backfill})
}

// release gives a place back that was never used.
func (w *window) release(backfill bool) { w.flying[index(backfill)]-- }

// next is when a place may become free by time alone; zero when only a reply can free one.
func (w *window) next(now time.Time) time.Time {
	if w.limit < 0 || len(w.landed) == 0 {
		if now.Before(w.until) {
			return w.until
		}
		return time.Time{}
	}
	at := w.landed[0].at.Add(w.span)
	if now.Before(w.until) && w.until.Before(at) {
		at = w.until
	}
	return at
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}
