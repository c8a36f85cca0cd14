// Package flat is the embedded vector back end: exact cosine search, the vectors of one account contiguous in memory, loaded lazily and kept in a bounded cache.
// It owns one SQLite file of its own beside the database; the file holds nothing that cannot be rebuilt from the store, so a damaged one is set aside and rebuilt.
package flat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"

	_ "modernc.org/sqlite" // the driver registers itself as "sqlite"

	"github.com/contextd/contextd/internal/crm"
)

// ErrDamaged says that the file cannot be trusted: set it aside (SetAside) and index again from the stored texts.
var ErrDamaged = errors.New("vector file is damaged")

// ErrFingerprint says that the file holds vectors of another embedder. Vectors of two embedders never mix.
var ErrFingerprint = errors.New("vector file belongs to another embedder")

const format = 1

// Options of an index. The zero value of CacheBytes means 256 MiB.
type Options struct {
	Dimension   int
	Fingerprint string // of the embedder that makes the vectors
	CacheBytes  int
}

// Index is safe for concurrent use.
type Index struct {
	path   string
	dim    int
	write  *sql.DB // one connection
	read   *sql.DB
	cache  cache
	writes sync.Mutex // serialises Replace and Relink, so that cache and file change in one order
}

// Open opens or creates the file. ErrFingerprint and ErrDamaged are recoverable by SetAside; the file is untouched when they are returned.
func Open(ctx context.Context, path string, o Options) (*Index, error) {
	if o.Dimension <= 0 || o.Fingerprint == "" {
		return nil, fmt.Errorf("open vectors %s: want a dimension and a fingerprint: %w", path, crm.ErrInvalid)
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 256 << 20
	}
	// The driver would make the file readable by everybody.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open vectors: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open vectors: %w", err)
	}
	x := &Index{path: path, dim: o.Dimension}
	x.cache.limit = o.CacheBytes
	if x.write, err = open(path, 1); err != nil {
		return nil, err
	}
	if x.read, err = open(path, 4); err != nil {
		return nil, errors.Join(err, x.write.Close())
	}
	if err := x.prepare(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open vectors %s: %w", path, err), x.Close())
	}
	return x, nil
}

func open(path string, connections int) (*sql.DB, error) {
	q := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "trusted_schema(off)", "secure_delete(on)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open vectors %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	return db, nil
}

const schema = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- One row per activity: 16-byte chunk ids and float32 vectors in chunk order, with a checksum over both.
CREATE TABLE IF NOT EXISTS activities (
	portal INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
	kind TEXT NOT NULL, time INTEGER NOT NULL, created INTEGER NOT NULL,
	chunks BLOB NOT NULL, vectors BLOB NOT NULL, checksum INTEGER NOT NULL,
	PRIMARY KEY (portal, type, id));
-- Which accounts an activity belongs to; clustered by account, so that an account loads in one sweep.
CREATE TABLE IF NOT EXISTS places (
	portal INTEGER NOT NULL, account_type TEXT NOT NULL, account_id TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
	PRIMARY KEY (portal, account_type, account_id, type, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS places_of_activity ON places (portal, type, id);`

// prepare checks that the file is sound and ours, and creates the tables in a new one.
func (x *Index) prepare(ctx context.Context, o Options) error {
	var tables int
	if err := x.write.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'meta'`).Scan(&tables); err != nil {
		return damaged(err)
	}
	want := map[string]string{"format": fmt.Sprint(format), "dimension": fmt.Sprint(o.Dimension), "fingerprint": o.Fingerprint}
	if tables == 0 {
		if _, err := x.write.ExecContext(ctx, schema); err != nil {
			return damaged(err)
		}
		for k, v := range want {
			if _, err := x.write.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING`, k, v); err != nil {
				return damaged(err)
			}
		}
		return nil
	}
	for k, v := range want {
		var got string
		if err := x.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, k).Scan(&got); err != nil {
			return damaged(err)
		}
		if got != v {
			return fmt.Errorf("%s is %q, want %q: %w", k, got, v, ErrFingerprint)
		}
	}
	return nil
}

// damaged tells a broken file from a passing fault, which is crm.ErrTemporary.
func damaged(err error) error {
	var coded interface{ Code() int }
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: a row of its header is missing", ErrDamaged)
	case errors.As(err, &coded):
		switch coded.Code() & 0xff {
		case sqliteCorrupt, sqliteNotADB:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		case sqliteSchemaError:
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

// Close releases the file.
func (x *Index) Close() error { return errors.Join(x.read.Close(), x.write.Close()) }

// SetAside renames a file that Open refused (with its write-ahead log), so that a new one can be made. It returns the new name.
func SetAside(path string) (string, error) {
	aside := path + ".damaged"
	for i := 2; ; i++ {
		if _, err := os.Stat(aside); errors.Is(err, os.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s.damaged%d", path, i)
	}
	if err := os.Rename(path, aside); err != nil {
		return "", fmt.Errorf("set damaged vectors aside: %w", err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("set damaged vectors aside: %w", err)
		}
	}
	return aside, nil
}
