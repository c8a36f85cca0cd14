package crm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
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

// Dependency is the error of something outside that contextd needs, in words for whoever runs it: what is the matter, where, and how it is mended.
type Dependency struct {
	Words         string
	Misconfigured bool // a setting or a permission is wrong; else it cannot be reached, or not now
	Err           error
}

// Error is the words and the cause.
func (e *Dependency) Error() string { return e.Words + ": " + e.Err.Error() }

// Unwrap is the cause.
func (e *Dependency) Unwrap() error { return e.Err }

// Partly is the error of a call about several objects of which some failed, each with an error of its own. What became of the others is the call's result.
type Partly struct{ Failed map[Ref]error }

// Error names the first object that failed, and how many there are.
func (e *Partly) Error() string {
	refs := slices.SortedFunc(maps.Keys(e.Failed), Ref.Compare)
	if len(refs) == 0 {
		return "nothing failed"
	}
	return fmt.Sprintf("%d of them failed, %s: %s", len(refs), refs[0].Path(), e.Failed[refs[0]])
}

// Unwrap are the errors of the objects, so that a caller who does not look at each of them judges the call by all of them.
func (e *Partly) Unwrap() []error { return slices.Collect(maps.Values(e.Failed)) }

// Apart takes an error apart: which objects failed alone, and what is wrong with the whole call.
func Apart(err error) (failed map[Ref]error, whole error) {
	if p := (*Partly)(nil); errors.As(err, &p) {
		return p.Failed, nil
	}
	return nil, err
}
