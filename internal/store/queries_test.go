package store

import (
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// A question that the disk refused waits for a better moment, and closing is one.
func TestQueriesAfterFault(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	onWriter(t, db, "PRAGMA max_page_count = 100") // about what the empty schema takes; a new connection, which the fault leads to, has no such limit
	question := strings.Repeat("why? ", 100_000)
	if err := db.KeepQuery(t.Context(), 1, account("5"), question); err != nil {
		t.Fatal(err)
	}
	db.queries.running.Wait()
	if n := len(db.queries.waiting); n != 1 {
		t.Fatalf("%d questions wait: the disk did not refuse", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openFor(t, dir, Options{})
	got, err := db.Queries(t.Context(), 1, 10)
	if err != nil || len(got) != 1 || got[0].Text != question {
		t.Fatalf("after a restart: %d questions, %v", len(got), err)
	}
}

// However long the disk refuses, what waits is bounded.
func TestQueriesBound(t *testing.T) {
	l := &queryLog{}
	for range 10 * mostQueries {
		l.put(askedQuestion{portal: crm.PortalID(1)})
	}
	if len(l.waiting) != 8*mostQueries {
		t.Fatalf("%d wait", len(l.waiting))
	}
}
