package pgvector

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
)

// twoPortals have the same activities and accounts but for the portal.
func twoPortals(t *testing.T, x *Index) {
	t.Helper()
	for portal := range crm.PortalID(2) {
		fill(t, x, talks(portal+1, 40, 4, 8, 20))
		check(t, x.PutProfiles(t.Context(), []crm.Profile{{Account: company(portal+1, 1), Vector: []float32{1, 2, 3, 4, 5, 6, 7, 8}, Terms: []crm.TermWeight{{Term: "w1", Weight: 1}}}}))
	}
}

// A superuser looks through row security, so that here our own conditions are the only wall. Leaving the portal out of where, whereProfiles or any other statement
// turns this red.
func TestConditionsAlone(t *testing.T) {
	url := servers.Database(t, 18)
	s, x := fresh(t, servers.Admin(t, url, 18), Options{}, 8)
	if v, err := s.Version(t.Context()); err != nil || !v.Unwalled {
		t.Fatalf("this test needs a role that row security does not bind: %+v %v", v, err)
	}
	twoPortals(t, x)
	ctx := t.Context()
	for portal := range crm.PortalID(3) {
		portal++
		mine := fmt.Sprintf("%016x", uint64(portal))
		want := map[bool]int{false: 10, true: 40}
		profiles := 1
		if portal == 3 {
			want, profiles = map[bool]int{}, 0
		}
		for _, f := range []crm.Filter{{Portal: portal, Account: company(portal, 1)}, {Portal: portal, Wide: true}} {
			near, err := x.Nearest(ctx, []float32{1, 0, 0, 0, 0, 0, 0, 0}, crm.ItemView, f, 1000)
			check(t, err)
			words, err := x.Match(ctx, []string{"w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9"}, f, 1000)
			check(t, err)
			for _, h := range append(near, words...) {
				if !strings.HasPrefix(h.Chunk, mine) {
					t.Errorf("portal %d, wide %t: a chunk of another portal: %s", portal, f.Wide, h.Chunk)
				}
			}
			n, err := x.Count(ctx, f)
			check(t, err)
			if n != want[f.Wide] || len(near) != n || len(words) == 0 != (n == 0) {
				t.Errorf("portal %d, wide %t: %d counted, %d near, %d matched, want %d", portal, f.Wide, n, len(near), len(words), want[f.Wide])
			}
		}
		scanned := 0
		for c, err := range x.Scan(ctx, portal) {
			check(t, err)
			if scanned++; c.Activity.Portal != portal || !strings.HasPrefix(c.Chunk, mine) {
				t.Errorf("a scan of portal %d yields %+v", portal, c)
			}
		}
		near, err := x.NearProfiles(ctx, []float32{1, 0, 0, 0, 0, 0, 0, 0}, crm.ProfileFilter{Portal: portal}, 10)
		check(t, err)
		alike, err := x.MatchProfiles(ctx, []crm.TermWeight{{Term: "w1", Weight: 1}}, crm.ProfileFilter{Portal: portal}, 10)
		check(t, err)
		if scanned != want[true] || len(near) != profiles || len(alike) != profiles {
			t.Errorf("portal %d: %d scanned, %d and %d profiles", portal, scanned, len(near), len(alike))
		}
	}
	removed := crm.Kept{Activity: crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Notes, ID: "1"}}}
	check(t, x.Replace(ctx, []crm.Kept{removed}))
	check(t, x.Relink(ctx, crm.Ref{Portal: 1, Type: crm.Notes, ID: "2"}, []crm.Ref{company(1, 9)}, nil))
	if n, err := x.Count(ctx, crm.Filter{Portal: 2, Account: company(2, 1)}); err != nil || n != 10 {
		t.Errorf("writing in one portal leaves %d of 10 chunks in the other: %v", n, err)
	}
	if n, err := x.Count(ctx, crm.Filter{Portal: 2, Account: company(2, 9)}); err != nil || n != 0 {
		t.Errorf("a move in one portal moved %d in the other: %v", n, err)
	}
}

// Whatever statement is run, a transaction sees the rows of the portal that it names, and none when it names none.
func TestRowSecurity(t *testing.T) {
	for _, major := range pgtest.Majors() {
		url := servers.Database(t, major)
		s, x := fresh(t, url, Options{}, 8)
		if v, err := s.Version(t.Context()); err != nil || v.Unwalled || v.Outdated {
			t.Errorf("version %+v %v", v, err)
		}
		twoPortals(t, x)
		conn, err := pgx.Connect(t.Context(), url) // the tables' owner
		check(t, err)
		t.Cleanup(func() { check(t, conn.Close(t.Context())) })
		for _, table := range walled {
			count := fmt.Sprintf("select count(*), count(distinct portal), coalesce(min(portal), 0) from contextd_vectors.%s_%d", table, x.last.Load().id)
			var rows, portals, first int
			check(t, conn.QueryRow(t.Context(), count).Scan(&rows, &portals, &first))
			if rows != 0 {
				t.Errorf("%d: %s: a query that names no portal sees %d rows", major, table, rows)
			}
			tx, err := conn.Begin(t.Context())
			check(t, err)
			_, err = tx.Exec(t.Context(), setPortal, "2")
			check(t, err)
			check(t, tx.QueryRow(t.Context(), count).Scan(&rows, &portals, &first))
			if rows == 0 || portals != 1 || first != 2 {
				t.Errorf("%d: %s: a query of portal 2 sees %d rows of %d portals, the first is %d", major, table, rows, portals, first)
			}
			if _, err = tx.Exec(t.Context(), fmt.Sprintf("update contextd_vectors.%s_%d set portal = 1", table, x.last.Load().id)); err == nil {
				t.Errorf("%d: %s: portal 2 wrote a row of portal 1", major, table)
			}
			check(t, tx.Rollback(t.Context()))
			check(t, conn.QueryRow(t.Context(), count).Scan(&rows, &portals, &first))
			if rows != 0 {
				t.Errorf("%d: %s: the portal's name outlived its transaction", major, table)
			}
		}
	}
}
