package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Erase forgets an activity, or a record, for good: all versions of its text, chunks, postings, what its events and deliveries said, every text that runs
// made of it, answers that are kept to questions with its words, and what was asked about its accounts. Erasing a contact erases the activities it took part in; a company, deal or ticket only itself. Ids, hashes and the audit stay, and a tombstone keeps a late
// webhook or a replay from bringing it back. The answer names the erased activities, for other stores; they are also marked as index work in the same transaction, so
// that other stores forget them even if the caller dies. It returns once no byte of it is left in the files.
func (db *DB) Erase(ctx context.Context, ref crm.Ref, by crm.Actor) (activities []crm.Ref, err error) {
	if err = db.queries.flush(ctx); err == nil { // what was asked before is erased with the rest
		err = db.w.write(ctx, func(t *tx) (err error) {
			activities, err = t.erase(ref, by)
			return err
		})
	}
	if err == nil {
		err = db.Checkpoint(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("erase %s: %w", ref, err)
	}
	return activities, nil
}

// Checkpoint moves everything from the write-ahead log into the database and cuts the log to nothing, so that no older state of a page is left on disk.
// crm.ErrTemporary when a reader is in the way for longer than the busy time-out.
func (db *DB) Checkpoint(ctx context.Context) error {
	return db.w.submit(&job{ctx: ctx, done: make(chan error, 1), outside: func(ctx context.Context, c *conn) error {
		var busy, inLog, moved int
		if err := c.c.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &inLog, &moved); err != nil {
			return temporary(fmt.Errorf("checkpoint: %w", fault(err)))
		}
		if busy != 0 {
			return fmt.Errorf("checkpoint: a reader holds %d pages of the log: %w", inLog-moved, crm.ErrTemporary)
		}
		return nil
	}})
}

func (t *tx) erase(ref crm.Ref, by crm.Actor) (activities []crm.Ref, err error) {
	ids := []crm.Ref{ref}
	switch {
	case ref.Portal <= 0:
		return nil, fmt.Errorf("no portal: %w", crm.ErrInvalid)
	case ref.Type.IsActivity():
		activities = []crm.Ref{ref}
	case ref.Type.IsRecord():
		if activities, ids, err = t.eraseRecord(ref, by); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("object type %q: %w", ref.Type, crm.ErrInvalid)
	}
	for _, a := range activities {
		if err := t.eraseActivity(a, by); err != nil {
			return nil, fmt.Errorf("%s: %w", a, err)
		}
	}
	marks := make([]crm.Mark, len(activities))
	for i, a := range activities {
		marks[i] = crm.Mark{Portal: a.Portal, Kind: crm.IndexWork, Key: path(a)}
	}
	return activities, errorsOf(
		t.markFor(span{portal: ref.Portal}, marks),
		t.eraseDeliveries(append(ids, activities...)),
		t.auditErasure(ref, activities, ids, by))
}

// auditErasure leaves one entry for each reference that is forgotten: what was asked for first, then what goes with it.
func (t *tx) auditErasure(ref crm.Ref, activities, ids []crm.Ref, by crm.Actor) error {
	told := map[crm.Ref]bool{}
	for _, r := range slices.Concat([]crm.Ref{ref}, ids, activities) {
		if told[r] {
			continue
		}
		told[r] = true
		e := crm.AuditEntry{Action: "erased", Actors: []crm.Actor{by}, Portal: ref.Portal, Subject: path(r), IDs: map[string]string{}, Hashes: map[string]string{}}
		if r != ref {
			e.IDs["with"] = path(ref)
		}
		if err := t.audit(e); err != nil {
			return err
		}
	}
	return nil
}

