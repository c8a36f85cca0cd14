package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/contextd/contextd/internal/crm"
)

// fault gives database errors their kind: what a free disk, a released lock or a restart of the database heals is crm.ErrTemporary, no row is crm.ErrNotFound.
// Anything else (a broken constraint, a syntax error, a corrupt file) stays what it is: a retry would not help.
func fault(err error) error {
	if err == nil || errors.Is(err, crm.ErrTemporary) {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return crm.ErrNotFound
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("%w: %w", err, crm.ErrTemporary)
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the low byte is the primary code: https://www.sqlite.org/rescode.html
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL:
		return fmt.Errorf("%w: %w", err, crm.ErrTemporary)
	}
	return err
}

// declined reports that SQLite refused because somebody else holds the file: the connection is as good as before. One that may not write is not: it may have been opened while
// the file was read-only, and stays so.
func declined(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
}
