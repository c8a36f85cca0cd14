package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// create makes a new database with the newest schema, whole or not at all: nothing waits for the disk until all of it is there, and only then it gets its name.
func create(ctx context.Context, file string, d dialect, newest int64) error {
	made := file + ".new"
	fail := func(err error) error { return fmt.Errorf("create %s: %w", file, err) }
	if err := remove(made, "", "-wal", "-shm", "-journal"); err != nil { // of a process that died here
		return fail(err)
	}
	f, err := os.OpenFile(made, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would make it readable for others; its WAL takes over the mode
	if err != nil {
		return fail(err)
	}
	fill := func() error { return writeEmpty(f) }
	if newest != emptySchema {
		fill = func() error { return migrateNew(ctx, made, d) }
	}
	if err := fill(); err != nil {
		return errors.Join(fail(err), f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fail(err)
	}
	// A log of a file that was there before would be played back into the new one.
	if err := remove(file, "-wal", "-shm", "-journal"); err != nil {
		return fail(err)
	}
	// The directory is synchronised by the first write, which makes the WAL: before it there is nothing to lose.
	if err := os.Rename(made, file); err != nil {
		return fail(err)
	}
	return nil
}

// migrateNew runs all migrations in an empty file.
func migrateNew(ctx context.Context, made string, d dialect) error {
	db, err := sql.Open("sqlite", sqliteURL(made, "_txlock=immediate", "_pragma=synchronous(OFF)", "_pragma=trusted_schema(0)", "_journal_mode=WAL"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if err := errors.Join(migrate(ctx, db, d), db.Close()); err != nil {
		return err
	}
	// Closing copies the log into the file and removes it; where the disk was full it says nothing and leaves the log.
	if _, err := os.Lstat(made + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(errors.New("it could not be written whole: is the disk full?"), err)
	}
	return nil
}

// remove removes a file's companions, as far as they are there.
func remove(file string, suffixes ...string) error {
	for _, suffix := range suffixes {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
