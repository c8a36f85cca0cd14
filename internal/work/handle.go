package work

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/contextd/contextd/internal/crm"
)

var errLost = errors.New("lease lost to another worker")

// handle runs one batch under renewed leases and settles every claim of it.
func (r *Runner) handle(ctx context.Context, p Pool, claims []crm.Claim) {
	errs := r.call(ctx, p, claims)
	if len(claims) > 1 && errors.Is(errs[0], errPanic) {
		// One poisonous row took its batch down: run each alone, so that only that row is buried.
		for i := range claims {
			errs[i] = r.call(ctx, p, claims[i:i+1])[0]
		}
	}
	end := r.Now().Add(r.Lease)          // after that the rows are somebody else's
	settle := context.WithoutCancel(ctx) // the outcome is recorded even while stopping; the queue's own busy time-out bounds it
	var done []crm.Claim
	for i, c := range claims {
		switch err := errs[i]; {
		case err == nil, errors.Is(err, crm.ErrNotFound):
			done = append(done, c)
		case errors.Is(err, ErrFinished), errors.Is(err, errLost):
		default:
			r.fail(ctx, settle, end, c, err)
		}
	}
	if len(done) == 0 {
		return
	}
	var lost []error
	err := r.insist(ctx, end, func() (err error) {
		lost, err = r.Queue.Finish(settle, done)
		return err
	})
	if err != nil {
		r.Log.Error("finish work", "kind", p.Kind, "rows", len(done), "error", err)
		return
	}
	for i, err := range lost {
		if err != nil {
			r.Log.Warn("late finish refused", "kind", p.Kind, "key", done[i].Key, "fence", done[i].Fence, "error", err)
		}
	}
}

// insist repeats a write of the queue every second while the queue is down, until end, as long as nobody stops: what has been done is not to be done again
// only because the disk was full for a moment.
func (r *Runner) insist(ctx context.Context, end time.Time, write func() error) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		err := write()
		if err == nil || !errors.Is(err, crm.ErrTemporary) || r.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-t.C:
		}
	}
}

var errPanic = fmt.Errorf("handler panicked: %w", crm.ErrInvalid)

// call runs the handler once, with its deadline and lease renewal, and always returns one error per claim.
func (r *Runner) call(ctx context.Context, p Pool, claims []crm.Claim) (errs []error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.Timeout, fmt.Errorf("no result within %s", p.Timeout))
	defer cancel()
	ctx, lose := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	defer renewing.Wait()
	defer lose(nil)
	renewing.Go(func() { r.renew(ctx, claims, lose) })
	defer func() {
		if v := recover(); v != nil {
			r.Log.Error("handler panicked", "kind", p.Kind, "rows", len(claims), "panic", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			errs = each(len(claims), fmt.Errorf("%w: %T", errPanic, v)) // the value may quote a customer's text: its type is enough here
		}
	}()
	errs = p.Handler(ctx, claims)
	if len(errs) != len(claims) {
		return each(len(claims), fmt.Errorf("handler of %s returned %d results for %d claims: %w", p.Kind, len(errs), len(claims), crm.ErrInvalid))
	}
	if errors.Is(context.Cause(ctx), errLost) {
		for i := range errs {
			if errs[i] != nil {
				errs[i] = errLost
			}
		}
	}
	return errs
}

func each(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// renew extends the leases every third of their length and cancels the batch when one was lost.
func (r *Runner) renew(ctx context.Context, claims []crm.Claim, lose context.CancelCauseFunc) {
	t := time.NewTicker(r.Lease / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		lost, err := r.Queue.Extend(ctx, claims, r.Lease)
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("renew leases", "rows", len(claims), "error", err)
		}
		if len(lost) > 0 {
			lose(errLost)
			return
		}
	}
}

// fail decides by the kind of error what becomes of a claim. Outages and missing permissions wait; what can never succeed is buried; the rest is retried.
func (r *Runner) fail(ctx, settle context.Context, end time.Time, c crm.Claim, cause error) {
	if err := r.insist(ctx, end, func() error { return r.judge(settle, c, cause, ctx.Err() != nil) }); err != nil && !errors.Is(err, crm.ErrConflict) {
		r.Log.Error("record failure of work", "kind", c.Kind, "key", c.Key, "error", err)
	}
}

func (r *Runner) judge(ctx context.Context, c crm.Claim, cause error, stopping bool) error {
	now := r.Now()
	var after *crm.RetryAfter
	paused := errors.Is(cause, crm.ErrPaused)
	outage := paused || errors.Is(cause, crm.ErrTemporary) || errors.Is(cause, crm.ErrForbidden) || errors.Is(cause, crm.ErrStopped)
	switch {
	case stopping:
		return r.Queue.Retry(ctx, c, now, "interrupted by a stop", false)
	case outage && !paused && now.Sub(c.MarkedAt) > r.Patience, !outage && c.Attempts+1 >= r.MaxAttempts, errors.Is(cause, crm.ErrInvalid) && !outage:
		r.Log.Error("work buried", "kind", c.Kind, "key", c.Key, "portal", c.Portal, "attempts", c.Attempts+1, "error", cause)
		return r.Queue.Bury(ctx, c, cause.Error())
	case errors.As(cause, &after):
		r.Log.Info("work waits", "kind", c.Kind, "key", c.Key, "portal", c.Portal, "until", after.At, "error", cause)
		return r.Queue.Retry(ctx, c, after.At, cause.Error(), false)
	}
	r.Log.Info("work failed and is tried again", "kind", c.Kind, "key", c.Key, "portal", c.Portal, "attempts", c.Attempts+1, "error", cause)
	// An outage raises the count for its back-off, but never to the last attempt.
	return r.Queue.Retry(ctx, c, now.Add(pause(c.Attempts)), cause.Error(), !outage || c.Attempts+2 < r.MaxAttempts)
}

// pause is the jittered back-off after that many failures: 0.5 s doubling to at most 5 minutes.
func pause(attempts int) time.Duration {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier, b.RandomizationFactor = 500*time.Millisecond, 5*time.Minute, 2, 0.5
	b.Reset()
	d := b.NextBackOff()
	for range min(attempts, 20) {
		d = b.NextBackOff()
	}
	return d
}
