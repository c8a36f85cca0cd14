package generation_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/vector/flat"
)

const portal crm.PortalID = 7

var (
	now     = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	company = crm.Ref{Portal: portal, Type: crm.Companies, ID: "1"}
	other   = crm.Ref{Portal: portal, Type: crm.Companies, ID: "2"}
)

// short is an embedder of another dimension: the first half of the hashed vector, made unit length, with windows.
type short struct{ builtin.Hash }

func (short) Name() string        { return "test/short" }
func (short) Fingerprint() string { return "test/short@1" }
func (short) Dimension() int      { return builtin.Dim / 2 }
func (short) Windows() bool       { return true }

func (s short) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	long, usage, err := s.Hash.Embed(ctx, kind, texts)
	for i, v := range long {
		v = v[:builtin.Dim/2]
		v[0] += 0.01 // never zero
		long[i] = v
	}
	return long, usage, err
}

func makeOf(known ...string) func(context.Context, string) (generation.Embedder, error) {
	return func(_ context.Context, description string) (generation.Embedder, error) {
		if len(known) > 0 && description != known[0] {
			return nil, fmt.Errorf("embedder %s: %w", description, crm.ErrNotFound)
		}
		if description == "short" {
			return short{}, nil
		}
		return builtin.Hash{}, nil
	}
}

// flatStore is the embedded back end with the face of generation.Store.
type flatStore struct{ *flat.Store }

func (s flatStore) Open(ctx context.Context, name string) (generation.Index, error) {
	x, err := s.Store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return x, nil
}

type world struct {
	db   *store.DB
	set  *generation.Set
	back flatStore
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir, store.Options{})
	check(t, err)
	back, err := flat.Open(t.Context(), filepath.Join(dir, "vectors.flat"), flat.Options{})
	check(t, err)
	w := &world{db: db, back: flatStore{back}}
	w.set = w.open(t, "hash", makeOf())
	t.Cleanup(func() { check(t, errors.Join(w.set.Close(), db.Close())) })
	return w
}

