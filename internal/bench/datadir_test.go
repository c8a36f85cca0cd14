package bench

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/vector/flat"
	"github.com/contextd/contextd/retriever"
)

// The defaults of index.workers and index.batch.
const (
	workers = 8
	batch   = 32
)

// counting counts the texts that are embedded.
type counting struct {
	builtin.Embedder
	texts atomic.Int64
}

func (c *counting) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	c.texts.Add(int64(len(texts)))
	return c.Embedder.Embed(ctx, kind, texts)
}

// index is one data directory with everything that indexing and searching needs.
type index struct {
	b        *testing.B
	dir      string
	closed   bool
	world    *world
	db       *store.DB
	vectors  *generation.Set
	embedder *counting
	indexer  *indexer.Indexer
}

// flatStore is the embedded back end with the face of generation.Store.
type flatStore struct{ *flat.Store }

func (s flatStore) Open(ctx context.Context, name string) (generation.Index, error) {
	return s.Store.Open(ctx, name)
}

// dense is the live generation with the face that the retriever asks for.
type dense struct{ *generation.Set }

func (d dense) Near(ctx context.Context, text string, f crm.Filter, n int) (retriever.Near, error) {
	item, window, name, err := d.Set.Near(ctx, text, f, n)
	return retriever.Near{Item: item, Window: window, Embedder: name}, err
}

// openIndex makes a new one in which the records of the world are stored, as a backfill leaves them before it comes to activities.
func openIndex(b *testing.B, w *world) *index {
	b.Helper()
	e := &counting{}
	x := openIndexOf(b, w, e)
	x.embedder = e
	return x
}

// openIndexOf is openIndex with an embedder of the caller's, who counts for himself.
func openIndexOf(b *testing.B, w *world, e generation.Embedder) *index {
	b.Helper()
	dir := b.TempDir()
	x := &index{b: b, dir: dir, world: w, db: openStore(b, dir)}
	back, err := flat.Open(b.Context(), filepath.Join(dir, "vectors.flat"), flat.Options{})
	if err != nil {
		b.Fatal(err)
	}
	x.vectors, err = generation.New(b.Context(), generation.Options{Store: flatStore{back}, Texts: x.db, Embedder: `{"provider":"builtin","model":"static256"}`, // as the program describes it

		Make: func(context.Context, string) (generation.Embedder, error) { return e, nil }})
	if err != nil {
		b.Fatal(err)
	}
	var records []crm.Record
	var members []crm.Membership
	for ref, r := range w.records {
		records = append(records, r)
		members = append(members, w.members[ref]...)
	}
	if _, err := x.db.KeepRecords(b.Context(), records, members, nil, crm.Claim{}, nil); err != nil {
		b.Fatal(err)
	}
	x.indexer = &indexer.Indexer{Source: w, Embedder: x.vectors, Vectors: x.vectors, Texts: x.db, Marker: x.db, Names: x.db}
	return x
}

// close can be called again.
func (x *index) close() {
	x.b.Helper()
	if x.closed {
		return
	}
	x.closed = true
	if err := x.vectors.Close(); err != nil {
		x.b.Fatal(err)
	}
	if err := x.db.Close(); err != nil {
		x.b.Fatal(err)
	}
}

func (x *index) retriever() *retriever.Retriever {
	return &retriever.Retriever{Dense: dense{x.vectors}, Matcher: x.vectors, Postings: x.db, Bodies: x.db, Static: builtin.Static()}
}

// all indexes every activity, in batches and by workers as the service does it.
func (x *index) all() {
	x.b.Helper()
	parallel(x.b, batches(x.world.order, batch), func(refs []crm.Ref) error { return x.activities(x.b.Context(), refs) })
}

// activities indexes one batch.
func (x *index) activities(ctx context.Context, refs []crm.Ref) error {
	claims := make([]crm.Claim, len(refs))
	for i, r := range refs {
		claims[i] = crm.Claim{Portal: r.Portal, Kind: crm.IndexWork, Key: r.Path(), Seq: 1}
	}
	for _, err := range x.indexer.Activities(ctx, claims) {
		if err != nil {
			return err
		}
	}
	return nil
}

func batches[T any](all []T, size int) (out [][]T) {
	for from := 0; from < len(all); from += size {
		out = append(out, all[from:min(from+size, len(all))])
	}
	return out
}

// parallel hands the parts to the workers; the first error ends the benchmark.
func parallel[T any](b *testing.B, parts []T, do func(T) error) {
	b.Helper()
	var next atomic.Int64
	var done sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		done.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(parts)) && errs[w] == nil; i = next.Add(1) - 1 {
				errs[w] = do(parts[i])
			}
		})
	}
	done.Wait()
	for _, err := range errs {
		if err != nil {
			b.Fatal(err)
		}
	}
}
