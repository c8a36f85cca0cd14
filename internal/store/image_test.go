package store

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	options "flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = options.Bool("update", false, "write empty.db.gz anew")

// The embedded empty database is what the migrations make of no file: the same tables, indexes and triggers, the same rows, the same settings that a file keeps.
// After a new migration: set emptySchema to its number and run go test ./internal/store -run TestSchemaImage -update.
func TestSchemaImage(t *testing.T) {
	dir := t.TempDir()
	migrated, image := filepath.Join(dir, "migrated.db"), filepath.Join(dir, "image.db")
	if err := os.WriteFile(migrated, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := migrateNew(t.Context(), migrated, sqliteDialect); err != nil {
		t.Fatal(err)
	}
	if *update {
		writeImage(t, migrated)
		return
	}
	all, err := migrations(sqliteDialect)
	if err != nil {
		t.Fatal(err)
	}
	again := "set emptySchema to its number and run: go test ./internal/store -run TestSchemaImage -update"
	if emptySchema != len(all) {
		t.Errorf("there are %d migrations and emptySchema is %d: it is not used, and starts are slow: %s", len(all), emptySchema, again)
	}
	f, err := os.Create(image)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeEmpty(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	want, got := described(t, migrated), described(t, image)
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("empty.db.gz lacks %.300s", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("empty.db.gz has %.300s", line)
		}
	}
	if len(want) < 200 {
		t.Errorf("only %d lines describe a database: not what this test is for", len(want))
	}
	if t.Failed() {
		t.Log(again)
	}
}

// described is all that a database file holds: its settings, its schema and every row. The time of a migration is the only thing that may differ.
func described(t *testing.T, file string) (out []string) {
	t.Helper()
	db, err := sql.Open("sqlite", sqliteURL(file))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	rows := func(query string, args ...any) [][]any {
		r, err := db.QueryContext(t.Context(), query, args...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		defer r.Close()
		columns, err := r.Columns()
		if err != nil {
			t.Fatal(err)
		}
		var all [][]any
		for r.Next() {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := r.Scan(into...); err != nil {
				t.Fatal(err)
			}
			all = append(all, row)
		}
		if err := r.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	for _, p := range []string{"page_size", "encoding", "auto_vacuum", "user_version", "application_id", "journal_mode", "integrity_check", "foreign_key_check", "legacy_file_format"} {
		out = append(out, fmt.Sprintf("%s %v", p, rows("PRAGMA "+p)))
	}
	for _, object := range rows("SELECT type, name, tbl_name, sql FROM sqlite_master") {
		out = append(out, fmt.Sprintf("%s %s of %s: %v", object...))
		if object[0] != "table" {
			continue
		}
		for _, c := range rows(fmt.Sprintf("PRAGMA table_xinfo(%q)", object[1])) {
			out = append(out, fmt.Sprintf("%s column %v", object[1], c))
		}
		what := "*"
		if object[1] == "goose_db_version" {
			what = "id, version_id, is_applied"
		}
		for _, row := range rows(fmt.Sprintf("SELECT %s FROM %q", what, object[1])) {
			out = append(out, fmt.Sprintf("%s row %v", object[1], row))
		}
	}
	return out
}

// writeImage packs a migrated database. The times of its migrations are set to one moment, so that the same schema makes the same bytes.
func writeImage(t *testing.T, migrated string) {
	t.Helper()
	db, err := sql.Open("sqlite", sqliteURL(migrated))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, q := range []string{"UPDATE goose_db_version SET tstamp = '2026-01-01 00:00:00'", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(migrated)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("empty.db.gz", packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d packed, schema version %d, %s", len(raw), packed.Len(), emptySchema, strings.TrimPrefix(filepath.Base(migrated), "/"))
}
