package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Stops lists where writing is stopped.
func (db *DB) Stops() []crm.Stop {
	db.stops.mu.Lock()
	defer db.stops.mu.Unlock()
	return slices.SortedFunc(maps.Values(db.stops.on), func(a, b crm.Stop) int { return int(a.Portal - b.Portal) })
}

// Stopped is nil, or crm.ErrStopped with the stop that holds for a portal: its own, or the one of all. It waits for nothing, so that it can be asked before every write.
func (db *DB) Stopped(portal crm.PortalID) error {
	db.stops.mu.Lock()
	defer db.stops.mu.Unlock()
	for _, p := range []crm.PortalID{0, portal} {
		if s, on := db.stops.on[p]; on {
			return s.Err()
		}
	}
	return nil
}

// Stop stops all writing to HubSpot in a portal, 0 for every one, from its return on. A stop that is there already keeps its reason.
func (db *DB) Stop(ctx context.Context, portal crm.PortalID, reason string, by crm.Actor) error {
	s := crm.Stop{Portal: portal, By: by, Reason: reason}
	err := db.w.write(ctx, func(t *tx) error {
		s.At = moment(micros(t.now))
		n, err := t.exec("INSERT INTO stops (portal, at, actor, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", int64(portal), micros(t.now), by.String(), reason)
		if err != nil || n == 0 {
			return err
		}
		return t.audit(crm.AuditEntry{Action: "writing.stopped", Actors: []crm.Actor{by}, Portal: portal, Hashes: map[string]string{"reason": sum([]byte(reason))}})
	})
	if err != nil {
		return fmt.Errorf("stop writing: %w", err)
	}
	return db.loadStops(ctx)
}

// Resume ends a stop and has what waited tried at once; crm.ErrNotFound when there is none.
func (db *DB) Resume(ctx context.Context, portal crm.PortalID, by crm.Actor) error {
	err := db.w.write(ctx, func(t *tx) error {
		n, err := t.exec("DELETE FROM stops WHERE portal = ?", int64(portal))
		if err == nil && n == 0 {
			err = fmt.Errorf("writing is not stopped there: %w", crm.ErrNotFound)
		}
		if err != nil {
			return err
		}
		if err := t.audit(crm.AuditEntry{Action: "writing.resumed", Actors: []crm.Actor{by}, Portal: portal}); err != nil {
			return err
		}
		return t.wakeEffects(portal)
	})
	if err != nil {
		return fmt.Errorf("resume writing: %w", err)
	}
	return db.loadStops(ctx)
}

// wakeEffects makes the rows of open effects ready now.
func (t *tx) wakeEffects(portal crm.PortalID) error {
	var marks []crm.Mark
	err := t.each("SELECT portal, id FROM effects WHERE settled_at = 0 AND (? = 0 OR portal = ?)", []any{int64(portal), int64(portal)}, func(scan func(...any) error) error {
		m := crm.Mark{Kind: crm.ApplyWork, Lane: crm.ReviewLane}
		err := scan(&m.Portal, &m.Key)
		marks = append(marks, m)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range marks {
		if err := t.markFor(span{portal: m.Portal}, []crm.Mark{m}); err != nil {
			return err
		}
	}
	return nil
}

// loadStops reads what is stopped; what is held in memory is never newer than the disk.
func (db *DB) loadStops(ctx context.Context) error {
	on := map[crm.PortalID]crm.Stop{}
	err := db.r.read(ctx, func(v *view) error {
		return v.each("SELECT portal, at, actor, reason FROM stops", nil, func(scan func(...any) error) error {
			var s crm.Stop
			var at int64
			var actor string
			if err := scan(&s.Portal, &at, &actor, &s.Reason); err != nil {
				return err
			}
			s.At = moment(at)
			var err error
			s.By, err = actorOf(actor)
			on[s.Portal] = s
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("read stops: %w", err)
	}
	db.stops.mu.Lock()
	defer db.stops.mu.Unlock()
	db.stops.on = on
	return nil
}
