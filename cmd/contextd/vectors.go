package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/vector/flat"
	"github.com/contextd/contextd/internal/vector/pgvector"
	"github.com/contextd/contextd/internal/vector/qdrant"
)

// backEnd is what vector stores have in common as they are; each one's Open returns its own type.
type backEnd interface {
	Generations(ctx context.Context) ([]crm.Generation, error)
	Create(ctx context.Context, g crm.Generation) error
	Swap(ctx context.Context, name string) error
	Drop(ctx context.Context, name string) error
	Close() error
}

// vectorStore gives a back end the face that generations ask for.
type vectorStore struct {
	backEnd
	open func(ctx context.Context, name string) (generation.Index, error)
}

// Open implements generation.Store.
func (v vectorStore) Open(ctx context.Context, name string) (generation.Index, error) {
	return v.open(ctx, name)
}

func asStore[X generation.Index](b interface {
	backEnd
	Open(ctx context.Context, name string) (X, error)
}) vectorStore {
	return vectorStore{b, func(ctx context.Context, name string) (generation.Index, error) {
		x, err := b.Open(ctx, name)
		if err != nil {
			return nil, err // never a typed nil
		}
		return x, nil
	}}
}

// openVectorStore opens the back end that vectors.url names.
func openVectorStore(ctx context.Context, cfg Config) (generation.Store, error) {
	u, err := url.Parse(cfg.Vectors.URL)
	if err != nil {
		return nil, fmt.Errorf("vectors.url: %w", err)
	}
	switch u.Scheme {
	case "flat":
		s, err := flat.Open(ctx, cfg.Path("vectors.flat"), flat.Options{})
		if err != nil {
			return nil, err
		}
		return asStore[*flat.Index](s), nil
	case "qdrant", "qdrants":
		port := 6334
		if p := u.Port(); p != "" {
			if port, err = strconv.Atoi(p); err != nil {
				return nil, fmt.Errorf("vectors.url: port %q: %w", p, err)
			}
		}
		s, err := qdrant.Open(ctx, qdrant.Options{Host: u.Hostname(), Port: port, APIKey: cfg.Vectors.APIKey.Reveal(), TLS: u.Scheme == "qdrants"})
		if err != nil {
			return nil, unreachableStore(err, net.JoinHostPort(u.Hostname(), strconv.Itoa(port)))
		}
		return asStore[*qdrant.Index](s), nil
	case "postgres", "postgresql":
		s, err := pgvector.Open(ctx, cfg.Vectors.URL, pgvector.Options{})
		if err != nil {
			return nil, unreachableStore(err, u.Host)
		}
		return asStore[*pgvector.Index](s), nil
	}
	return nil, fmt.Errorf("vectors.url: %q names no back end", u.Scheme)
}

// unreachableStore says which server does not answer.
func unreachableStore(err error, address string) error {
	return withExit(exitUnreachable, fmt.Errorf("the vector store does not answer: vectors.url: see that %s is running and reachable: %w", address, err))
}

// openIndex opens the generations of the index; fresh says that it is to be filled. A vector file that is damaged or of an older format is set aside: everything in it
// is made anew from the stored texts.
func (s *service) openIndex(ctx context.Context) (fresh bool, err error) {
	fresh, err = s.openGenerations(ctx)
	if !errors.Is(err, flat.ErrDamaged) && !errors.Is(err, flat.ErrFormat) {
		return fresh, err
	}
	aside, serr := flat.SetAside(s.cfg.Path("vectors.flat"))
	if serr != nil {
		return false, errors.Join(err, serr)
	}
	s.log.Warn("the vector file cannot be used: it was set aside and is rebuilt from the stored texts", "cause", err, "kept_as", aside)
	return s.openGenerations(ctx)
}

func (s *service) openGenerations(ctx context.Context) (fresh bool, err error) {
	backend, err := openVectorStore(ctx, s.cfg)
	if err != nil {
		return false, err
	}
	before, err := backend.Generations(ctx)
	if u, uerr := url.Parse(s.cfg.Vectors.URL); uerr == nil && u.Host != "" && errors.Is(err, crm.ErrTemporary) { // what speaks to a server may only now have asked it
		err = unreachableStore(err, u.Host)
	}
	if err == nil && !slices.ContainsFunc(before, func(g crm.Generation) bool { return g.Live }) {
		err = s.keepFill(ctx, "due")
	}
	due := false
	if err == nil {
		due, err = s.fillDue(ctx)
	}
	if err != nil {
		return false, errors.Join(err, backend.Close())
	}
	set, err := generation.New(ctx, generation.Options{Store: backend, Texts: s.db, Embedder: embedderOf(s.cfg).describe(), Make: s.embedder})
	if errors.Is(err, generation.ErrStale) {
		s.log.Warn("the index was made by an embedder that is not there any more: it is rebuilt from the stored texts", "cause", err)
		g, berr := set.Begin(ctx)
		if berr == nil {
			berr = s.keepFill(ctx, "due")
		}
		if berr == nil {
			berr = set.Swap(ctx, g.Name)
		}
		if berr != nil {
			return false, errors.Join(berr, set.Close())
		}
		s.index = set
		return true, nil
	}
	if err != nil {
		return false, errors.Join(err, backend.Close())
	}
	s.index = set
	switch wanted, err := set.Wanted(ctx); {
	case err != nil:
		s.log.Warn("the configured embedder cannot be used; the index answers with its own", "cause", err)
	case wanted:
		s.log.Warn("the index was made by another embedder than the configured one, or another chunker than this version's; it answers until contextd reindex --new-generation --swap", "live", set.Live().Fingerprint)
	}
	return due, nil
}

// fillCursor says that the live index is to be filled: from before there is one until it is done, so that no crash in between leaves it empty.
const fillCursor = "fill"

func (s *service) keepFill(ctx context.Context, value string) error {
	for _, p := range s.portals {
		if err := s.db.KeepCursor(ctx, p, store.Cursor{Name: fillCursor, Value: value}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *service) fillDue(ctx context.Context) (bool, error) {
	for _, p := range s.portals {
		if at, err := s.db.Cursor(ctx, p, fillCursor); err != nil || at.Value != "" {
			return err == nil, err
		}
	}
	return false, nil
}

// fill makes a new index agree with what the store holds already. With the built-in embedder that takes moments and comes before the first question; with another one it
// is work in the backfill lane, and until its end questions are answered from what is there.
func (s *service) fill(ctx context.Context) error {
	if e := embedderOf(s.cfg); e.Provider != "builtin" {
		var marks []crm.Mark
		for _, p := range s.portals {
			marks = append(marks, crm.Mark{Portal: p, Kind: crm.BuildWork, Key: s.index.Live().Name, Lane: crm.BackfillLane})
		}
		if err := s.db.Mark(ctx, marks, crm.Claim{}); err != nil {
			return err
		}
		return s.keepFill(ctx, "")
	}
	for _, portal := range s.portals {
		r, err := s.index.Reconcile(ctx, "", portal, true)
		if err != nil {
			return fmt.Errorf("rebuild the index: %w", err)
		}
		if r.Mended > 0 {
			s.log.Info("index rebuilt", "portal", portal, "activities", r.Mended)
		}
	}
	return s.keepFill(ctx, "")
}
