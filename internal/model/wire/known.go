package wire

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Known keeps what a server says about a model, so that not every request asks for it again. The server may be started anew with another model, so the answer ages; it
// may hang, so a question has a short deadline of its own, a failure is remembered for a while, and nobody holds a lock while it is asked: callers that come meanwhile
// share the one question. It is safe for concurrent use; the fields are set before and not changed.
type Known[T any] struct {
	Age   time.Duration                    // how long an answer counts
	Again time.Duration                    // how long a failure counts
	Limit time.Duration                    // of one question
	Ask   func(context.Context) (T, error) // its errors are those of Call

	mu     sync.Mutex
	last   answer[T]
	asking chan struct{} // closed when the question that is under way has ended; nil: none is
}

type answer[T any] struct {
	value  T
	known  bool // value was told at some time
	at     time.Time
	err    error // of the last question
	failed time.Time
}

// Get is the answer, asked for when it is not known or too old. While the last question failed, it is the older answer, zero without one, with the error.
func (k *Known[T]) Get(ctx context.Context) (T, error) {
	for {
		k.mu.Lock()
		last := k.last
		switch {
		case last.err != nil && time.Since(last.failed) < k.Again:
			k.mu.Unlock()
			return last.value, last.err
		case last.err == nil && last.known && time.Since(last.at) < k.Age:
			k.mu.Unlock()
			return last.value, nil
		case k.asking == nil:
			done := make(chan struct{})
			k.asking = done
			k.mu.Unlock()
			return k.ask(ctx, done)
		}
		others := k.asking
		k.mu.Unlock()
		select {
		case <-others:
		case <-ctx.Done():
			return last.value, fmt.Errorf("ask for the model: %w", ctx.Err())
		}
	}
}

// Fresh asks in any case.
func (k *Known[T]) Fresh(ctx context.Context) (T, error) {
	within, cancel := context.WithTimeout(ctx, k.Limit)
	defer cancel()
	return k.Ask(within)
}

// ask asks for all who wait. What ends because this caller has ended says nothing about the server: the next caller asks again.
func (k *Known[T]) ask(ctx context.Context, done chan struct{}) (T, error) {
	value, err := k.Fresh(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(done)
	k.asking = nil
	switch {
	case err == nil:
		k.last = answer[T]{value: value, known: true, at: time.Now()}
	case ctx.Err() == nil:
		k.last.err, k.last.failed = err, time.Now()
	}
	return k.last.value, err
}
