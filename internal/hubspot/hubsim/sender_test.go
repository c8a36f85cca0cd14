package hubsim

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/hubspot"
)

func TestRetriesUntilAcknowledged(t *testing.T) {
	r := receive(t, func(n int) int { return []int{500, 404, 302, 200}[min(n-1, 3)] })
	s := sending(t, r, Options{RetryDelay: time.Millisecond})
	s.made("companies", `{"properties":{"name":"Co"}}`)
	d := s.settle()
	if d.Queued != 2 || d.Delivered != 2 || d.Retried != 6 || d.Requests != 4 {
		t.Errorf("counters %+v", d)
	}
	if fmt.Sprint(r.attempts) != "map[0:2 1:2 2:2 3:2]" {
		t.Errorf("attempt numbers %v", r.attempts)
	}
	a := s.want(200, "GET", "/_sim/deliveries?since=3", nil)
	if a.path("delivered") != 2.0 || a.path("items", 0, "status") != 200.0 || a.path("items", 0, "attempt") != 3.0 || len(a.path("items", 0, "events").([]any)) != 2 {
		t.Errorf("deliveries: %s", a.raw)
	}
}

func TestGivesUpAfterTheLastAttempt(t *testing.T) {
	r := receive(t, func(int) int { return 503 })
	s := sending(t, r, Options{RetryDelay: time.Microsecond, Attempts: 3})
	s.made("companies", `{"properties":{"name":"Co"}}`)
	if d := s.settle(); d.Failed != 2 || d.Delivered != 0 || r.requests != 3 {
		t.Errorf("%d requests, counters %+v", r.requests, d)
	}
}

func TestTimeoutsAreRetried(t *testing.T) {
	release := make(chan struct{})
	r := receive(t, func(n int) int {
		if n == 1 {
			<-release
		}
		return 200
	})
	s := sending(t, r, Options{RetryDelay: time.Millisecond, WebhookTimeout: 50 * time.Millisecond})
	s.made("companies", `{"properties":{"name":"Co"}}`)
	d := s.settle()
	close(release)
	if d.Delivered != 2 || d.Retried != 2 || d.Requests != 2 {
		t.Errorf("counters %+v", d)
	}
}

func TestDuplicatesDropsAndShuffle(t *testing.T) {
	r := receive(t, nil)
	s := sending(t, r, Options{})
	s.want(200, "POST", "/_sim/webhooks", `{"paused":true,"duplicate_rate":0.5,"drop_rate":0.2,"shuffle":true}`)
	s.want(201, "POST", "/_sim/import", `{"objects":300}`)
	if d := s.Deliveries(); d.Requests != 0 || d.Pending == 0 {
		t.Fatalf("paused, but %+v", d)
	}
	s.want(200, "POST", "/_sim/webhooks", `{"paused":false}`)
	d := s.settle()
	if d.Queued != 1200 || d.Dropped < 150 || d.Dropped > 350 || d.Duplicated < 350 || d.Duplicated > 650 || d.Delivered != 1200-d.Dropped+d.Duplicated {
		t.Errorf("counters %+v", d)
	}
	if slices.Max(r.batches) != 100 {
		t.Errorf("batches of %v, want full ones of 100", r.batches)
	}
	equal, inOrder, seen := 0, 0, map[int64]bool{}
	for i, e := range r.events {
		if seen[e.EventID] {
			equal++
		}
		seen[e.EventID] = true
		if i > 0 && e.EventID == r.events[i-1].EventID+1 {
			inOrder++
		}
	}
	if equal == 0 || equal == d.Duplicated {
		t.Errorf("%d of %d copies have the id of the original, want some", equal, d.Duplicated)
	}
	if inOrder > len(r.events)/4 {
		t.Errorf("%d of %d events follow their predecessor: not shuffled", inOrder, len(r.events))
	}
}

func TestSensitiveValuesAreNotSent(t *testing.T) {
	r := receive(t, nil)
	s := sending(t, r, Options{})
	s.want(201, "POST", p+"contacts", `{"name":"illness","label":"Illness","type":"string","fieldType":"text","groupName":"contactinformation","dataSensitivity":"sensitive"}`)
	s.made("contacts", `{"properties":{"illness":"flu"}}`)
	s.settle()
	if e := r.events[1]; e.PropertyName != "illness" || *e.PropertyValue != "REDACTED" || !*e.IsSensitive {
		t.Errorf("event %+v", e)
	}
}

