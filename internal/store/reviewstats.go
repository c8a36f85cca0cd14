package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// ReviewStats counts what became of a portal's suggestions since a moment, by workflow and week, and what waits now.
func (db *DB) ReviewStats(ctx context.Context, portal crm.PortalID, since time.Time) (out crm.ReviewStats, err error) {
	if portal <= 0 {
		return out, fmt.Errorf("review statistics: portal %d: %w", portal, crm.ErrInvalid)
	}
	t := tally{seconds: map[string][]float64{}, weeks: map[[2]string]*crm.ReviewWeek{}}
	err = db.r.read(ctx, func(v *view) error {
		if err := v.waiting(portal, micros(db.now()), &out); err != nil {
			return err
		}
		err := v.each("SELECT workflow, decision, reason, seconds, at FROM outcomes WHERE portal = ? AND at >= ? ORDER BY id", []any{int64(portal), micros(since)}, t.outcome)
		if err != nil {
			return err
		}
		return v.each("SELECT workflow, approver, settled_at FROM effects WHERE portal = ? AND state = 'verified' AND undo_of = '' AND workflow <> '' AND settled_at >= ? ORDER BY settled_at, id",
			[]any{int64(portal), micros(since)}, t.written)
	})
	if err != nil {
		return out, fmt.Errorf("review statistics: %w", err)
	}
	out.Since, out.Weeks = since, t.sorted()
	out.MedianSeconds = map[string]float64{}
	for workflow, s := range t.seconds {
		slices.Sort(s)
		out.MedianSeconds[workflow] = s[len(s)/2]
	}
	return out, nil
}

func (v *view) waiting(portal crm.PortalID, now int64, out *crm.ReviewStats) error {
	var oldest int64
	err := v.one(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN snoozed_till > ? THEN 1 ELSE 0 END), 0), COALESCE(MIN(created_at), 0) FROM proposals WHERE portal = ? AND state = 'pending'`,
		[]any{now, int64(portal)}, &out.Pending, &out.Snoozed, &oldest)
	out.Oldest = moment(oldest)
	return err
}

// tally sums outcomes and writes up.
type tally struct {
	seconds map[string][]float64 // by workflow, of decisions whose time is known
	weeks   map[[2]string]*crm.ReviewWeek
}

func (t *tally) week(workflow string, at int64) *crm.ReviewWeek {
	day := moment(at)
	monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7).Format(time.DateOnly)
	key := [2]string{workflow, monday}
	if t.weeks[key] == nil {
		t.weeks[key] = &crm.ReviewWeek{Workflow: workflow, Week: monday, Reasons: map[string]int{}}
	}
	return t.weeks[key]
}

func (t *tally) outcome(scan func(...any) error) error {
	var workflow, decision, reason string
	var seconds float64
	var at int64
	if err := scan(&workflow, &decision, &reason, &seconds, &at); err != nil {
		return err
	}
	w := t.week(workflow, at)
	switch decision {
	case "approve":
		w.Approved++
	case "edit":
		w.Edited++
	case "reject":
		w.Rejected++
		w.Reasons[reason]++
	case "undo":
		w.Undone++
	default:
		return fmt.Errorf("outcome %q: %w", decision, crm.ErrInvalid)
	}
	if decision == "undo" || reason == "wrong_fact" || reason == "wrong_record" {
		w.Wrong++
	}
	if seconds > 0 {
		t.seconds[workflow] = append(t.seconds[workflow], seconds)
	}
	return nil
}

func (t *tally) written(scan func(...any) error) error {
	var workflow, approver string
	var at int64
	if err := scan(&workflow, &approver, &at); err != nil {
		return err
	}
	who, err := actorOf(approver)
	if err != nil {
		return err
	}
	w := t.week(workflow, at)
	w.Written++
	if who.Kind == crm.SystemActor {
		w.Automatic++
	}
	return nil
}

func (t *tally) sorted() []crm.ReviewWeek {
	out := make([]crm.ReviewWeek, 0, len(t.weeks))
	for _, w := range t.weeks {
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b crm.ReviewWeek) int {
		return strings.Compare(a.Week+"\x00"+a.Workflow, b.Week+"\x00"+b.Workflow)
	})
	return out
}
