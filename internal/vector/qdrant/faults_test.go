package qdrant_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

// failing answers the first n calls of a method with an error and counts all of them.
func failing(method string, n int64, answer func(ctx context.Context) error) (qdranttest.Hook, *atomic.Int64) {
	var calls atomic.Int64
	return func(ctx context.Context, m string, _ proto.Message) error {
		if m != method || calls.Add(1) > n {
			return nil
		}
		return answer(ctx)
	}, &calls
}

func with(code codes.Code) func(context.Context) error {
	return func(context.Context) error { return status.Error(code, "of the test") }
}

func TestRetries(t *testing.T) {
	double := server(t, qdranttest.Options{})
	s := open(t, at(t, double.Addr()))
	x := live(t, s, generation("g1"))
	for i, c := range []struct {
		name  string
		code  codes.Code
		fails int64
		kind  error // nil: the call succeeds
		calls int64
	}{
		{"unavailable twice", codes.Unavailable, 2, nil, 3},
		{"exhausted once", codes.ResourceExhausted, 1, nil, 2},
		{"unavailable for long", codes.Unavailable, 100, crm.ErrTemporary, 4},
		{"exhausted for long", codes.ResourceExhausted, 100, crm.ErrTemporary, 4},
		{"too slow", codes.DeadlineExceeded, 100, crm.ErrTemporary, 1},
		{"refused", codes.PermissionDenied, 100, crm.ErrForbidden, 1},
	} {
		hook, calls := failing("Upsert", c.fails, with(c.code))
		double.SetHook(hook)
		err := x.Replace(t.Context(), []crm.Kept{kept(ref(1, i), 2)})
		if !errors.Is(err, c.kind) || (c.kind == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.kind)
		}
		if got := calls.Load(); got != c.calls {
			t.Errorf("%s: %d attempts, want %d", c.name, got, c.calls)
		}
	}
	hook, _ := failing("Upsert", 100, with(codes.Internal))
	double.SetHook(hook)
	err := x.Replace(t.Context(), []crm.Kept{kept(ref(1, 99), 2)})
	for _, kind := range []error{crm.ErrTemporary, crm.ErrInvalid, crm.ErrNotFound, crm.ErrConflict, crm.ErrForbidden} {
		if err == nil || errors.Is(err, kind) {
			t.Errorf("an internal error of the server has a kind: %v", err)
		}
	}
}

func TestRetryAfterIsCarried(t *testing.T) {
	double := server(t, qdranttest.Options{})
	o := at(t, double.Addr())
	now := start
	o.Clock, o.Retries = func() time.Time { return now }, -1
	s := open(t, o)
	x := live(t, s, generation("g1"))
	hook, calls := failing("Query", 100, func(ctx context.Context) error {
		if err := grpc.SetTrailer(ctx, metadata.Pairs("retry-after", "7")); err != nil {
			return err
		}
		return status.Error(codes.ResourceExhausted, "of the test")
	})
	double.SetHook(hook)
	_, err := x.Nearest(t.Context(), vector(1), crm.ItemView, wide(1), 3)
	var after *crm.RetryAfter
	if !errors.As(err, &after) || !after.At.Equal(start.Add(7*time.Second)) || !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("a server that names seconds: %v", err)
	}
	if calls.Load() != 1 {
		t.Errorf("%d attempts without retries", calls.Load())
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	double := server(t, qdranttest.Options{})
	live(t, open(t, at(t, double.Addr())), generation("g1"))
	o := at(t, double.Addr())
	o.ReadTimeout = time.Second
	s := open(t, o)
	t.Cleanup(func() { check(t, s.Close()) })
	x, err := s.Open(t.Context(), "")
	check(t, err)
	hook, _ := failing("Query", 100, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	double.SetHook(hook)
	if _, err := x.Nearest(t.Context(), vector(1), crm.ItemView, wide(1), 3); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("a server that hangs: %v, want temporary", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Nearest(ctx, vector(1), crm.ItemView, wide(1), 3); !errors.Is(err, context.Canceled) || errors.Is(err, crm.ErrTemporary) {
		t.Errorf("a caller that gave up: %v", err)
	}
}

func TestServerDownAndBack(t *testing.T) {
	double := server(t, qdranttest.Options{})
	o := at(t, double.Addr())
	o.Backoff = 20 * time.Millisecond
	s := open(t, o)
	x := live(t, s, generation("g1"))
	k := kept(ref(1, 1), 3)
	check(t, x.Replace(t.Context(), []crm.Kept{k}))
	double.Interrupt()
	_, err := x.Nearest(t.Context(), vector(1), crm.ItemView, wide(1), 3)
	_, err2 := x.Count(t.Context(), wide(1))
	_, err3 := s.Generations(t.Context())
	_, err4 := s.Version(t.Context())
	for _, err := range []error{err, err2, err3, err4, x.Replace(t.Context(), []crm.Kept{k}), x.Relink(t.Context(), ref(1, 1), k.Accounts, nil), s.Swap(t.Context(), "g1"),
		x.PutProfiles(t.Context(), []crm.Profile{{Account: account(1), Vector: vector(1)}})} {
		if !errors.Is(err, crm.ErrTemporary) {
			t.Errorf("a server that is down: %v, want temporary", err)
		}
	}
	started, err := qdranttest.New(qdranttest.Options{}) // a store opens while its server is down
	check(t, err)
	addr := started.Addr()
	started.Close()
	late := open(t, at(t, addr))
	if _, err := late.Generations(t.Context()); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("the first call to a server that is down: %v", err)
	}
	check(t, late.Close())
	check(t, double.Resume())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		hits, err := x.Nearest(ctx, vector(1), crm.ItemView, wide(1), 3)
		if err == nil {
			if len(hits) != 3 {
				t.Errorf("after the outage: %d hits", len(hits))
			}
			break
		}
		if !errors.Is(err, crm.ErrTemporary) {
			t.Fatalf("the server is back: %v", err)
		}
	}
}
