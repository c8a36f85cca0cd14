package store

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// lastWrites are the newest visible ends at every property of a portal's records that a workflow has written, as newestWrite finds one of them, with the record as it is kept
// and, of an undo, what it undid. The properties of the review belong to no workflow and are never locked.
const lastWrites = `SELECT e.target, e.property, e.state, e.value, e.undo_of, e.released_at, e.workflow, e.proposal, e.approver, e.settled_at, e.last_error, COALESCE(o.value, ''), r.name, r.properties, r.history
	FROM (SELECT id, target, property, state, value, undo_of, released_at, workflow, proposal, approver, settled_at, last_error,
			ROW_NUMBER() OVER (PARTITION BY target, property ORDER BY settled_at DESC, created_at DESC) AS place
		FROM effects WHERE portal = ? AND target <> '' AND workflow <> '' AND state IN ('verified', 'conflict')) e
	JOIN records r ON r.portal = ? AND r.ref = e.target AND r.deleted_at = 0
	LEFT JOIN effects o ON o.portal = ? AND o.id = e.undo_of AND e.undo_of <> ''
	WHERE e.place = 1 AND e.released_at = 0`

// Locked lists the properties that people had the last word on and nobody has released, the newest first; see Overruled. cursor is "" or what the last call returned.
func (db *DB) Locked(ctx context.Context, portal crm.PortalID, cursor string, limit int) (out []crm.LockedField, next string, err error) {
	shown := 0
	if cursor != "" {
		if shown, err = strconv.Atoi(cursor); err != nil || shown < 0 {
			return nil, "", fmt.Errorf("cursor %q: %w", cursor, crm.ErrInvalid)
		}
	}
	if portal <= 0 {
		return nil, "", fmt.Errorf("list locked fields: portal %d: %w", portal, crm.ErrInvalid)
	}
	err = db.r.read(ctx, func(v *view) error {
		return v.each(lastWrites, []any{int64(portal), int64(portal), int64(portal)}, func(scan func(...any) error) error {
			f, locked, err := scanLocked(portal, scan)
			if locked {
				out = append(out, f)
			}
			return err
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list locked fields: %w", err)
	}
	slices.SortFunc(out, func(a, b crm.LockedField) int {
		return cmp.Or(b.At.Compare(a.At), a.Record.Compare(b.Record), cmp.Compare(a.Property, b.Property))
	})
	if shown += limit; shown < len(out) {
		next = strconv.Itoa(shown)
	}
	out = out[min(shown-limit, len(out)):min(shown, len(out))]
	err = db.r.read(ctx, func(v *view) error {
		for i := range out {
			if err := v.editor(&out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("who locked fields: %w", err)
	}
	return out, next, nil
}

// mostEvents bounds how many events of one property are looked at.
const mostEvents = 20

// editor fills in who changed a field after it was written, and when, from the newest event that tells of the value which stands there.
func (v *view) editor(f *crm.LockedField) error {
	if f.How != crm.LockEdited {
		return nil
	}
	q := "SELECT value, source, source_id, occurred_at FROM events WHERE portal = ? AND object = ? AND property = ? AND ignored <> ? ORDER BY occurred_at DESC, id DESC LIMIT ?"
	found := false
	return v.each(q, []any{int64(f.Record.Portal), path(f.Record), f.Property, crm.IgnoredEcho, mostEvents}, func(scan func(...any) error) error {
		var value, source, sourceID string
		var at int64
		if err := scan(&value, &source, &sourceID, &at); err != nil || found || !crm.SameValue(value, f.Present) {
			return err
		}
		found = true
		if f.By = source; sourceID != "" {
			f.By += ":" + sourceID
		}
		f.At = moment(at)
		return nil
	})
}

func scanLocked(portal crm.PortalID, scan func(...any) error) (f crm.LockedField, locked bool, err error) {
	var w lastWrite
	var target, approver, lastError, undone, properties, history string
	var settled int64
	if err := scan(&target, &f.Property, &w.state, &w.value, &w.undoOf, &w.released, &f.Workflow, &f.Proposal, &approver, &settled, &lastError, &undone, &f.RecordName, &properties, &history); err != nil {
		return f, false, err
	}
	if w.state == crm.EffectVerified && w.undoOf == "" && says(properties, f.Property, w.value) {
		return f, false, nil
	}
	present, past := map[string]string{}, map[string][]crm.Value{}
	if err := decode(properties, &present); err != nil {
		return f, false, err
	}
	f.Present = present[f.Property]
	if !w.overruled(crm.PropertyKind, f.Present) {
		return f, false, nil
	}
	if f.Record, err = crm.ParsePath(portal, target); err != nil {
		return f, false, err
	}
	switch f.Wrote = w.value; {
	case w.undoOf != "":
		f.How, f.Wrote, f.By, f.At = crm.LockUndone, undone, approver, moment(settled)
	case w.state == crm.EffectConflict:
		f.How, f.At = crm.LockConflict, moment(settled)
		if who := changedBy.FindStringSubmatch(lastError); who != nil {
			f.By = who[1]
		}
	default:
		f.How = crm.LockEdited
		if history != "" {
			err = decode(history, &past)
		}
		f.At = crm.Record{Properties: present, History: past}.SetAt(f.Property)
	}
	return f, true, err
}

// says tells whether the JSON of a record's properties has a value just as it was written, as nearly all of them do, without reading the rest of it. Quotes inside of values are
// escaped, so that no value can pass for a property.
func says(properties, name, value string) bool {
	pair, err := encode(map[string]string{name: value})
	return err == nil && len(pair) > 2 && strings.Contains(properties, pair[1:len(pair)-1])
}

// changedBy finds who it was in the words of a conflict.
var changedBy = regexp.MustCompile(`\bchanged by (\S+) at `)
