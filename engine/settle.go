package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func (a *Applier) timeout() time.Duration {
	if a.Timeout > 0 {
		return a.Timeout
	}
	return 10 * time.Second
}

// begin asks for the last time whether writing is allowed and records, before the request leaves, that it may be on its way until the deadline.
func (a *Applier) begin(ctx context.Context, e attempt) (attempt, error) {
	if err := a.Enabled(e.Portal); err != nil {
		return e, stopped(err)
	}
	e.State, e.Deadline = crm.EffectSending, a.Now().Add(a.timeout()+grace)
	e.Attempts++
	if err := a.Effects.Begin(ctx, e.Effect); err != nil {
		return e, fmt.Errorf("begin: %w", err)
	}
	return e, nil
}

// stopped keeps the reason and makes sure that it is known as a stop.
func stopped(err error) error {
	if errors.Is(err, crm.ErrStopped) {
		return err
	}
	return fmt.Errorf("%w: %w", crm.ErrStopped, err)
}

// send makes one request that gives up before its effect's deadline.
func (a *Applier) send(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.timeout())
	defer cancel()
	return request(ctx)
}

// unsent judges the error of a write. Refused values and missing targets are final; what certainly was not applied can be tried again at once; anything else may have
// been applied.
func (a *Applier) unsent(ctx context.Context, e attempt, err error) error {
	switch {
	case errors.Is(err, crm.ErrUnknown):
		return a.unknown(ctx, e, err)
	case errors.Is(err, crm.ErrInvalid), errors.Is(err, crm.ErrNotFound):
		return a.settle(ctx, e, crm.EffectFailed, crm.Receipt{Object: e.Object}, err.Error())
	case errors.Is(err, crm.ErrTemporary), errors.Is(err, crm.ErrForbidden), errors.Is(err, crm.ErrStopped):
		if e.Deadline = a.Now(); e.flying.After(e.Deadline) { // nothing of this one is on its way
			e.Deadline = e.flying
		}
		if settled := a.settle(ctx, e, crm.EffectUnknown, crm.Receipt{Object: e.Object}, err.Error()); settled != nil {
			return errors.Join(err, settled)
		}
		return err
	}
	return a.unknown(ctx, e, err)
}

// unknown records that nobody can say yet, and comes back to read it: soon where a second request is harmless (long enough for a slow first one to arrive), else when
// the request is dead for sure.
func (a *Applier) unknown(ctx context.Context, e attempt, cause error) error {
	if err := a.settle(ctx, e, crm.EffectUnknown, crm.Receipt{Object: e.Object}, cause.Error()); err != nil {
		return errors.Join(cause, err)
	}
	at := e.Deadline
	if e.repeatable {
		at = a.Now().Add(min(500*time.Millisecond<<min(e.Attempts-1, 10), time.Minute))
	}
	return &crm.RetryAfter{At: at, Err: fmt.Errorf("%w: %w", crm.ErrUnknown, cause)}
}

// differs is a write that HubSpot accepted and yet does not show: read again a few times, then given up, because HubSpot makes something else of this value.
func (a *Applier) differs(ctx context.Context, e attempt, why string) error {
	if e.Attempts >= mostWrites {
		return a.settle(ctx, e, crm.EffectFailed, crm.Receipt{Object: e.Object}, fmt.Sprintf("%s, after %d attempts", why, e.Attempts))
	}
	return a.unknown(ctx, e, errors.New(why))
}

// hopeless judges the error of a read before any write of this attempt: a target that is gone ends an effect; everything else is tried again.
func (a *Applier) hopeless(ctx context.Context, e attempt, err error) error {
	if e.late { // its end stands, and it is looked at again
		return fmt.Errorf("look at what may have arrived late: %w", err)
	}
	if errors.Is(err, crm.ErrNotFound) || errors.Is(err, crm.ErrInvalid) {
		return a.settle(ctx, e, crm.EffectFailed, crm.Receipt{}, err.Error())
	}
	if e.started {
		return fmt.Errorf("read back: %w", err)
	}
	return fmt.Errorf("read before writing: %w", err)
}

func (a *Applier) settle(ctx context.Context, at attempt, state crm.EffectState, r crm.Receipt, why string) error {
	e := at.Effect
	e.State, e.LastError = state, why
	switch {
	case state == crm.EffectUnknown: // the last request may still arrive
	case state == crm.EffectVerified && e.Attempts <= 1: // the only one has arrived
		e.Deadline = time.Time{}
	default: // the last one was answered, an earlier one perhaps not
		e.Deadline = at.flying
	}
	r.Written, r.Read = crm.RequestsOf(ctx)
	if !r.Object.IsZero() {
		e.Object = r.Object
	}
	// The outcome is recorded even while stopping: it is known now, and asking HubSpot again costs more. The store's own time-outs bound it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := a.Effects.Settle(ctx, e, r); err != nil {
		return fmt.Errorf("settle as %s: %w", state, err)
	}
	if a.Log != nil {
		a.Log.Info("effect", "portal", e.Portal, "effect", e.ID, "state", string(state), "object", e.Object.Path(), "repeat", r.Repeat)
	}
	return nil
}
