package flat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // the driver registers itself as "sqlite"

	"github.com/contextd/contextd/internal/crm"
)

// makeFile makes an empty file, where there is none, that is its owner's alone: the driver would make it readable by everybody.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// createFile makes a new file with its tables, whole or not at all: it gets its name when it is on the disk. SQLite itself would synchronise seven times on the way there.
func createFile(ctx context.Context, path, schema string, about map[string]string, page int) error {
	made := path + ".new"
	if err := remove(made); err != nil {
		return err
	}
	if err := makeFile(made); err != nil {
		return err
	}
	db, err := openFile(made, 1, unsafeWrites, fmt.Sprintf("page_size(%d)", page))
	if err != nil {
		return err
	}
	if err := errors.Join(prepareFile(ctx, db, schema, about), db.Close()); err != nil {
		return err
	}
	f, err := os.OpenFile(made, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	// Closing copies the log into the file and removes it; where the disk was full it says nothing and leaves the log.
	if _, err := os.Lstat(made + companions[0]); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s could not be written whole: is the disk full?", made), err)
	}
	// A log of a file that was there before would be played back into the new one.
	if err := remove(path); err != nil {
		return err
	}
	// The directory is synchronised by the first write, which makes the log: before it there is nothing to lose.
	return os.Rename(made, path)
}

// What a commit waits for.
const (
	safeWrites   = "synchronous(FULL)"
	unsafeWrites = "synchronous(OFF)"
)

// openFile opens one SQLite file.
func openFile(path string, connections int, pragmas ...string) (*sql.DB, error) {
	pragmas = append(pragmas, "busy_timeout(5000)", "trusted_schema(off)", "secure_delete(on)")
	// The driver runs pragmas in the order of the alphabet, this one last: a page size must come before it.
	q := url.Values{"_pragma": pragmas, "_journal_mode": {"WAL"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// prepareFile creates the tables of a new file in one transaction (without a schema an empty file is damage: it lacks its header), or compares what a file says of itself with what it should be. ErrFormat names another format,
// ErrDamaged everything else that differs.
func prepareFile(ctx context.Context, db *sql.DB, schema string, want map[string]string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return damaged(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, the first error counts
	var tables int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&tables); err != nil {
		return damaged(err)
	}
	if tables == 0 {
		if _, err := tx.ExecContext(ctx, schema); err != nil {
			return damaged(err)
		}
		for k, v := range want {
			if _, err := tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING`, k, v); err != nil {
				return damaged(err)
			}
		}
		return damaged(tx.Commit())
	}
	for _, k := range slices.Sorted(func(yield func(string) bool) {
		for k := range want {
			if !yield(k) {
				return
			}
		}
	}) {
		var got string
		switch err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, k).Scan(&got); {
		case err != nil:
			return damaged(err)
		case got != want[k] && k == "format":
			return fmt.Errorf("format %q, want %q: %w", got, want[k], ErrFormat)
		case got != want[k]:
			return fmt.Errorf("%s is %q, want %q: %w", k, got, want[k], ErrDamaged)
		}
	}
	return nil
}

// damaged tells a broken file from a passing fault, which is crm.ErrTemporary. Errors that have their kind already, and none, stay as they are.
func damaged(err error) error {
	for _, kind := range []error{crm.ErrNotFound, crm.ErrInvalid, crm.ErrConflict, ErrDamaged, ErrFormat} {
		if err == nil || errors.Is(err, kind) {
			return err
		}
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: a row is missing", ErrDamaged)
	}
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		switch coded.Code() & 0xff {
		case sqliteSchemaError, sqliteCorrupt, sqliteNotADB:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return fmt.Errorf("%w: %w", crm.ErrTemporary, err)
}

// Primary result codes of SQLite (sqlite.org/rescode.html).
const (
	sqliteSchemaError = 1 // a table is missing
	sqliteCorrupt     = 11
	sqliteNotADB      = 26
)

// A generation's file is named so that no name can meet the suffixes of SQLite's own files.
const generationInfix = ".gen."

func (s *Store) file(name string) string { return s.path + generationInfix + name }

// companions are what SQLite keeps beside a file.
var companions = [...]string{"-wal", "-shm", "-journal"}

func remove(path string) error {
	for _, suffix := range append([]string{""}, companions[:]...) {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// generationFiles lists the files of generations beside a catalogue, by name.
func generationFiles(path string) (map[string]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+generationInfix)
		if ok && !strings.Contains(name, "-") {
			out[name] = filepath.Join(filepath.Dir(path), e.Name())
		}
	}
	return out, nil
}

func removeOrphans(path string, known []crm.Generation) error {
	files, err := generationFiles(path)
	if err != nil {
		return err
	}
	for name, file := range files {
		if !slices.ContainsFunc(known, func(g crm.Generation) bool { return g.Name == name }) {
			if err := remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// SetAside renames the catalogue and all generations of a store that is closed, so that new ones can be made at path. It returns the catalogue's new name.
func SetAside(path string) (string, error) {
	aside := path + ".damaged"
	for i := 2; ; i++ {
		if _, err := os.Stat(aside); errors.Is(err, os.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s.damaged%d", path, i)
	}
	files, err := generationFiles(path)
	if err != nil {
		return "", fmt.Errorf("set damaged vectors aside: %w", err)
	}
	moves := map[string]string{path: aside}
	for name, file := range files {
		moves[file] = aside + generationInfix + name
	}
	for from, to := range moves {
		if err := os.Rename(from, to); err != nil && !(errors.Is(err, os.ErrNotExist) && from != path) {
			return "", fmt.Errorf("set damaged vectors aside: %w", err)
		}
		if err := remove(from); err != nil { // the logs that belonged to it
			return "", fmt.Errorf("set damaged vectors aside: %w", err)
		}
	}
	return aside, nil
}
