package anthropic

import (
	"context"
	"fmt"
)

// Identity names what would answer now, with everything that all requests have in common. Which model a name stands for is the provider's to say, and only with the answer.
func (w *Writer) Identity(context.Context) (string, error) {
	return fmt.Sprintf("%s at %s temperature theirs", w.Name(), w.base), nil
}
