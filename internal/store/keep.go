package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Marks tells what the index knows of activities; see indexer.Texts.
func (db *DB) Marks(ctx context.Context, refs []crm.Ref) (out map[crm.Ref]crm.Marked, err error) {
	out = make(map[crm.Ref]crm.Marked, len(refs))
	err = db.r.read(ctx, func(v *view) error {
		for _, ref := range refs {
			var m crm.Marked
			var links, accounts string
			var learned, modified int64
			err := v.one(`SELECT mark, version, links, accounts, modified_at, deleted_at <> 0,
				COALESCE((SELECT MAX(chunker) FROM postings p WHERE p.portal = a.portal AND p.activity = a.ref), 0), COALESCE((SELECT MAX(learned_at) FROM versions v WHERE v.portal = a.portal AND v.activity = a.ref
				AND v.version = a.version AND (v.superseded_at = 0 OR a.deleted_at <> 0)), 0) FROM activities a WHERE portal = ? AND ref = ?`,
				[]any{int64(ref.Portal), path(ref)}, &m.Mark, &m.Version, &links, &accounts, &modified, &m.Gone, &m.Chunker, &learned)
			if errors.Is(err, crm.ErrNotFound) {
				continue
			}
			if err == nil && m.Gone {
				out[ref] = crm.Marked{Gone: true, Version: m.Version, Learned: moment(learned), Modified: moment(modified)}
				continue
			}
			if err := errorsOf(err, decode(links, &m.Links)); err != nil {
				return fmt.Errorf("%s: %w", ref, err)
			}
			if m.Accounts, err = decodeRefs(ref.Portal, accounts); err != nil {
				return fmt.Errorf("%s: %w", ref, err)
			}
			m.Learned, m.Modified = moment(learned), moment(modified)
			out[ref] = m
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	return out, nil
}

// accountsOf lists an activity's accounts, the primary one first; none for an unknown activity.
func (v *view) accountsOf(activity crm.Ref) ([]crm.Ref, error) {
	var text string
	err := v.one("SELECT accounts FROM activities WHERE portal = ? AND ref = ?", []any{int64(activity.Portal), path(activity)}, &text)
	if errors.Is(err, crm.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeRefs(activity.Portal, text)
}

// Keep stores a batch of activities in one transaction; see indexer.Texts. A new text supersedes the version before it, which stays readable. Activities of ours
// are kept without chunks. What was erased is not stored again.
func (db *DB) Keep(ctx context.Context, batch []crm.Kept) error {
	err := db.w.write(ctx, func(t *tx) error {
		for i := range batch {
			if err := t.keep(&batch[i]); err != nil {
				return fmt.Errorf("%s: %w", batch[i].Activity.Ref, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep %d activities: %w", len(batch), err)
	}
	return nil
}

func (t *tx) keep(k *crm.Kept) error {
	ref := k.Activity.Ref
	if err := checkKept(k); err != nil {
		return err
	}
	if erased, err := t.isErased(ref.Portal, ref); err != nil || erased {
		return err
	}
	held := *k
	if k.Activity.Ours {
		held.Chunks, held.Words = nil, nil
	}
	if err := t.touch(ref); err != nil {
		return err
	}
	cause, err := t.spanOf(k.Cause)
	if err != nil {
		return err
	}
	err = errorsOf(
		t.keepVersion(&held),
		t.keepActivity(&held),
		t.keepLinks(&held),
		t.keepChunks(&held))
	if err != nil {
		return err
	}
	for _, a := range k.Accounts {
		t.accounts.add(a, ref)
	}
	if err := t.markFor(cause, k.Triggers); err != nil {
		return err
	}
	return t.audit(crm.AuditEntry{
		Action: "activity.kept", Actors: []crm.Actor{crm.System("indexer")}, Portal: ref.Portal, Subject: path(ref),
		IDs:    map[string]string{"chunks": strconv.Itoa(len(held.Chunks)), "triggers": strconv.Itoa(len(k.Triggers))},
		Hashes: map[string]string{"text": k.Document.Version, "mark": k.Mark},
	})
}

// checkKept refuses what would break the promise that every offset refers to the stored text.
func checkKept(k *crm.Kept) error {
	if !k.Activity.Ref.Type.IsActivity() || k.Activity.Ref.Portal <= 0 || k.Document.Version == "" || len(k.Words) != len(k.Chunks) {
		return fmt.Errorf("version %q, %d chunks, %d lists of words: %w", k.Document.Version, len(k.Chunks), len(k.Words), crm.ErrInvalid)
	}
	if got := sum([]byte(k.Document.Text)); got != k.Document.Version {
		return fmt.Errorf("version %s is not the hash of its text (%s): %w", k.Document.Version, got, crm.ErrInvalid)
	}
	for _, c := range k.Chunks {
		if c.Start < 0 || c.End < c.Start || c.End > len(k.Document.Text) || c.Text != k.Document.Text[c.Start:c.End] || c.Version != k.Document.Version {
			return fmt.Errorf("chunk %s [%d, %d) is not a slice of version %s: %w", c.ID, c.Start, c.End, k.Document.Version, crm.ErrInvalid)
		}
		if !slices.Equal(c.People, k.Chunks[0].People) {
			return fmt.Errorf("chunk %s has other people than the first one: %w", c.ID, crm.ErrInvalid)
		}
	}
	return nil
}

// touch notes the accounts that an activity belongs to now: their postings are about to change.
func (t *tx) touch(activity crm.Ref) error {
	accounts, err := t.accountsOf(activity)
	for _, a := range accounts {
		t.accounts.add(a, activity)
	}
	return err
}

// keepVersion makes the document's version the current one.
func (t *tx) keepVersion(k *crm.Kept) error {
	d, portal, ref := k.Document, int64(k.Activity.Ref.Portal), path(k.Activity.Ref)
	turns, err1 := encode(d.Turns)
	cuts, err2 := encode(d.Cuts)
	if err := errorsOf(err1, err2, t.keepText(k.Activity.Ref.Portal, d.Version, d.Text)); err != nil {
		return err
	}
	same, err := t.exec("UPDATE versions SET language = ?, turns = ?, cuts = ? WHERE portal = ? AND activity = ? AND version = ? AND superseded_at = 0",
		d.Language, turns, cuts, portal, ref, d.Version)
	if err != nil || same > 0 {
		return err
	}
	learned, err := t.learned(k)
	if err != nil {
		return err
	}
	return errorsOf(
		t.endText(k.Activity.Ref, learned),
		t.do(`INSERT INTO versions (portal, activity, version, language, turns, cuts, learned_at, superseded_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
			portal, ref, d.Version, d.Language, turns, cuts, learned))
}

// endText ends the present text at a moment. It keeps the subject that goes with it: the activity itself will know only its next one.
func (t *tx) endText(activity crm.Ref, at int64) error {
	return t.do(`UPDATE versions SET superseded_at = ?, subject = COALESCE((SELECT subject FROM activities a WHERE a.portal = versions.portal AND a.ref = versions.activity), '')
		WHERE portal = ? AND activity = ? AND superseded_at = 0`, at, int64(activity.Portal), path(activity))
}

// learned is when a new text became known: as its chunks say, because filters go by them; without chunks the activity's creation, for a later text its modification.
// What would be no later than the text before it, or is unknown, was learned now.
func (t *tx) learned(k *crm.Kept) (int64, error) {
	var before int64
	err := t.one("SELECT COALESCE(MAX(learned_at), 0) FROM versions WHERE portal = ? AND activity = ?", []any{int64(k.Activity.Ref.Portal), path(k.Activity.Ref)}, &before)
	if err != nil {
		return 0, err
	}
	candidates := []time.Time{k.Activity.Created, k.Activity.Modified}
	if len(k.Chunks) > 0 {
		candidates = slices.Insert(candidates, 0, k.Chunks[0].Created)
	}
	for _, at := range candidates {
		if us := micros(at); us > before {
			return us, nil
		}
	}
	return max(micros(t.now), before+1), nil
}

func (t *tx) keepText(portal crm.PortalID, hash, body string) error {
	return t.do("INSERT INTO texts (portal, hash, body) VALUES (?, ?, ?) ON CONFLICT (portal, hash) DO NOTHING", int64(portal), hash, body)
}

func (t *tx) keepActivity(k *crm.Kept) error {
	a := k.Activity
	people, err1 := encode(a.People)
	links, err2 := encode(a.Links)
	accounts, err3 := encodeRefs(k.Accounts)
	if err := errorsOf(err1, err2, err3); err != nil {
		return err
	}
	return t.do(`INSERT INTO activities (portal, ref, kind, at, time_unknown, created_at, modified_at, direction, subject, format, minutes, people, thread, status,
		channel, owner, links, accounts, ours, generated, version, mark, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
		ON CONFLICT (portal, ref) DO UPDATE SET kind = excluded.kind, at = excluded.at, time_unknown = excluded.time_unknown, created_at = excluded.created_at,
		modified_at = excluded.modified_at, direction = excluded.direction, subject = excluded.subject, format = excluded.format, minutes = excluded.minutes,
		people = excluded.people, thread = excluded.thread, status = excluded.status, channel = excluded.channel, owner = excluded.owner, links = excluded.links,
		accounts = excluded.accounts, ours = excluded.ours, generated = excluded.generated, version = excluded.version, mark = excluded.mark, deleted_at = 0`,
		int64(a.Ref.Portal), path(a.Ref), string(a.Ref.Type.Kind()), micros(a.Time), flag(a.TimeUnknown), micros(a.Created), micros(a.Modified), string(a.Direction),
		a.Subject, string(a.Format), a.Minutes, people, a.Thread, a.Status, a.Channel, a.OwnerID, links, accounts, flag(a.Ours), flag(a.Generated), k.Document.Version, k.Mark)
}

// keepLinks replaces the activity's records and accounts.
func (t *tx) keepLinks(k *crm.Kept) error {
	a := k.Activity
	portal, ref, at := int64(a.Ref.Portal), path(a.Ref), micros(a.Time)
	if err := t.unlink(a.Ref); err != nil {
		return err
	}
	for _, r := range a.Links.All() {
		err := t.do("INSERT INTO links (portal, activity, record, at) VALUES (?, ?, ?, ?) ON CONFLICT (portal, activity, record) DO NOTHING", portal, ref, path(r), at)
		if err != nil {
			return err
		}
	}
	for _, r := range k.Accounts {
		err := t.do("INSERT INTO activity_accounts (portal, activity, account, at, chunks) VALUES (?, ?, ?, ?, ?) ON CONFLICT (portal, activity, account) DO NOTHING",
			portal, ref, path(r), at, len(k.Chunks))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) unlink(activity crm.Ref) error {
	return errorsOf(
		t.do("DELETE FROM links WHERE portal = ? AND activity = ?", int64(activity.Portal), path(activity)),
		t.do("DELETE FROM activity_accounts WHERE portal = ? AND activity = ?", int64(activity.Portal), path(activity)))
}

// keepChunks replaces the activity's chunks and postings, those of all chunkers.
func (t *tx) keepChunks(k *crm.Kept) error {
	if err := t.dropChunks(k.Activity.Ref); err != nil || len(k.Chunks) == 0 {
		return err
	}
	return t.addChunks(k)
}

// addChunks writes the chunks and postings that one chunker made.
func (t *tx) addChunks(k *crm.Kept) error {
	activity, chunks, chunker := k.Activity.Ref, k.Chunks, cmp.Or(k.Chunker, crm.FirstChunker)
	for _, c := range chunks {
		err := t.do(`INSERT INTO chunks (portal, id, activity, version, pos, kind, at, created_at, session, speaker, language, generated, traits, start_at, end_at, header, chunker)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, int64(activity.Portal), c.ID, path(activity), c.Version, c.Pos, string(c.Kind), micros(c.Time),
			micros(c.Created), c.Session, c.Speaker, c.Language, flag(c.Generated), int(c.Traits), c.Start, c.End, c.Header, chunker)
		if err != nil {
			return fmt.Errorf("chunk %s: %w", c.ID, err)
		}
	}
	people, err := encodeRefs(peopleOf(chunks))
	if err != nil {
		return err
	}
	return t.do("INSERT INTO postings (portal, activity, chunker, chunks, digest, people, body) VALUES (?, ?, ?, ?, ?, ?, ?)", int64(activity.Portal), path(activity),
		chunker, len(chunks), k.Digest, people, packPostings(chunks, k.Words))
}

func (t *tx) dropChunks(activity crm.Ref) error {
	return errorsOf(
		t.do("DELETE FROM chunks WHERE portal = ? AND activity = ?", int64(activity.Portal), path(activity)),
		t.do("DELETE FROM postings WHERE portal = ? AND activity = ?", int64(activity.Portal), path(activity)))
}
