package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Cut is the store as one chunker's generation of the index sees it: of each activity the chunks that this chunker made of its present text, or, where it made none yet,
// those of the newest one. All chunks of an activity are of one chunker.
type Cut struct {
	*DB
	Chunker int // 0: of every activity the newest
}

// Cut gives the store as the generations of one chunker see it.
func (db *DB) Cut(chunker int) Cut { return Cut{db, chunker} }

// picked keeps, of the rows p of postings, the one of each activity that a chunker's generation sees. Its parameter is the chunker.
const picked = `p.chunker = (SELECT q.chunker FROM postings q WHERE q.portal = p.portal AND q.activity = p.activity
	ORDER BY CASE WHEN q.chunker = ? THEN 0 ELSE 1 END, q.chunker DESC LIMIT 1)`

// Postings is DB.Postings as a generation of this chunker sees it.
func (c Cut) Postings(ctx context.Context, account crm.Ref) (*crm.Postings, error) {
	return c.postingsOf(ctx, accountCut{account, c.Chunker})
}

// WordStatistics is DB.WordStatistics as a generation of this chunker sees it.
func (c Cut) WordStatistics(ctx context.Context, portal crm.PortalID, most int) (*crm.WordStatistics, error) {
	return c.wordStatistics(ctx, portal, most, c.Chunker)
}

// Uncut lists activities, by reference behind after, that have chunks and none of this chunker, with their present texts: what is to be cut anew. LearnedAt is what their
// chunks carry as Created.
func (db *DB) Uncut(ctx context.Context, portal crm.PortalID, chunker int, after crm.Ref, limit int) (out []crm.Stored, err error) {
	var hashes []string
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT " + activityColumns + `, v.language, v.turns, (SELECT MIN(c.created_at) FROM chunks c WHERE c.portal = a.portal AND c.activity = a.ref) AS began FROM activities a
			JOIN versions v ON v.portal = a.portal AND v.activity = a.ref AND v.superseded_at = 0 AND v.version = a.version WHERE a.portal = ? AND a.ref > ? AND a.deleted_at = 0
			AND EXISTS (SELECT 1 FROM postings p WHERE p.portal = a.portal AND p.activity = a.ref)
			AND NOT EXISTS (SELECT 1 FROM postings p WHERE p.portal = a.portal AND p.activity = a.ref AND p.chunker = ?) ORDER BY a.ref LIMIT ?`
		err := v.each(q, []any{int64(portal), path(after), chunker, limit}, func(scan func(...any) error) error {
			var language, turns string
			var began int64
			s, err := scanActivity(portal, func(dest ...any) error { return scan(append(dest, &language, &turns, &began)...) })
			s.Document.Language, s.LearnedAt = language, moment(began)
			hashes = append(hashes, s.Document.Version)
			out = append(out, s)
			return errorsOf(err, decode(turns, &out[len(out)-1].Document.Turns))
		})
		if err != nil {
			return err
		}
		texts, err := v.texts(portal, hashes)
		for i := range out {
			out[i].Document.Text = texts[out[i].Document.Version]
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list what chunker %d has not cut: %w", chunker, err)
	}
	return out, nil
}

// KeepCut adds the chunks that a chunker made of the present texts of activities, beside those of others. An activity that has changed or gone meanwhile, or was cut by
// this chunker already, stays as it is.
func (db *DB) KeepCut(ctx context.Context, batch []crm.Kept) error {
	err := db.w.write(ctx, func(t *tx) error {
		for i := range batch {
			if err := t.keepCut(&batch[i]); err != nil {
				return fmt.Errorf("%s: %w", batch[i].Activity.Ref, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep what was cut of %d activities: %w", len(batch), err)
	}
	return nil
}

func (t *tx) keepCut(k *crm.Kept) error {
	if err := checkKept(k); err != nil {
		return err
	}
	ref := k.Activity.Ref
	var links, accounts string
	err := t.one(`SELECT a.links, a.accounts FROM activities a WHERE a.portal = ? AND a.ref = ? AND a.version = ? AND a.deleted_at = 0
		AND EXISTS (SELECT 1 FROM postings p WHERE p.portal = a.portal AND p.activity = a.ref)
		AND NOT EXISTS (SELECT 1 FROM postings p WHERE p.portal = a.portal AND p.activity = a.ref AND p.chunker = ?)`,
		[]any{int64(ref.Portal), path(ref), k.Document.Version, k.Chunker}, &links, &accounts)
	if errors.Is(err, crm.ErrNotFound) {
		return nil
	}
	var now crm.Links
	if err := errorsOf(err, decode(links, &now)); err != nil {
		return err
	}
	people := slices.Compact(slices.SortedFunc(slices.Values(now.Contacts), crm.Ref.Compare)) // a link may have come since the activity was read
	for i := range k.Chunks {
		k.Chunks[i].People = people
	}
	of, err := decodeRefs(ref.Portal, accounts)
	for _, a := range of {
		t.recut.add(a, ref)
	}
	return errorsOf(err, t.addChunks(k))
}

// ForgetCuts deletes the chunks of all chunkers but these, where the activity has those of a newer one, a page at a time: nobody's generation sees them.
func (db *DB) ForgetCuts(ctx context.Context, keep []int) error {
	marks, args := strings.TrimSuffix(strings.Repeat("?, ", len(keep)), ", "), make([]any, len(keep))
	for i, c := range keep {
		args[i] = c
	}
	for more := true; more; {
		err := db.w.write(ctx, func(t *tx) error {
			var rows [][3]any
			q := `SELECT p.portal, p.activity, p.chunker FROM postings p WHERE p.chunker NOT IN (` + marks + `) AND EXISTS (SELECT 1 FROM postings q
				WHERE q.portal = p.portal AND q.activity = p.activity AND q.chunker > p.chunker) LIMIT 256`
			err := t.each(q, args, func(scan func(...any) error) error {
				var portal int64
				var activity string
				var chunker int
				err := scan(&portal, &activity, &chunker)
				rows = append(rows, [3]any{portal, activity, chunker})
				return err
			})
			for _, r := range rows {
				err = errorsOf(err, t.do("DELETE FROM chunks WHERE portal = ? AND activity = ? AND chunker = ?", r[:]...),
					t.do("DELETE FROM postings WHERE portal = ? AND activity = ? AND chunker = ?", r[:]...))
			}
			more = len(rows) == 256
			return err
		})
		if err != nil {
			return fmt.Errorf("forget the chunks of other chunkers than %v: %w", keep, err)
		}
	}
	return nil
}
