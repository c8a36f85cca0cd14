package store

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Counts is what a portal's store holds, counted from the rows themselves.
type Counts struct {
	Companies    int               `json:"companies"`
	Contacts     int               `json:"contacts"`
	Deals        int               `json:"deals"`
	Tickets      int               `json:"tickets"`
	Activities   int               `json:"activities"` // without our own
	OurOwn       int               `json:"our_own"`    // notes and tasks that we wrote
	Indexed      int               `json:"indexed"`    // activities that have chunks and an account
	Chunks       int               `json:"chunks"`
	Events       int               `json:"events"`
	Runs         int               `json:"runs"` // that ended in a suggestion, dropped ones included
	Suggestions  map[crm.State]int `json:"suggestions"`
	Claims       int               `json:"claims"`        // supported ones
	ClaimsQuoted int               `json:"claims_quoted"` // of these, with every quote found in the stored text
	Echoes       int               `json:"echo_events"`
	Dead         int               `json:"dead"` // buried rows, failed effects and dead deliveries
}

// Counts counts a portal on one snapshot.
func (db *DB) Counts(ctx context.Context, portal crm.PortalID) (c Counts, err error) {
	if portal <= 0 {
		return c, fmt.Errorf("count portal %d: %w", portal, crm.ErrInvalid)
	}
	c.Suggestions = map[crm.State]int{}
	p := []any{int64(portal)}
	err = db.r.read(ctx, func(v *view) error {
		var buried, failed, dead int
		err := errorsOf(
			v.recordCounts(portal, &c),
			v.one("SELECT COUNT(*), COALESCE(SUM(ours), 0) FROM activities WHERE portal = ? AND deleted_at = 0", p, &c.Activities, &c.OurOwn),
			v.one("SELECT COALESCE(SUM(p.chunks), 0) FROM postings p WHERE p.portal = ? AND "+picked, append(p, 0), &c.Chunks),
			v.one("SELECT COUNT(DISTINCT activity) FROM activity_accounts WHERE portal = ? AND chunks > 0", p, &c.Indexed),
			v.one("SELECT COUNT(*) FROM events WHERE portal = ?", p, &c.Events),
			v.one("SELECT COUNT(*) FROM events WHERE ignored = ? AND portal = ?", []any{crm.IgnoredEcho, int64(portal)}, &c.Echoes),
			v.one("SELECT COUNT(*) FROM work WHERE portal = ? AND buried = 1", p, &buried),
			v.one("SELECT COUNT(*) FROM effects WHERE portal = ? AND state = 'failed'", p, &failed),
			v.one("SELECT COUNT(*) FROM deliveries WHERE state = 'dead'", nil, &dead))
		c.Activities -= c.OurOwn
		c.Dead = buried + failed + dead
		q := "SELECT state, COUNT(*), SUM(claims), SUM(claims_quoted) FROM proposals WHERE portal = ? GROUP BY state"
		return errorsOf(err, v.each(q, p, func(scan func(...any) error) error {
			var state crm.State
			var n, claims, quoted int
			err := scan(&state, &n, &claims, &quoted)
			c.Suggestions[state] = n
			c.Runs, c.Claims, c.ClaimsQuoted = c.Runs+n, c.Claims+claims, c.ClaimsQuoted+quoted
			return err
		}))
	})
	if err != nil {
		return Counts{}, fmt.Errorf("count portal %d: %w", portal, err)
	}
	return c, nil
}

func (v *view) recordCounts(portal crm.PortalID, c *Counts) error {
	q := "SELECT type, COUNT(*) FROM records WHERE portal = ? AND deleted_at = 0 GROUP BY type"
	return v.each(q, []any{int64(portal)}, func(scan func(...any) error) error {
		var typ crm.ObjectType
		var n int
		err := scan(&typ, &n)
		if into := map[crm.ObjectType]*int{crm.Companies: &c.Companies, crm.Contacts: &c.Contacts, crm.Deals: &c.Deals, crm.Tickets: &c.Tickets}[typ]; into != nil {
			*into = n
		}
		return err
	})
}
