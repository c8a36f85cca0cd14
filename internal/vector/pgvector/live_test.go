package pgvector

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
)

// Which generation is live stands in the statement as a constant, and is right all the same: on connections that have the statement prepared, whoever changes the table, and
// in a schema that was made before there was a function.
func TestLiveIsAConstant(t *testing.T) {
	for _, major := range pgtest.Majors() {
		url := servers.Database(t, major)
		s, x := fresh(t, url, Options{}, 8)
		check(t, s.Create(t.Context(), crm.Generation{Name: "g2", Fingerprint: "test@2", Dimension: 8, Created: start}))
		first, second := talks(1, 10, 1, 8, 3), talks(1, 4, 1, 8, 3)
		fill(t, x, first)
		other, err := s.Open(t.Context(), "g2")
		check(t, err)
		fill(t, other, second)
		conn, err := pgx.Connect(t.Context(), url)
		check(t, err)
		t.Cleanup(func() { check(t, conn.Close(t.Context())) })
		finds := func(when string, want int) {
			t.Helper()
			for range 8 { // the statement is planned anew each time at first, then once for all
				hits, err := x.Nearest(t.Context(), make32(8), crm.ItemView, crm.Filter{Portal: 1, Account: company(1, 0)}, 100)
				if err != nil || len(hits) != want {
					t.Errorf("%d: %s: %d hits, want %d: %v", major, when, len(hits), want, err)
				}
			}
		}
		by := func(sql string) {
			t.Helper()
			_, err := conn.Exec(t.Context(), sql)
			check(t, err)
		}
		finds("at first", 10)
		check(t, s.Swap(t.Context(), "g2"))
		finds("after a swap", 4)
		by("update contextd_vectors.generations set live = false")
		by("update contextd_vectors.generations set live = true where name = 'g1'")
		finds("after a change by hand", 10)
		by("drop function contextd_vectors.live")
		by("drop function contextd_vectors.tell_live cascade")
		again := open(t, url, Options{})
		t.Cleanup(func() { check(t, again.Close()) })
		finds("after an older schema was opened", 10)
		check(t, again.Swap(t.Context(), "g2"))
		finds("after a swap in it", 4)
		rows, err := conn.Query(t.Context(), "explain (verbose) select contextd_vectors.live()")
		check(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		check(t, err)
		if last := lines[len(lines)-1]; last != "  Output: '2'::bigint" {
			t.Errorf("%d: the number is no constant: %q", major, lines)
		}
	}
}
