package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Queries that run all the time must find their rows by an index that holds only those rows, also with a backlog of many.
func TestPlans(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	plans := map[string]struct{ query, want string }{
		"automatic writes": {"SELECT COUNT(*) FROM effects AS e WHERE e.portal = ? AND e.approver = 'system:gate' AND e.created_at > ? AND e.undo_of = ''", "INDEX effects_gate (portal=? AND created_at>?)"},
		"claim": {"SELECT id FROM work WHERE kind = ? AND lane = ? AND wanted > done AND buried = 0 AND due <= ? AND (owner = '' OR lease_until <= ?) ORDER BY due, id LIMIT ?",
			"SEARCH work USING INDEX work_ready (kind=? AND lane=? AND due<?)"},
		"leased":    {"SELECT lane, CASE WHEN lease_until > due THEN lease_until ELSE due END FROM work WHERE kind = ? AND owner <> ''", "INDEX work_leased"},
		"reclaim":   {"SELECT id FROM work WHERE owner = ? AND owner <> ''", "INDEX work_leased (owner=?"},
		"undecoded": {"SELECT id, body, received_at FROM deliveries WHERE state = 'new' ORDER BY id LIMIT ?", "INDEX deliveries_new"},
		"buried":    {eventRanks, "SEARCH w USING INDEX work_buried (portal=?)"},
		"in review": {eventRanks, "SEARCH p USING INDEX proposals_state (portal=? AND state=?)"},
		"failed":    {eventRanks, "SEARCH e USING COVERING INDEX effects_failed (portal=?)"},
	}
	for name, h := range map[string]crm.Hearing{"heard of an account": {Record: crm.Ref{Portal: 7, Type: crm.Companies, ID: "5"}, Account: crm.Ref{Portal: 7, Type: crm.Companies, ID: "5"}},
		"heard of a deal": {Record: crm.Ref{Portal: 7, Type: crm.Deals, ID: "1"}, Account: crm.Ref{Portal: 7, Type: crm.Companies, ID: "5"}}} {
		for i, w := range waysTo(h) {
			where, _ := breaks(h, w, time.Time{})
			want := "INDEX activity_accounts_account (portal=? AND account=? AND at>? AND at<?)"
			if strings.HasPrefix(w.from, "links") {
				want = "INDEX links_record (portal=? AND record=? AND at>? AND at<?)"
			}
			plans[fmt.Sprint(name, i)] = struct{ query, want string }{"SELECT DISTINCT x.at / ? FROM " + w.from + " AND x.at > ? AND " + where, want}
		}
	}
	for name, p := range plans {
		var steps []string
		err := db.r.read(t.Context(), func(v *view) error {
			return v.each("EXPLAIN QUERY PLAN "+p.query, make([]any, strings.Count(p.query, "?")), func(scan func(...any) error) error {
				var id, parent, unused int
				var step string
				err := scan(&id, &parent, &unused, &step)
				steps = append(steps, step)
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if plan := strings.Join(steps, "\n"); !strings.Contains(plan, p.want) {
			t.Errorf("%s: want %s in\n%s", name, p.want, plan)
		}
	}
}
