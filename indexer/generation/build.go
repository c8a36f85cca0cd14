package generation

import (
	"context"
	"fmt"
	"slices"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

// Step is where a build stands: what must be remembered to go on after a crash. Done counts activities.
type Step struct {
	Portal crm.PortalID
	After  crm.Chunk // the last chunk of the last activity that is in; only Activity and Pos matter
	Done   int
}

// page is how many chunks are read, embedded and stored at a time.
const page = 512

// Begin returns the generation that is being built for the configured embedder and the program's chunker: one that is newer than the live one, else a new one.
// crm.ErrConflict when the live generation is of these already.
func (s *Set) Begin(ctx context.Context) (crm.Generation, error) {
	e, err := s.Make(ctx, s.Options.Embedder)
	if err != nil {
		return crm.Generation{}, fmt.Errorf("embedder %s: %w", s.Options.Embedder, err)
	}
	all, err := s.Generations(ctx)
	if err != nil {
		return crm.Generation{}, fmt.Errorf("list generations: %w", err)
	}
	for _, g := range slices.Backward(all) {
		switch same := g.Fingerprint == s.fingerprint(e); {
		case same && g.Live:
			return g, fmt.Errorf("generation %s is live and was made by %s already: %w", g.Name, g.Fingerprint, crm.ErrConflict)
		case same:
			return g, nil
		case g.Live:
			return s.create(ctx) // older ones are for a rollback
		}
	}
	return s.create(ctx)
}

// Build fills a generation with everything that the store holds of one portal, beginning after from. kept is told after each page that is durably in; returning an
// error there ends the build. Changes made meanwhile are left to Reconcile.
func (s *Set) Build(ctx context.Context, name string, from Step, kept func(Step) error) error {
	g, err := s.named(ctx, name)
	if err != nil {
		return err
	}
	o, err := s.open(ctx, g)
	if err != nil {
		return err
	}
	if err := s.cut(ctx, from.Portal, o.Chunker); err != nil {
		return fmt.Errorf("build generation %s: %w", name, err)
	}
	for step := from; ; {
		whole, last, err := s.buildPage(ctx, o, step)
		if err != nil {
			return fmt.Errorf("build generation %s: %w", name, err)
		}
		step.Done += len(whole)
		if n := len(whole); n > 0 {
			final := whole[n-1].Chunks
			step.After = crm.Chunk{Activity: whole[n-1].Activity.Ref, Pos: final[len(final)-1].Pos}
		}
		if err := kept(step); err != nil || last {
			return err
		}
	}
}

// buildPage writes the activities behind step.
func (s *Set) buildPage(ctx context.Context, o *Open, step Step) (whole []crm.Kept, last bool, err error) {
	w := s.watch()
	defer w.stop()
	chunks, err := s.Texts.Chunks(ctx, step.Portal, o.Chunker, step.After, page)
	if err != nil {
		return nil, false, fmt.Errorf("read chunks: %w", err)
	}
	last = len(chunks) < page
	if whole, err = s.whole(ctx, step.Portal, o.Chunker, chunks, last); err != nil {
		return nil, false, err
	}
	return whole, last, s.write(ctx, o, whole, w, false)
}

// whole groups chunks into activities. Of the last activity of a page that is not the last one, the rest is read too.
func (s *Set) whole(ctx context.Context, portal crm.PortalID, chunker int, chunks []crm.Chunk, last bool) ([]crm.Kept, error) {
	for !last && len(chunks) > 0 {
		tail := chunks[len(chunks)-1]
		more, err := s.Texts.Chunks(ctx, portal, chunker, tail, page)
		if err != nil {
			return nil, fmt.Errorf("read chunks: %w", err)
		}
		same := 0
		for same < len(more) && more[same].Activity == tail.Activity {
			same++
		}
		chunks = append(chunks, more[:same]...)
		last = same < page
	}
	var out []crm.Kept
	for _, c := range chunks {
		if n := len(out); n == 0 || out[n-1].Activity.Ref != c.Activity {
			out = append(out, crm.Kept{Activity: crm.Activity{Ref: c.Activity}})
		}
		k := &out[len(out)-1]
		k.Chunks = append(k.Chunks, c)
	}
	return out, nil
}

// write places, embeds and stores activities in one generation, but for those that a writer has been at since w began: embedding takes long, and what is read before it
// may be gone after it. alone says that the caller holds s.writes.
func (s *Set) write(ctx context.Context, o *Open, batch []crm.Kept, w *watch, alone bool) error {
	refs := make([]crm.Ref, len(batch))
	for i := range batch {
		refs[i] = batch[i].Activity.Ref
	}
	marks, err := s.Texts.Marks(ctx, refs)
	if err != nil {
		return fmt.Errorf("accounts: %w", err)
	}
	for i := range batch {
		k, m := &batch[i], marks[batch[i].Activity.Ref]
		k.Accounts, k.Digest, k.Embedder = m.Accounts, crm.DigestOf(k.Chunks), o.Fingerprint
		k.Terms = make([][]crm.TermCount, len(k.Chunks))
		for j := range k.Chunks {
			k.Chunks[j].People = slices.SortedFunc(slices.Values(m.Links.Contacts), crm.Ref.Compare)
			k.Terms[j] = analysis.Stems(crm.Terms(k.Chunks[j].Text), k.Chunks[j].Language)
		}
	}
	if err := embed(ctx, o, batch); err != nil {
		return err
	}
	if !alone {
		s.writes.Lock()
		defer s.writes.Unlock()
	}
	current := slices.DeleteFunc(slices.Clone(batch), func(k crm.Kept) bool { return w.overtook(o.Name, k.Activity.Ref) })
	if len(current) == 0 {
		return nil
	}
	return o.Index.Replace(ctx, current)
}

// embed fills in the vectors of a batch, in one call per view.
func embed(ctx context.Context, o *Open, batch []crm.Kept) error {
	var items, windows []string
	payers := map[crm.PortalID]int{}
	for i := range batch {
		if len(batch[i].Accounts) == 0 {
			continue
		}
		payers[batch[i].Activity.Ref.Portal] += len(batch[i].Document.Text)
		for _, c := range batch[i].Chunks {
			items = append(items, indexer.EmbedText(c))
		}
		if o.Windows {
			windows = append(windows, indexer.WindowTexts(batch[i].Chunks)...)
		}
	}
	ctx = crm.WithPayers(ctx, payers)
	vectors, _, err := o.Embedder.Embed(ctx, crm.EmbedDocument, items)
	if err != nil {
		return fmt.Errorf("embed %d texts: %w", len(items), err)
	}
	around, _, err := o.Embedder.Embed(ctx, crm.EmbedDocument, windows)
	if err != nil {
		return fmt.Errorf("embed %d windows: %w", len(windows), err)
	}
	at := 0
	for i := range batch {
		if len(batch[i].Accounts) == 0 {
			continue
		}
		for j := range batch[i].Chunks {
			batch[i].Chunks[j].Vector = vectors[at]
			if o.Windows {
				batch[i].Chunks[j].Window = around[at]
			}
			at++
		}
	}
	return nil
}
