package work_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/work"
)

// memory is a queue of one kind that keeps the contract of work.Queue without a database, so that time can be simulated.
type memory struct {
	mu      sync.Mutex
	rows    map[string]*row
	signals []chan struct{}
	down    bool // the queue cannot be written
}

type row struct {
	wanted, done, fence int64
	attempts            int
	notBefore, lease    time.Time
	marked              time.Time
	owner, cause        string
	buried              bool
}

func (m *memory) mark(keys ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range keys {
		r := m.rows[k]
		if r == nil {
			r = &row{marked: time.Now()}
			m.rows[k] = r
		}
		r.wanted++
	}
	for _, s := range m.signals {
		select {
		case s <- struct{}{}:
		default:
		}
	}
}

func (m *memory) Claim(_ context.Context, kind crm.WorkKind, _ []crm.Lane, n int, owner string, lease time.Duration) ([]crm.Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []crm.Claim
	for k, r := range m.rows {
		now := time.Now()
		if len(out) == n || r.buried || r.done >= r.wanted || r.notBefore.After(now) || r.lease.After(now) {
			continue
		}
		r.fence++
		r.owner, r.lease = owner, now.Add(lease)
		out = append(out, crm.Claim{Portal: 1, Kind: kind, Key: k, Seq: r.wanted, Fence: r.fence, Attempts: r.attempts, MarkedAt: r.marked})
	}
	return out, nil
}

func (m *memory) held(c crm.Claim, f func(*row)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[c.Key]
	if m.down {
		return fmt.Errorf("database is locked: %w", crm.ErrTemporary)
	}
	if r.fence != c.Fence {
		return crm.ErrConflict
	}
	f(r)
	return nil
}

func (m *memory) fails() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.down
}

func (m *memory) set(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func (m *memory) Extend(_ context.Context, claims []crm.Claim, lease time.Duration) (lost []int, err error) {
	for i, c := range claims {
		if m.held(c, func(r *row) { r.lease = time.Now().Add(lease) }) != nil {
			lost = append(lost, i)
		}
	}
	return lost, nil
}

func (m *memory) Finish(_ context.Context, claims []crm.Claim) ([]error, error) {
	errs := make([]error, len(claims))
	if m.fails() {
		return nil, fmt.Errorf("database is locked: %w", crm.ErrTemporary)
	}
	for i, c := range claims {
		errs[i] = m.held(c, func(r *row) { r.done, r.attempts, r.lease = c.Seq, 0, time.Time{} })
	}
	return errs, nil
}

func (m *memory) Retry(_ context.Context, c crm.Claim, notBefore time.Time, cause string, burn bool) error {
	return m.held(c, func(r *row) {
		r.notBefore, r.lease, r.cause = notBefore, time.Time{}, cause
		if burn {
			r.attempts++
		}
	})
}

func (m *memory) Bury(_ context.Context, c crm.Claim, cause string) error {
	return m.held(c, func(r *row) { r.buried, r.lease, r.cause = true, time.Time{}, cause })
}

func (m *memory) Reclaim(_ context.Context, owner string) (n int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if r.owner == owner && !r.lease.IsZero() {
			r.lease, r.fence = time.Time{}, r.fence+1
			n++
		}
	}
	return n, nil
}

func (m *memory) NextDue(context.Context, crm.WorkKind, []crm.Lane) (due time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		at := r.notBefore
		if r.lease.After(at) {
			at = r.lease
		}
		if !r.buried && r.done < r.wanted && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	return due, nil
}

func (m *memory) Marked(context.Context, crm.WorkKind) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := make(chan struct{}, 1)
	m.signals = append(m.signals, c)
	return c
}

