package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// ErrFinished is returned by a handler that has finished its claim in a transaction of its own.
var ErrFinished = errors.New("already finished")

// Pool is how one kind of work is done. Zero numbers mean the defaults.
type Pool struct {
	Kind    crm.WorkKind
	Handler Handler
	Lanes   []crm.Lane    // all, most urgent first, by default
	Batch   int           // claims per call of the handler, 1 by default
	Workers int           // calls at the same time, 1 by default
	Timeout time.Duration // of one call, 5 minutes by default
}

// Runner runs pools until its context ends. Fields are set before Run and not changed after; zero durations mean the defaults named beside them.
type Runner struct {
	Queue       Queue
	Owner       string // names this process: its leases are taken back at its next start
	Pools       []Pool
	Lease       time.Duration // 30 s; renewed every third of it
	MaxAttempts int           // 8 failures, then buried; outages do not count
	Patience    time.Duration // 24 h: how long an outage is waited for before the row is buried
	Grace       time.Duration // 8 s: how long running handlers may go on after the context ends
	Log         *slog.Logger
	Now         func() time.Time
}

// Run takes back this owner's leases, then works until ctx ends: it stops claiming at once, lets running handlers go on for Grace, then cancels them and releases
// their claims without burning an attempt. It returns nil after such a stop, and the first error of the queue that made working impossible otherwise.
func (r *Runner) Run(ctx context.Context) error {
	r.defaults()
	n, err := r.Queue.Reclaim(ctx, r.Owner)
	if err != nil {
		return fmt.Errorf("take back leases of %s: %w", r.Owner, err)
	}
	if n > 0 {
		r.Log.Info("took back interrupted work", "rows", n)
	}
	handling, cancel := context.WithCancel(context.WithoutCancel(ctx)) // outlives ctx by Grace, so that a stop does not tear writes apart
	defer cancel()
	stopped := make(chan struct{})
	var workers sync.WaitGroup
	for _, p := range r.Pools {
		for range p.Workers {
			workers.Go(func() { r.work(ctx, handling, p) })
		}
	}
	go func() { workers.Wait(); close(stopped) }()
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
	}
	grace := time.NewTimer(r.Grace)
	defer grace.Stop()
	select {
	case <-stopped:
	case <-grace.C:
		cancel()
		<-stopped
	}
	return nil
}

func (r *Runner) defaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&r.Lease, 30*time.Second)
	set(&r.Patience, 24*time.Hour)
	set(&r.Grace, 8*time.Second)
	if r.MaxAttempts == 0 {
		r.MaxAttempts = 8
	}
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	if r.Now == nil {
		r.Now = time.Now
	}
	for i := range r.Pools {
		p := &r.Pools[i]
		p.Batch, p.Workers = max(p.Batch, 1), max(p.Workers, 1)
		set(&p.Timeout, 5*time.Minute)
		if len(p.Lanes) == 0 {
			p.Lanes = crm.Lanes()
		}
	}
}

// work is one worker: claim, handle, settle, and wait for a signal or the next due moment when nothing is there.
func (r *Runner) work(ctx, handling context.Context, p Pool) {
	marked := r.Queue.Marked(ctx, p.Kind)
	for ctx.Err() == nil {
		claims, err := r.Queue.Claim(ctx, p.Kind, p.Lanes, p.Batch, r.Owner, r.Lease)
		switch {
		case err != nil:
			if ctx.Err() == nil {
				r.Log.Error("claim work", "kind", p.Kind, "error", err)
			}
			r.wait(ctx, nil, r.Now().Add(time.Second))
		case len(claims) > 0:
			r.handle(handling, p, claims)
		default:
			due, err := r.Queue.NextDue(ctx, p.Kind, p.Lanes)
			if err != nil {
				due = r.Now().Add(time.Second)
			}
			r.wait(ctx, marked, due)
		}
	}
}

// wait ends at a signal, at due (zero: only signals and a slow safety look), or with ctx.
func (r *Runner) wait(ctx context.Context, marked <-chan struct{}, due time.Time) {
	d := 30 * time.Second // signals never get lost inside one process; this only bounds the harm of a bug
	if !due.IsZero() {
		d = min(d, max(due.Sub(r.Now()), time.Millisecond))
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-marked:
	case <-t.C:
	}
}
