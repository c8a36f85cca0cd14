package qdrant

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

func TestOnlyCompletedIsDone(t *testing.T) {
	for status := range pb.UpdateStatus_name {
		s := pb.UpdateStatus(status)
		err := completed("write", &pb.UpdateResult{Status: pb.UpdateStatus_Completed}, &pb.UpdateResult{Status: s})
		if done := s == pb.UpdateStatus_Completed; done != (err == nil) || !done && !errors.Is(err, crm.ErrTemporary) {
			t.Errorf("%s: %v", s, err)
		}
	}
	if err := completed("write", nil); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("no result: %v", err)
	}
}

func TestBoundsKeepTheirMeaning(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 123_456_000, time.UTC)
	for _, offset := range []time.Duration{-time.Microsecond, -1, 0, 1, 999, time.Microsecond} {
		edge := at.Add(offset)
		if got, want := float64(micros(at)) >= bound(edge), !at.Before(edge); got != want {
			t.Errorf("since %s from the time: passes %t, want %t", offset, got, want)
		}
	}
	if float64(micros(time.Time{})) >= bound(time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)) {
		t.Error("an unset time of learning must be before everything")
	}
	if f := float64(micros(time.Time{})); int64(f) != micros(time.Time{}) {
		t.Error("the unset time is not exact")
	}
}

func TestTermValues(t *testing.T) {
	indices, values := termEntries([]crm.TermCount{{Term: "renew", Count: 2}, {Term: "price", Count: 1}, {Term: "none"}}, 3)
	if len(indices) != 2 || !slices.IsSorted(indices) {
		t.Fatalf("indices %v", indices)
	}
	norm := 1.2 // a text of average length
	for i, index := range indices {
		want := 2.2 / (1 + norm)
		if index == termIndex("renew") {
			want = 2 * 2.2 / (2 + norm)
		}
		if math.Abs(float64(values[i])-want) > 1e-6 {
			t.Errorf("value %v, want %v", values[i], want)
		}
	}
	if indices, values := merged([]entry{entryOf(7, 1), entryOf(3, 2), entryOf(7, 4)}); !slices.Equal(indices, []uint32{3, 7}) || !slices.Equal(values, []float32{2, 5}) {
		t.Errorf("terms of one index must become one entry: %v %v", indices, values)
	}
	if indices, values := asked([]string{"a", "b", "a"}); len(indices) != 2 || !slices.Equal(values, []float32{1, 1}) {
		t.Errorf("a question asks each term once: %v %v", indices, values)
	}
}

func TestNoRequestWithoutPortal(t *testing.T) {
	s := &Store{} // it would panic if it asked
	if _, err := s.query(t.Context(), space{}, scope{}, &pb.QueryPoints{}); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("query: %v", err)
	}
	if _, err := s.count(t.Context(), space{}, scope{portal: 1}); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("count: %v", err)
	}
	for _, err := range s.scroll(t.Context(), space{}, scope{filter: &pb.Filter{}}, nil) {
		if !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("scroll: %v", err)
		}
	}
	for name, c := range map[string]change{"put": put(0, nil, nil), "drop": drop(scope{}), "set": set(scope{}, nil)} {
		if err := s.write(t.Context(), space{}, c); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := within(-1); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("portal -1: %v", err)
	}
}

func TestLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := locks{held: map[crm.Ref]chan struct{}{}}
		a, b := crm.Ref{Portal: 1, Type: crm.Notes, ID: "1"}, crm.Ref{Portal: 1, Type: crm.Notes, ID: "2"}
		release, err := l.acquire(t.Context(), []crm.Ref{b, a, b})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error, 2)
		for _, refs := range [][]crm.Ref{{a, b}, {b}} {
			go func() {
				release, err := l.acquire(ctx, refs)
				if err == nil {
					release()
				}
				got <- err
			}()
		}
		synctest.Wait()
		if len(got) != 0 {
			t.Error("two hold the same activity")
		}
		release()
		synctest.Wait()
		if len(got) != 2 || len(l.held) != 0 {
			t.Errorf("%d went on, %d are held", len(got), len(l.held))
		}
		release, _ = l.acquire(ctx, []crm.Ref{b})
		<-got
		<-got
		go func() {
			_, err := l.acquire(ctx, []crm.Ref{a, b})
			got <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-got; !errors.Is(err, context.Canceled) || len(l.held) != 1 {
			t.Errorf("a caller that gave up: %v, %d are held, want 1", err, len(l.held))
		}
		release()
	})
}
