package model_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/modeltest"
)

// rig is a completer behind a brake, with a clock that is set by hand.
type rig struct {
	*testing.T
	echo *modeltest.Echo
	m    model.Braked
	now  time.Time
	told []string
}

func newRig(t *testing.T) *rig {
	r := &rig{T: t, echo: &modeltest.Echo{}, now: time.Date(2026, 3, 30, 9, 0, 0, 0, time.UTC)}
	r.m = model.Braked{Completer: r.echo, Brake: &model.Brake{Now: func() time.Time { return r.now }, Told: func(p crm.PortalID, s model.StoppedSince) {
		r.told = append(r.told, fmt.Sprint(p, !s.Since.IsZero()))
	}}}
	return r
}

func (r *rig) ask(portal crm.PortalID) error {
	_, err := r.m.Complete(r.Context(), model.Request{Subject: crm.Ref{Portal: portal}})
	return err
}

// A spend limit pauses the provider for its portal: one trial every ten minutes and nothing else, and the pause ends with the first answer.
func TestAPauseEndsByItself(t *testing.T) {
	r := newRig(t)
	r.echo.Err = fmt.Errorf("429 insufficient_quota: %w", crm.ErrForbidden)
	start := r.now
	for range 600 {
		err := r.ask(1)
		var later *crm.RetryAfter
		if !errors.Is(err, crm.ErrPaused) || !errors.As(err, &later) || !later.At.After(r.now) || later.At.Sub(r.now) > 10*time.Minute {
			t.Fatalf("error %v at %s", err, r.now.Sub(start))
		}
		r.now = r.now.Add(time.Minute)
	}
	if n := len(r.echo.Asked); n != 60 {
		t.Errorf("%d requests in ten hours, want 60", n)
	}
	if s, is := r.m.Stopped(1); !is || !s.Since.Equal(start) || s.Cause == "" {
		t.Errorf("paused %v: %+v", is, s)
	}
	if _, is := r.m.Stopped(2); is {
		t.Error("another portal is paused, too")
	}
	r.echo.Err = nil
	if err := r.ask(2); err != nil {
		t.Errorf("another portal: %v", err)
	}
	if err := r.ask(1); err != nil {
		t.Errorf("the trial: %v", err)
	}
	if err := r.ask(1); err != nil {
		t.Errorf("after the trial: %v", err)
	}
	if got := fmt.Sprint(r.told); got != "[1 true 1 false]" {
		t.Errorf("told %s, want once each", got)
	}
}

// Only one of many may try, and an outage during the trial ends nothing.
func TestATrialThatFailsOtherwise(t *testing.T) {
	r := newRig(t)
	r.echo.Err = crm.ErrForbidden
	if err := r.ask(1); !errors.Is(err, crm.ErrPaused) {
		t.Fatal(err)
	}
	r.now = r.now.Add(10 * time.Minute)
	r.echo.Err = crm.ErrTemporary
	if err := r.ask(1); !errors.Is(err, crm.ErrPaused) || !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("an outage: %v", err)
	}
	if err := r.ask(1); !errors.Is(err, crm.ErrPaused) || len(r.echo.Asked) != 2 {
		t.Errorf("a second trial at once: %v, %d requests", err, len(r.echo.Asked))
	}
	r.now = r.now.Add(10 * time.Minute)
	r.echo.Err = context.Canceled
	if err := r.ask(1); !errors.Is(err, context.Canceled) {
		t.Errorf("a stop of ours: %v", err)
	}
	if _, is := r.m.Stopped(1); !is {
		t.Error("a stop of ours ended the pause")
	}
	r.now = r.now.Add(10 * time.Minute)
	r.echo.Err = crm.ErrInvalid
	if err := r.ask(1); !errors.Is(err, crm.ErrInvalid) || errors.Is(err, crm.ErrPaused) {
		t.Errorf("a refused request: %v", err)
	}
	if _, is := r.m.Stopped(1); is {
		t.Error("a provider that refuses a request answers again")
	}
}

