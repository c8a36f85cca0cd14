package hubspot

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// class is which of HubSpot's limits a request counts against, beside the common one ("Usage guidelines", "Associations").
type class int

const (
	plain class = iota
	searching
	associating
)

const (
	firstLimit  = 10               // requests before the first reply has told the portal's limit
	commonLimit = 152              // 80 % of 190 in ten seconds
	assocLimit  = 120              // 80 % of 150 in ten seconds
	searchLimit = 4                // of 5 in a second, which all apps of the portal share
	longestWait = 30 * time.Second // a longer pause is an error with its end: a worker should not sit on a lease
)

// ledger hands out the portal's quota so that HubSpot never has to refuse: live before review before backfill, first come first served within a lane.
type ledger struct {
	mu      sync.Mutex
	common  window
	extra   [3]window // by class; plain has no limit of its own
	fixed   int       // what the operator allows; 0: what HubSpot says
	learned bool      // a reply has come
	pause   [3]time.Time
	why     string
	waiting [crm.BackfillLane + 1][]*waiter
	timer   *time.Timer
}

type waiter struct {
	class    class
	backfill bool
	granted  bool
	ready    chan error // receives once: nil with a place, or why there will be none
}

func newLedger(rate, search int) *ledger {
	l := &ledger{fixed: rate, common: window{limit: commonLimit, span: 10 * time.Second}}
	if rate != 0 {
		l.common.limit = rate
	}
	if search == 0 {
		search = searchLimit
	}
	l.extra = [3]window{plain: {limit: -1}, searching: {limit: search, span: time.Second}, associating: {limit: assocLimit, span: 10 * time.Second}}
	if rate < 0 {
		l.extra[associating].limit = -1
	}
	return l
}

// acquire waits for a place. A pause that is too long to wait for, or longer than ctx allows, is a crm.RetryAfter at once. The returned function must be called once,
// when the reply has come or the request has ended: sent tells whether it left at all.
func (l *ledger) acquire(ctx context.Context, c class) (done func(sent bool), err error) {
	lane := laneOf(ctx)
	w := &waiter{class: c, backfill: lane == crm.BackfillLane, ready: make(chan error, 1)}
	l.mu.Lock()
	if err := l.paused(ctx, c); err != nil {
		l.mu.Unlock()
		return nil, err
	}
	l.waiting[lane] = append(l.waiting[lane], w)
	l.pump()
	l.mu.Unlock()
	select {
	case err := <-w.ready:
		if err != nil {
			return nil, err
		}
		return l.doneFunc(w), nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.granted {
		l.finish(w, false)
	} else {
		l.drop(lane, w)
	}
	l.pump()
	return nil, fmt.Errorf("hubspot: wait for quota: %w: %w", ctx.Err(), crm.ErrTemporary)
}

func (l *ledger) doneFunc(w *waiter) func(bool) {
	var once sync.Once
	return func(sent bool) {
		once.Do(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.finish(w, sent)
			l.pump()
		})
	}
}

func (l *ledger) finish(w *waiter, sent bool) {
	now := time.Now()
	for _, win := range []*window{&l.common, &l.extra[w.class]} {
		if sent {
			win.land(now, w.backfill)
		} else {
			win.release(w.backfill)
		}
	}
}

func (l *ledger) drop(lane crm.Lane, w *waiter) {
	for i, other := range l.waiting[lane] {
		if other == w {
			l.waiting[lane] = append(l.waiting[lane][:i:i], l.waiting[lane][i+1:]...)
			return
		}
	}
}

// paused answers at once when HubSpot asked for a silence that this caller cannot sit out.
func (l *ledger) paused(ctx context.Context, c class) error {
	end, now := l.pauseEnd(c), time.Now()
	if !end.After(now) {
		return nil
	}
	deadline, limited := ctx.Deadline()
	if end.Sub(now) <= longestWait && (!limited || end.Before(deadline)) {
		return nil
	}
	return &crm.RetryAfter{At: end, Err: fmt.Errorf("hubspot: quiet until %s: %s", end.UTC().Format(time.RFC3339), l.why)}
}

func (l *ledger) pauseEnd(c class) time.Time {
	if end := l.pause[c]; end.After(l.pause[plain]) {
		return end
	}
	return l.pause[plain]
}

// silence stops requests for d: those of one class, or all of them for plain. Waiting callers that cannot sit it out are told.
func (l *ledger) silence(c class, d time.Duration, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if end := time.Now().Add(d); end.After(l.pause[c]) {
		l.pause[c], l.why = end, why
	}
	l.pump()
}

// learn reads HubSpot's rate headers in the reply to a request that was sent at that moment; search replies have none.
func (l *ledger) learn(h http.Header, sent time.Time, zone *time.Location) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learned = true
	now := time.Now()
	most, ok1 := headerInt(h, "X-HubSpot-RateLimit-Max")
	left, ok2 := headerInt(h, "X-HubSpot-RateLimit-Remaining")
	if ms, ok := headerInt(h, "X-HubSpot-RateLimit-Interval-Milliseconds"); ok && ms >= 1000 && ms <= 60_000 {
		l.common.span = time.Duration(ms) * time.Millisecond
	}
	if ok1 && most > 0 && l.fixed >= 0 {
		limit := max(most*8/10, 1)
		if l.fixed > 0 {
			limit = min(limit, l.fixed)
		}
		l.common.limit = limit
		l.extra[associating].limit = min(assocLimit, limit)
		if ok2 {
			l.common.tell(now, sent, most, left)
		}
	}
	if daily, ok := headerInt(h, "X-HubSpot-RateLimit-Daily-Remaining"); ok && daily <= 0 {
		l.pause[plain], l.why = now.Add(untilMidnight(now, zone)), "the portal's daily quota is used up"
	}
	l.pump()
}

func headerInt(h http.Header, name string) (int, bool) {
	n, err := strconv.Atoi(h.Get(name))
	return n, err == nil && n >= 0
}
