package hubsim

import (
	"context"
	"math/rand/v2"
	"time"
)

const maxInFlight = 10 // requests at a time per installed app (webhooks guide)

// Deliveries counts webhook events. Queued + Duplicated = Delivered + Dropped + Failed + Pending.
type Deliveries struct {
	Queued     int `json:"queued"`     // events that happened while a URL was set
	Duplicated int `json:"duplicated"` // extra copies sent on purpose
	Delivered  int `json:"delivered"`  // acknowledged with a 2xx
	Retried    int `json:"retried"`    // event deliveries beyond the first attempt
	Dropped    int `json:"dropped"`    // lost on purpose, never sent
	Failed     int `json:"failed"`     // given up after the last attempt
	Pending    int `json:"pending"`    // waiting, in flight or waiting for a retry
	Requests   int `json:"requests"`   // webhook requests made
}

// Attempt is one webhook request and its outcome.
type Attempt struct {
	Seq     int       `json:"seq"`
	Time    time.Time `json:"time"`
	Attempt int       `json:"attempt"`
	Status  int       `json:"status"` // 0: no answer
	Error   string    `json:"error,omitempty"`
	Events  []int64   `json:"events"` // event ids
}

// hooks is the queue of webhooks and how they behave. Guarded by Server.mu.
type hooks struct {
	url       string
	paused    bool
	duplicate float64
	drop      float64
	shuffle   bool
	signature string // "": right, "wrong", or "old": ten minutes ago

	fresh    []event
	since    time.Time // when the first of fresh was queued
	retries  []*batch
	counts   Deliveries
	attempts []Attempt
	subs     map[string]int64
	lastID   int64
	wake     chan struct{}
	idle     chan struct{} // closed while nothing is pending
}

type batch struct {
	events  []event
	attempt int
	due     time.Time
}

func newHooks(opt Options) hooks {
	idle := make(chan struct{})
	close(idle)
	return hooks{url: opt.WebhookURL, subs: map[string]int64{}, wake: make(chan struct{}, 1), idle: idle}
}

func (h *hooks) rouse() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// subscription is the id of the subscription that an event belongs to.
func (h *hooks) subscription(key string) int64 {
	id, ok := h.subs[key]
	if !ok {
		id = int64(7001 + len(h.subs))
		h.subs[key] = id
	}
	return id
}

func (h *hooks) enqueue(e event, rng *rand.Rand, at time.Time) {
	h.lastID++
	e.EventID = h.lastID
	h.counts.Queued++
	if h.drop > 0 && rng.Float64() < h.drop {
		h.counts.Dropped++
		return
	}
	if len(h.fresh) == 0 {
		h.since = at
	}
	h.push(e)
	if h.duplicate > 0 && rng.Float64() < h.duplicate {
		if rng.IntN(2) == 0 { // event ids are not guaranteed to be unique, nor to be equal for copies
			h.lastID++
			e.EventID = h.lastID
		}
		h.counts.Duplicated++
		h.push(e)
	}
	h.rouse()
}

func (h *hooks) push(e event) {
	h.fresh = append(h.fresh, e)
	if h.counts.Pending == 0 {
		h.idle = make(chan struct{})
	}
	h.counts.Pending++
}

func (h *hooks) settle(n int) {
	h.counts.Pending -= n
	if h.counts.Pending == 0 {
		close(h.idle)
	}
}

// next takes the batch to send now; without one it says how long to wait, 0 meaning until something happens.
func (h *hooks) next(now time.Time, size int, window time.Duration, rng *rand.Rand) (*batch, time.Duration) {
	if h.paused || h.url == "" {
		return nil, 0
	}
	var wait time.Duration
	soonest := -1
	for i, b := range h.retries {
		if soonest < 0 || b.due.Before(h.retries[soonest].due) {
			soonest = i
		}
	}
	if soonest >= 0 {
		b := h.retries[soonest]
		if !b.due.After(now) {
			h.retries = append(h.retries[:soonest], h.retries[soonest+1:]...)
			return b, 0
		}
		wait = b.due.Sub(now)
	}
	if len(h.fresh) == 0 {
		return nil, wait
	}
	if rest := h.since.Add(window).Sub(now); len(h.fresh) < size && rest > 0 {
		if wait == 0 || rest < wait {
			wait = rest
		}
		return nil, wait
	}
	return h.take(size, now, rng), 0
}

func (h *hooks) take(size int, now time.Time, rng *rand.Rand) *batch {
	n := min(size, len(h.fresh))
	if h.shuffle { // any of the waiting events may come first
		for i := range n {
			j := i + rng.IntN(len(h.fresh)-i)
			h.fresh[i], h.fresh[j] = h.fresh[j], h.fresh[i]
		}
	}
	events := append([]event(nil), h.fresh[:n]...)
	h.fresh = h.fresh[n:]
	h.since = now.Add(-time.Hour) // what remains has waited long enough
	return &batch{events: events}
}

// Deliveries counts what happened to webhook events so far.
func (s *Server) Deliveries() Deliveries {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hooks.counts
}

// Idle waits until every queued event is delivered, given up or dropped.
func (s *Server) Idle(ctx context.Context) error {
	for {
		s.mu.Lock()
		idle, pending := s.hooks.idle, s.hooks.counts.Pending
		s.mu.Unlock()
		if pending == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