// run starts a runner in a bubble of simulated time and stops it at the end of the test function.
func run(t *testing.T, handler work.Handler, p work.Pool, f func(q *memory)) {
	synctest.Test(t, func(t *testing.T) {
		q := &memory{rows: map[string]*row{}}
		p.Kind, p.Handler = crm.IndexWork, handler
		r := &work.Runner{Queue: q, Owner: "me", Pools: []work.Pool{p}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		f(q)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// pass lets simulated time go by and waits until everything that it caused has happened.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestChangeDuringTheRunIsSeenAgain(t *testing.T) {
	var seen []int64
	var q *memory
	run(t, func(_ context.Context, claims []crm.Claim) []error {
		seen = append(seen, claims[0].Seq)
		if len(seen) == 1 {
			q.mark("a", "a")
		}
		return make([]error, len(claims))
	}, work.Pool{}, func(m *memory) {
		q = m
		q.mark("a")
		synctest.Wait()
	})
	if fmt.Sprint(seen) != "[1 3]" {
		t.Errorf("claims saw wanted %v, want one run for the first mark and one for both later ones", seen)
	}
}

// TestOutcomesSurviveAnOutageOfTheQueue: a run whose end cannot be recorded is recorded once the queue is back, within a second, and is not run again.
func TestOutcomesSurviveAnOutageOfTheQueue(t *testing.T) {
	for name, outcome := range map[string]error{"done": nil, "buried": crm.ErrInvalid} {
		t.Run(name, func(t *testing.T) {
			runs := 0
			var q *memory
			run(t, func(_ context.Context, claims []crm.Claim) []error {
				runs++
				q.set(true)
				return []error{outcome}
			}, work.Pool{}, func(m *memory) {
				q = m
				q.mark("a")
				pass(15 * time.Second)
				q.set(false)
				pass(time.Second)
				if r := q.rows["a"]; runs != 1 || (r.done == r.wanted) != (outcome == nil) || r.buried != (outcome != nil) {
					t.Errorf("%d runs, %+v", runs, r)
				}
			})
		})
	}
}

// TestStopDoesNotWaitForAQueueThatIsDown: a stop ends within the grace period whatever cannot be recorded.
func TestStopDoesNotWaitForAQueueThatIsDown(t *testing.T) {
	start := time.Time{}
	var q *memory
	synctest.Test(t, func(t *testing.T) {
		q = &memory{rows: map[string]*row{}}
		r := &work.Runner{Queue: q, Owner: "me", Pools: []work.Pool{{Kind: crm.IndexWork, Handler: func(_ context.Context, claims []crm.Claim) []error {
			q.set(true)
			return []error{nil}
		}}}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		q.mark("a")
		pass(5 * time.Second)
		start = time.Now()
		stop()
		if err := <-done; err != nil || time.Since(start) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestFailuresByKind(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		after time.Duration
		want  func(r *row) bool
	}{
		{"invalid is buried at once", crm.ErrInvalid, 0, func(r *row) bool { return r.buried && r.cause == "invalid" }},
		{"an unknown failure is buried after eight", errors.New("odd"), time.Hour, func(r *row) bool { return r.buried && r.attempts == 7 }},
		{"an outage is waited for", crm.ErrTemporary, 23 * time.Hour, func(r *row) bool { return !r.buried && r.attempts < 8 }},
		{"an outage of more than a day is buried", crm.ErrTemporary, 25 * time.Hour, func(r *row) bool { return r.buried }},
		{"a pause is waited for as long as it takes", fmt.Errorf("%w: %w", crm.ErrPaused, crm.ErrForbidden), 31 * 24 * time.Hour, func(r *row) bool { return !r.buried && r.attempts < 8 }},
		{"not found is done", crm.ErrNotFound, 0, func(r *row) bool { return r.done == 1 }},
		{"finished elsewhere is left alone", work.ErrFinished, 0, func(r *row) bool { return !r.buried && r.done == 0 && r.attempts == 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(_ context.Context, claims []crm.Claim) []error { return []error{c.err} }, work.Pool{}, func(q *memory) {
				q.mark("a")
				synctest.Wait()
				pass(c.after)
				if r := q.rows["a"]; !c.want(r) {
					t.Errorf("row ended as %+v", *r)
				}
			})
		})
	}
}

func TestRetryAfterIsHonouredWithoutBurning(t *testing.T) {
	var calls []time.Time
	run(t, func(_ context.Context, claims []crm.Claim) []error {
		calls = append(calls, time.Now())
		if len(calls) < 3 {
			return []error{&crm.RetryAfter{At: time.Now().Add(42 * time.Second), Err: errors.New("429")}}
		}
		return []error{nil}
	}, work.Pool{}, func(q *memory) {
		q.mark("a")
		synctest.Wait()
		pass(10 * time.Minute)
		if r := q.rows["a"]; r.done != 1 || r.attempts != 0 {
			t.Errorf("row ended as %+v", *r)
		}
	})
	if len(calls) != 3 || calls[1].Sub(calls[0]) < 42*time.Second || calls[2].Sub(calls[1]) < 42*time.Second {
		t.Errorf("called at %v: inside the time that the server asked to wait", calls)
	}
}

func TestPanicBuriesOnlyThePoisonousRow(t *testing.T) {
	run(t, func(_ context.Context, claims []crm.Claim) []error {
		for _, c := range claims {
			if c.Key == "poison" {
				panic("boom")
			}
		}
		return make([]error, len(claims))
	}, work.Pool{Batch: 10}, func(q *memory) {
		q.mark("a", "poison", "b")
		synctest.Wait()
		if a, b, p := q.rows["a"], q.rows["b"], q.rows["poison"]; a.done != 1 || b.done != 1 || !p.buried {
			t.Errorf("a %+v, b %+v, poison %+v", *a, *b, *p)
		}
	})
}

func TestLostLeaseCancelsAndDoesNotFinish(t *testing.T) {
	run(t, func(ctx context.Context, claims []crm.Claim) []error {
		<-ctx.Done()
		return []error{ctx.Err()}
	}, work.Pool{}, func(q *memory) {
		q.mark("a")
		synctest.Wait()
		q.mu.Lock()
		q.rows["a"].fence = 100 // another worker took it
		q.rows["a"].lease = time.Now().Add(24 * time.Hour)
		q.mu.Unlock()
		pass(time.Minute)
		if r := q.rows["a"]; r.attempts != 0 || r.done != 0 || r.fence != 100 {
			t.Errorf("the loser still settled the row: %+v", *r)
		}
	})
}

func TestStopReleasesWithoutBurning(t *testing.T) {
	var q *memory
	run(t, func(ctx context.Context, claims []crm.Claim) []error {
		<-ctx.Done()
		return []error{ctx.Err()}
	}, work.Pool{Timeout: time.Hour}, func(m *memory) {
		q = m
		q.mark("a")
		synctest.Wait()
	})
	if r := q.rows["a"]; r.attempts != 0 || r.buried || r.cause != "interrupted by a stop" || !r.lease.IsZero() {
		t.Errorf("after a stop: %+v", *r)
	}
}

func TestStartTakesBackOwnLeases(t *testing.T) {
	ran := false
	synctest.Test(t, func(t *testing.T) {
		q := &memory{rows: map[string]*row{"a": {wanted: 1, fence: 1, owner: "me", lease: time.Now().Add(time.Hour), marked: time.Now()}}}
		r := &work.Runner{Queue: q, Owner: "me", Pools: []work.Pool{{Kind: crm.IndexWork, Handler: func(_ context.Context, c []crm.Claim) []error {
			ran = true
			return make([]error, len(c))
		}}}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		synctest.Wait() // no simulated time passes: the lease of an hour must not be waited for
		if !ran {
			t.Error("interrupted work did not restart at once")
		}
		stop()
		<-done
	})
}
