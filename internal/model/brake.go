package model

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Brake keeps a provider from being asked again and again after a failure that only a person can mend (crm.ErrForbidden: money, keys, permissions, a missing model).
// For that portal nothing is asked any more but one trial every Every, so that the pause ends by itself once the cause is gone. What was to be asked meanwhile is
// answered with crm.ErrPaused and the moment of the next trial: work waits, for as long as it takes. It lives as long as the process: after a start the first request
// finds out anew. The zero value is ready; it is safe for concurrent use.
type Brake struct {
	Every time.Duration                        // 0: 10 minutes
	Now   func() time.Time                     // nil: time.Now
	Told  func(p crm.PortalID, s StoppedSince) // nil: nobody; called when a pause begins, and with a zero Since when it ends

	mu      sync.Mutex
	stopped map[crm.PortalID]StoppedSince
	failing map[crm.PortalID]StoppedSince // outages since the last answer; without Next: work waits by itself
	ended   map[crm.PortalID]time.Time    // when the last pause ended
	born    time.Time                     // when it was first asked; a pause may have lasted until the process ended
}

// StoppedSince describes a pause.
type StoppedSince struct {
	Since time.Time
	Next  time.Time // of the next trial
	Cause string
}

// grace is how long after a pause an outage is waited for like the pause itself: what waited meets a rate limit all at once. It runs from the brake's first request,
// too, for what waits may have been left by the process before this one.
const grace = 24 * time.Hour

// Do asks, unless the provider is paused for the portal.
func (b *Brake) Do(ctx context.Context, portal crm.PortalID, ask func(context.Context) error) error {
	trial, err := b.admit(portal)
	if err != nil {
		return err
	}
	return b.judge(portal, trial, ask(ctx))
}

// Stopped is the pause of a portal, if there is one.
func (b *Brake) Stopped(portal crm.PortalID) (StoppedSince, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, is := b.stopped[portal]
	return s, is
}

// Failing is the outage of a portal's requests, if the last one met one: since when, and how the last one failed. Nobody needs to act.
func (b *Brake) Failing(portal crm.PortalID) (StoppedSince, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, is := b.failing[portal]
	return s, is
}

// noteOutage keeps since when requests have failed; b.mu is held.
func (b *Brake) noteOutage(portal crm.PortalID, now time.Time, err error) {
	if !errors.Is(err, crm.ErrTemporary) {
		delete(b.failing, portal)
		return
	}
	if b.failing == nil {
		b.failing = map[crm.PortalID]StoppedSince{}
	}
	s, was := b.failing[portal]
	if !was {
		s.Since = now
	}
	s.Cause = err.Error()
	b.failing[portal] = s
}

func (b *Brake) now() time.Time {
	if b.Now == nil {
		return time.Now()
	}
	return b.Now()
}

func (b *Brake) every() time.Duration {
	if b.Every == 0 {
		return 10 * time.Minute
	}
	return b.Every
}

// admit refuses while the provider is paused, but for one trial when its time has come.
func (b *Brake) admit(portal crm.PortalID) (trial bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.born.IsZero() {
		b.born = now
	}
	s, is := b.stopped[portal]
	if !is {
		return false, nil
	}
	if !now.Before(s.Next) {
		s.Next = now.Add(b.every())
		b.stopped[portal] = s
		return true, nil
	}
	return false, &crm.RetryAfter{At: s.Next, Err: &Unsent{fmt.Errorf("%w since %s: %s", crm.ErrPaused, s.Since.UTC().Format(time.RFC3339), s.Cause)}}
}

// judge begins or ends the pause by how a request went. One that never left says nothing about the provider: it ends no pause, and the next may be the trial.
func (b *Brake) judge(portal crm.PortalID, trial bool, err error) error {
	unsent := neverLeft(err)
	stop := errors.Is(err, crm.ErrForbidden)
	outage := errors.Is(err, crm.ErrTemporary) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	b.mu.Lock()
	s, was := b.stopped[portal]
	now := b.now()
	if !unsent && (!outage || errors.Is(err, crm.ErrTemporary)) { // a caller who left says nothing
		b.noteOutage(portal, now, err)
	}
	switch {
	case stop:
		s.Next, s.Cause = now.Add(b.every()), err.Error()
		if !was {
			s.Since = now
		}
		if b.stopped == nil {
			b.stopped = map[crm.PortalID]StoppedSince{}
		}
		b.stopped[portal] = s
	case was && unsent:
		if trial {
			s.Next = now
			b.stopped[portal] = s
		}
	case was && !outage: // it answers again, whatever it says
		delete(b.stopped, portal)
		if b.ended == nil {
			b.ended = map[crm.PortalID]time.Time{}
		}
		b.ended[portal] = now
	}
	late := outage && (was || now.Sub(later(b.ended[portal], b.born)) < grace)
	b.mu.Unlock()
	if b.Told != nil && stop && !was {
		b.Told(portal, s)
	}
	if b.Told != nil && was && !stop && !outage && !unsent {
		b.Told(portal, StoppedSince{Cause: s.Cause})
	}
	switch {
	case stop:
		return &crm.RetryAfter{At: s.Next, Err: fmt.Errorf("%w: %w", crm.ErrPaused, err)}
	case late:
		return &lingering{err}
	}
	return err
}

// lingering is an outage that is waited for like a pause. Its text says nothing of a person: nobody needs to act.
type lingering struct{ error }

// Unwrap gives both kinds.
func (l *lingering) Unwrap() []error { return []error{crm.ErrPaused, l.error} }

func neverLeft(err error) bool {
	var long *TooLong
	var unsent *Unsent
	return errors.As(err, &unsent) || errors.As(err, &long) && !long.Sent
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Braked is a completer behind a brake.
type Braked struct {
	Completer
	*Brake
}

// Complete asks, unless the provider is paused for the portal of the request.
func (b Braked) Complete(ctx context.Context, r Request) (got Response, err error) {
	err = b.Do(ctx, r.Subject.Portal, func(ctx context.Context) (err error) {
		got, err = b.Completer.Complete(ctx, r)
		return err
	})
	return got, err
}
