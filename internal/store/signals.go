package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// unsignalled are the records of a portal whose crm.ReviewStatus does not say yet whether something waits on them.
const unsignalled = `SELECT DISTINCT p.record FROM proposals p WHERE p.portal = ? AND p.state = 'pending' AND p.record <> ''
		AND NOT EXISTS (SELECT 1 FROM signals s WHERE s.portal = p.portal AND s.record = p.record AND s.value = 'pending')
	UNION ALL SELECT s.record FROM signals s WHERE s.portal = ? AND s.value = 'pending'
		AND NOT EXISTS (SELECT 1 FROM proposals p WHERE p.portal = s.portal AND p.record = s.record AND p.state = 'pending')
	LIMIT ?`

// Signal makes HubSpot show whether something waits for a decision, by one effect for every record where it shows otherwise, at most limit of them; it returns their number.
func (db *DB) Signal(ctx context.Context, portal crm.PortalID, limit int) (n int, err error) {
	var due []string
	err = db.r.read(ctx, func(v *view) (err error) {
		due, err = v.strings(unsignalled, int64(portal), int64(portal), limit)
		return err
	})
	if err == nil && len(due) > 0 {
		err = db.w.write(ctx, func(t *tx) error {
			n = 0
			for _, record := range due {
				done, err := t.signal(portal, record)
				if err != nil {
					return fmt.Errorf("%s: %w", record, err)
				}
				if done {
					n++
				}
			}
			return nil
		})
	}
	if err != nil {
		return 0, fmt.Errorf("show in HubSpot what waits: %w", err)
	}
	return n, nil
}

func (t *tx) signal(portal crm.PortalID, record string) (bool, error) {
	target, err := refOf(portal, record)
	if err != nil {
		return false, err
	}
	waits, err := t.exists("SELECT 1 FROM proposals WHERE portal = ? AND record = ? AND state = 'pending'", int64(portal), record)
	if err != nil {
		return false, err
	}
	value := crm.ReviewNone
	if waits {
		value = crm.ReviewPending
	}
	var said string
	var seq int64
	err = t.one("SELECT value, seq FROM signals WHERE portal = ? AND record = ?", []any{int64(portal), record}, &said, &seq)
	if err != nil && !isKind(err, crm.ErrNotFound) {
		return false, err
	}
	if said == value {
		return false, nil
	}
	var before *string
	if said != "" {
		before = &said
	}
	return true, errorsOf(
		t.do("INSERT INTO signals (portal, record, value, seq) VALUES (?, ?, ?, ?) ON CONFLICT (portal, record) DO UPDATE SET value = excluded.value, seq = excluded.seq",
			int64(portal), record, value, seq+1),
		t.ownField(target, crm.ReviewStatus, before, value, "signal:"+record+":"+strconv.FormatInt(seq+1, 10), t.now))
}

// ownField writes one of the two properties of the review: an effect that belongs to no suggestion. name makes it one of its own; readAt is when before was seen there.
func (t *tx) ownField(target crm.Ref, property string, before *string, value, name string, readAt time.Time) error {
	c := crm.Change{ID: property, Kind: crm.PropertyKind, Target: target, Property: property, Before: before, After: value, Verdict: crm.Apply, State: crm.Approved}
	p := crm.Proposal{ID: name, Portal: target.Portal, Subject: target, Record: target, ReadAt: readAt}
	_, err := t.addEffect(p, c, crm.System("review"), "", span{portal: target.Portal}, crm.ReviewLane)
	return err
}

// Waiting lists what waited for a decision on a record when a person decided there: made before that moment and still undecided, oldest first.
func (db *DB) Waiting(ctx context.Context, record crm.Ref, before time.Time) (out []crm.Proposal, err error) {
	err = db.r.read(ctx, func(v *view) error {
		ids, err := v.strings("SELECT id FROM proposals WHERE portal = ? AND record = ? AND state = 'pending' AND created_at < ? ORDER BY created_at, id",
			int64(record.Portal), path(record), micros(before))
		for _, id := range ids {
			p, err := v.proposal(record.Portal, id)
			if err != nil {
				return err
			}
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what waits on %s: %w", record, err)
	}
	return out, nil
}

// CloseDecision records what became of a person's word in HubSpot and empties the property, so that the next word is an event again. refused says why nothing was done, ""
// when it was carried out; ids name the suggestions that were decided. Closing twice does nothing the second time.
func (db *DB) CloseDecision(ctx context.Context, d crm.RecordDecision, ids []string, refused string) error {
	err := db.w.write(ctx, func(t *tx) error {
		value := d.Value()
		name := "decision:" + d.Key()
		known, err := t.exists("SELECT 1 FROM effects WHERE portal = ? AND proposal = ?", int64(d.Record.Portal), name)
		if err != nil || known {
			return err
		}
		said := map[string]string{"decision": value, "decided": strconv.Itoa(len(ids))}
		for i, id := range ids {
			said["proposal"+strconv.Itoa(i)] = id
		}
		action := "review.hubspot"
		if refused != "" {
			action, said["refused"] = "review.refused", refused
		}
		return errorsOf(
			t.ownField(d.Record, crm.ReviewDecision, &value, "", name, t.now),
			t.audit(crm.AuditEntry{Action: action, Actors: []crm.Actor{{Kind: crm.HubSpotActor, ID: d.User}}, Portal: d.Record.Portal, Subject: path(d.Record), IDs: said}))
	})
	if err != nil {
		return fmt.Errorf("close the decision %s: %w", d.Key(), err)
	}
	return nil
}
