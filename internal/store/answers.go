package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Answer is what a model answered when it was asked exactly this, not before oldest; crm.ErrNotFound.
func (db *DB) Answer(ctx context.Context, portal crm.PortalID, key string, oldest time.Time) (a crm.KeptAnswer, err error) {
	err = db.r.read(ctx, func(v *view) error {
		return v.one("SELECT model, body, input_tokens, output_tokens FROM answers WHERE portal = ? AND key = ? AND at >= ?", []any{int64(portal), key, micros(oldest)},
			&a.Model, &a.Body, &a.Usage.InputTokens, &a.Usage.OutputTokens)
	})
	if err != nil {
		return crm.KeptAnswer{}, fmt.Errorf("kept answer %.12s: %w", key, err)
	}
	return a, nil
}

// keepAnswers keeps the usable answers of a run. One that has no sources could not be found when their words are to be forgotten, and one of whose sources was erased while the
// model was thinking would bring its words back: neither is kept.
func (t *tx) keepAnswers(calls []crm.ModelCall) error {
	for _, c := range calls {
		if !c.Usable || c.Key == "" || len(c.Answer) == 0 || len(c.Sources) == 0 || c.Usage.FromCache > 0 {
			continue
		}
		gone := false
		for _, s := range c.Sources {
			erased, err := t.isErased(c.Portal, s)
			if err != nil {
				return err
			}
			gone = gone || erased || s.Portal != c.Portal
		}
		if gone {
			continue
		}
		if err := t.keepAnswer(c); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) keepAnswer(c crm.ModelCall) error {
	portal := int64(c.Portal)
	err := errorsOf(t.forgetAnswer(c.Portal, c.Key),
		t.do("INSERT INTO answers (portal, key, model, body, size, input_tokens, output_tokens, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			portal, c.Key, c.Answers, c.Answer, len(c.Answer), c.Usage.InputTokens, c.Usage.OutputTokens, micros(t.now)))
	for _, s := range c.Sources {
		if err == nil {
			err = t.do("INSERT INTO answer_sources (portal, ref, key) VALUES (?, ?, ?) ON CONFLICT (portal, ref, key) DO NOTHING", portal, path(s), c.Key)
		}
	}
	return err
}

func (t *tx) forgetAnswer(portal crm.PortalID, key string) error {
	return errorsOf(
		t.do("DELETE FROM answers WHERE portal = ? AND key = ?", int64(portal), key),
		t.do("DELETE FROM answer_sources WHERE portal = ? AND key = ?", int64(portal), key))
}

// eraseAnswers forgets every answer to a question that held words of a reference.
func (t *tx) eraseAnswers(ref crm.Ref) error {
	keys, err := t.strings("SELECT key FROM answer_sources WHERE portal = ? AND ref = ?", int64(ref.Portal), path(ref))
	for _, k := range keys {
		err = errorsOf(err, t.forgetAnswer(ref.Portal, k))
	}
	return err
}

// prunedAtOnce bounds how many answers one transaction forgets.
const prunedAtOnce = 256

// PruneAnswers forgets answers from before oldest, and of each portal the oldest ones until the others take most bytes.
func (db *DB) PruneAnswers(ctx context.Context, oldest time.Time, most int64) error {
	due, err := db.dueAnswers(ctx, oldest, most)
	for batch := range slices.Chunk(due, prunedAtOnce) {
		if err == nil {
			err = db.w.write(ctx, func(t *tx) (err error) {
				for _, a := range batch {
					err = errorsOf(err, t.forgetAnswer(a.portal, a.key))
				}
				return err
			})
		}
	}
	if err != nil {
		return fmt.Errorf("forget old answers: %w", err)
	}
	return nil
}

type answerID struct {
	portal crm.PortalID
	key    string
}

func (db *DB) dueAnswers(ctx context.Context, oldest time.Time, most int64) (due []answerID, err error) {
	err = db.r.read(ctx, func(v *view) error {
		taken, last := int64(0), crm.PortalID(0)
		return v.each("SELECT portal, key, size, at FROM answers ORDER BY portal, at DESC, key", nil, func(scan func(...any) error) error {
			var a answerID
			var size, at int64
			err := scan(&a.portal, &a.key, &size, &at)
			if a.portal != last {
				taken, last = 0, a.portal
			}
			if taken += size; taken > most || at < micros(oldest) {
				due = append(due, a)
			}
			return err
		})
	})
	return due, err
}
