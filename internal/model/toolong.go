package model

import (
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// TooLong says that a prompt does not fit into the model's window beside its answer. Nothing was cut: the caller says the same with fewer passages, or gives up. It
// unwraps to crm.ErrInvalid.
type TooLong struct {
	Tokens int  // of prompt and answer, counted or estimated; 0: only the server knows
	Window int  // tokens that the model reads and writes; 0: unknown
	Sent   bool // the server was asked, and may have taken money for it
	Err    error
}

// Error names both numbers, as far as they are known.
func (e *TooLong) Error() string {
	text := "the prompt is longer than the model's window"
	if e.Window > 0 {
		text = fmt.Sprintf("prompt and answer have about %d tokens, the model's window %d", e.Tokens, e.Window)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap is the kind: the request is wrong as it is.
func (e *TooLong) Unwrap() error { return crm.ErrInvalid }