// eraseDeliveries blanks every decoded body that names one of the ids: what else it says lives on in its events. One that is not decoded yet is blanked then.
func (t *tx) eraseDeliveries(refs []crm.Ref) error {
	var ids []int64
	err := t.each("SELECT id, body FROM deliveries WHERE state <> 'new' AND length(body) > 0", nil, func(scan func(...any) error) error {
		var id int64
		var body []byte
		err := scan(&id, &body)
		if slices.ContainsFunc(refs, func(r crm.Ref) bool { return bytes.Contains(body, []byte(r.ID)) }) {
			ids = append(ids, id)
		}
		return err
	})
	for _, id := range ids {
		err = errorsOf(err, t.do("UPDATE deliveries SET body = ? WHERE id = ?", []byte{}, id))
	}
	return err
}

// entomb remembers that a reference was erased and blanks what its events and failed runs said.
func (t *tx) entomb(ref crm.Ref) error {
	portal, p := int64(ref.Portal), path(ref)
	return errorsOf(
		t.do("INSERT INTO erased (portal, ref, at) VALUES (?, ?, ?) ON CONFLICT (portal, ref) DO NOTHING", portal, p, micros(t.now)),
		t.do("UPDATE events SET value = '' WHERE portal = ? AND object = ? AND value <> ''", portal, p),
		t.do("UPDATE work SET last_error = '' WHERE portal = ? AND last_error <> '' AND (key = ? OR key LIKE ?)", portal, p, "%:"+p))
}

// eraseRecord removes a record under all its ids, which it returns with the activities that go too.
func (t *tx) eraseRecord(ref crm.Ref, by crm.Actor) (activities, ids []crm.Ref, err error) {
	portal := int64(ref.Portal)
	paths, err := t.strings("SELECT old_ref FROM aliases WHERE portal = ? AND new_ref = ?", portal, path(ref))
	if err = errorsOf(err, t.forgetPast(ref)); err != nil {
		return nil, nil, err
	}
	found := map[crm.Ref]bool{}
	for _, p := range append(paths, path(ref)) {
		r, err := refOf(ref.Portal, p)
		if err != nil {
			return nil, nil, err
		}
		ids = append(ids, r)
		if ref.Type == crm.Contacts {
			err = errorsOf(t.linkedTo(r, found), t.goneWith(r, found))
		}
		err = errorsOf(err, t.factsOf(r), t.eraseQueriesOf(r), t.eraseAnswersOf(r))
		about, err2 := t.strings(`SELECT id FROM proposals WHERE portal = ? AND (record = ? OR subject = ? OR account = ?)
			UNION SELECT proposal FROM citations WHERE portal = ? AND activity = ?`, portal, p, p, p, portal, p)
		err = errorsOf(err, err2,
			t.do("DELETE FROM records WHERE portal = ? AND ref = ?", portal, p),
			t.do("DELETE FROM memberships WHERE portal = ? AND member = ?", portal, p),
			t.entomb(r))
		if err != nil {
			return nil, nil, err
		}
		for _, id := range about {
			if err := t.eraseProposal(ref.Portal, id, by); err != nil {
				return nil, nil, fmt.Errorf("suggestion %s: %w", id, err)
			}
		}
	}
	for r := range found {
		activities = append(activities, r)
	}
	slices.SortFunc(activities, crm.Ref.Compare)
	return activities, ids, nil
}

// eraseQueriesOf forgets what was asked about a record: as an account itself, or, where it is a person, of the accounts it belonged to, or of the whole portal.
func (t *tx) eraseQueriesOf(record crm.Ref) error {
	err := t.eraseQueries(record)
	if record.Type != crm.Contacts {
		return err
	}
	members, err2 := t.memberships(record)
	err = errorsOf(err, err2, t.do("DELETE FROM queries WHERE portal = ? AND account = ''", int64(record.Portal)))
	for _, m := range members {
		err = errorsOf(err, t.eraseQueries(m.Account))
	}
	return err
}

// eraseAnswersOf forgets the answers to questions that showed a record: its own, or, where it is a person or a deal, those about the accounts it belonged to.
func (t *tx) eraseAnswersOf(record crm.Ref) error {
	members, err := t.memberships(record)
	err = errorsOf(err, t.eraseAnswers(record))
	for _, m := range members {
		err = errorsOf(err, t.eraseAnswers(m.Account))
	}
	return err
}

