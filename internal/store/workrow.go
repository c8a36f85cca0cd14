package store

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// maxQuiet is how many quiet periods a steady stream of marks can put a run off.
const maxQuiet = 5

// workRow is one row of the dirty set; its methods are the whole state machine, as values in and values out.
type workRow struct {
	id                  int64 // 0: not stored yet
	portal              crm.PortalID
	kind                crm.WorkKind
	key                 string
	wanted, done        int64
	lane                crm.Lane
	attempts            int
	markedAt            time.Time // first mark that no claim has read
	quietUntil, retryAt time.Time
	fence               int64
	owner               string
	leaseUntil          time.Time
	runSeq              int64 // what the running claim has read
	runMarkedAt         time.Time
	buried              bool
	lastError           string
}

func (r workRow) dirty() bool { return r.wanted > r.done }

// due is when the row may be claimed, leases aside.
func (r workRow) due() time.Time {
	if r.retryAt.After(r.quietUntil) {
		return r.retryAt
	}
	return r.quietUntil
}

// marked raises wanted. The quiet moment slides with every mark, within maxQuiet periods of the first one that no run has read; a back-off stays, but for who asks
// as a person and waits. A buried row starts afresh.
func (r workRow) marked(now time.Time, m crm.Mark) workRow {
	if !r.dirty() || m.Lane < r.lane {
		r.lane = m.Lane
	}
	if r.buried {
		r.buried, r.attempts, r.retryAt, r.lastError, r.markedAt = false, 0, time.Time{}, "", time.Time{}
	}
	if m.Lane == crm.ReviewLane {
		r.retryAt = time.Time{}
	}
	r.wanted++
	if r.markedAt.IsZero() {
		r.markedAt = now
	}
	r.quietUntil = now.Add(m.Quiet)
	if latest := r.markedAt.Add(maxQuiet * m.Quiet); latest.Before(r.quietUntil) {
		r.quietUntil = latest
	}
	return r
}

// claimed leases the row. A run that was lost (its lease expired) hands its marks to this one.
func (r workRow) claimed(now time.Time, owner string, lease time.Duration) workRow {
	if r.runMarkedAt.IsZero() {
		r.runMarkedAt = r.markedAt
	}
	r.markedAt = time.Time{}
	r.fence++
	r.owner, r.leaseUntil, r.runSeq = owner, now.Add(lease), r.wanted
	return r
}

func (r workRow) claim() crm.Claim {
	at := r.runMarkedAt
	if at.IsZero() {
		at = r.markedAt
	}
	seq := r.runSeq
	if r.owner == "" {
		seq = r.wanted
	}
	return crm.Claim{Portal: r.portal, Kind: r.kind, Key: r.key, Lane: r.lane, Seq: seq, Fence: r.fence, Attempts: r.attempts, MarkedAt: at}
}

// heldBy reports whether a claim still owns the row.
func (r workRow) heldBy(c crm.Claim) bool { return r.owner != "" && r.fence == c.Fence }

// released ends a run that did not finish: its marks are unread again.
func (r workRow) released() workRow {
	if !r.runMarkedAt.IsZero() {
		r.markedAt = r.runMarkedAt
	}
	r.owner, r.leaseUntil, r.runSeq, r.runMarkedAt = "", time.Time{}, 0, time.Time{}
	return r
}

// finished sets done to what the claim has read; a mark since then keeps the row dirty.
func (r workRow) finished(c crm.Claim) workRow {
	r.done = max(r.done, min(c.Seq, r.wanted))
	r.owner, r.leaseUntil, r.runSeq, r.runMarkedAt = "", time.Time{}, 0, time.Time{}
	r.attempts, r.retryAt, r.lastError = 0, time.Time{}, ""
	return r
}

func (r workRow) retried(notBefore time.Time, cause string, burn bool) workRow {
	r = r.released()
	r.retryAt, r.lastError = notBefore, cause
	if burn {
		r.attempts++
	}
	return r
}

// buriedFor ends the row, unless something newer than the run was marked meanwhile: that starts afresh.
func (r workRow) buriedFor(seq int64, cause string) workRow {
	newer := r.wanted > seq
	r = r.released()
	r.lastError, r.retryAt = cause, time.Time{}
	if r.buried = !newer; newer {
		r.attempts = 0
	}
	return r
}

// redriven makes a buried row ready again, with all the patience that a new one finds.
func (r workRow) redriven(now time.Time) workRow {
	r.markedAt = now
	r.buried, r.attempts, r.retryAt, r.quietUntil = false, 0, time.Time{}, now
	return r
}

func (r workRow) state(now time.Time) string {
	switch {
	case !r.dirty():
		return "done"
	case r.buried:
		return "buried"
	case r.owner != "" && r.leaseUntil.After(now):
		return "running"
	case r.due().After(now):
		return "waiting"
	}
	return "ready"
}
