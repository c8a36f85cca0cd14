package wire

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Call runs do under a deadline of its own. A caller who leaves gets his own end back as it is; no answer before the caller's deadline is temporary like none before our
// own, and so is an error without a kind (no connection), but for ErrGarbled, which keeps none.
func Call(ctx context.Context, timeout time.Duration, doing string, do func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := do(within)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: no answer within the caller's time: %w: %w", doing, ctx.Err(), crm.ErrTemporary)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	case within.Err() != nil:
		return fmt.Errorf("%s: no answer within %s: %w", doing, timeout, crm.ErrTemporary)
	case errors.Is(err, crm.ErrTemporary), errors.Is(err, crm.ErrInvalid), errors.Is(err, crm.ErrForbidden), errors.Is(err, ErrGarbled):
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, err, crm.ErrTemporary)
}

// Undecoded gives an error of a client library that came after a good answer, and so is about its content, as ErrGarbled. Its own text is dropped: it may hold some
// of the content. Errors of the transport and of the context pass.
func Undecoded(err error) error {
	var transport *url.Error
	var f *Failure
	switch {
	case err == nil, errors.As(err, &transport), errors.As(err, &f), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrGarbled), errors.Is(err, crm.ErrTemporary), errors.Is(err, crm.ErrForbidden), errors.Is(err, crm.ErrInvalid):
		return err
	}
	return fmt.Errorf("its content is not what the protocol says: %w", ErrGarbled)
}