// goneWith adds deleted activities of a record: their links are only in their own rows.
func (t *tx) goneWith(record crm.Ref, into map[crm.Ref]bool) error {
	q := "SELECT ref, links FROM activities WHERE portal = ? AND deleted_at <> 0 AND links <> ''"
	return t.each(q, []any{int64(record.Portal)}, func(scan func(...any) error) error {
		var p, links string
		if err := scan(&p, &links); err != nil {
			return err
		}
		var l crm.Links
		if err := decode(links, &l); err != nil || !slices.Contains(l.All(), record) {
			return err
		}
		ref, err := refOf(record.Portal, p)
		into[ref] = true
		return err
	})
}

func (t *tx) eraseActivity(ref crm.Ref, by crm.Actor) error {
	portal, p := int64(ref.Portal), path(ref)
	accounts, err := t.filedUnder(ref)
	if err != nil {
		return err
	}
	cited, err := t.strings("SELECT proposal FROM citations WHERE portal = ? AND activity = ?", portal, p)
	if err != nil {
		return err
	}
	versions, err := t.strings("SELECT DISTINCT version FROM versions WHERE portal = ? AND activity = ?", portal, p)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		t.accounts.forget(a) // no word of it may stay in memory
	}
	err = errorsOf(t.dropChunks(ref), t.unlink(ref), t.eraseAnswers(ref),
		t.do("DELETE FROM versions WHERE portal = ? AND activity = ?", portal, p),
		t.do("DELETE FROM activities WHERE portal = ? AND ref = ?", portal, p),
		t.entomb(ref))
	if err != nil {
		return err
	}
	for _, v := range versions {
		if err := t.dropText(ref.Portal, v); err != nil {
			return err
		}
	}
	for _, id := range cited {
		if err := t.eraseProposal(ref.Portal, id, by); err != nil {
			return fmt.Errorf("suggestion %s: %w", id, err)
		}
	}
	for _, a := range accounts {
		if err := errorsOf(t.erasePrompts(a, by), t.eraseQueries(a), t.eraseAnswers(a)); err != nil { // a question may show more than its passages
			return err
		}
	}
	return nil
}

// erasePrompts removes the prompts and replies of an account's runs: any of them may have read what is being erased, quoted or not.
func (t *tx) erasePrompts(account crm.Ref, by crm.Actor) error {
	hashes, err := t.strings(`SELECT prompt_hash FROM proposals WHERE portal = ? AND account = ? UNION SELECT reply_hash FROM proposals WHERE portal = ? AND account = ?`,
		int64(account.Portal), path(account), int64(account.Portal), path(account))
	if err != nil {
		return err
	}
	if len(hashes) == 0 {
		return nil
	}
	for _, h := range hashes {
		if err := t.do("DELETE FROM texts WHERE portal = ? AND hash = ?", int64(account.Portal), h); err != nil {
			return err
		}
	}
	return t.audit(crm.AuditEntry{Action: "prompts.erased", Actors: []crm.Actor{by}, Portal: account.Portal, Subject: path(account), IDs: map[string]string{}, Hashes: map[string]string{}})
}

// dropText deletes a text that no activity has any more.
func (t *tx) dropText(portal crm.PortalID, hash string) error {
	return t.do(`DELETE FROM texts WHERE portal = ? AND hash = ? AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.portal = texts.portal AND v.version = texts.hash)`,
		int64(portal), hash)
}

