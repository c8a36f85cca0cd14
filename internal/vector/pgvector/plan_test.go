package pgvector

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
)

// An account is searched through its own rows, whatever the filter and however little the planner may like it: an approximate index would look for its few among
// everybody's. The portal is searched through the portal's own index, once it has one and that is the cheaper way (here: by far).
func TestPlans(t *testing.T) {
	const dim = 8
	for _, major := range pgtest.Majors() {
		s, x := fresh(t, servers.Database(t, major), Options{ApproximateAbove: -1}, dim)
		fill(t, x, talks(1, 600, 20, dim, 1))
		fill(t, x, talks(2, 100, 20, dim, 1))
		check(t, s.approximate(t.Context(), *x.last.Load(), 1))
		preferIndexes(t, s)
		account := company(1, 3)
		for name, c := range map[string]struct {
			f       crm.Filter
			through bool // the statement that may use the index
			hnsw    bool
		}{
			"account":           {crm.Filter{Portal: 1, Account: account}, false, false},
			"account, kinds":    {crm.Filter{Portal: 1, Account: account, Kinds: []crm.Kind{crm.Note}}, false, false},
			"account, time":     {crm.Filter{Portal: 1, Account: account, AsOf: start.Add(time.Hour), Human: true}, false, false},
			"portal":            {crm.Filter{Portal: 1, Wide: true}, true, true},
			"portal, all kinds": {crm.Filter{Portal: 1, Wide: true, Kinds: crm.Kinds()}, true, true},
			"another portal":    {crm.Filter{Portal: 2, Wide: true}, true, false},
			"portal, exactly":   {crm.Filter{Portal: 1, Wide: true}, false, false},
		} {
			plan := explain(t, x, search{vec: make32(dim), f: c.f, n: 10}, c.through)
			if got := strings.Contains(plan, "item_p1"); got != c.hnsw {
				t.Errorf("%d: %s: through hnsw %t, want %t:\n%s", major, name, got, c.hnsw, plan)
			}
			if !c.f.Wide && !strings.Contains(plan, "_pkey") {
				t.Errorf("%d: %s: not through the account's rows:\n%s", major, name, plan)
			}
		}
	}
}

// preferIndexes makes comparing dear and looking up cheap, as it is with many rows of many dimensions.
func preferIndexes(t *testing.T, s *Store) {
	t.Helper()
	for _, setting := range []string{"enable_seqscan = off", "enable_bitmapscan = off", "cpu_operator_cost = 10", "random_page_cost = 0"} {
		_, err := s.pool.Exec(t.Context(), "alter role current_user set "+setting)
		check(t, err)
	}
	s.pool.Reset() // a connection reads its role's settings when it is made
}

func make32(dim int) []float32 {
	v := make([]float32, dim)
	v[0] = 1
	return v
}

func explain(t *testing.T, x *Index, q search, approximate bool) string {
	t.Helper()
	var out string
	w := &wideness{portal: q.f.Portal, view: q.view, n: q.n, visits: scanLimit}
	err := x.read(t.Context(), question{
		portal: q.f.Portal,
		wide:   w,
		make: func(s *statement, g generation) error {
			s.sql.WriteString("explain ")
			return q.write(s, g, approximate)
		},
		rows: func(rows pgx.Rows) error {
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			out = strings.Join(lines, "\n")
			return err
		},
	})
	check(t, err)
	return out
}

// With an index whose candidates do not suffice for the filter, the answer is completed exactly.
func TestFilterBehindIndex(t *testing.T) {
	const dim = 8
	s, x := fresh(t, servers.Database(t, 18), Options{ApproximateAbove: 100}, dim)
	ks := talks(1, 900, 3, dim, 1)
	for i := range ks {
		if i%90 == 7 {
			ks[i].Chunks[0].Generated = true
		}
		ks[i].Chunks[0].Generated = !ks[i].Chunks[0].Generated
	}
	fill(t, x, ks)
	if _, ok := s.indexed.Load(indexedPortal{x.last.Load().id, 1, "item"}); !ok {
		t.Error("a portal of 900 has no index, which was asked for above 100")
	}
	preferIndexes(t, s)
	s.visits = 1 // the index is left after its first candidates
	hits, err := x.Nearest(t.Context(), make32(dim), crm.ItemView, crm.Filter{Portal: 1, Wide: true, Human: true}, 20)
	check(t, err)
	if len(hits) != 10 {
		t.Errorf("%d hits, want all 10 of 900", len(hits))
	}
}
