package main

import (
	"context"
	"time"
)

// periodically calls do after first (0: at once) and then at every interval, until ctx ends; it returns why ctx did. What do fails at is do's own to tell and to try again.
func periodically(ctx context.Context, first, every time.Duration, do func()) error {
	due := time.NewTimer(first)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due.C:
			due.Reset(every)
		}
		do()
	}
}