// eraseProposal blanks every text of a suggestion and of its effects. What was pending is dropped; a write that has not left yet is not sent.
func (t *tx) eraseProposal(portal crm.PortalID, id string, by crm.Actor) error {
	p, err := t.proposal(portal, id)
	if err != nil {
		return err
	}
	var prompt, reply string
	if err := t.one("SELECT prompt_hash, reply_hash FROM proposals WHERE portal = ? AND id = ?", []any{int64(portal), id}, &prompt, &reply); err != nil {
		return err
	}
	for _, c := range p.Claims {
		for _, e := range c.Evidence {
			if e.Source == "" {
				continue
			}
			if err := t.dropText(portal, e.Version); err != nil {
				return err
			}
		}
	}
	p.Claims, p.Reasons = nil, []string{"erased"}
	body, err := encode(bodyOf(p))
	if err != nil {
		return err
	}
	for _, c := range p.Changes {
		if err := t.eraseChange(p, c, by); err != nil {
			return err
		}
	}
	return errorsOf(
		t.do("UPDATE proposals SET body = ?, record_name = '' WHERE portal = ? AND id = ?", body, int64(portal), id),
		t.do("DELETE FROM comments WHERE portal = ? AND proposal = ?", int64(portal), id),
		t.do("DELETE FROM inputs WHERE portal = ? AND proposal = ?", int64(portal), id),
		t.dropText(portal, prompt), t.dropText(portal, reply),
		t.moveProposal(portal, id),
		t.audit(crm.AuditEntry{Action: "proposal.erased", Actors: []crm.Actor{by}, Portal: portal, Subject: suggestionSubject(id), IDs: map[string]string{"proposal": id}, Hashes: map[string]string{}}))
}

// suggestionSubject is what entries call a suggestion that they are about as a whole, and not about what it says.
func suggestionSubject(id string) string { return "suggestion/" + id }

func (t *tx) eraseChange(p crm.Proposal, c crm.Change, by crm.Actor) error {
	state := c.State
	switch state {
	case crm.Pending:
		state = crm.Dropped
	case crm.Approved:
		state = crm.Conflicted
	}
	bare, err := encode(crm.Change{ID: c.ID, Kind: c.Kind, Target: c.Target, Property: c.Property, Key: c.Key, Confidence: c.Confidence, Threshold: c.Threshold, Verdict: c.Verdict})
	if err != nil {
		return err
	}
	portal := int64(p.Portal)
	open, err := t.strings("SELECT id FROM effects WHERE portal = ? AND proposal = ? AND change = ? AND settled_at = 0", portal, p.ID, c.ID)
	for _, id := range open {
		err = errorsOf(err, t.audit(crm.AuditEntry{Action: "effect.conflict", Actors: []crm.Actor{by}, Portal: p.Portal, Subject: path(p.Subject),
			IDs: map[string]string{"effect": id, "proposal": p.ID, "change": c.ID, "property": c.Property}, Hashes: map[string]string{}}))
	}
	return errorsOf(err,
		t.do("UPDATE changes SET body = ?, edited = NULL, state = ? WHERE portal = ? AND proposal = ? AND id = ?", bare, string(state), portal, p.ID, c.ID),
		t.do(`UPDATE work SET last_error = '' WHERE portal = ? AND kind = ? AND last_error <> '' AND key IN (
			SELECT id FROM effects WHERE portal = ? AND proposal = ? AND change = ?)`, portal, string(crm.ApplyWork), portal, p.ID, c.ID),
		t.do(`UPDATE effects SET change_body = ?, value = '', salt = '', receipt = '', last_error = ?,
			state = CASE WHEN settled_at = 0 THEN 'conflict' ELSE state END, settled_at = CASE WHEN settled_at = 0 THEN ? ELSE settled_at END
			WHERE portal = ? AND proposal = ? AND change = ?`, bare, crm.EffectErased, micros(t.now), portal, p.ID, c.ID))
}

// Erased tells which of these were erased and must not be read again.
func (db *DB) Erased(ctx context.Context, refs []crm.Ref) (out map[crm.Ref]bool, err error) {
	out = map[crm.Ref]bool{}
	err = db.r.read(ctx, func(v *view) error {
		for _, ref := range refs {
			found, err := v.exists("SELECT 1 FROM erased WHERE portal = ? AND ref = ?", int64(ref.Portal), path(ref))
			if err != nil {
				return err
			}
			if found {
				out[ref] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up erasure of %d objects: %w", len(refs), err)
	}
	return out, nil
}
