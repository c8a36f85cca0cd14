package openai

import (
	"context"
	"fmt"
)

// Identity names what would answer now, with everything that all requests have in common. Which model a name stands for is the provider's to say, and only with the answer.
func (w *Writer) Identity(context.Context) (string, error) {
	temperature := "0"
	if w.c.theirs {
		temperature = "theirs"
	}
	return fmt.Sprintf("%s at %s temperature %s", w.Name(), w.c.base, temperature), nil
}
