package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// unsignalled are the records of a portal whose crm.ReviewStatus does not say yet whether something waits on them, and how often HubSpot has refused to say so. Where it has, the
// time for another try has come.
const unsignalled = `SELECT DISTINCT p.record, COALESCE(s.tries, 0) FROM proposals p LEFT JOIN signals s ON s.portal = p.portal AND s.record = p.record
		WHERE p.portal = ? AND p.state = 'pending' AND p.record <> '' AND (s.record IS NULL OR s.value <> 'pending' AND s.retry_at <= ?)
	UNION ALL SELECT s.record, s.tries FROM signals s WHERE s.portal = ? AND s.value = 'pending' AND s.retry_at <= ?
		AND NOT EXISTS (SELECT 1 FROM proposals p WHERE p.portal = s.portal AND p.record = s.record AND p.state = 'pending')
	LIMIT ?`

// What HubSpot refused is tried again after ten minutes, and after twice as long with every further refusal, a day at most.
const (
	signalAgain   = 10 * time.Minute
	signalLongest = 24 * time.Hour
)

// Signal makes HubSpot show whether something waits for a decision, by one effect for every record where it shows otherwise, at most limit of them; it returns their number. Where
// HubSpot has refused that before, ready is asked first whether it would take it now (nil: it would): what is not ready waits for ten minutes more.
func (db *DB) Signal(ctx context.Context, portal crm.PortalID, limit int, ready func(crm.Ref) bool) (n int, err error) {
	due := map[string]int{}
	err = db.r.read(ctx, func(v *view) error {
		now := micros(db.now())
		return v.each(unsignalled, []any{int64(portal), now, int64(portal), now, limit}, func(scan func(...any) error) error {
			var record string
			var tries int
			err := scan(&record, &tries)
			due[record] = tries
			return err
		})
	})
	waits := map[string]bool{}
	for record, tries := range due {
		target, bad := refOf(portal, record)
		err = errorsOf(err, bad)
		waits[record] = bad == nil && tries > 0 && ready != nil && !ready(target)
	}
	if err == nil && len(due) > 0 {
		err = db.w.write(ctx, func(t *tx) error {
			n = 0
			for _, record := range slices.Sorted(maps.Keys(due)) {
				if waits[record] {
					if err := t.do("UPDATE signals SET retry_at = ? WHERE portal = ? AND record = ?", micros(t.now.Add(signalAgain)), int64(portal), record); err != nil {
						return err
					}
					continue
				}
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
		t.ownField(target, crm.ReviewStatus, before, value, signalName(record, seq+1), t.now))
}

func signalName(record string, seq int64) string {
	return "signal:" + record + ":" + strconv.FormatInt(seq, 10)
}

// signalled notes what became of the newest write of a record's crm.ReviewStatus. What HubSpot refused shows what it showed before, as far as anybody knows, and is tried again.
func (t *tx) signalled(e crm.Effect, state crm.EffectState) error {
	if e.Change.Property != crm.ReviewStatus || e.Workflow != "" || state != crm.EffectVerified && state != crm.EffectFailed {
		return nil
	}
	record := path(e.Change.Target)
	var seq int64
	var tries int
	err := t.one("SELECT seq, tries FROM signals WHERE portal = ? AND record = ?", []any{int64(e.Portal), record}, &seq, &tries)
	if isKind(err, crm.ErrNotFound) || err == nil && signalName(record, seq) != e.Proposal {
		return nil // erased, or overtaken
	}
	if err != nil {
		return err
	}
	if state == crm.EffectVerified {
		return t.do("UPDATE signals SET tries = 0, retry_at = 0 WHERE portal = ? AND record = ?", int64(e.Portal), record)
	}
	shown := ""
	if e.Change.After == crm.ReviewNone {
		shown = crm.ReviewPending
	}
	wait := min(signalAgain<<min(tries, 10), signalLongest)
	return t.do("UPDATE signals SET value = ?, tries = tries + 1, retry_at = ? WHERE portal = ? AND record = ?", shown, micros(t.now.Add(wait)), int64(e.Portal), record)
}

// ownField writes one of the two properties of the review: an effect that belongs to no suggestion. name makes it one of its own; readAt is when before was seen there.
func (t *tx) ownField(target crm.Ref, property string, before *string, value, name string, readAt time.Time) error {
	c := crm.Change{ID: property, Kind: crm.PropertyKind, Target: target, Property: property, Before: before, After: value, Verdict: crm.Apply, State: crm.Approved}
	p := crm.Proposal{ID: name, Portal: target.Portal, Subject: target, Record: target, ReadAt: readAt}
	_, err := t.addEffect(p, c, crm.System("review"), "", span{portal: target.Portal}, crm.ReviewLane)
	return err
}

// Waiting lists what waits for a decision on a record, oldest first.
func (db *DB) Waiting(ctx context.Context, record crm.Ref) (out []crm.Proposal, err error) {
	err = db.r.read(ctx, func(v *view) error {
		ids, err := v.strings("SELECT id FROM proposals WHERE portal = ? AND record = ? AND state = 'pending' ORDER BY created_at, id",
			int64(record.Portal), path(record))
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
