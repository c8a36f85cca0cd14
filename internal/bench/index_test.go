package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/vector/flat"
	"github.com/contextd/contextd/retriever"
)

// The defaults of index.workers and index.batch.
const (
	workers = 4
	batch   = 64
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
	dir := b.TempDir()
	x := &index{b: b, world: w, db: openStore(b, dir), embedder: &counting{}}
	back, err := flat.Open(b.Context(), filepath.Join(dir, "vectors.flat"), flat.Options{})
	if err != nil {
		b.Fatal(err)
	}
	x.vectors, err = generation.New(b.Context(), generation.Options{Store: flatStore{back}, Texts: x.db, Embedder: "counting",
		Make: func(context.Context, string) (generation.Embedder, error) { return x.embedder, nil }})
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

func (x *index) close() {
	x.b.Helper()
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

// prepared is what the stages alone are given: the work of the stages before them, done.
type prepared struct {
	kept  [][]crm.Kept
	texts [][]string
}

// readText is the first stage: normalise, chunk, count terms. Source, records and marks are not part of any stage.
func (w *world) readText(refs []crm.Ref) []crm.Kept {
	out := make([]crm.Kept, len(refs))
	for i, r := range refs {
		a := w.activities[r]
		d := indexer.Normalise(a)
		account := a.Links.Companies[0]
		chunks := indexer.Chunk(a, d, []string{w.records[account].Name})
		words, terms := make([][]string, len(chunks)), make([][]crm.TermCount, len(chunks))
		for j, c := range chunks {
			words[j] = crm.Terms(c.Text)
			terms[j] = analysis.Stems(words[j], c.Language)
		}
		a.Body, a.Turns = "", nil
		out[i] = crm.Kept{Activity: a, Document: d, Accounts: []crm.Ref{account}, Chunks: chunks, Words: words, Terms: terms, Digest: crm.DigestOf(chunks),
			Embedder: builtin.Embedder{}.Fingerprint(), Mark: "a-b-c", Cause: crm.Claim{Portal: portal, Kind: crm.IndexWork, Key: r.Path(), Seq: 1}}
	}
	return out
}

func prepare(b *testing.B, w *world) *prepared {
	b.Helper()
	p := &prepared{}
	for _, refs := range batches(w.order, batch) {
		kept := w.readText(refs)
		var texts []string
		for _, k := range kept {
			for _, c := range k.Chunks {
				texts = append(texts, indexer.EmbedText(c))
			}
		}
		vectors, _, err := builtin.Embedder{}.Embed(b.Context(), crm.EmbedDocument, texts)
		if err != nil {
			b.Fatal(err)
		}
		for i := range kept {
			for j := range kept[i].Chunks {
				kept[i].Chunks[j].Vector, vectors = vectors[0], vectors[1:]
			}
		}
		p.kept, p.texts = append(p.kept, kept), append(p.texts, texts)
	}
	return p
}

type indexRound struct{ first, again, text, embed, vectors, keep float64 } // seconds

func (r indexRound) slowest() float64 { return max(r.text, r.embed, r.vectors, r.keep) }

func (p *prepared) stages(b *testing.B, w *world, r *indexRound) {
	x := openIndex(b, w)
	defer x.close()
	r.text = took(func() {
		parallel(b, batches(w.order, batch), func(refs []crm.Ref) error { w.readText(refs); return nil })
	})
	r.embed = took(func() {
		parallel(b, p.texts, func(texts []string) error {
			_, _, err := builtin.Embedder{}.Embed(b.Context(), crm.EmbedDocument, texts)
			return err
		})
	})
	r.vectors = took(func() { parallel(b, p.kept, func(k []crm.Kept) error { return x.vectors.Replace(b.Context(), k) }) })
	r.keep = took(func() { parallel(b, p.kept, func(k []crm.Kept) error { return x.db.Keep(b.Context(), k) }) })
}

func BenchmarkIndex(b *testing.B) {
	const companies, perCompany = 334, 12
	w := newWorld(1, companies, perCompany, 8)
	p := prepare(b, w)
	got, unsound := alternate(b, true, func() (r indexRound) {
		x := openIndex(b, w)
		r.first = took(x.all)
		x.searchable()
		embedded := x.embedder.texts.Load()
		r.again = took(x.all)
		if n := x.embedder.texts.Load() - embedded; n > 0 {
			b.Fatalf("indexing again embedded %d texts, want none", n)
		}
		x.close()
		p.stages(b, w, &r)
		return r
	})
	each := func(of func(indexRound) float64) float64 {
		return median(column(got, of)) / float64(len(w.order)) * 1e6
	}
	measured.add(b, goal{name: "I2 index", limit: 0.60, what: "slowest stage alone / all of it: built-in embedder, durable and searchable, 4 workers, batches of 64", unsound: unsound,
		ratios: column(got, func(r indexRound) float64 { return r.slowest() / r.first }),
		note: fmt.Sprintf("%.0f us per activity; text %.0f, embed %.0f, vectors %.0f, keep %.0f", each(func(r indexRound) float64 { return r.first }), each(func(r indexRound) float64 { return r.text }),
			each(func(r indexRound) float64 { return r.embed }), each(func(r indexRound) float64 { return r.vectors }), each(func(r indexRound) float64 { return r.keep }))})
	measured.add(b, goal{name: "I3 index again", limit: 10, what: "first time / unchanged, with no text embedded", unsound: unsound,
		ratios: column(got, func(r indexRound) float64 { return r.first / r.again }), note: fmt.Sprintf("%.0f us per activity", each(func(r indexRound) float64 { return r.again }))})
}

// searchable makes sure that what was indexed is found, in every account.
func (x *index) searchable() {
	x.b.Helper()
	for _, c := range x.world.companies[:10] {
		got, err := x.retriever().Retrieve(x.b.Context(), question(c, "which contract or invoice did they renew"))
		if err != nil || len(got.Passages) == 0 {
			x.b.Fatalf("nothing is found in %s: %v", c, err)
		}
	}
}

func question(account crm.Ref, text string) crm.Question {
	return crm.Question{Filter: crm.Filter{Portal: account.Portal, Account: account}, Text: text}
}
