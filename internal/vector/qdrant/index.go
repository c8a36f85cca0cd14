package qdrant

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/contextd/contextd/internal/crm"
)

// Index is one generation, or the live one, whichever that is.
type Index struct {
	s     *Store
	name  string // "": the live one
	state atomic.Pointer[generation]
}

// Close does nothing: the connections are the store's.
func (x *Index) Close() error { return nil }

func (x *Index) chunks(g *generation) space {
	if x.name == "" {
		return space{x.s.alias(), g}
	}
	return space{x.s.collection(g.Name), g}
}

func (x *Index) profiles(g *generation) space {
	return space{profilesOf(x.chunks(g).name), nil}
}

// swaps is how many swaps may happen during one question before it is given up.
const swaps = 8

// read runs a question. The live index asks through the alias, so that a swap by any process is seen at once; only what we know of the generation (dimension, windows,
// shards) may be of the one before, and a refusal is a reason to look again.
func (x *Index) read(ctx context.Context, ask func(*generation) error) error {
	known, again := x.state.Load(), false
	for range swaps {
		err := ask(known)
		if x.name != "" || !errors.Is(err, crm.ErrInvalid) && !errors.Is(err, crm.ErrNotFound) {
			return err
		}
		now, lookErr := x.current(ctx)
		same := lookErr == nil && now.Name == known.Name && now.Fingerprint == known.Fingerprint
		if lookErr != nil || same && again {
			return err
		}
		x.state.Store(now)
		known, again = now, same // once more with the same: there may have been a swap and one back
	}
	return fmt.Errorf("qdrant: the live generation changes faster than it can be asked: %w", crm.ErrTemporary)
}

func (x *Index) current(ctx context.Context) (*generation, error) {
	name, err := x.s.live(ctx)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, fmt.Errorf("qdrant: no generation is live: %w", crm.ErrNotFound)
	}
	g, _, err := x.s.look(ctx, name)
	return &g, err
}

// target is the generation that writes go to, never an alias: a swap in the middle of a batch must not put vectors of one embedder into the other's generation.
func (x *Index) target(ctx context.Context) (*generation, error) {
	g := x.state.Load()
	if x.name != "" {
		return g, nil
	}
	name, err := x.s.live(ctx)
	if err != nil || name == g.Name {
		return g, err
	}
	now, err := x.current(ctx)
	if err != nil {
		return nil, err
	}
	if now.Fingerprint != g.Fingerprint || now.Dimension != g.Dimension || now.Windows != g.Windows {
		return nil, fmt.Errorf("qdrant: generation %s (%s) is live now, not %s (%s): open it again to write: %w", now.Name, now.Fingerprint, g.Name, g.Fingerprint, crm.ErrConflict)
	}
	x.state.Store(now)
	return now, nil
}