func TestTenRequestsAtATime(t *testing.T) {
	entered, release := make(chan int, 100), make(chan struct{})
	r := receive(t, func(n int) int { entered <- n; <-release; return 200 })
	s := sending(t, r, Options{WebhookBatch: 1, WebhookWindow: -1})
	s.want(201, "POST", "/_sim/import", `{"objects":10}`)
	for range 10 {
		<-entered
	}
	select {
	case <-entered:
		t.Error("an eleventh request while ten are in flight")
	case <-time.After(100 * time.Millisecond): // long enough for one more request to arrive
	}
	close(release)
	s.settle()
}

func TestNothingIsSentTwiceToAGoodReceiver(t *testing.T) {
	var mu sync.Mutex
	inFlight, most := 0, 0
	r := receive(t, func(int) int {
		mu.Lock()
		inFlight++
		most = max(most, inFlight)
		mu.Unlock()
		defer func() { mu.Lock(); inFlight--; mu.Unlock() }()
		return 200
	})
	s := sending(t, r, Options{WebhookBatch: 5, WebhookWindow: -1})
	began := time.Now()
	s.want(201, "POST", "/_sim/import", `{"objects":2500}`)
	d := s.settle()
	t.Logf("%d events in %v, %d in flight at most", d.Delivered, time.Since(began).Round(time.Millisecond), most)
	if d.Delivered != 10_000 || d.Retried != 0 || d.Duplicated != 0 || most > 10 || len(r.events) != 10_000 {
		t.Errorf("%d heard, %d in flight, %+v", len(r.events), most, d)
	}
	for _, e := range r.events[:10] {
		if e.ChangeSource != "IMPORT" {
			t.Errorf("changeSource %s", e.ChangeSource)
		}
	}
}

func TestAStoppedSenderKeepsItsQueue(t *testing.T) {
	r := receive(t, nil)
	s := start(t, Options{WebhookURL: r.url, ClientSecret: "s3cret"})
	s.made("companies", `{"properties":{"name":"Co"}}`)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := s.Run(ctx); err != nil || s.Deliveries().Pending != 2 {
		t.Fatalf("%v, %+v", err, s.Deliveries())
	}
	if err := s.Idle(ctx); err == nil {
		t.Error("Idle returned with events pending")
	}
	ctx, stop = context.WithCancel(context.Background())
	defer stop()
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	s.settle()
	stop()
	<-done
	if len(r.events) != 2 {
		t.Errorf("%d events after the restart", len(r.events))
	}
}

func TestTheClockMovesRetries(t *testing.T) {
	r := receive(t, func(n int) int { return []int{500, 200}[min(n-1, 1)] })
	s := sending(t, r, Options{RetryDelay: time.Hour})
	s.made("companies", `{"properties":{"name":"Co"}}`)
	before := s.Now()
	for range 100 { // the first attempt may still be on its way when the clock moves
		s.want(200, "POST", "/_sim/clock", `{"advance":"2h"}`)
		ctx, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
		err := s.Idle(ctx)
		stop()
		if err == nil {
			break
		}
	}
	s.settle()
	if s.Now().Sub(before) < 2*time.Hour || s.Deliveries().Retried != 2 {
		t.Errorf("the portal's time did not move, or nothing was retried: %+v", s.Deliveries())
	}
	s.want(400, "POST", "/_sim/clock", `{"advance":"-1h"}`)
}

func TestBadSignatures(t *testing.T) {
	for mode, age := range map[string]time.Duration{"wrong": 0, "old": 10 * time.Minute} {
		var mu sync.Mutex
		var signed bool
		var sent time.Time
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			ms, bad := strconv.ParseInt(r.Header.Get("X-HubSpot-Request-Timestamp"), 10, 64)
			if err != nil || bad != nil {
				t.Error(err, bad)
			}
			mu.Lock()
			defer mu.Unlock()
			sent = time.UnixMilli(ms)
			signed = r.Header.Get("X-HubSpot-Signature-v3") == hubspot.SignV3("s3cret", "POST", "http://"+r.Host+"/", body, sent)
		}))
		s := sending(t, &receiver{t: t, url: srv.URL + "/"}, Options{})
		s.want(200, "POST", "/_sim/webhooks", `{"signature":"`+mode+`"}`)
		s.made("companies", `{"properties":{"name":"Co"}}`)
		s.settle()
		srv.Close()
		if signed == (mode == "wrong") || (time.Since(sent)-age).Abs() > time.Minute {
			t.Errorf("%s: valid for its timestamp = %v, sent %v ago", mode, signed, time.Since(sent))
		}
	}
}
