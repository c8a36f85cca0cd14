package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/contextd/contextd/internal/store"
)

// SQLite's primary result codes (the low byte of every code), https://www.sqlite.org/rescode.html.
const (
	sqliteReadonly = 8
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteNotADB   = 26
)

// openData opens the store of a data directory; what a person can mend says how. A directory that another process holds is *store.HeldError.
func openData(ctx context.Context, dir string) (*store.DB, error) {
	db, err := store.Open(ctx, dir, store.Options{})
	code := 0
	if c := (interface{ Code() int })(nil); errors.As(err, &c) {
		code = c.Code() & 0xff
	}
	switch {
	case errors.Is(err, fs.ErrPermission), code == sqliteReadonly:
		return nil, withExit(exitConfig, fmt.Errorf("the data directory cannot be written: data_dir: make %s and its files writable for this user, or choose another directory: %w", dir, err))
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EROFS):
		return nil, withExit(exitConfig, fmt.Errorf("the data directory cannot be made: data_dir: choose a directory below one that exists and can be written, not %s: %w", dir, err))
	case code == sqliteNotADB, code == sqliteCorrupt:
		return nil, withExit(exitConfig, fmt.Errorf("the database is damaged: data_dir: put a backup of %s in its place, or choose an empty directory and run contextd index: %w", dir, err))
	case code == sqliteFull:
		return nil, withExit(exitFailed, fmt.Errorf("the disk is full: data_dir: make room on the disk of %s, then run this again: %w", dir, err))
	}
	return db, err
}

// whoHolds says what to do about a data directory that another process holds; other errors pass.
func whoHolds(err error) error {
	if held := (*store.HeldError)(nil); errors.As(err, &held) {
		return withExit(exitUnreachable, fmt.Errorf("%w: data_dir: stop the other process, or choose another directory", held))
	}
	return err
}
