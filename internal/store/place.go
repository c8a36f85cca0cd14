package store

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// place selects the effects that write to one spot of HubSpot: a property of a record, or the notes (tasks) of one workflow about one subject.
func place(portal crm.PortalID, workflow string, subject crm.Ref, c crm.Change) (where string, args []any) {
	if c.Kind == crm.PropertyKind {
		return "portal = ? AND target = ? AND property = ?", []any{int64(portal), path(c.Target), c.Property}
	}
	return "portal = ? AND workflow = ? AND subject = ? AND property = ? AND target = ''", []any{int64(portal), workflow, path(subject), c.Property}
}

// Newer reports whether a later decision writes to the same place: what an earlier one wanted is then out of date; see engine.Effects.
func (db *DB) Newer(ctx context.Context, e crm.Effect) (found bool, err error) {
	where, args := place(e.Portal, e.Workflow, e.Subject, e.Change)
	err = db.r.read(ctx, func(v *view) (err error) {
		found, err = v.exists("SELECT 1 FROM effects WHERE "+where+` AND id <> ? AND proposal <> ? AND created_at > ?
			AND state IN ('new', 'sending', 'unknown', 'verified')`, append(args, e.ID, e.Proposal, micros(e.CreatedAt))...)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for effects after %s: %w", e.ID, err)
	}
	return found, nil
}

// underWay is until when an earlier effect's request to the same place may still arrive; zero when there is none.
func (t *tx) underWay(e crm.Effect) (time.Time, error) {
	where, args := place(e.Portal, e.Workflow, e.Subject, e.Change)
	var deadline int64
	err := t.one("SELECT COALESCE(MAX(deadline), 0) FROM effects WHERE "+where+" AND id <> ? AND state IN ('sending', 'unknown') AND created_at < ? AND deadline > ?",
		append(args, e.ID, micros(e.CreatedAt), micros(t.now)), &deadline)
	return moment(deadline), err
}

// mostTexts bounds how many earlier texts of one note are compared.
const mostTexts = 20

// Sent lists the texts that contextd sent to the place of a note or task, and those a person had put there when an earlier effect gave way to them, newest first;
// see engine.Effects.
func (db *DB) Sent(ctx context.Context, e crm.Effect) (texts []string, err error) {
	where, args := place(e.Portal, e.Workflow, e.Subject, e.Change)
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT value, state, receipt FROM effects WHERE " + where + " AND (begun_at > 0 OR state = 'conflict') AND value <> '' ORDER BY created_at DESC LIMIT ?"
		return v.each(q, append(args, mostTexts), func(scan func(...any) error) error {
			var value, receipt string
			var state crm.EffectState
			if err := scan(&value, &state, &receipt); err != nil {
				return err
			}
			if state != crm.EffectConflict {
				texts = append(texts, value)
				return nil
			}
			var r crm.Receipt
			err := decode(receipt, &r)
			texts = append(texts, value, r.After)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("texts sent before effect %s: %w", e.ID, err)
	}
	return texts, nil
}

// Overruled reports whether people had the last word at the place of a change: the newest write there gave way to theirs, or was undone; see engine.Proposals.
func (db *DB) Overruled(ctx context.Context, p crm.Proposal, c crm.Change) (found bool, err error) {
	where, args := place(p.Portal, p.Workflow, p.Subject, c)
	err = db.r.read(ctx, func(v *view) (err error) {
		found, err = v.exists("SELECT 1 FROM (SELECT state, undo_of FROM effects WHERE "+where+` AND state IN ('verified', 'conflict')
			ORDER BY settled_at DESC, created_at DESC LIMIT 1) AS newest WHERE state = 'conflict' OR undo_of <> ''`, args...)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for people's word on %s of %s: %w", c.Property, p.Subject, err)
	}
	return found, nil
}

// keepValue keeps what a property holds now: our value once it was read back (its echo is ended unread), or a person's as a conflict found it. The next run must not
// reason from the value before it.
func (t *tx) keepValue(e crm.Effect, value string) error {
	if e.Change.Kind != crm.PropertyKind {
		return nil
	}
	portal, ref := int64(e.Portal), path(e.Change.Target)
	var body string
	found := false
	err := t.each("SELECT properties FROM records WHERE portal = ? AND ref = ?", []any{portal, ref}, func(scan func(...any) error) error {
		found = true
		return scan(&body)
	})
	if err != nil || !found {
		return err
	}
	properties := map[string]string{}
	if err := decode(body, &properties); err != nil {
		return err
	}
	properties[e.Change.Property] = value
	if body, err = encode(properties); err != nil {
		return err
	}
	return t.do("UPDATE records SET properties = ? WHERE portal = ? AND ref = ?", body, portal, ref)
}
