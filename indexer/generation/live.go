package generation

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// The methods below are the live generation as the indexer and the retriever see it.

// Fingerprint names the live generation's embedder and chunker: what its vectors are made by. Dimension, Windows and Embed are the embedder's.
func (s *Set) Fingerprint() string { return s.Live().Fingerprint }

// Chunker is the version of the chunker that the live generation belongs to.
func (s *Set) Chunker() int { return s.Live().Chunker }

// Dimension is the number of elements of the live embedder's vectors.
func (s *Set) Dimension() int { return s.Live().Embedder.Dimension() }

// Windows tells whether chunks of the live generation have a second vector.
func (s *Set) Windows() bool { return s.Live().Windows }

// Embed embeds with the live embedder. Who writes the vectors must see that Fingerprint is the same before and after.
func (s *Set) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	return s.Live().Embedder.Embed(ctx, kind, texts)
}

// Hold keeps the live generation where it is, and whoever is about to compare it with the store waiting, until done is called.
func (s *Set) Hold() (done func()) {
	s.settled.RLock()
	return s.settled.RUnlock
}

// Replace writes to the live generation; vectors of another embedder (Kept.Embedder) are crm.ErrTemporary: the batch must be embedded anew. What is removed is removed
// from every generation: a person who is to be forgotten must not be kept for a rollback.
func (s *Set) Replace(ctx context.Context, batch []crm.Kept) error {
	s.writes.RLock()
	defer s.writes.RUnlock()
	live := s.Live()
	var removed []crm.Kept
	for i := range batch {
		switch {
		case len(batch[i].Chunks) == 0 || len(batch[i].Accounts) == 0:
			removed = append(removed, crm.Kept{Activity: crm.Activity{Ref: batch[i].Activity.Ref}})
		case batch[i].Embedder != live.Fingerprint:
			return fmt.Errorf("vectors of %s were made by %q, the live generation is of %q: %w", batch[i].Activity.Ref, batch[i].Embedder, live.Fingerprint, crm.ErrTemporary)
		}
	}
	for i := range batch {
		if len(batch[i].Chunks) == 0 || len(batch[i].Accounts) == 0 {
			s.note(batch[i].Activity.Ref, "")
		} else {
			s.note(batch[i].Activity.Ref, live.Name)
		}
	}
	if err := live.Index.Replace(ctx, batch); err != nil || len(removed) == 0 {
		return err
	}
	others, err := s.others(ctx) // after the live one: an old generation that is damaged does not keep alive what is to be forgotten
	if err != nil {
		return err
	}
	var errs []error
	for _, x := range others {
		if err := x.Replace(ctx, removed); err != nil {
			errs = append(errs, fmt.Errorf("remove %d activities from a generation that is not live: %w", len(removed), err))
		}
	}
	return errors.Join(errs...)
}

// Relink moves an activity in the live generation.
func (s *Set) Relink(ctx context.Context, activity crm.Ref, accounts, people []crm.Ref) error {
	s.writes.RLock()
	defer s.writes.RUnlock()
	live := s.Live()
	s.note(activity, live.Name)
	return live.Index.Relink(ctx, activity, accounts, people)
}

// Near embeds a question and searches one and the same generation with it, in both views where it has windows.
func (s *Set) Near(ctx context.Context, text string, f crm.Filter, n int) (item, window crm.Cosines, embedder string, err error) {
	return s.Live().Near(ctx, text, f, n)
}

// Near is Set.Near in this generation.
func (o *Open) Near(ctx context.Context, text string, f crm.Filter, n int) (item, window crm.Cosines, embedder string, err error) {
	question, err := o.question(ctx, text)
	if err != nil {
		return item, window, "", err
	}
	if item, window, err = o.nearest(ctx, question, f, n); err != nil {
		return item, window, "", err
	}
	return item, window, o.Embedder.Name(), nil
}

// question embeds a question.
func (o *Open) question(ctx context.Context, text string) ([]float32, error) {
	vecs, _, err := o.Embedder.Embed(ctx, crm.EmbedQuery, []string{text})
	if err != nil {
		return nil, fmt.Errorf("embed the question: %w", err)
	}
	return vecs[0], nil
}

// nearest searches both views, as far as there are two.
func (o *Open) nearest(ctx context.Context, question []float32, f crm.Filter, n int) (item, window crm.Cosines, err error) {
	if item, err = o.Index.Cosines(ctx, question, crm.ItemView, f, n); err != nil || !o.Windows {
		return item, window, err
	}
	window, err = o.Index.Cosines(ctx, question, crm.WindowView, f, n)
	return item, window, err
}

// Match is the live generation's own keyword search.
func (s *Set) Match(ctx context.Context, terms []string, f crm.Filter, n int) ([]crm.Hit, error) {
	return s.Live().Index.Match(ctx, terms, f, n)
}