// What waited for days meets the rate limit all at once: that is no reason to bury it.
func TestARateLimitAfterAPauseIsWaitedFor(t *testing.T) {
	r := newRig(t)
	if err := r.ask(1); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(25 * time.Hour)
	r.echo.Err = crm.ErrTemporary
	if err := r.ask(1); errors.Is(err, crm.ErrPaused) {
		t.Errorf("without a pause: %v", err)
	}
	r.echo.Err = crm.ErrForbidden
	_ = r.ask(1) // pauses
	r.now = r.now.Add(72 * time.Hour)
	r.echo.Err = nil
	if err := r.ask(1); err != nil {
		t.Fatal(err)
	}
	r.echo.Err = crm.ErrTemporary
	if err := r.ask(1); !errors.Is(err, crm.ErrPaused) {
		t.Errorf("just after it: %v", err)
	}
	r.now = r.now.Add(25 * time.Hour)
	if err := r.ask(1); errors.Is(err, crm.ErrPaused) {
		t.Errorf("a day later: %v", err)
	}
}

// A pause may have lasted until the process ended: what it kept waits in the next process, too, whose brake knows nothing of it.
func TestARateLimitAfterARestartInAPauseIsWaitedFor(t *testing.T) {
	r := newRig(t)
	r.echo.Err = crm.ErrForbidden
	if err := r.ask(1); !errors.Is(err, crm.ErrPaused) {
		t.Fatal(err)
	}
	r.m.Brake = &model.Brake{Now: r.m.Now}
	r.now = r.now.Add(72 * time.Hour)
	r.echo.Err = crm.ErrTemporary
	if err := r.ask(1); !errors.Is(err, crm.ErrPaused) || !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("the first outage after a restart: %v", err)
	}
	r.now = r.now.Add(25 * time.Hour)
	if err := r.ask(1); errors.Is(err, crm.ErrPaused) {
		t.Errorf("a day later: %v", err)
	}
}

// A prompt that never left says nothing about the provider: the pause goes on, and the trial is still to be had.
func TestWhatIsNotSentIsNoTrial(t *testing.T) {
	r := newRig(t)
	r.echo.Err = crm.ErrForbidden
	if err := r.ask(1); !errors.Is(err, crm.ErrPaused) {
		t.Fatal(err)
	}
	r.now = r.now.Add(10 * time.Minute)
	r.echo.Err = fmt.Errorf("measure: %w", &model.TooLong{Tokens: 9000, Window: 4096})
	if err := r.ask(1); !errors.Is(err, crm.ErrInvalid) || errors.Is(err, crm.ErrPaused) {
		t.Errorf("too long: %v", err)
	}
	if _, is := r.m.Stopped(1); !is || len(r.told) != 1 {
		t.Errorf("paused %t, told %v", is, r.told)
	}
	asked := len(r.echo.Asked)
	r.echo.Err = &model.TooLong{Sent: true}
	if err := r.ask(1); !errors.Is(err, crm.ErrInvalid) || len(r.echo.Asked) != asked+1 {
		t.Errorf("the trial: %v, %d requests", err, len(r.echo.Asked)-asked)
	}
	if _, is := r.m.Stopped(1); is {
		t.Error("a provider that has read a prompt answers again")
	}
}

// An outage is told for as long as it lasts, for its portal alone, and asks for nobody: a caller who leaves neither begins nor ends it.
func TestAnOutageIsToldUntilItEnds(t *testing.T) {
	r := newRig(t)
	if _, is := r.m.Failing(1); is {
		t.Error("failing before anything was asked")
	}
	began := r.now
	for range 3 {
		r.echo.Err = fmt.Errorf("503 overloaded: %w", crm.ErrTemporary)
		if err := r.ask(1); !errors.Is(err, crm.ErrPaused) || !errors.Is(err, crm.ErrTemporary) || strings.Contains(err.Error(), "person") {
			t.Errorf("error %v: it is waited for, and nobody needs to act", err)
		}
		r.now = r.now.Add(time.Minute)
		r.echo.Err = context.Canceled
		if err := r.ask(1); err == nil {
			t.Error("a caller who left got an answer")
		}
		if f, is := r.m.Failing(1); !is || !f.Since.Equal(began) || f.Cause == "" {
			t.Errorf("failing %v: %+v", is, f)
		}
	}
	if _, is := r.m.Failing(2); is {
		t.Error("another portal is failing, too")
	}
	r.echo.Err = nil
	if err := r.ask(1); err != nil {
		t.Fatal(err)
	}
	if f, is := r.m.Failing(1); is {
		t.Errorf("it answers, and is told as failing: %+v", f)
	}
}
