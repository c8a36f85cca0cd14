package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Heard says when somebody was last heard about a record, however many activities it has; see engine.History. It reads what crm.Hearing.Breaks asks of each activity from the
// rows, the newest first, and of the days before only which ones they are.
func (db *DB) Heard(ctx context.Context, h crm.Hearing) (out crm.Heard, err error) {
	err = db.r.read(ctx, func(v *view) error {
		if h.Record, err = v.resolve(h.Record); err != nil {
			return err
		}
		if h.Account, err = v.resolve(h.Account); err != nil {
			return err
		}
		out = crm.Heard{}
		known := time.Time{}
		if !h.AsOf.IsZero() {
			known = h.AsOf.Add(-time.Microsecond) // the smallest step that is stored
		}
		ways := waysTo(h)
		for _, w := range ways {
			last, err := v.lastHeard(h, w, known)
			if errors.Is(err, crm.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if c := last.Time.Compare(out.Last.Time); out.Last.Ref.IsZero() || c > 0 || c == 0 && last.Ref.Compare(out.Last.Ref) < 0 {
				out.Last = last
			}
		}
		if out.Last.Ref.IsZero() {
			return nil
		}
		for _, w := range ways {
			if err := v.heardDays(h, w, known, h.From(out.Last.Time), &out.Days); err != nil {
				return err
			}
		}
		slices.SortFunc(out.Days, func(a, b time.Time) int { return b.Compare(a) })
		out.Days = slices.Compact(out.Days)
		return nil
	})
	if err != nil {
		return crm.Heard{}, fmt.Errorf("last heard about %s: %w", h.Record, err)
	}
	return out, nil
}

// way leads from a record to activities: rows of x, in the order of an index by time.
type way struct {
	from string
	args []any
}

// waysTo lists the ways to the activities that are about a record.
func waysTo(h crm.Hearing) []way {
	portal, account := int64(h.Account.Portal), path(h.Account)
	if h.Record == h.Account {
		return []way{{"activity_accounts x WHERE x.portal = ? AND x.account = ?", []any{portal, account}}}
	}
	ways := []way{{`links x WHERE x.portal = ? AND x.record = ? AND EXISTS (SELECT 1 FROM activity_accounts o WHERE o.portal = x.portal AND o.activity = x.activity AND o.account = ?)`,
		[]any{portal, path(h.Record), account}}}
	if h.Wide() {
		ways = append(ways, way{`activity_accounts x WHERE x.portal = ? AND x.account = ? AND NOT EXISTS (SELECT 1 FROM links l
			WHERE l.portal = x.portal AND l.activity = x.activity AND l.record LIKE ?)`, []any{portal, account, string(h.Record.Type) + "/%"}})
	}
	return ways
}

const dayMicros = int64(24 * time.Hour / time.Microsecond)

// breaks is crm.Hearing.Breaks as a condition on the rows of a way and their activities, of which a text was known.
func breaks(h crm.Hearing, w way, known time.Time) (where string, args []any) {
	calls, states := listOf(crm.TookPlace(crm.Call))
	meetings, more := listOf(crm.TookPlace(crm.Meeting))
	asOf, that, direction := int64(0), "", []any(nil)
	if !h.AsOf.IsZero() {
		asOf = micros(h.AsOf)
	}
	if h.Direction != "" {
		that, direction = " AND a.direction = ?", []any{string(h.Direction)}
	}
	where = `x.at <> 0 AND x.at <= ? AND EXISTS (SELECT 1 FROM activities a WHERE a.portal = x.portal AND a.ref = x.activity AND a.deleted_at = 0 AND a.ours = 0 AND a.generated = 0
		AND a.time_unknown = 0 AND (? = 0 OR a.created_at < ?) AND (a.kind IN (?, ?)` + that + ` OR a.kind = ? AND a.status IN (` + calls + `)
		OR a.kind = ? AND a.status IN (` + meetings + `))) AND EXISTS (SELECT 1 FROM versions v WHERE v.portal = x.portal AND v.activity = x.activity AND `
	args = slices.Concat(w.args, []any{micros(h.Until), asOf, asOf, string(crm.Email), string(crm.Message)}, direction, []any{string(crm.Call)}, states,
		[]any{string(crm.Meeting)}, more)
	if known.IsZero() {
		return where + "v.superseded_at = 0)", args
	}
	return where + "v.learned_at <= ? AND (v.superseded_at = 0 OR v.superseded_at > ?))", append(args, micros(known), micros(known))
}

// lastHeard is the newest activity of a way; crm.ErrNotFound when there is none.
func (v *view) lastHeard(h crm.Hearing, w way, known time.Time) (s crm.Stored, err error) {
	where, args := breaks(h, w, known)
	var ref string
	err = v.one("SELECT x.activity FROM "+w.from+" AND "+where+" ORDER BY x.at DESC, x.activity LIMIT 1", args, &ref)
	if err != nil {
		return s, err
	}
	s, err = scanActivity(h.Record.Portal, func(dest ...any) error {
		return v.one("SELECT "+activityColumns+" FROM activities a WHERE a.portal = ? AND a.ref = ?", []any{int64(h.Record.Portal), ref}, dest...)
	})
	if err != nil {
		return s, err
	}
	return s, v.version(&s, known)
}

// heardDays adds the days of a way's activities after a moment.
func (v *view) heardDays(h crm.Hearing, w way, known, after time.Time, days *[]time.Time) error {
	where, args := breaks(h, w, known)
	q := "SELECT DISTINCT x.at / ? FROM " + w.from + " AND x.at > ? AND " + where
	n := len(w.args)
	args = slices.Concat([]any{dayMicros}, args[:n], []any{micros(after)}, args[n:])
	return v.each(q, args, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		*days = append(*days, moment(n*dayMicros))
		return err
	})
}
