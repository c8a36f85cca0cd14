package crm

import (
	"errors"
	"time"
)

// The error kinds of the product, mapped once to an HTTP status and once to retry or bury. Wrap them; compare with errors.Is.
var (
	ErrNotFound  = errors.New("not found")                  // 404; nothing to do
	ErrInvalid   = errors.New("invalid")                    // 400; buried, never retried
	ErrConflict  = errors.New("conflict")                   // 409; the world moved: look again
	ErrTemporary = errors.New("temporary")                  // 503; retried with back-off
	ErrForbidden = errors.New("forbidden")                  // 403; a person must grant it
	ErrUnknown   = errors.New("outcome unknown")            // a write may or may not have been applied: settle by reading back, never by resending
	ErrStopped   = errors.New("stopped by an operator")     // writing is off or paused: nothing was sent
	ErrPaused    = errors.New("paused until a person acts") // of a provider that wants money, a key or a permission: its work is kept for as long as it takes
	ErrTooLarge  = errors.New("too large to hold")          // of an account's postings: search it in the vector back end instead
)

// RetryAfter wraps a temporary error with the moment before which a retry is pointless. Unwraps to Err and to ErrTemporary.
type RetryAfter struct {
	At  time.Time
	Err error
}

// Error is the wrapped error's text.
func (e *RetryAfter) Error() string { return e.Err.Error() }

// Unwrap makes errors.Is(err, ErrTemporary) true.
func (e *RetryAfter) Unwrap() []error { return []error{e.Err, ErrTemporary} }