func (w *world) open(t *testing.T, embedder string, mk func(context.Context, string) (generation.Embedder, error)) *generation.Set {
	t.Helper()
	set, err := generation.New(t.Context(), generation.Options{Store: w.back, Texts: w.db, Embedder: embedder, Make: mk})
	check(t, err)
	return set
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func note(id int) crm.Ref { return crm.Ref{Portal: portal, Type: crm.Notes, ID: fmt.Sprint(id)} }

// madeBy names a generation of an embedder and the program's chunker.
func madeBy(e generation.Embedder) string {
	return fmt.Sprintf("%s cut by %d", e.Fingerprint(), indexer.ChunkerVersion)
}

// kept is a note as the indexer would keep it, embedded by e.
func kept(t *testing.T, e generation.Embedder, ref crm.Ref, text string, accounts ...crm.Ref) crm.Kept {
	t.Helper()
	a := crm.Activity{Ref: ref, Time: now, Created: now, Modified: now, Body: text, Format: crm.PlainText}
	d := indexer.Normalise(a)
	a.Body = ""
	k := crm.Kept{Activity: a, Document: d, Accounts: accounts, Chunks: indexer.Chunk(a, d, []string{"Acme"}), Chunker: indexer.ChunkerVersion, Embedder: madeBy(e), Mark: "m-" + d.Version}
	for i := range k.Chunks {
		words := crm.Terms(k.Chunks[i].Text)
		k.Words = append(k.Words, words)
		k.Terms = append(k.Terms, analysis.Stems(words, k.Chunks[i].Language))
	}
	k.Digest = crm.DigestOf(k.Chunks)
	embedWith(t, e, &k)
	return k
}

func embedWith(t *testing.T, e generation.Embedder, k *crm.Kept) {
	t.Helper()
	var items []string
	for _, c := range k.Chunks {
		items = append(items, indexer.EmbedText(c))
	}
	vectors, _, err := e.Embed(t.Context(), crm.EmbedDocument, items)
	check(t, err)
	for i := range k.Chunks {
		k.Chunks[i].Vector = vectors[i]
	}
	if !e.Windows() {
		return
	}
	around, _, err := e.Embed(t.Context(), crm.EmbedDocument, indexer.WindowTexts(k.Chunks))
	check(t, err)
	for i := range k.Chunks {
		k.Chunks[i].Window = around[i]
	}
}

// put keeps notes in the index and in the store, as the indexer does: vectors first.
func (w *world) put(t *testing.T, ks ...crm.Kept) {
	t.Helper()
	check(t, w.set.Replace(t.Context(), ks))
	check(t, w.db.Keep(t.Context(), ks))
}

// write writes as the indexer does: to the index, then to the store.
func (w *world) write(t *testing.T, set *generation.Set, k crm.Kept) error {
	done := set.Hold()
	defer done()
	if err := set.Replace(t.Context(), []crm.Kept{k}); err != nil {
		return err
	}
	return w.db.Keep(t.Context(), []crm.Kept{k})
}

func (w *world) fill(t *testing.T, n int) {
	t.Helper()
	var batch []crm.Kept
	for i := range n {
		batch = append(batch, kept(t, w.set.Live().Embedder, note(i), fmt.Sprintf("Note %d says that the price of item %d is %d euros.", i, i*7, i*13), company))
	}
	w.put(t, batch...)
}

// agrees proves that a generation holds exactly what the store says.
func (w *world) agrees(t *testing.T, set *generation.Set, name string, want int) {
	t.Helper()
	r, err := set.Reconcile(t.Context(), name, portal, false)
	check(t, err)
	if r.Differs() != 0 || r.Same != want {
		t.Errorf("generation %q: %+v, want %d the same and no difference", name, r, want)
	}
}

func TestANewStoreHasOneLiveGeneration(t *testing.T) {
	w := newWorld(t)
	if g := w.set.Live(); g.Name != "g1" || g.Fingerprint != madeBy(builtin.Hash{}) || g.Dimension != builtin.Dim {
		t.Errorf("%+v", g.Generation)
	}
	again := w.open(t, "hash", makeOf())
	if all, err := again.Generations(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("opened twice: %v, %v", all, err)
	}
}

func TestAnotherEmbedderIsBuiltBesideAndSwappedUnderLoad(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 600)
	set := w.open(t, "short", makeOf())
	w.set = set
	if wanted, err := set.Wanted(t.Context()); err != nil || !wanted {
		t.Fatalf("another embedder is configured, a generation is wanted: %v, %v", wanted, err)
	}
	g, err := set.Begin(t.Context())
	check(t, err)
	if again, err := set.Begin(t.Context()); err != nil || again.Name != g.Name {
		t.Fatalf("begun twice: %s, %v; want %s", again.Name, err, g.Name)
	}

	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var searches, writes int
	load.Go(func() { // nobody may notice: each answer is whole and of one generation
		for ; ctx.Err() == nil; searches++ {
			item, window, name, err := set.Near(t.Context(), "the price of item 49", crm.Filter{Portal: portal, Account: company}, 10)
			if err != nil || len(item.Of) != 10 || (name == "test/short") != (len(window.Of) == 10) {
				t.Errorf("search during the swap: %d and %d hits of %s, %v", len(item.Of), len(window.Of), name, err)
				return
			}
		}
	})
	load.Go(func() {
		for ctx.Err() == nil {
			k := kept(t, set.Live().Embedder, note(1000+writes%50), fmt.Sprintf("Live change %d.", writes), company)
			switch err := w.write(t, set, k); {
			case err == nil:
				writes++
			case !errors.Is(err, crm.ErrTemporary): // that one comes again with other vectors
				t.Errorf("write during the swap: %v", err)
				return
			}
		}
	})
	steps := 0
	check(t, set.Build(t.Context(), g.Name, generation.Step{Portal: portal}, func(generation.Step) error { steps++; return nil }))
	check(t, set.SwapWhole(t.Context(), g.Name, []crm.PortalID{portal}))
	stop()
	load.Wait()
	if steps < 2 || searches == 0 || writes == 0 {
		t.Errorf("%d pages, %d searches, %d writes: the test saw nothing", steps, searches, writes)
	}
	if live := set.Live(); live.Name != "g2" || live.Dimension != builtin.Dim/2 {
		t.Errorf("live is %+v", live.Generation)
	}
	w.agrees(t, set, "", 600+min(writes, 50))
	check(t, set.SwapWhole(t.Context(), "g1", []crm.PortalID{portal})) // roll back: it learns what it missed
	w.agrees(t, set, "", 600+min(writes, 50))
}

func TestVectorsOfTwoEmbeddersNeverMix(t *testing.T) {
	w := newWorld(t)
	foreign := kept(t, short{}, note(1), "Vectors of another embedder.", company)
	if err := w.set.Replace(t.Context(), []crm.Kept{foreign}); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("vectors of another embedder: %v, want a temporary refusal", err)
	}
	if n, err := w.set.Live().Index.Count(t.Context(), crm.Filter{Portal: portal, Account: company}); err != nil || n != 0 {
		t.Errorf("%d chunks, %v", n, err)
	}
}

func TestABuildGoesOnWhereItWasInterrupted(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 1300)
	set := w.open(t, "short", makeOf())
	g, err := set.Begin(t.Context())
	check(t, err)
	var at generation.Step
	crash := errors.New("crash")
	err = set.Build(t.Context(), g.Name, generation.Step{Portal: portal}, func(s generation.Step) error { at = s; return crash })
	if !errors.Is(err, crash) || at.Done == 0 || at.Done >= 1300 {
		t.Fatalf("interrupted after %d: %v", at.Done, err)
	}
	first := at.Done
	check(t, set.Build(t.Context(), g.Name, at, func(s generation.Step) error {
		if s.Done <= first {
			t.Errorf("went on at %d, had %d", s.Done, first)
		}
		at = s
		return nil
	}))
	if at.Done != 1300 {
		t.Errorf("%d activities, want 1300", at.Done)
	}
	w.agrees(t, set, g.Name, 1300)
}

