package flat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// generation is the file of one generation, open, with what is kept of it in memory.
type generation struct {
	crm.Generation
	path   string
	write  *sql.DB // one connection
	read   *sql.DB
	cache  cache
	layout layout
	coarse int        // Options.CoarseBytes
	writes sync.Mutex // serialises writes, so that cache and file change in one order
	last   int64      // the highest number ever given to a chunk in this process; guarded by writes

	preparing sync.Mutex
	stmts     map[string]*sql.Stmt // of read; guarded by preparing

	mu      sync.Mutex // guards what follows
	users   int
	retired bool
	idle    chan struct{} // closed when retired and without users
}

// generationSchema has numbers (n) of chunks, given in the order of writing and never twice; an activity has the number of its first chunk. So a number names one version
// of one activity, the large rows are only ever appended, and an account's activities are read in the order they lie in.
const generationSchema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- One row per activity: facts are its accounts, people, times and chunk ids with a checksum (facts.go), words its hashed terms (terms.go).
CREATE TABLE activities (n INTEGER PRIMARY KEY, portal INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, chunks INTEGER NOT NULL, facts BLOB NOT NULL, words BLOB NOT NULL);
CREATE UNIQUE INDEX activity_ref ON activities (portal, type, id);
-- The float32 vectors of some chunks of an activity (page.go), of each its own and then that of its window, and a checksum; n is the number of the first. Apart, so that
-- counting and scanning need not read them.
CREATE TABLE vectors (n INTEGER PRIMARY KEY, data BLOB NOT NULL);
-- Which accounts an activity belongs to; clustered by account, so that an account loads in one sweep and counts without loading.
CREATE TABLE places (portal INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, n INTEGER NOT NULL, chunks INTEGER NOT NULL, PRIMARY KEY (portal, type, id, n)) WITHOUT ROWID;
-- Profiles of accounts: facts as JSON, the vector as float32, a checksum over both.
CREATE TABLE profiles (portal INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, facts BLOB NOT NULL, vector BLOB NOT NULL, checksum INTEGER NOT NULL,
	PRIMARY KEY (portal, type, id));`

const lastNumber = `SELECT max(coalesce((SELECT n + chunks - 1 FROM activities ORDER BY n DESC LIMIT 1), 0), coalesce((SELECT max(n) FROM vectors), 0))`

// about is what a generation's file says of itself.
func about(g crm.Generation) map[string]string {
	return map[string]string{"format": format, "fingerprint": g.Fingerprint, "dimension": fmt.Sprint(g.Dimension), "windows": fmt.Sprint(g.Windows)}
}

// openGeneration opens a generation's file; a missing or empty one is ErrDamaged.
func openGeneration(ctx context.Context, path string, of crm.Generation, o Options) (*generation, error) {
	g := &generation{Generation: of, path: path, coarse: o.CoarseBytes, stmts: map[string]*sql.Stmt{}, idle: make(chan struct{})}
	g.layout = layoutOf(4 * g.width())
	g.cache.limit = o.CacheBytes
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var err error
	if g.write, err = openFile(path, 1, safeWrites); err != nil {
		return nil, err
	}
	if g.read, err = openFile(path, 4, safeWrites); err != nil {
		return nil, errors.Join(err, g.write.Close())
	}
	if err = prepareFile(ctx, g.write, "", about(of)); err == nil {
		err = damaged(g.write.QueryRowContext(ctx, lastNumber).Scan(&g.last))
	}
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// views is how many vectors a chunk has.
func (g *generation) views() int { return width(g.Generation) / g.Dimension }

// width is how many numbers a chunk has.
func (g *generation) width() int { return width(g.Generation) }

func width(g crm.Generation) int {
	if g.Windows {
		return 2 * g.Dimension
	}
	return g.Dimension
}

// acquire keeps the files open until release; errClosed when the generation was dropped.
func (g *generation) acquire() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.retired {
		return errClosed
	}
	g.users++
	return nil
}

func (g *generation) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users--; g.users == 0 && g.retired {
		close(g.idle)
	}
}

// retire lets no new users in, waits for those inside and removes the file.
func (g *generation) retire(ctx context.Context) error {
	g.mu.Lock()
	if g.retired = true; g.users == 0 {
		close(g.idle)
	}
	g.mu.Unlock()
	select {
	case <-g.idle:
	case <-ctx.Done():
		return ctx.Err() // the file goes at the next start
	}
	return errors.Join(g.close(), remove(g.path))
}

// close ends the statements of the readers, too.
func (g *generation) close() error { return errors.Join(g.read.Close(), g.write.Close()) }

// Index is one generation, or whichever is live. It is safe for concurrent use.
type Index struct {
	store *Store
	name  string
	bound *generation // nil: the live one
}

// acquire resolves the generation for one call; release it afterwards.
func (x *Index) acquire(ctx context.Context) (*generation, error) {
	if x.bound != nil {
		return x.bound, x.bound.acquire()
	}
	for {
		g, err := x.store.generation(ctx, "")
		if err != nil {
			return nil, err
		}
		if err := g.acquire(); err == nil {
			return g, nil // else another one became live, and this one was dropped, in between
		}
	}
}

// Close releases nothing: the files belong to the store.
func (x *Index) Close() error { return nil }
