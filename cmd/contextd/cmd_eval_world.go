package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/retrieval"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/retriever"
)

// evalPortal is the tenant that a set's accounts belong to. Its generation is its own, so that it meets no real portal of that number.
const evalPortal crm.PortalID = 1

// evalWorld is one set inside the real parts: a store in a directory of its own and a generation of its own in the vector back end.
type evalWorld struct {
	set      *retrieval.Set
	accounts map[string]crm.Ref
	asked    map[string]time.Time         // the day after an account's last document: when its questions are asked
	document map[string]string            // mode chunks: of each chunk
	spans    map[crm.Ref][]retrieval.Span // mode pipeline: the documents in each activity's text
	words    crm.WordStatistics
	db       *store.DB
	dir      string
	backs    []evalBack      // in the order of the options; none without a dense arm
	embedder *cachedEmbedder // nil without a cache
}

// evalWorlds loads and indexes every set. What it has made is returned with an error, too, to be closed.
func evalWorlds(ctx context.Context, out *output, o evalOptions) (worlds []*evalWorld, err error) {
	embedder, cache, err := evalEmbedder(ctx, o)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for i, dir := range o.sets {
		set, err := retrieval.Load(dir)
		if err != nil {
			return worlds, fmt.Errorf("set %s: %w", dir, err)
		}
		if names[set.Name] {
			return worlds, usagef("--set %s: another set is called %s, too", dir, set.Name)
		}
		names[set.Name] = true
		w := &evalWorld{set: set}
		if i == 0 {
			w.embedder = cache
		}
		worlds = append(worlds, w)
		began := time.Now()
		if err := w.build(ctx, o, embedder); err != nil {
			return worlds, fmt.Errorf("set %s: %w", set.Name, err)
		}
		out.Say("%s: %d documents in %d accounts indexed in %s", set.Name, len(set.Documents), len(w.accounts), time.Since(began).Round(time.Millisecond))
	}
	return worlds, nil
}

// evalEmbedder makes the embedder that --embedder names; nil for none.
func evalEmbedder(ctx context.Context, o evalOptions) (generation.Embedder, *cachedEmbedder, error) {
	if o.embedder == "none" {
		return nil, nil, nil
	}
	name, base, _ := strings.Cut(o.embedder, "@")
	provider, model, _ := strings.Cut(name, "/")
	var cfg Config
	cfg.Embedder.Provider, cfg.Embedder.Model, cfg.Embedder.BaseURL = provider, model, base
	e, err := embedders(cfg)(ctx, embedderOf(cfg).describe())
	if errors.Is(err, crm.ErrNotFound) {
		return nil, nil, usagef("--embedder %q: use builtin, builtin/MODEL, ollama/MODEL, openai/MODEL@URL or none", o.embedder)
	}
	if err != nil || o.cache == "" {
		return e, nil, err
	}
	c, err := openCache(o.cache, e)
	if err != nil {
		return nil, nil, err
	}
	return c, c, nil
}

// build opens the parts and puts the set in.
func (w *evalWorld) build(ctx context.Context, o evalOptions, embedder generation.Embedder) (err error) {
	if w.dir, err = os.MkdirTemp("", "contextd-eval-"); err != nil {
		return err
	}
	if w.db, err = openData(ctx, w.dir); err != nil {
		return err
	}
	if embedder != nil {
		if err := w.openBacks(ctx, o, embedder); err != nil {
			return err
		}
	}
	return w.fill(ctx, o.mode)
}