func TestReconcilingFindsAndMendsEveryDifference(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 20)
	x := w.set.Live().Index
	hash := builtin.Hash{}
	check(t, x.Replace(t.Context(), []crm.Kept{{Activity: crm.Activity{Ref: note(1)}}}))                                                  // missing
	check(t, x.Replace(t.Context(), []crm.Kept{unstamped(kept(t, hash, note(2), "Another text than the store has.", company))}))          // stale
	check(t, x.Relink(t.Context(), note(3), []crm.Ref{other}, nil))                                                                       // moved
	check(t, x.Replace(t.Context(), []crm.Kept{unstamped(kept(t, hash, note(99), "The store does not know this.", company))}))            // orphan
	check(t, x.Replace(t.Context(), []crm.Kept{unstamped(shorter(kept(t, hash, note(4), strings.Repeat("Long text. ", 400), company)))})) // stale, too
	r, err := w.set.Reconcile(t.Context(), "", portal, false)
	check(t, err)
	if want := (generation.Report{Same: 16, Missing: 1, Stale: 2, Moved: 1, Orphans: 1}); r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	r, err = w.set.Reconcile(t.Context(), "", portal, true)
	check(t, err)
	if r.Mended != 5 {
		t.Errorf("mended %d, want 5", r.Mended)
	}
	w.agrees(t, w.set, "", 20)
}

// unstamped is written whatever is there.
func unstamped(k crm.Kept) crm.Kept {
	k.Activity.Modified = time.Time{}
	return k
}

// shorter lacks the last chunk that it should have.
func shorter(k crm.Kept) crm.Kept {
	k.Chunks, k.Terms = k.Chunks[:len(k.Chunks)-1], k.Terms[:len(k.Terms)-1]
	return k
}

func TestAGenerationWhoseEmbedderIsGoneIsBuiltAnew(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 10)
	set, err := generation.New(t.Context(), generation.Options{Store: w.back, Texts: w.db, Embedder: "short", Make: makeOf("short")})
	if !errors.Is(err, generation.ErrStale) || set == nil || set.Live() != nil {
		t.Fatalf("got %v", err)
	}
	g, err := set.Begin(t.Context())
	check(t, err)
	check(t, set.Swap(t.Context(), g.Name))
	_, err = set.Reconcile(t.Context(), "", portal, true)
	check(t, err)
	w.agrees(t, set, "", 10)
}

func TestReplayTellsABetterGenerationFromAWorseOne(t *testing.T) {
	older, newer := &generation.Open{Generation: crm.Generation{Name: "g1"}}, &generation.Open{Generation: crm.Generation{Name: "g2"}}
	probes := []generation.Probe{{Question: crm.Question{Text: "a"}, Want: note(1)}, {Question: crm.Question{Text: "b"}, Want: note(2)}, {Question: crm.Question{Text: "c"}}}
	answers := map[string][]crm.Ref{"g1a": {note(1)}, "g1b": {note(9), note(2)}, "g1c": {note(3), note(4)}, "g2a": {note(8), note(1)}, "g2b": {note(8)}, "g2c": {note(4), note(5)}}
	ask := func(_ context.Context, o *generation.Open, q crm.Question) ([]crm.Ref, error) {
		return answers[o.Name+q.Text], nil
	}
	r, err := generation.Replay(t.Context(), probes, older, newer, ask)
	if want := (generation.Replayed{Known: 2, OldMRR: 0.75, NewMRR: 0.25, Other: 1, Agreement: 0.5}); err != nil || r != want || !r.Worse() {
		t.Errorf("%+v, %v, want %+v and worse", r, err, want)
	}
	if r, err = generation.Replay(t.Context(), probes, newer, older, ask); err != nil || r.Worse() {
		t.Errorf("the better one counts as worse: %+v, %v", r, err)
	}
}

func TestWhatIsRemovedIsRemovedFromEveryGeneration(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 20)
	set := w.open(t, "short", makeOf())
	g, err := set.Begin(t.Context())
	check(t, err)
	check(t, set.Build(t.Context(), g.Name, generation.Step{Portal: portal}, func(generation.Step) error { return nil }))
	check(t, set.Swap(t.Context(), g.Name))
	again := w.open(t, "short", makeOf("short")) // a process that cannot make the older embedder any more
	check(t, again.Replace(t.Context(), []crm.Kept{{Activity: crm.Activity{Ref: note(3)}}}))
	for _, name := range []string{"g1", "g2"} {
		x, err := w.back.Open(t.Context(), name)
		check(t, err)
		if n, err := x.Count(t.Context(), crm.Filter{Portal: portal, Account: company}); err != nil || n != 19 {
			t.Errorf("generation %s has %d chunks, %v; want 19", name, n, err)
		}
	}
}
