package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// NewerSchemaError says that the data directory was written by a newer contextd. Nothing was changed.
type NewerSchemaError struct {
	Dir   string
	Have  int64 // the directory's schema version
	Known int64 // the newest version this program knows
}

// Error names both versions.
func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("open %s: its schema version is %d, this program knows up to %d: use a newer contextd", e.Dir, e.Have, e.Known)
}

// migrations are the embedded files as goose migrations, each one transaction, so that a crash in the middle leaves the version before it.
func migrations(d dialect) ([]*goose.Migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var out []*goose.Migration
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		ddl := d.ddl(string(text))
		up := func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, ddl); err != nil {
				return err
			}
			switch version {
			case postingsSchema:
				return rebuildPostings(ctx, tx, d)
			case auditTreeSchema:
				return plantTree(ctx, tx, d)
			}
			return nil
		}
		out = append(out, goose.NewGoMigration(version, &goose.GoFunc{RunTx: up}, nil))
	}
	return out, nil
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	all, err := migrations(d)
	if err != nil {
		return err
	}
	gooseDialect := goose.DialectSQLite3
	if d.name == "postgres" {
		gooseDialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(gooseDialect, db, nil, goose.WithGoMigrations(all...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", fault(err))
	}
	return nil
}

// versions reads how far an existing file has come, through a read-only connection, before anything is written: the newest migration that it has (0: it is not there, or empty), whether it has all
// before that, and the newest that this program knows. A file of a newer program is *NewerSchemaError.
func versions(ctx context.Context, dir, file string) (have int64, whole bool, known int64, err error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return 0, false, 0, fmt.Errorf("list migrations: %w", err)
	}
	known = int64(len(names))
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return 0, false, known, nil
	}
	db, err := sql.Open("sqlite", sqliteURL(file, "mode=ro", "_pragma=busy_timeout(5000)"))
	if err != nil {
		return 0, false, known, fmt.Errorf("open %s: %w", file, err)
	}
	defer db.Close()
	var tables, applied int64
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'goose_db_version'").Scan(&tables); err != nil {
		return 0, false, known, fmt.Errorf("open %s: read schema version: %w", file, fault(err))
	}
	if tables == 0 {
		return 0, false, known, nil
	}
	err = db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0), COUNT(DISTINCT version_id) FROM goose_db_version WHERE is_applied = 1 AND version_id > 0").Scan(&have, &applied)
	if err != nil {
		return 0, false, known, fmt.Errorf("open %s: read schema version: %w", file, fault(err))
	}
	if have > known {
		return have, false, known, &NewerSchemaError{Dir: dir, Have: have, Known: known}
	}
	return have, applied == have, known, nil
}
