package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/retriever"
)

// evalPlace is a back end of --vectors: where it is, and what it is called in the figures.
type evalPlace struct{ name, url string }

// evalPlaces reads --vectors. Without a name of its own a back end is called by its kind, without its address.
func evalPlaces(vectors []string, embedder string) ([]evalPlace, error) {
	var out []evalPlace
	for _, v := range vectors {
		name, address, named := strings.Cut(v, "=")
		if !named || strings.Contains(name, ":") { // an address may have an = in it
			address = v
			u, err := url.Parse(v)
			if err != nil {
				return nil, usagef("--vectors %q: use flat:, qdrant://HOST:PORT or postgres://…", v)
			}
			name = strings.TrimSuffix(strings.TrimSuffix(u.Scheme, "s"), "ql")
		}
		if slices.ContainsFunc(out, func(p evalPlace) bool { return p.name == name }) {
			return nil, usagef("--vectors %s: another back end is called %s, too: write NAME=URL", v, name)
		}
		out = append(out, evalPlace{name, address})
	}
	switch {
	case len(out) == 0:
		return nil, usagef("--vectors: name a back end")
	case embedder == "none" && len(out) > 1:
		return nil, usagef("--embedder none uses no back end: leave out --vectors")
	case embedder == "none":
		out[0].name = "none"
	}
	return out, nil
}

// evalBack is one set in one back end, in a generation of its own.
type evalBack struct {
	*generation.Open
	place evalPlace
	store generation.Store
	near  *recentlyNear
}

// openBacks makes an empty generation in every back end. What was opened stays in w.backs on an error, too, to be closed.
func (w *evalWorld) openBacks(ctx context.Context, o evalOptions, embedder generation.Embedder) error {
	for _, place := range o.backs {
		cfg := o.config
		cfg.DataDir, cfg.Vectors.URL = w.dir, place.url
		store, err := openVectorStore(ctx, cfg)
		if err != nil {
			return err
		}
		w.backs = append(w.backs, evalBack{place: place, store: store})
		back := &w.backs[len(w.backs)-1]
		// A name that no running service uses for its own: theirs are g and a number.
		g := crm.Generation{Name: "eval" + strings.ToLower(rand.Text()[:12]), Fingerprint: embedder.Fingerprint(), Dimension: embedder.Dimension(), Windows: embedder.Windows(), Embedder: o.embedder}
		if err := store.Create(ctx, g); err != nil {
			return err
		}
		index, err := store.Open(ctx, g.Name)
		if err != nil {
			return errors.Join(err, store.Drop(ctx, g.Name))
		}
		back.Open = &generation.Open{Generation: g, Embedder: embedder, Index: index}
		back.near = &recentlyNear{Dense: dense{back.Open}}
	}
	return nil
}

func (b *evalBack) close(ctx context.Context) error {
	var errs []error
	if b.Open != nil {
		errs = append(errs, b.Index.Close(), b.store.Drop(ctx, b.Name))
	}
	if err := errors.Join(append(errs, b.store.Close())...); err != nil {
		return fmt.Errorf("%s: %w", b.place.name, err)
	}
	return nil
}

// recentlyNear answers a search again that was answered a moment ago: a question is asked once for its ranking and some times for what fits into a budget, and its neighbours
// are the same each time.
type recentlyNear struct {
	retriever.Dense
	mu   sync.Mutex
	last []nearAnswer // the newest at the end
}

// fewAnswers is more than are asked for at the same time.
const fewAnswers = 64

type nearAnswer struct {
	text    string
	account crm.Ref
	n       int
	near    retriever.Near
}

// Near implements retriever.Dense.
func (r *recentlyNear) Near(ctx context.Context, text string, f crm.Filter, n int) (retriever.Near, error) {
	known := func(a nearAnswer) bool { return a.text == text && a.account == f.Account && a.n == n }
	plain := f.Valid() && !f.Wide && f.AsOf.IsZero() && f.Since.IsZero() && len(f.Kinds) == 0 && len(f.People) == 0 && !f.Human
	if plain {
		r.mu.Lock()
		at := slices.IndexFunc(r.last, known)
		if at >= 0 {
			defer r.mu.Unlock()
			return r.last[at].near, nil
		}
		r.mu.Unlock()
	}
	near, err := r.Dense.Near(ctx, text, f, n)
	if err != nil || !plain {
		return near, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.last) == fewAnswers {
		r.last = slices.Delete(r.last, 0, 1)
	}
	r.last = append(r.last, nearAnswer{text, f.Account, n, near})
	return near, nil
}
