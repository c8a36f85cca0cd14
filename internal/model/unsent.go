package model

import "errors"

// ErrUnlisted says that a server lists models and not the one in question. It may have it all the same: some servers know names that they do not list.
var ErrUnlisted = errors.New("the server does not list the model")

// Unsent marks a failure of a request that never left: it says nothing about the provider. It unwraps to Err.
type Unsent struct{ Err error }

// Error is that of Err.
func (u *Unsent) Error() string { return u.Err.Error() }

// Unwrap is Err.
func (u *Unsent) Unwrap() error { return u.Err }
