package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/contextd/contextd/internal/crm"
)

// before makes a directory as the program of an earlier schema left it, and hands its database to fill.
func before(t *testing.T, dir string, schema int, fill func(exec func(q string, args ...any))) {
	t.Helper()
	raw, err := sql.Open("sqlite", filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	all, err := migrations(sqliteDialect)
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, raw, nil, goose.WithGoMigrations(all[:schema]...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	fill(func(q string, args ...any) {
		t.Helper()
		if _, err := tx.Exec(q, args...); err != nil {
			t.Fatal(err)
		}
	})
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// A directory from before postings kept the order of words has its keyword side again as soon as it is open: nothing has to be indexed for it.
func TestUpgradePostings(t *testing.T) {
	dir := t.TempDir()
	created, read := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const activities, lines = 300, 5 // of 1,500 chunks: pages end inside of an activity
	before(t, dir, 6, func(exec func(string, ...any)) {
		for i := range activities {
			ref := fmt.Sprintf("emails/%d", i+1)
			text := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("Prices of mail %d.\n", i), lines), "\n")
			version := sum([]byte(text))
			exec("INSERT INTO texts VALUES (1, ?, ?)", version, text)
			exec("INSERT INTO versions (portal, activity, version, language, turns, cuts, learned_at, superseded_at) VALUES (1, ?, ?, 'en', '', '', ?, 0)", ref, version, micros(read))
			exec(`INSERT INTO activities VALUES (1, ?, 'email', ?, 0, ?, ?, 'in', 'about', 'text', 0, '', ?, '', '', '',
				'{"contacts":[{"portal":1,"type":"contacts","id":"8"},{"portal":1,"type":"contacts","id":"7"}]}', '["companies/5"]', 0, ?, 'mark', 0)`,
				ref, micros(created), micros(created), micros(created), []string{"", "thread"}[i%2], version)
			exec("INSERT INTO activity_accounts VALUES (1, ?, 'companies/5', ?)", ref, micros(created))
			exec("INSERT INTO postings VALUES (1, ?, ?)", ref, []byte{1, 2, 3})
			start := 0
			for pos, line := range strings.Split(text, "\n") {
				exec("INSERT INTO chunks VALUES (1, ?, ?, ?, ?, 'email', ?, ?, 'Ann', ?, ?, 'header')", fmt.Sprintf("%032x", i*lines+pos), ref, version, pos, micros(created),
					micros(created), start, start+len(line))
				start += len(line) + 1
			}
		}
		exec("INSERT INTO records VALUES (1, 'companies/6', 'companies', 'Beta', '{}', '', '', 0, 0, 0, 0)")
		exec("INSERT INTO cursors VALUES (1, 'backfill', 'x', 1, 2, 0, ?)", micros(read))
	})
	db := openFor(t, dir, Options{})
	p, err := db.Postings(t.Context(), account("5"))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Chunks) != activities*lines || len(p.Sequence) != activities*lines*4 {
		t.Fatalf("%d chunks, %d words", len(p.Chunks), len(p.Sequence))
	}
	first, second := p.Chunks[0], p.Chunks[slices.IndexFunc(p.Chunks, func(c crm.PostedChunk) bool { return c.Activity.ID == "2" })]
	people := []crm.Ref{{Portal: 1, Type: crm.Contacts, ID: "7"}, {Portal: 1, Type: crm.Contacts, ID: "8"}}
	if p.Words[p.Sequence[first.From]] != "prices" || first.Session != "emails/1" || second.Session != "thread" || first.Language != "en" || first.Speaker != "Ann" ||
		!slices.Equal(first.People, people) {
		t.Fatalf("first chunks: %+v, %+v", first, second)
	}
	digests := map[crm.Ref]string{}
	for x, err := range db.Indexed(t.Context(), 1, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if x.Chunks != lines || len(x.Accounts) != 1 {
			t.Fatalf("indexed: %+v", x)
		}
		digests[x.Activity] = x.Digest
	}
	for ref, digest := range digests {
		chunks, err := db.Chunks(t.Context(), 1, 0, crm.Chunk{Activity: ref, Pos: -1}, lines)
		if err != nil || crm.DigestOf(chunks) != digest {
			t.Fatalf("%s: %d chunks of another digest, %v", ref, len(chunks), err)
		}
	}
	s, err := db.ActivityAt(t.Context(), first.Activity, created.Add(time.Hour))
	if err != nil || !s.LearnedAt.Equal(created) {
		t.Fatalf("as of long before it was read: %+v, %v", s, err)
	}
	changed, _, err := db.ChangedAccounts(t.Context(), 1, 0, 10)
	if err != nil || !slices.Equal(changed, []crm.Ref{account("5"), account("6")}) {
		t.Fatalf("accounts to begin with: %v, %v", changed, err)
	}
	c, err := db.Cursor(t.Context(), 1, "backfill")
	if err != nil || c.Value != "x" || !c.Started.Equal(read) {
		t.Fatalf("cursor: %+v, %v", c, err)
	}
	if len(digests) != activities {
		t.Fatalf("%d activities", len(digests))
	}
}
