package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// groupTime bounds how long a group of writes may run before it is committed, so that the first caller of a group does not wait for the last.
const groupTime = 25 * time.Millisecond

var errClosed = fmt.Errorf("store is closed: %w", crm.ErrTemporary)

// tx is a write transaction of one caller: a savepoint inside the group's transaction. Whatever it notes in topics and accounts happens after the commit.
type tx struct {
	view
	now      time.Time
	topics   map[string]bool
	accounts touched          // whose postings changed
	recut    touched          // whose texts another chunker cut: nothing of them changed for anybody else
	facts    map[crm.Ref]bool // whose company or deals changed
}

// exec changes rows and says how many.
func (t *tx) exec(q string, args ...any) (int64, error) {
	s, err := t.ready(q)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, t.check(err)
	}
	n, err := r.RowsAffected()
	return n, t.check(err)
}

// do is exec for statements whose count does not matter.
func (t *tx) do(q string, args ...any) error {
	_, err := t.exec(q, args...)
	return err
}

type job struct {
	ctx     context.Context // of the caller, for its cancellation only
	run     func(*tx) error
	outside func(context.Context, *conn) error // instead of run: alone and outside any transaction
	done    chan error
}

// writer owns the only writing connection. One goroutine runs what callers hand it.
type writer struct {
	db     *sql.DB
	d      dialect
	now    func() time.Time
	jobs   chan *job
	quit   chan struct{}
	ended  chan struct{}
	conn   *conn
	commit func(topics map[string]bool, accounts touched) // after every commit, before its callers return
}

func newWriter(db *sql.DB, d dialect, now func() time.Time, commit func(map[string]bool, touched)) *writer {
	w := &writer{db: db, d: d, now: now, jobs: make(chan *job), quit: make(chan struct{}), ended: make(chan struct{}), commit: commit}
	go w.loop()
	return w
}

// write runs fn in a transaction and returns once it is durable, or not done at all. A cancelled caller stops waiting; its write is then either wholly done or
// wholly not.
func (w *writer) write(ctx context.Context, fn func(*tx) error) error {
	return w.submit(&job{ctx: ctx, run: fn, done: make(chan error, 1)})
}

func (w *writer) submit(j *job) error {
	select {
	case w.jobs <- j:
	case <-w.quit:
		return errClosed
	case <-j.ctx.Done():
		return fmt.Errorf("waiting to write: %w: %w", context.Cause(j.ctx), crm.ErrTemporary)
	}
	select {
	case err := <-j.done:
		return err
	case <-j.ctx.Done():
		return fmt.Errorf("waiting for a commit: %w: %w", context.Cause(j.ctx), crm.ErrTemporary)
	}
}

func (w *writer) close() {
	close(w.quit)
	<-w.ended
}

func (w *writer) loop() {
	defer close(w.ended)
	// The group belongs to no single caller, so no caller's cancellation may interrupt it.
	ctx := context.Background() // detached: lives as long as the writer
	for {
		select {
		case <-w.quit:
			if w.conn != nil {
				w.conn.close()
				_ = w.conn.c.Close() // the pool is closed next and reports what is wrong
			}
			return
		case j := <-w.jobs:
			for j != nil {
				j = w.group(ctx, j)
			}
		}
	}
}

// group runs first and whatever else is waiting in one transaction, and returns a job that must run outside of one, if it met any.
func (w *writer) group(ctx context.Context, first *job) (next *job) {
	if err := w.open(ctx); err != nil {
		w.refuse(first, err)
		return nil
	}
	if first.outside != nil {
		first.done <- first.outside(ctx, w.conn)
		return nil
	}
	if err := w.conn.step(ctx, "BEGIN IMMEDIATE"); err != nil {
		if !declined(err) {
			w.drop()
		}
		w.refuse(first, fmt.Errorf("begin: %w", err))
		return nil
	}
	t := &tx{view: view{conn: w.conn, ctx: ctx}, now: w.now(), topics: map[string]bool{}, accounts: touched{}}
	start := time.Now()
	var jobs []*job
	var results []error
	var broken error
	for j := first; j != nil && broken == nil; j = w.waiting(start) {
		if j.outside != nil {
			next = j
			break
		}
		var err error
		err, broken = w.savepoint(t, j)
		jobs, results = append(jobs, j), append(results, err)
	}
	if broken == nil {
		broken = w.conn.step(ctx, "COMMIT")
	}
	if broken != nil {
		w.abandon(ctx)
		for i := range results {
			results[i] = fmt.Errorf("commit: %w", broken)
		}
	} else {
		w.commit(t.topics, t.accounts)
	}
	for i, j := range jobs {
		j.done <- results[i]
	}
	return next
}

// savepoint runs one job so that its failure undoes only itself. broken means that the whole group is lost.
func (w *writer) savepoint(group *tx, j *job) (result, broken error) {
	if err := j.ctx.Err(); err != nil {
		return fmt.Errorf("before writing: %w: %w", err, crm.ErrTemporary), nil
	}
	if err := group.do("SAVEPOINT one"); err != nil {
		return nil, temporary(err)
	}
	t := &tx{view: group.view, now: group.now, topics: map[string]bool{}, accounts: touched{}, recut: touched{}, facts: map[crm.Ref]bool{}}
	if result = j.run(t); result == nil {
		result = t.noteChanges()
	}
	if result == nil {
		result = t.failed // a fault that the job overlooked is still one
	}
	if result != nil {
		if err := group.do("ROLLBACK TO one"); err != nil {
			return nil, temporary(errors.Join(result, err)) // a full disk ends the whole transaction by itself
		}
	}
	if err := group.do("RELEASE one"); err != nil {
		return nil, temporary(errors.Join(result, err))
	}
	if result == nil {
		for k := range t.topics {
			group.topics[k] = true
		}
		group.accounts.join(t.accounts)
		group.accounts.join(t.recut)
	}
	return result, nil
}

// temporary marks what ends a whole group: its other members did nothing wrong and may try again.
func temporary(err error) error {
	if errors.Is(err, crm.ErrTemporary) {
		return err
	}
	return fmt.Errorf("%w: %w", err, crm.ErrTemporary)
}

// waiting is the next job that is ready now, or nil when there is none or the group has taken its time.
func (w *writer) waiting(start time.Time) *job {
	if time.Since(start) > groupTime {
		return nil
	}
	select {
	case j := <-w.jobs:
		return j
	default:
		return nil
	}
}

func (w *writer) open(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	c, err := newConn(ctx, w.db, w.d)
	if err != nil {
		return temporary(err)
	}
	w.conn = c
	return nil
}

// abandon rolls the group back; when even that does not work, the connection is replaced.
func (w *writer) abandon(ctx context.Context) {
	if err := w.conn.step(ctx, "ROLLBACK"); err != nil {
		w.drop()
	}
}

func (w *writer) drop() {
	w.conn.discard()
	w.conn = nil
}

// refuse answers first and everybody else who waits now: they would only wait for the same fault, one after the other.
func (w *writer) refuse(first *job, err error) {
	for j := first; j != nil; {
		j.done <- temporary(err)
		select {
		case j = <-w.jobs:
		default:
			j = nil
		}
	}
}
