package hubsim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/hubspot"
)

// send hands batches to at most maxInFlight requests at a time until ctx ends.
func (s *Server) send(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, maxInFlight)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		b, wait := s.hooks.next(s.elapsed(), s.opt.WebhookBatch, s.opt.WebhookWindow, s.rng)
		url, mode := s.hooks.url, s.hooks.signature
		s.mu.Unlock()
		if b != nil {
			wg.Go(func() {
				defer func() { <-slots }()
				s.deliver(ctx, url, mode, b)
			})
			continue
		}
		<-slots
		if wait <= 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-s.hooks.wake:
		case <-timer.C:
		}
	}
}

// deliver makes one request and settles the batch or schedules its next attempt.
func (s *Server) deliver(ctx context.Context, url, mode string, b *batch) {
	ids := make([]int64, len(b.events))
	for i := range b.events {
		b.events[i].AttemptNumber, ids[i] = b.attempt, b.events[i].EventID
	}
	at := s.opt.Clock()
	status, err := s.post(ctx, url, mode, b.events, at)

	s.mu.Lock()
	defer s.mu.Unlock()
	h := &s.hooks
	h.counts.Requests++
	record := Attempt{Seq: len(h.attempts) + 1, Time: at, Attempt: b.attempt, Status: status, Events: ids}
	if err != nil {
		record.Error = err.Error()
	}
	h.attempts = append(h.attempts, record)
	if b.attempt > 0 {
		h.counts.Retried += len(b.events)
	}
	switch {
	case status >= 200 && status < 300:
		h.counts.Delivered += len(b.events)
		h.settle(len(b.events))
	case b.attempt+1 >= s.opt.Attempts && ctx.Err() == nil:
		h.counts.Failed += len(b.events)
		h.settle(len(b.events))
	default:
		delay := float64(s.opt.RetryDelay) * math.Pow(2, float64(b.attempt)) * (0.8 + 0.4*s.rng.Float64())
		b.attempt++
		b.due = s.elapsed().Add(time.Duration(delay))
		h.retries = append(h.retries, b)
		h.rouse()
	}
}

// post signs and sends one batch; the status is 0 when there was no answer in time.
func (s *Server) post(ctx context.Context, url, mode string, events []event, at time.Time) (int, error) {
	body, err := json.Marshal(events)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	secret := s.opt.ClientSecret
	switch mode {
	case "wrong":
		secret += "x"
	case "old":
		at = at.Add(-10 * time.Minute)
	}
	v1 := sha256.Sum256(append([]byte(secret), body...))
	for k, v := range map[string]string{
		"Content-Type":                "application/json",
		"X-HubSpot-Signature-v3":      hubspot.SignV3(secret, http.MethodPost, url, body, at),
		"X-HubSpot-Request-Timestamp": strconv.FormatInt(at.UnixMilli(), 10),
		"X-HubSpot-Signature":         hex.EncodeToString(v1[:]),
		"X-HubSpot-Signature-Version": "v1",
	} {
		req.Header.Set(k, v)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // only the status counts; reading lets the connection be used again
	return resp.StatusCode, nil
}
