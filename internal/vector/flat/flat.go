// Package flat is the embedded vector back end: exact cosine search inside an account, whose vectors lie contiguous in memory, loaded when first asked for and kept in a
// bounded cache, and across a portal, by an int8 scan whose answer is exact as well; BM25 across a portal; profiles of accounts. It owns SQLite files of its own: a catalogue at
// the path it is given, and beside it one file per generation, so that filling a new generation never waits for, or holds up, writes to the live one. The files hold
// nothing that cannot be rebuilt from the store: damaged ones are set aside and rebuilt.
package flat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// ErrDamaged says that a file cannot be trusted: set all aside (SetAside), or drop the generation, and index again from the stored texts.
var ErrDamaged = errors.New("vector file is damaged")

// ErrFormat says that the file was written by another version of this package. SetAside helps here, too.
var ErrFormat = errors.New("vector file has another format")

// Options of a store. The zero value is a good default.
type Options struct {
	// CacheBytes bounds what all generations keep in memory; 0 means 256 MiB. An account or portal that is larger is read from the file at every search.
	CacheBytes int
	// CoarseBytes is the size of an account's or a portal's float32 vectors above which they are scanned as int8 codes, and what could be among the best is compared exactly;
	// 0 means 128 KiB. Such scans are bound by memory, and the codes are a quarter. What they leave out is kept in memory, too, if all of it takes at most half of the cache
	// (three quarters of the float32 vectors), else it is read from the file.
	CoarseBytes int
}

// Store is the generations of one index. It is safe for concurrent use by one process.
type Store struct {
	path      string
	catalogue *sql.DB
	options   Options

	mu   sync.Mutex // guards what follows, and the catalogue against two writers
	open map[string]*generation
	live *generation // nil while none is, or none was asked for
}

// Open opens or creates the catalogue; generations are opened when they are asked for, so that opening costs the same whatever they hold. ErrDamaged and ErrFormat are
// recoverable by SetAside; the files are untouched when they are returned.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.CacheBytes == 0 {
		o.CacheBytes = 256 << 20
	}
	if o.CoarseBytes == 0 {
		o.CoarseBytes = 128 << 10
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := createFile(ctx, path, catalogueSchema, map[string]string{"format": format}, 4096); err != nil {
			return nil, fmt.Errorf("create vectors: %w", damaged(err))
		}
	}
	db, err := openFile(path, 1, safeWrites)
	if err != nil {
		return nil, fmt.Errorf("open vectors: %w", err)
	}
	s := &Store{path: path, catalogue: db, options: o, open: map[string]*generation{}}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open vectors %s: %w", path, err), db.Close())
	}
	return s, nil
}

const format = "3"

const catalogueSchema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('format', '` + format + `');
-- The generations in the order they were made; each has a file of its own. At most one is live.
CREATE TABLE generations (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, dimension INTEGER NOT NULL, windows INTEGER NOT NULL,
	embedder TEXT NOT NULL, created INTEGER NOT NULL, live INTEGER NOT NULL);`

// prepare checks that the catalogue is ours, creates it in a new file, and removes files of generations that it does not know: a crash left them.
func (s *Store) prepare(ctx context.Context) error {
	if err := prepareFile(ctx, s.catalogue, catalogueSchema, map[string]string{"format": format}); err != nil {
		return err
	}
	known, err := s.Generations(ctx)
	if err != nil {
		return err
	}
	return removeOrphans(s.path, known)
}

// Close closes every generation. Searches that are running end with an error.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for name, g := range s.open {
		errs = append(errs, g.close())
		delete(s.open, name)
	}
	s.live = nil
	return errors.Join(append(errs, s.catalogue.Close())...)
}

var errClosed = fmt.Errorf("vectors: the generation is gone: %w", crm.ErrNotFound)
