package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Wrote reports whether we sent this value, in whatever spelling, to a property since then (inclusive): an event that says so is our own write coming back. A request
// whose outcome is unknown counts.
func (db *DB) Wrote(ctx context.Context, ref crm.Ref, property, value string, since time.Time) (found bool, err error) {
	err = db.r.read(ctx, func(v *view) error {
		values, err := v.strings("SELECT DISTINCT value FROM effects WHERE portal = ? AND target = ? AND property = ? AND begun_at >= ? AND begun_at > 0",
			int64(ref.Portal), path(ref), property, micros(since))
		found = slices.ContainsFunc(values, func(sent string) bool { return crm.SameValue(sent, value) })
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look up own write of %s on %s: %w", property, ref, err)
	}
	return found, nil
}

// Ours reports whether we made this note or task: an effect of ours says so, or the activity was kept as ours.
func (db *DB) Ours(ctx context.Context, activity crm.Ref) (found bool, err error) {
	err = db.r.read(ctx, func(v *view) (err error) {
		found, err = v.exists(`SELECT 1 FROM effects WHERE portal = ? AND object = ? AND object <> '' AND target = ''
			UNION ALL SELECT 1 FROM activities WHERE portal = ? AND ref = ? AND ours = 1`,
			int64(activity.Portal), path(activity), int64(activity.Portal), path(activity))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look up own activity %s: %w", activity, err)
	}
	return found, nil
}
