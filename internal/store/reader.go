package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// readers is how many reads run at once; more wait.
const readers = 4

// reader lends read-only connections, each with its prepared statements. A nil entry is a connection that is yet to be opened.
type reader struct {
	db   *sql.DB
	d    dialect
	free chan *conn
	quit chan struct{}
}

func newReader(db *sql.DB, d dialect) *reader {
	r := &reader{db: db, d: d, free: make(chan *conn, readers), quit: make(chan struct{})}
	for range readers {
		r.free <- nil
	}
	return r
}

// read runs fn on one snapshot of the database.
func (r *reader) read(ctx context.Context, fn func(*view) error) error {
	var c *conn
	select {
	case c = <-r.free:
	case <-r.quit:
		return errClosed
	case <-ctx.Done():
		return fmt.Errorf("waiting to read: %w", context.Cause(ctx))
	}
	defer func() { r.free <- c }()
	if c == nil {
		var err error
		if c, err = newConn(ctx, r.db, r.d); err != nil {
			return temporary(err)
		}
	}
	if err := c.step(ctx, "BEGIN"); err != nil {
		c.discard()
		c = nil
		return temporary(fmt.Errorf("begin: %w", err))
	}
	err := fn(&view{conn: c, ctx: ctx})
	// The snapshot must be given up even if the caller has gone: the connection serves the next one.
	if end := c.step(context.WithoutCancel(ctx), "ROLLBACK"); end != nil {
		c.discard()
		c = nil
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("reading: %w", context.Cause(ctx))
	}
	return err
}

func (r *reader) close() error {
	close(r.quit)
	for range readers {
		if c := <-r.free; c != nil {
			c.close()
			_ = c.c.Close() // the pool is closed next and reports what is wrong
		}
	}
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("close readers: %w: %w", err, crm.ErrTemporary)
	}
	return nil
}
