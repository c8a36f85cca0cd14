package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// Newer reports whether a later decision writes to the same place: what an earlier one wanted is then out of date; sent: a request of it has left. See engine.Effects.
func (db *DB) Newer(ctx context.Context, e crm.Effect) (found, sent bool, err error) {
	where, args := place(e.Portal, e.Workflow, e.Subject, e.Change)
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT DISTINCT state FROM effects WHERE " + where + " AND id <> ? AND proposal <> ? AND created_at > ? AND state IN ('new', 'sending', 'unknown', 'verified')"
		states, err := v.strings(q, append(args, e.ID, e.Proposal, micros(e.CreatedAt))...)
		found, sent = len(states) > 0, slices.ContainsFunc(states, func(s string) bool { return s != string(crm.EffectNew) })
		return err
	})
	if err != nil {
		return false, false, fmt.Errorf("look for effects after %s: %w", e.ID, err)
	}
	return found, sent, nil
}

// lookWithin bounds how long later effects at a place wait for the look at one that was settled while a request of it could still arrive: a look that cannot be made must not hold them up
// for ever.
const lookWithin = 10 * time.Minute

// underWay is until when an earlier effect's request to the same place may still arrive, also when that effect is settled: by a second request, and then what the first one did has yet to
// be looked at; zero when there is none.
func (t *tx) underWay(e crm.Effect) (time.Time, error) {
	where, args := place(e.Portal, e.Workflow, e.Subject, e.Change)
	var deadline int64
	err := t.one("SELECT COALESCE(MAX(deadline), 0) FROM effects WHERE "+where+" AND id <> ? AND created_at < ? AND (deadline > ? OR settled_at > 0 AND deadline > ?)",
		append(args, e.ID, micros(e.CreatedAt), micros(t.now), micros(t.now.Add(-lookWithin))), &deadline)
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

// Overruled reports whether people had the last word at the place of a change: the newest write there gave way to theirs, was undone, or another value stands there now
// (Before of the change); see engine.Proposals.
func (db *DB) Overruled(ctx context.Context, p crm.Proposal, c crm.Change) (found bool, err error) {
	present := ""
	if c.Before != nil {
		present = *c.Before
	}
	where, args := place(p.Portal, p.Workflow, p.Subject, c)
	err = db.r.read(ctx, func(v *view) error {
		w, err := v.newestWrite(where, args)
		if errors.Is(err, crm.ErrNotFound) {
			return nil
		}
		found = w.overruled(c.Kind, present)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for people's word on %s of %s: %w", c.Property, p.Subject, err)
	}
	return found, nil
}

// Failed is why the newest write to the place of a change came to nothing, "" when it did not or there was none; see engine.Proposals.
func (db *DB) Failed(ctx context.Context, p crm.Proposal, c crm.Change) (why string, err error) {
	where, args := place(p.Portal, p.Workflow, p.Subject, c)
	err = db.r.read(ctx, func(v *view) error {
		var state crm.EffectState
		err := v.one("SELECT state, last_error FROM effects WHERE "+where+` AND state IN ('verified', 'conflict', 'failed')
			ORDER BY settled_at DESC, created_at DESC LIMIT 1`, args, &state, &why)
		if errors.Is(err, crm.ErrNotFound) || err == nil && state != crm.EffectFailed {
			why = ""
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("look for failed writes of %s of %s: %w", c.Property, p.Subject, err)
	}
	return why, nil
}

// newestWrite is the newest effect at a place that has come to an end which people can see; crm.ErrNotFound.
func (v *view) newestWrite(where string, args []any) (w lastWrite, err error) {
	err = v.one("SELECT id, state, undo_of, value, released_at FROM effects WHERE "+where+` AND state IN ('verified', 'conflict')
		ORDER BY settled_at DESC, created_at DESC LIMIT 1`, args, &w.id, &w.state, &w.undoOf, &w.value, &w.released)
	return w, err
}

// lastWrite is what contextd did last at a place.
type lastWrite struct {
	id, undoOf, value string
	state             crm.EffectState
	released          int64
}

// overruled: people came after it, and nobody has released the place since.
func (w lastWrite) overruled(kind crm.ChangeKind, present string) bool {
	if w.released > 0 {
		return false
	}
	return w.state == crm.EffectConflict || w.undoOf != "" || kind == crm.PropertyKind && !crm.SameValue(w.value, present)
}

// Release lets the gate write to a property again by itself that people had the last word on; crm.ErrNotFound when contextd has never written there, crm.ErrConflict when
// nobody has changed it since.
func (db *DB) Release(ctx context.Context, target crm.Ref, property string, by crm.Actor) error {
	err := db.w.write(ctx, func(t *tx) error {
		where, args := place(target.Portal, "", crm.Ref{}, crm.Change{Kind: crm.PropertyKind, Target: target, Property: property})
		w, err := t.newestWrite(where, args)
		if errors.Is(err, crm.ErrNotFound) {
			return fmt.Errorf("contextd has written nothing there: %w", err)
		}
		if err != nil {
			return err
		}
		present, err := t.present(target, property)
		if err != nil {
			return err
		}
		if !w.overruled(crm.PropertyKind, present) {
			return fmt.Errorf("nobody has changed what contextd wrote there, or it is released already: %w", crm.ErrConflict)
		}
		return errorsOf(
			t.do("UPDATE effects SET released_at = ? WHERE portal = ? AND id = ?", micros(t.now), int64(target.Portal), w.id),
			t.audit(crm.AuditEntry{Action: "field.released", Actors: []crm.Actor{by}, Portal: target.Portal, Subject: path(target), IDs: map[string]string{"property": property, "effect": w.id}}))
	})
	if err != nil {
		return fmt.Errorf("release %s of %s: %w", property, target.Path(), err)
	}
	return nil
}

// present is the value of a record's property as it is kept; "" when there is none.
func (v *view) present(target crm.Ref, property string) (string, error) {
	var body string
	err := v.one("SELECT properties FROM records WHERE portal = ? AND ref = ?", []any{int64(target.Portal), path(target)}, &body)
	if err != nil {
		return "", err
	}
	properties := map[string]string{}
	err = decode(body, &properties)
	return properties[property], err
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
	if properties == nil { // kept as null: a record that was read without any property
		properties = map[string]string{}
	}
	properties[e.Change.Property] = value
	if body, err = encode(properties); err != nil {
		return err
	}
	return t.do("UPDATE records SET properties = ? WHERE portal = ? AND ref = ?", body, portal, ref)
}
