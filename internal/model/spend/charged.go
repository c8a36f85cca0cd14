package spend

import (
	"context"
	"errors"
	"net"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/wire"
)

// charged tells whether a provider may have taken money for a call that failed. It takes none for what it refuses, and none for what never reached it. An answer that broke off,
// came too late or cannot be read may have been paid for.
func charged(err error) bool {
	var long *model.TooLong
	var refused *wire.Failure
	var unsent *model.Unsent
	var wired *net.OpError
	switch {
	case errors.As(err, &unsent):
		return false
	case errors.As(err, &long):
		return long.Sent && (long.Err == nil || charged(long.Err)) // shortened, and answered
	case errors.As(err, &refused):
		return refused.Status < 400 // an error inside a good answer came after something was read
	case errors.Is(err, wire.ErrGarbled), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.As(err, &wired) && wired.Op == "dial", errors.Is(err, crm.ErrForbidden), errors.Is(err, crm.ErrInvalid):
		return false
	}
	return true
}
