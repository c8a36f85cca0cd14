package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
	"github.com/contextd/contextd/internal/vector/flat"
)

// openVectors opens the vector file. One that is damaged or belongs to another embedder is set aside and rebuilt from the texts in the store: it holds nothing else.
func (s *service) openVectors(ctx context.Context, portals []crm.PortalID) (*flat.Index, error) {
	embedder := builtin.Embedder{}
	path := s.cfg.Path("vectors.flat")
	opt := flat.Options{Dimension: embedder.Dimension(), Fingerprint: embedder.Fingerprint()}
	x, err := flat.Open(ctx, path, opt)
	if err == nil || !errors.Is(err, flat.ErrDamaged) && !errors.Is(err, flat.ErrFingerprint) {
		return x, err
	}
	aside, serr := flat.SetAside(path)
	if serr != nil {
		return nil, errors.Join(err, serr)
	}
	s.log.Warn("the vector file cannot be used: it was set aside and is rebuilt from the stored texts", "cause", err, "kept_as", aside)
	if x, err = flat.Open(ctx, path, opt); err != nil {
		return nil, err
	}
	for _, portal := range portals {
		n, err := s.rebuild(ctx, x, embedder, portal)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("rebuild vectors of portal %s: %w", portal, err), x.Close())
		}
		s.log.Info("vectors rebuilt", "portal", portal, "activities", n)
	}
	return x, nil
}

const rebuildPage = 512 // chunks read, embedded and stored at a time

// rebuild embeds every stored chunk of a portal again. Chunks come ordered by activity, so that each activity is replaced as a whole.
func (s *service) rebuild(ctx context.Context, x *flat.Index, embedder builtin.Embedder, portal crm.PortalID) (activities int, err error) {
	var open crm.Kept // the activity whose chunks are still coming
	var batch []crm.Kept
	flush := func() error {
		if err := s.place(ctx, batch); err != nil {
			return err
		}
		activities += len(batch)
		err := x.Replace(ctx, batch)
		batch = nil
		return err
	}
	for after := (crm.Chunk{}); ; {
		chunks, err := s.db.Chunks(ctx, portal, after, rebuildPage)
		if err != nil {
			return activities, err
		}
		texts := make([]string, len(chunks))
		for i, c := range chunks {
			texts[i] = indexer.EmbedText(c)
		}
		vectors, _, err := embedder.Embed(ctx, crm.EmbedDocument, texts)
		if err != nil {
			return activities, err
		}
		for i, c := range chunks {
			c.Vector = vectors[i]
			if c.Activity != open.Activity.Ref && len(open.Chunks) > 0 {
				batch, open = append(batch, open), crm.Kept{}
			}
			open.Activity.Ref = c.Activity
			open.Chunks = append(open.Chunks, c)
			after = c
		}
		if len(chunks) == 0 && len(open.Chunks) > 0 {
			batch = append(batch, open)
		}
		if err := flush(); err != nil || len(chunks) == 0 {
			return activities, err
		}
	}
}

// place fills in the accounts that activities belong to, as the store has them.
func (s *service) place(ctx context.Context, batch []crm.Kept) error {
	refs := make([]crm.Ref, len(batch))
	for i, k := range batch {
		refs[i] = k.Activity.Ref
	}
	marks, err := s.db.Marks(ctx, refs)
	if err != nil {
		return err
	}
	for i := range batch {
		batch[i].Accounts = marks[batch[i].Activity.Ref].Accounts
	}
	return nil
}
