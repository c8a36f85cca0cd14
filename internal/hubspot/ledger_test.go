package hubspot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// roundTrip is HubSpot as a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func clientOf(t *testing.T, opt Options, f roundTrip) *Client {
	t.Helper()
	opt.Portal, opt.Token, opt.Transport = 1, "token", f
	c, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// strict counts requests as HubSpot does, at some moment between sending and reply, and refuses what is too much.
type strict struct {
	mu       sync.Mutex
	limit    int
	recent   []time.Time
	searches []time.Time
	most     int
	refused  int
	byLane   map[string]int
	foreign  int // requests of other processes of the app in the window
}

func (s *strict) count(r *http.Request) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	trim := func(times []time.Time, span time.Duration) []time.Time {
		for len(times) > 0 && now.Sub(times[0]) >= span {
			times = times[1:]
		}
		return times
	}
	s.recent, s.searches = trim(s.recent, 10*time.Second), trim(s.searches, time.Second)
	search := strings.HasSuffix(r.URL.Path, "/search")
	if len(s.recent)+s.foreign >= s.limit || (search && len(s.searches) >= 5) {
		s.refused++
		return answer(429, `{"policyName":"TEN_SECONDLY_ROLLING","errorType":"RATE_LIMIT"}`)
	}
	s.recent = append(s.recent, now)
	if search {
		s.searches = append(s.searches, now)
	}
	s.most = max(s.most, len(s.recent))
	s.byLane[laneOf(r.Context()).String()]++
	return answer(200, `{"portalId":1,"results":[]}`, "X-HubSpot-RateLimit-Max", fmt.Sprint(s.limit), "X-HubSpot-RateLimit-Remaining", fmt.Sprint(s.limit-len(s.recent)-s.foreign),
		"X-HubSpot-RateLimit-Interval-Milliseconds", "10000")
}

// delayed answers after a while, having counted the request somewhere in between.
func (s *strict) delayed(rng *rand.Rand, most time.Duration) roundTrip {
	var mu sync.Mutex
	return func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		before, after := time.Duration(rng.Int64N(int64(most))), time.Duration(rng.Int64N(int64(most)))
		mu.Unlock()
		<-time.After(before) // virtual time
		resp := s.count(r)
		<-time.After(after)
		return resp, nil
	}
}

func TestLedgerNeverCausesA429(t *testing.T) {
	for _, limit := range []int{100, 110, 190, 250} {
		synctest.Test(t, func(t *testing.T) {
			s := &strict{limit: limit, byLane: map[string]int{}}
			slow, share := 150*time.Millisecond, 85 // of the way there and of the way back, at most; percent of what would be allowed
			if limit == 100 {
				slow, share = 2*time.Second, 50
			}
			c := clientOf(t, Options{}, s.delayed(rand.New(rand.NewPCG(1, uint64(limit))), slow))
			long := 10 * time.Minute
			if limit == 110 {
				long = time.Hour
			}
			ctx, cancel := context.WithTimeout(t.Context(), long)
			defer cancel()
			var wg sync.WaitGroup
			for i := range 150 { // each asks without pause: about three times what HubSpot allows
				lane := crm.Lanes()[i%3]
				wg.Go(func() {
					for ctx.Err() == nil {
						var err error
						if i%15 == 0 {
							_, err = c.search(WithLane(ctx, lane), crm.Notes, "hs_object_id", nil)
						} else {
							_, err = c.Account(WithLane(ctx, lane))
						}
						if err != nil && !errors.Is(err, context.DeadlineExceeded) {
							t.Errorf("lane %s: %v", lane, err)
							return
						}
						if lane == crm.LiveLane {
							<-time.After(10 * time.Second) // live work comes in gusts
						}
					}
				})
			}
			wg.Wait()
			if s.refused != 0 || s.most > limit*8/10 {
				t.Errorf("limit %d: %d refused, at most %d in ten seconds, want at most %d", limit, s.refused, s.most, limit*8/10)
			}
			total := s.byLane["live"] + s.byLane["review"] + s.byLane["backfill"]
			if want := limit * 8 / 10 * int(long/(10*time.Second)); total < want*share/100 {
				t.Errorf("limit %d: only %d requests of at most %d: %v", limit, total, want, s.byLane)
			}
			t.Logf("limit %d: most %d, %v", limit, s.most, s.byLane)
		})
	}
}

func TestLedgerLeavesRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &strict{limit: 100, foreign: 50, byLane: map[string]int{}}
		c := clientOf(t, Options{}, s.delayed(rand.New(rand.NewPCG(1, 2)), time.Second))
		var wg sync.WaitGroup
		for range 300 {
			wg.Go(func() {
				if _, err := c.Account(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.refused != 0 {
			t.Errorf("%d refused although the headers told of another process", s.refused)
		}
	})
}

func TestLedgerLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(10, 0)
		l.learned = true
		backfill := WithLane(t.Context(), crm.BackfillLane)
		for range 6 {
			if _, err := l.acquire(backfill, plain); err != nil {
				t.Fatal(err)
			}
		}
		var order []string
		var mu sync.Mutex
		var wg sync.WaitGroup
		ask := func(ctx context.Context, name string) {
			wg.Go(func() {
				done, err := l.acquire(ctx, plain)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
				done(true)
			})
			synctest.Wait()
		}
		ask(backfill, "backfill") // beyond its 60 %: must wait
		for range 4 {
			ask(t.Context(), "live")
		}
		if len(order) != 4 {
			t.Fatalf("live work did not get the places kept for it: %v", order)
		}
		ask(WithLane(t.Context(), crm.ReviewLane), "review")
		ask(t.Context(), "late live")
		l.mu.Lock()
		l.common.flying, l.common.landed, l.common.limit = [2]int{}, nil, 1 // from here one place every ten seconds
		l.pump()
		l.mu.Unlock()
		wg.Wait()
		if got := fmt.Sprint(order); got != "[live live live live late live review backfill]" {
			t.Errorf("order %s", got)
		}
	})
}

func TestLedgerGivesPlacesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(1, 0)
		l.learned = true
		done, err := l.acquire(t.Context(), plain)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.acquire(ctx, plain); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, crm.ErrTemporary) {
			t.Errorf("waiting beyond the context: %v", err)
		}
		done(false) // never sent
		done(false) // twice is once
		start := time.Now()
		again, err := l.acquire(t.Context(), plain)
		if err != nil || time.Since(start) != 0 {
			t.Errorf("the place was not given back: %v after %s", err, time.Since(start))
		}
		again(true)
		if _, err := l.acquire(t.Context(), plain); err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("next place after %s, %v", time.Since(start), err)
		}
	})
}

func TestLedgerKeepsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		next := answer(429, `{"policyName":"DAILY","errorType":"RATE_LIMIT","message":"daily"}`)
		zone := time.FixedZone("X", 2*3600)
		c := clientOf(t, Options{Zone: zone}, func(*http.Request) (*http.Response, error) {
			calls++
			return next, nil
		})
		_, err := c.Account(t.Context())
		var wait *crm.RetryAfter
		var refusal *APIError
		if !errors.As(err, &wait) || !errors.As(err, &refusal) || refusal.Policy != "DAILY" || !errors.Is(err, crm.ErrTemporary) {
			t.Fatalf("daily: %v", err)
		}
		if local := wait.At.In(zone); local.Hour() != 0 || local.Minute() != 0 || wait.At.Before(time.Now()) {
			t.Errorf("daily quota: retry at %s", local)
		}
		at := wait.At
		if _, err := c.Account(t.Context()); !errors.As(err, &wait) || !wait.At.Equal(at) || calls != 1 {
			t.Errorf("during the silence: %v, %d calls", err, calls)
		}
		<-time.After(time.Until(at))
		next = answer(429, `{"policyName":"TEN_SECONDLY_ROLLING"}`)
		if _, err := c.Account(t.Context()); err == nil || calls != 2 {
			t.Errorf("after midnight: %v, %d calls", err, calls)
		}
		start := time.Now()
		next = answer(200, `{"portalId":1}`)
		if _, err := c.Account(t.Context()); err != nil || time.Since(start) != 10*time.Second || calls != 3 {
			t.Errorf("a short silence is waited out: %v after %s", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		next = answer(503, `busy`, "Retry-After", "20")
		_, _ = c.Account(t.Context())
		start = time.Now()
		if _, err := c.Account(ctx); !errors.As(err, &wait) || time.Since(start) != 0 {
			t.Errorf("a silence beyond the context: %v after %s", err, time.Since(start))
		}
	})
}

func TestLedgerStopsAtTheDailyQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := clientOf(t, Options{}, func(*http.Request) (*http.Response, error) {
			calls++
			return answer(200, `{"portalId":1}`, "X-HubSpot-RateLimit-Daily-Remaining", "0"), nil
		})
		if _, err := c.Account(t.Context()); err != nil {
			t.Fatal(err)
		}
		var wait *crm.RetryAfter
		if _, err := c.Account(t.Context()); !errors.As(err, &wait) || calls != 1 {
			t.Errorf("after the last one: %v, %d calls", err, calls)
		}
	})
}
