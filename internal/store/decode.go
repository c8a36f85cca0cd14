package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/contextd/contextd/internal/crm"
)

// Decode stores what one delivery said, in one transaction: its events (those already known by their key are left out, with their work), the marks each of them
// causes, the ties between both, and the delivery's own end: decoded, or dead with deadCause. Decoding a delivery twice does nothing the second time;
// crm.ErrNotFound for an unknown one; crm.ErrInvalid for an event with neither marks nor a reason to ignore it.
func (db *DB) Decode(ctx context.Context, delivery int64, events []crm.Decoded, deadCause string) error {
	err := db.w.write(ctx, func(t *tx) error {
		var state string
		var body []byte
		if err := t.one("SELECT state, body FROM deliveries WHERE id = ?", []any{delivery}, &state, &body); err != nil {
			return err
		}
		if state != "new" {
			return nil
		}
		added, erased := 0, false
		for _, e := range events {
			isNew, gone, err := t.addEvent(delivery, e)
			if err != nil {
				return fmt.Errorf("event %s: %w", e.Event.Key, err)
			}
			added += flag(isNew)
			erased = erased || gone
		}
		return t.endDelivery(delivery, body, erased, len(events), added, deadCause)
	})
	if err != nil {
		return fmt.Errorf("decode delivery %d: %w", delivery, err)
	}
	return nil
}

func (t *tx) endDelivery(id int64, body []byte, erased bool, events, added int, deadCause string) error {
	state := "decoded"
	if deadCause != "" {
		state = "dead"
	}
	hash := sum(body)
	if erased || body == nil { // an empty blob is read as nil, which would be written as NULL
		body = []byte{}
	}
	if err := t.do("UPDATE deliveries SET state = ?, cause = ?, decoded_at = ?, body = ? WHERE id = ?", state, deadCause, micros(t.now), body, id); err != nil {
		return err
	}
	return t.audit(crm.AuditEntry{
		Action: "delivery." + state, Actors: []crm.Actor{crm.System("inbox")}, Subject: "delivery/" + strconv.FormatInt(id, 10),
		IDs:    map[string]string{"events": strconv.Itoa(events), "new": strconv.Itoa(added)},
		Hashes: map[string]string{"body": hash},
	})
}

// addEvent inserts one event with its marks. isNew is false for one that is already known; gone says that its object was erased, so that nothing it says is kept.
func (t *tx) addEvent(delivery int64, d crm.Decoded) (isNew, gone bool, err error) {
	e := d.Event
	if e.Portal <= 0 || e.Key == "" || (len(d.Marks) == 0 && d.Ignored == "") {
		return false, false, fmt.Errorf("portal %d, %d marks, ignored %q: %w", e.Portal, len(d.Marks), d.Ignored, crm.ErrInvalid)
	}
	merged, err := encode(e.MergedIDs)
	if err != nil {
		return false, false, err
	}
	if gone, err = t.isErased(e.Portal, e.Object); err != nil {
		return false, false, err
	}
	value, ignored := e.Value, d.Ignored
	if gone {
		value = ""
	}
	if len(d.Marks) > 0 {
		ignored = ""
	}
	var id int64
	err = t.one(`INSERT INTO events (portal, key, delivery, type, object, from_ref, to_ref, removed, property, value, source, source_id, merged_ids, new_id,
		ignored, occurred_at, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (portal, key) DO NOTHING RETURNING id`,
		[]any{int64(e.Portal), e.Key, delivery, string(e.Type), path(e.Object), path(e.From), path(e.To), flag(e.Removed), e.Property, value, e.Source, e.SourceID,
			merged, e.NewID, ignored, micros(e.OccurredAt), micros(t.now)}, &id)
	if errors.Is(err, crm.ErrNotFound) {
		return false, gone, nil
	}
	if err != nil {
		return false, false, err
	}
	for _, m := range d.Marks {
		seq, err := t.mark(m)
		if err != nil {
			return false, false, err
		}
		if err := t.cover(id, m, seq); err != nil {
			return false, false, err
		}
	}
	return true, gone, nil
}

func (t *tx) isErased(portal crm.PortalID, r crm.Ref) (bool, error) {
	if r.IsZero() {
		return false, nil
	}
	return t.exists("SELECT 1 FROM erased WHERE portal = ? AND ref = ?", int64(portal), path(r))
}

// cover ties an event to the work it caused.
func (t *tx) cover(event int64, m crm.Mark, seq int64) error {
	return t.do("INSERT INTO event_marks (event, portal, kind, key, seq) VALUES (?, ?, ?, ?, ?) ON CONFLICT (event, kind, key, seq) DO NOTHING",
		event, int64(m.Portal), string(m.Kind), m.Key, seq)
}
