package qdrant

import (
	"context"
	"slices"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// locks let one writer of this process at a time at an activity. Between processes the fence of the work table does, and the guards on what is stored.
type locks struct {
	mu   sync.Mutex
	held map[crm.Ref]chan struct{}
}

// acquire waits for all of them, in one order for everybody, and returns what releases them.
func (l *locks) acquire(ctx context.Context, refs []crm.Ref) (func(), error) {
	refs = slices.Clone(refs)
	slices.SortFunc(refs, crm.Ref.Compare)
	refs = slices.Compact(refs)
	for i, r := range refs {
		if err := l.one(ctx, r); err != nil {
			l.release(refs[:i])
			return nil, err
		}
	}
	return func() { l.release(refs) }, nil
}

func (l *locks) one(ctx context.Context, r crm.Ref) error {
	for {
		l.mu.Lock()
		other, taken := l.held[r]
		if !taken {
			l.held[r] = make(chan struct{})
		}
		l.mu.Unlock()
		if !taken {
			return nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *locks) release(refs []crm.Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range refs {
		close(l.held[r])
		delete(l.held, r)
	}
}
