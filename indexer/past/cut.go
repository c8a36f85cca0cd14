package past

import (
	"context"
	"slices"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
)

// cut is one superseded text, divided.
type cut struct {
	chunks []crm.Chunk // at least one
	words  [][]string
	bodies []crm.Passage
	bytes  int
}

// divide gives the chunks of texts, in the order asked for, from what is held or from the store; texts that have none, or were erased meanwhile, are left out.
func (a *account) divide(ctx context.Context, texts Texts, want []crm.Standing) ([]*cut, error) {
	var missing []crm.Standing
	for _, s := range want {
		if _, ok := a.cuts[s]; !ok {
			missing = append(missing, s)
		}
	}
	for part := range slices.Chunk(missing, 256) {
		if err := a.read(ctx, texts, part); err != nil {
			return nil, err
		}
	}
	out := make([]*cut, 0, len(want))
	for _, s := range want {
		if c := a.cuts[s]; c != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

func (a *account) read(ctx context.Context, texts Texts, part []crm.Standing) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	stored, err := texts.Superseded(ctx, a.ref.Portal, part)
	if err != nil {
		return err
	}
	var accounts []crm.Ref
	for i := range stored {
		accounts = append(accounts, stored[i].Accounts...)
	}
	slices.SortFunc(accounts, crm.Ref.Compare)
	names, err := texts.Names(ctx, slices.Compact(accounts))
	if err != nil {
		return err
	}
	for _, s := range part {
		a.cuts[s] = nil // has no chunks, unless it does
	}
	for i := range stored {
		s := &stored[i]
		var called []string
		for _, r := range s.Accounts {
			if n := names[r]; n != "" {
				called = append(called, n)
			}
		}
		if c := cutOf(s, called); c != nil {
			a.cuts[crm.Standing{Activity: s.Ref, Version: s.Document.Version, From: s.LearnedAt, To: *s.SupersededAt}] = c
		}
	}
	return nil
}

// cutOf divides a text as the indexer did when it was the present one.
func cutOf(s *crm.Stored, accounts []string) *cut {
	chunks := indexer.Chunk(s.Activity, s.Document, accounts)
	if len(chunks) == 0 {
		return nil
	}
	c := &cut{chunks: chunks, words: make([][]string, len(chunks)), bodies: make([]crm.Passage, len(chunks)), bytes: len(s.Document.Text)}
	for i := range chunks {
		k := &chunks[i]
		k.Created = s.LearnedAt
		c.words[i] = crm.Terms(k.Text)
		person := k.Speaker
		if person == "" {
			person = crm.Author(s.People)
		}
		c.bodies[i] = crm.Passage{Chunk: k.ID, Activity: k.Activity, Version: k.Version, Kind: k.Kind, Time: k.Time, Person: person, Direction: s.Direction, Subject: s.Subject,
			Text: k.Text, Start: k.Start, End: k.End, Language: k.Language}
		c.bytes += 800 + len(k.Header) + 24*len(c.words[i]) // a chunk, its passage, and its words, which share the text's bytes at best
	}
	return c
}
