package generation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
)

// Options of a set. All but Chunker are required.
type Options struct {
	Store    Store
	Texts    Texts
	Embedder string          // the configured embedder, as crm.Generation.Embedder describes it
	Chunker  indexer.Chunker // the program's; zero: indexer.Current
	// Make makes an embedder from its description. crm.ErrNotFound when this version cannot: the generation must be built anew.
	Make func(ctx context.Context, description string) (Embedder, error)
}

// Set is the generations of one process. It is safe for concurrent use.
type Set struct {
	Options
	live atomic.Pointer[Open]
	// settled is shared by writers from before they write to the index until the store knows. A swap holds it alone, and who reads the store in order to write to an
	// index begins while nobody else has it. It is taken before writes.
	settled sync.RWMutex
	writes  sync.RWMutex // writers share it; a swap, and a mender while it writes, hold it alone

	mu     sync.Mutex
	opened map[string]*Open
	raw    map[string]Index // generations that only removals go to, opened without their embedder

	noting  sync.Mutex
	watches map[*watch]bool
}

// Open is a generation in use: vectors of Index were made by Embedder.
type Open struct {
	crm.Generation
	Embedder Embedder
	Chunker  int // whose chunks it holds; what changed since another one took its place in the program, as that one cut it
	Index    Index
	kept     keptVectors // of chunks beside the index
}

// ErrStale says that the live generation cannot be asked any more: its embedder cannot be made, or makes other vectors than it did (another model under the same name).
var ErrStale = errors.New("the live generation belongs to an embedder that is not there any more")

// New opens the live generation; in a new store it makes the first one. ErrStale (with a set that can Build and Swap, and nothing else) when its embedder is gone.
func New(ctx context.Context, o Options) (*Set, error) {
	if o.Chunker.Divide == nil {
		o.Chunker = indexer.Current()
	}
	s := &Set{Options: o, opened: map[string]*Open{}, raw: map[string]Index{}, watches: map[*watch]bool{}}
	all, err := s.Store.Generations(ctx)
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	i := slices.IndexFunc(all, func(g crm.Generation) bool { return g.Live })
	if i < 0 {
		g, err := s.create(ctx)
		if err != nil {
			return nil, err
		}
		return s, s.Swap(ctx, g.Name)
	}
	open, err := s.open(ctx, all[i])
	if err != nil {
		return s, err
	}
	s.live.Store(open)
	return s, nil
}

// Live is the generation that answers now; nil before the first Swap of a stale set.
func (s *Set) Live() *Open { return s.live.Load() }

// Generations lists them, oldest first.
func (s *Set) Generations(ctx context.Context) ([]crm.Generation, error) {
	return s.Store.Generations(ctx)
}

// Wanted tells whether the configured embedder or the program's chunker is another one than the live generation's: then a new generation is due.
func (s *Set) Wanted(ctx context.Context) (bool, error) {
	live := s.Live()
	if live == nil {
		return true, nil
	}
	e, err := s.Make(ctx, s.Options.Embedder)
	if err != nil {
		return false, fmt.Errorf("embedder %s: %w", s.Options.Embedder, err)
	}
	return s.fingerprint(e) != live.Fingerprint, nil
}

// open opens a generation with its embedder, once.
func (s *Set) open(ctx context.Context, g crm.Generation) (*Open, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.opened[g.Name]; o != nil {
		return o, nil
	}
	e, err := s.Make(ctx, g.Embedder)
	switch {
	case errors.Is(err, crm.ErrNotFound):
		return nil, fmt.Errorf("generation %s: %w: %w", g.Name, ErrStale, err)
	case err != nil:
		return nil, fmt.Errorf("generation %s: embedder %s: %w", g.Name, g.Embedder, err)
	}
	embedder, chunker, err := parseFingerprint(g.Fingerprint)
	switch {
	case err != nil:
		return nil, fmt.Errorf("generation %s: %w", g.Name, err)
	case e.Fingerprint() != embedder:
		return nil, fmt.Errorf("generation %s: made by %s, the embedder is now %s: %w", g.Name, g.Fingerprint, e.Fingerprint(), ErrStale)
	}
	x, err := s.Store.Open(ctx, g.Name)
	if err != nil {
		return nil, fmt.Errorf("open generation %s: %w", g.Name, err)
	}
	o := &Open{Generation: g, Embedder: e, Chunker: chunker, Index: x}
	s.opened[g.Name] = o
	return o, nil
}

