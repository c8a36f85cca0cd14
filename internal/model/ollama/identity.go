package ollama

import (
	"context"
	"fmt"
)

// Identity names what would answer now, with everything that all requests have in common: two answers of one identity to one request differ by chance only.
func (w *Writer) Identity(ctx context.Context) (string, error) {
	k, err := w.card.Get(ctx)
	if err != nil && k.context == 0 {
		return "", err
	}
	return fmt.Sprintf("%s@%s context %d thinks %v temperature 0 seed 1", w.Name(), k.digest, k.context, k.thinks), nil
}
