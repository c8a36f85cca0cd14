package hubspot

import "time"

// window counts requests against a rolling limit. HubSpot counts a request somewhere between its sending and its reply, so each one takes a place from before it is
// sent until one span after its reply: whatever the delays, no span of HubSpot's clock then sees more than limit of them.
type window struct {
	limit   int // at most; negative: no limit
	span    time.Duration
	flying  [2]int      // requests without a reply: others, backfill
	landed  []departure // replies, oldest first
	told    bool        // HubSpot has said how much is left: other processes of the app use the same quota
	left    int         // requests that may still leave by its last word
	probeAt time.Time   // when one may leave although left is used up and no reply is on its way that could tell more
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
	if w.told && w.left <= 0 && (w.flying[0]+w.flying[1] > 0 || now.Before(w.probeAt)) {
		return false
	}
	all, back := w.used(now)
	if backfill && back >= max(w.limit*6/10, 1) {
		return false
	}
	return all < w.limit
}

func (w *window) take(backfill bool) {
	w.flying[index(backfill)]++
	w.left--
}

// tell takes HubSpot's word in the reply to a request that was sent at that moment and still counts as flying: remaining of most. Whatever HubSpot may have counted
// since is taken off, and a fifth is left to others.
func (w *window) tell(now, sent time.Time, most, remaining int) {
	later := w.flying[0] + w.flying[1] - 1
	for i := len(w.landed) - 1; i >= 0 && !w.landed[i].at.Before(sent); i-- {
		later++
	}
	w.told, w.left, w.probeAt = true, remaining-(most-most*8/10)-later, now.Add(time.Second)
}

// land turns a flying request into one that HubSpot has counted.
func (w *window) land(now time.Time, backfill bool) {
	w.flying[index(backfill)]--
	w.landed = append(w.landed, departure{now, backfill})
}

// release gives a place back that was never used.
func (w *window) release(backfill bool) { w.flying[index(backfill)]-- }

// next is when a place may become free by time alone; zero when only a reply can free one.
func (w *window) next(now time.Time) time.Time {
	if w.limit < 0 {
		return time.Time{}
	}
	if w.told && w.left <= 0 && now.Before(w.probeAt) {
		return w.probeAt
	}
	if len(w.landed) == 0 {
		return time.Time{}
	}
	return w.landed[0].at.Add(w.span)
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}