// create makes an empty generation for the configured embedder, with the next free number.
func (s *Set) create(ctx context.Context) (crm.Generation, error) {
	e, err := s.Make(ctx, s.Options.Embedder)
	if err != nil {
		return crm.Generation{}, fmt.Errorf("embedder %s: %w", s.Options.Embedder, err)
	}
	all, err := s.Store.Generations(ctx)
	if err != nil {
		return crm.Generation{}, fmt.Errorf("list generations: %w", err)
	}
	number := 0
	for _, g := range all {
		number = max(number, numberOf(g.Name))
	}
	g := crm.Generation{Name: "g" + strconv.Itoa(number+1), Fingerprint: s.fingerprint(e), Dimension: e.Dimension(), Windows: e.Windows(), Embedder: s.Options.Embedder}
	if err := s.Store.Create(ctx, g); err != nil {
		return g, fmt.Errorf("create generation %s: %w", g.Name, err)
	}
	return g, nil
}

// numberOf is the number of a generation that a Set made; 0 when somebody else did.
func numberOf(name string) int {
	digits, ok := strings.CutPrefix(name, "g")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return 0
	}
	return n
}

// Ours tells whether a Set made the generation of that name.
func Ours(name string) bool { return numberOf(name) > 0 }

// named finds a generation; crm.ErrNotFound when there is none of that name.
func (s *Set) named(ctx context.Context, name string) (crm.Generation, error) {
	all, err := s.Store.Generations(ctx)
	if err != nil {
		return crm.Generation{}, fmt.Errorf("list generations: %w", err)
	}
	for _, g := range all {
		if g.Name == name {
			return g, nil
		}
	}
	return crm.Generation{}, fmt.Errorf("generation %q: %w", name, crm.ErrNotFound)
}

// Swap makes a generation the live one. Searches before it answer from the old one, those after it from the new one. A write whose vectors were made for the old one is
// refused as temporary and comes again with new ones.
func (s *Set) Swap(ctx context.Context, name string) error {
	return s.swapAfter(ctx, name, func() error { return nil })
}

// swapAfter swaps when last has succeeded, all while no writer is in the live index, nor between it and the store.
func (s *Set) swapAfter(ctx context.Context, name string, last func() error) error {
	open, err := s.Named(ctx, name)
	if err != nil {
		return err
	}
	s.settled.Lock()
	defer s.settled.Unlock()
	s.writes.Lock()
	defer s.writes.Unlock()
	if err := last(); err != nil {
		return err
	}
	if err := s.Store.Swap(ctx, name); err != nil {
		return fmt.Errorf("swap to generation %s: %w", name, err)
	}
	s.live.Store(open)
	return nil
}

// Drop removes a generation that is not live.
func (s *Set) Drop(ctx context.Context, name string) error {
	if l := s.Live(); l != nil && l.Name == name {
		return fmt.Errorf("generation %s is live: %w", name, crm.ErrConflict)
	}
	s.writes.Lock() // no removal is under way in it
	defer s.writes.Unlock()
	s.mu.Lock()
	var errs []error
	if o := s.opened[name]; o != nil {
		errs = append(errs, o.Index.Close())
	}
	if x := s.raw[name]; x != nil {
		errs = append(errs, x.Close())
	}
	delete(s.opened, name)
	delete(s.raw, name)
	s.mu.Unlock()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close generation %s: %w", name, err)
	}
	return s.Store.Drop(ctx, name)
}

// others are the indexes of all generations but the live one, whether their embedders are still there or not.
func (s *Set) others(ctx context.Context) (out []Index, err error) {
	all, err := s.Store.Generations(ctx)
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	for _, g := range all {
		if g.Live {
			continue
		}
		x, err := s.Bare(ctx, g.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// Bare is a generation's index without its embedder, which may be gone: to remove from.
func (s *Set) Bare(ctx context.Context, name string) (Index, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.opened[name]; o != nil {
		return o.Index, nil
	}
	if x := s.raw[name]; x != nil {
		return x, nil
	}
	x, err := s.Store.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open generation %s: %w", name, err)
	}
	s.raw[name] = x
	return x, nil
}

// Close closes every generation and the store.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, o := range s.opened {
		errs = append(errs, o.Index.Close())
	}
	for _, x := range s.raw {
		errs = append(errs, x.Close())
	}
	return errors.Join(append(errs, s.Store.Close())...)
}
