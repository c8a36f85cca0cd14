package wire

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func TestKnownAsksOnceAndAgainWhenItIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		down := errors.New("down")
		var fails atomic.Bool
		k := &Known[int]{Age: time.Minute, Again: 10 * time.Second, Limit: time.Second, Ask: func(context.Context) (int, error) {
			n := int(asked.Add(1))
			<-time.After(100 * time.Millisecond) // of the bubble
			if fails.Load() {
				return 0, down
			}
			return n, nil
		}}
		get := func(want int, wantErr error) {
			t.Helper()
			if got, err := k.Get(t.Context()); got != want || !errors.Is(err, wantErr) {
				t.Errorf("%d, %v; want %d, %v", got, err, want, wantErr)
			}
		}
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { get(1, nil) })
		}
		all.Wait()
		<-time.After(2 * time.Minute)
		fails.Store(true)
		get(1, down) // the older answer stays
		get(1, down)
		if n := asked.Load(); n != 2 {
			t.Errorf("asked %d times, want 2: a failure is remembered", n)
		}
		fails.Store(false)
		<-time.After(11 * time.Second)
		get(3, nil)
	})
}

// A hung server holds its callers for the question's own deadline, once, and a caller who leaves says nothing about the server.
func TestKnownLeavesAHungServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		k := &Known[int]{Age: time.Minute, Again: 10 * time.Second, Limit: time.Second, Ask: func(ctx context.Context) (int, error) {
			return 0, Call(ctx, time.Hour, "list", func(ctx context.Context) error {
				asked.Add(1)
				<-ctx.Done()
				return ctx.Err()
			})
		}}
		leaving, leave := context.WithCancel(t.Context())
		go func() { <-time.After(500 * time.Millisecond); leave() }()
		if _, err := k.Get(leaving); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want canceled", err)
		}
		start := time.Now()
		for range 3 {
			if _, err := k.Get(t.Context()); !errors.Is(err, crm.ErrTemporary) {
				t.Errorf("error %v, want temporary", err)
			}
		}
		if d := time.Since(start); d != time.Second || asked.Load() != 2 {
			t.Errorf("three questions took %s and asked %d times", d, asked.Load()-1)
		}
	})
}

func TestTheCallersDeadlineIsTemporary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := Call(ctx, time.Minute, "chat", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		if !errors.Is(err, crm.ErrTemporary) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want temporary", err)
		}
	})
}
