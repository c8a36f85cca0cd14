package store

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// EventCounts says where a portal's events stand. Each event counts once: dead before in review before open before done before ignored, so that
// Received = Done + InReview + Dead + Open + the sum of Ignored. A dead delivery counts as one received and one dead event; events of portals that are not
// configured belong to every portal's ignored ones.
type EventCounts struct {
	Received int            `json:"received"`
	Done     int            `json:"done"`
	InReview int            `json:"in_review"` // a suggestion that it led to waits for a person
	Dead     int            `json:"dead"`      // undecodable, buried, or its write failed
	Open     int            `json:"open"`      // something that it caused is not finished
	Ignored  map[string]int `json:"ignored"`   // by reason
}

// Status is the state of a portal's pipeline at one moment.
type Status struct {
	Events        EventCounts    `json:"events"`
	Work          map[string]int `json:"work"`           // unfinished rows that are not buried, by lane
	OldestSeconds float64        `json:"oldest_seconds"` // age of the oldest change that is not worked off; 0: nothing is left to do
	Undecoded     int            `json:"undecoded"`      // deliveries of any portal that are not decoded yet
}

// eventRanks sorts every event that is not simply done: 0 dead, 1 in review, 2 open; an event that is several counts as the first.
// CROSS JOIN keeps SQLite from walking all marks to find the few rows that matter.
const eventRanks = `SELECT rank, COUNT(*) FROM (SELECT event, MIN(rank) AS rank FROM (
	SELECT m.event AS event, 0 AS rank FROM work w CROSS JOIN event_marks m
		WHERE w.portal = ? AND w.buried = 1 AND m.portal = w.portal AND m.kind = w.kind AND m.key = w.key AND m.seq > w.done
	UNION ALL SELECT m.event, 0 FROM effects e CROSS JOIN event_marks m
		WHERE e.portal = ? AND e.state = 'failed' AND m.portal = e.portal AND m.kind = 'apply' AND m.key = e.id
	UNION ALL SELECT m.event, 1 FROM proposals p CROSS JOIN event_marks m
		WHERE p.portal = ? AND p.state = 'pending' AND m.portal = p.portal AND m.kind = p.cause_kind AND m.key = p.cause_key
		AND m.seq > p.cause_from AND m.seq <= p.cause_seq
	UNION ALL SELECT m.event, 2 FROM work w CROSS JOIN event_marks m
		WHERE w.portal = ? AND w.wanted > w.done AND w.buried = 0 AND m.portal = w.portal AND m.kind = w.kind AND m.key = w.key AND m.seq > w.done
) AS ranked GROUP BY event) AS best GROUP BY rank`

// Status counts a portal's events and work on one snapshot.
func (db *DB) Status(ctx context.Context, portal crm.PortalID) (s Status, err error) {
	if portal <= 0 {
		return s, fmt.Errorf("status of portal %d: %w", portal, crm.ErrInvalid)
	}
	s = Status{Work: map[string]int{}, Events: EventCounts{Ignored: map[string]int{}}}
	err = db.r.read(ctx, func(v *view) error {
		return errorsOf(v.eventCounts(portal, &s.Events), db.workDepth(v, portal, &s))
	})
	if err != nil {
		return Status{}, fmt.Errorf("status of portal %d: %w", portal, err)
	}
	return s, nil
}

func (v *view) eventCounts(portal crm.PortalID, c *EventCounts) error {
	var known, foreign, deadDeliveries int
	err := errorsOf(
		v.one("SELECT COUNT(*) FROM events WHERE portal = ?", []any{int64(portal)}, &known),
		v.one("SELECT COUNT(*) FROM deliveries WHERE state = 'dead'", nil, &deadDeliveries))
	if err != nil {
		return err
	}
	ignored := 0
	q := "SELECT ignored, portal, COUNT(*) FROM events WHERE ignored <> '' AND (portal = ? OR ignored = ?) GROUP BY ignored, portal"
	err = v.each(q, []any{int64(portal), crm.IgnoredForeign}, func(scan func(...any) error) error {
		var reason string
		var of crm.PortalID
		var n int
		err := scan(&reason, &of, &n)
		if of != portal {
			foreign += n
		}
		c.Ignored[reason] += n
		ignored += n
		return err
	})
	if err != nil {
		return err
	}
	p := int64(portal)
	err = v.each(eventRanks, []any{p, p, p, p}, func(scan func(...any) error) error {
		var rank, n int
		err := scan(&rank, &n)
		*[]*int{&c.Dead, &c.InReview, &c.Open}[rank] += n
		return err
	})
	c.Received = known + foreign + deadDeliveries
	c.Dead += deadDeliveries
	c.Done = c.Received - c.Dead - c.InReview - c.Open - ignored
	return err
}

func (db *DB) workDepth(v *view, portal crm.PortalID, s *Status) error {
	oldest := int64(0)
	older := func(at int64) {
		if at > 0 && (oldest == 0 || at < oldest) {
			oldest = at
		}
	}
	q := `SELECT lane, COUNT(*), MIN(CASE WHEN run_marked_at > 0 THEN run_marked_at ELSE marked_at END) FROM work
		WHERE portal = ? AND wanted > done AND buried = 0 GROUP BY lane`
	err := v.each(q, []any{int64(portal)}, func(scan func(...any) error) error {
		var lane crm.Lane
		var n int
		var at int64
		err := scan(&lane, &n, &at)
		s.Work[lane.String()] = n
		older(at)
		return err
	})
	if err != nil {
		return err
	}
	var at int64
	err = v.one("SELECT COUNT(*), COALESCE(MIN(received_at), 0) FROM deliveries WHERE state = 'new'", nil, &s.Undecoded, &at)
	if older(at); oldest > 0 {
		s.OldestSeconds = max(0, db.now().Sub(moment(oldest)).Seconds())
	}
	return err
}
