package model

// Unsent marks a failure of a request that never left: it says nothing about the provider. It unwraps to Err.
type Unsent struct{ Err error }

// Error is that of Err.
func (u *Unsent) Error() string { return u.Err.Error() }

// Unwrap is Err.
func (u *Unsent) Unwrap() error { return u.Err }
