package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Coverage is, per activity type, the share (0 to 1) of the activities that are known (kept, or named by index work) which are indexed as they were last asked for.
// A type of which nothing is known is absent.
func (db *DB) Coverage(ctx context.Context, portal crm.PortalID) (map[string]float64, error) {
	out := map[string]float64{}
	err := db.r.read(ctx, func(v *view) error {
		kept, open := map[string]int{}, map[string]int{}
		err := errorsOf(
			v.each(`SELECT kind, COUNT(*) FROM activities WHERE portal = ? AND deleted_at = 0 GROUP BY kind`, []any{int64(portal)}, func(scan func(...any) error) error {
				var kind crm.Kind
				var n int
				err := scan(&kind, &n)
				kept[string(kind.Type())] = n
				return err
			}),
			v.each(`SELECT w.key, CASE WHEN a.ref IS NULL THEN 0 ELSE 1 END FROM work w LEFT JOIN activities a ON a.portal = w.portal AND a.ref = w.key AND a.deleted_at = 0
				WHERE w.portal = ? AND w.kind = ? AND w.wanted > w.done`, []any{int64(portal), string(crm.IndexWork)}, func(scan func(...any) error) error {
				var key string
				var known int
				err := scan(&key, &known)
				t, _, _ := strings.Cut(key, "/")
				open[t]++
				kept[t] += 1 - known
				return err
			}))
		for t, n := range kept {
			out[t] = float64(n-open[t]) / float64(n)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("coverage of portal %d: %w", portal, err)
	}
	return out, nil
}
