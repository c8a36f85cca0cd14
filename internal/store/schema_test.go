package store

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A directory of a newer program is refused with both versions, and not one byte of it changes.
func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, File)
	raw, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), dir, Options{})
	var newer *NewerSchemaError
	if !errors.As(err, &newer) || newer.Have != 999 || newer.Known != 24 || newer.Dir != dir {
		t.Fatalf("open: %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "999") || !strings.Contains(text, "24") {
		t.Errorf("the error does not name both versions: %s", text)
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

func TestHeld(t *testing.T) {
	dir := t.TempDir()
	db := openFor(t, dir, Options{})
	_, err := Open(t.Context(), dir, Options{})
	var held *HeldError
	if !errors.As(err, &held) || held.Dir != dir {
		t.Fatalf("second open: %v", err)
	}
	if got := db.Dir(); got != dir {
		t.Errorf("dir %s", got)
	}
}

func TestFileModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with space?and#marks")
	openFor(t, dir, Options{})
	for name, want := range map[string]os.FileMode{"": 0o700, File: 0o600, File + "-wal": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q has mode %o, want %o", name, got, want)
		}
	}
}

// A process that died while it made a database leaves a part of one under another name; the next one begins anew, and leaves nothing beside it.
func TestCreateAfterACrash(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{File + ".new", File + ".new-wal"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half of a database"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openFor(t, dir, Options{})
	left, err := filepath.Glob(filepath.Join(dir, "*.new*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The migrations leave no placeholder behind in either dialect, and only the dialect's own words differ.
func TestDialects(t *testing.T) {
	for _, d := range []dialect{sqliteDialect, postgresDialect} {
		names, err := filepath.Glob("migrations/*.sql")
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			ddl := d.ddl(string(text))
			if strings.Contains(ddl, "$") {
				t.Errorf("%s on %s: a placeholder is left", name, d.name)
			}
			if d.name == "postgres" && (strings.Contains(ddl, "AUTOINCREMENT") || strings.Contains(ddl, " BLOB")) {
				t.Errorf("%s on %s speaks SQLite", name, d.name)
			}
			if strings.Count(ddl, "CREATE TRIGGER") < strings.Count(string(text), "\n$APPEND_ONLY") {
				t.Errorf("%s on %s: no triggers", name, d.name)
			}
		}
	}
	if got := postgresDialect.query("a = ? AND b = ?"); got != "a = $1 AND b = $2" {
		t.Errorf("query: %s", got)
	}
}
