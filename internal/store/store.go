package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"github.com/contextd/contextd/internal/crm"
)

// File is the name of the database inside the data directory.
const File = "contextd.db"

// Options tune a store; the zero value is right for production.
type Options struct {
	Now           func() time.Time // the clock; nil: time.Now
	BusyTimeout   time.Duration    // how long to wait for a lock that another program holds on the file; 0: 5 s
	PostingsBytes int64            // what the cache of account postings may take; 0: 256 MiB

	// PostingsChunks is the number of chunks of an account beyond which its postings are not assembled (crm.ErrTooLarge); 0: 50,000.
	PostingsChunks int
}

// DB is an open store. All methods are safe for concurrent use.
type DB struct {
	dir      string
	now      func() time.Time
	lock     *flock.Flock
	writeDB  *sql.DB
	w        *writer
	r        *reader
	signals  *signals
	readings atomic.Uint64 // of activities into postings
	postings *postingsCache
	queries  *queryLog
	checked  checkedTokens
	stops    stopped

	postingsChunks int
}

// stopped are the stops of writing, held in memory.
type stopped struct {
	mu sync.Mutex
	on map[crm.PortalID]crm.Stop
}

// Open opens the store in dir, which is made if needed (0700), migrates it, and holds it alone: a second process gets *HeldError. A directory written by a newer
// program is *NewerSchemaError and is left as it is.
func Open(ctx context.Context, dir string, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.PostingsBytes == 0 {
		o.PostingsBytes = 256 << 20
	}
	if o.PostingsChunks == 0 {
		o.PostingsChunks = 50_000
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	lock, err := hold(dir, filepath.Join(dir, "contextd.lock"))
	if err != nil {
		return nil, err
	}
	db, err := open(ctx, dir, o)
	if err != nil {
		lock.Close()
		return nil, err
	}
	db.lock = lock
	if err := db.loadStops(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func open(ctx context.Context, dir string, o Options) (*DB, error) {
	file, d := filepath.Join(dir, File), sqliteDialect
	have, whole, newest, err := versions(ctx, dir, file)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := create(ctx, file, d, newest); err != nil {
			return nil, err
		}
		have, whole = newest, true
	}
	busy := fmt.Sprintf("_pragma=busy_timeout(%d)", o.BusyTimeout.Milliseconds())
	writeDB, err := sql.Open("sqlite", sqliteURL(file, "_txlock=immediate", busy, "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=foreign_keys(1)", "_pragma=secure_delete(1)", "_pragma=trusted_schema(0)", "_pragma=mmap_size(0)", "_pragma=cache_size(-65536)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	writeDB.SetMaxOpenConns(1)
	if have < newest || !whole {
		if err := migrate(ctx, writeDB, d); err != nil {
			return nil, errors.Join(err, writeDB.Close())
		}
	}
	readDB, err := sql.Open("sqlite", sqliteURL(file, busy, "_pragma=query_only(1)", "_pragma=trusted_schema(0)", "_pragma=mmap_size(0)", "_pragma=cache_size(-16384)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", file, err), writeDB.Close())
	}
	db := &DB{dir: dir, now: o.Now, writeDB: writeDB, r: newReader(readDB, d), signals: newSignals(), postings: newPostingsCache(o.PostingsBytes),
		postingsChunks: o.PostingsChunks}
	db.w = newWriter(writeDB, d, o.Now, func(topics map[string]bool, accounts touched) {
		db.postings.drop(accounts)
		if topics[tokenTopic] {
			db.checked.clear()
		}
		db.signals.raise(topics)
	})
	db.queries = &queryLog{w: db.w, closing: make(chan struct{})}
	return db, nil
}

// Close waits for the running commit and releases the directory. Calls after it are crm.ErrTemporary.
func (db *DB) Close() error {
	asked := db.queries.close()
	db.w.close()
	errs := []error{asked, db.r.close(), db.writeDB.Close(), db.lock.Close()}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// Dir is the data directory.
func (db *DB) Dir() string { return db.dir }

// sqliteURL escapes the path, so that a ? or # in a directory's name is not read as an option.
func sqliteURL(file string, options ...string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: strings.Join(options, "&")}
	return u.String()
}