// fill indexes the set, some activities at a time.
func (w *evalWorld) fill(ctx context.Context, mode string) error {
	w.accounts, w.asked = map[string]crm.Ref{}, map[string]time.Time{}
	w.words.With = map[string]int{}
	w.document, w.spans = map[string]string{}, map[crm.Ref][]retrieval.Span{}
	var batch []crm.Kept
	chunks := 0
	flush := func() error {
		if err := w.keep(ctx, batch); err != nil {
			return err
		}
		batch, chunks = nil, 0
		return nil
	}
	for _, a := range evalActivities(w.set) {
		account, ok := w.accounts[a.account]
		if !ok {
			account = crm.Ref{Portal: evalPortal, Type: crm.Companies, ID: fmt.Sprint(1 + len(w.accounts))}
			w.accounts[a.account] = account
		}
		for _, d := range a.documents {
			if d.Time.After(w.asked[a.account]) {
				w.asked[a.account] = d.Time
			}
		}
		var k crm.Kept
		var err error
		if mode == "pipeline" {
			k, err = w.throughPipeline(a)
		} else {
			k = w.asChunks(a)
		}
		if err != nil {
			return err
		}
		k.Accounts = []crm.Ref{account}
		batch = append(batch, k)
		if chunks += len(k.Chunks); chunks >= 512 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// keep embeds a batch and stores it on both sides.
func (w *evalWorld) keep(ctx context.Context, batch []crm.Kept) error {
	if len(w.backs) > 0 && len(batch) > 0 {
		if err := w.embed(ctx, w.backs[0].Open, batch); err != nil {
			return fmt.Errorf("embed: %w", err)
		}
		for _, b := range w.backs {
			if err := b.Index.Replace(ctx, batch); err != nil {
				return fmt.Errorf("index in %s: %w", b.place.name, err)
			}
		}
	}
	return w.db.Keep(ctx, batch)
}

func (w *evalWorld) embed(ctx context.Context, open *generation.Open, batch []crm.Kept) error {
	var texts []string
	for _, k := range batch {
		for i := range k.Chunks {
			texts = append(texts, indexer.EmbedText(k.Chunks[i]))
		}
		if open.Windows {
			texts = append(texts, indexer.WindowTexts(k.Chunks)...)
		}
	}
	vectors, _, err := open.Embedder.Embed(ctx, crm.EmbedDocument, texts)
	if err != nil {
		return err
	}
	at := 0
	for k := range batch {
		batch[k].Embedder = open.Fingerprint
		for i := range batch[k].Chunks {
			batch[k].Chunks[i].Vector = vectors[at]
			at++
		}
		for i := range batch[k].Chunks {
			if open.Windows {
				batch[k].Chunks[i].Window = vectors[at]
				at++
			}
		}
	}
	return nil
}

// retriever is the real one over this world and one of its back ends, with weights of its own (nil: the built-in ones).
func (w *evalWorld) retriever(back int, fusion retriever.Fusion, weights *retriever.Weights) *retriever.Retriever {
	r := &retriever.Retriever{Postings: w.db, Bodies: w.db, Static: builtin.Static(), Statistics: evalStatistics{&w.words}, Weights: weights, Fusion: fusion}
	if len(w.backs) > 0 {
		r.Dense, r.Matcher = w.backs[back].near, w.backs[back].Index
	}
	return r
}

// evalStatistics are those of all of a set's accounts: they are one portal.
type evalStatistics struct{ words *crm.WordStatistics }

// Statistics implements retriever.Statistics.
func (s evalStatistics) Statistics(context.Context, crm.PortalID) (*crm.WordStatistics, error) {
	return s.words, nil
}

// close drops the generation and removes the directory. It is done after an interrupt, too, so that nothing stays in a server.
func (w *evalWorld) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // cleaning up must happen after an interrupt, too
	defer cancel()
	var errs []error
	for _, b := range w.backs {
		errs = append(errs, b.close(ctx))
	}
	if w.db != nil {
		errs = append(errs, w.db.Close())
	}
	if w.embedder != nil {
		errs = append(errs, w.embedder.Close())
	}
	if w.dir != "" {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

func closeWorlds(out *output, worlds []*evalWorld) {
	for _, w := range worlds {
		if err := w.close(); err != nil {
			fmt.Fprintf(out.Stderr, "contextd: clean up after set %s: %v\n", w.set.Name, err)
		}
	}
}
