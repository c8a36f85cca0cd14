package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// conn is one database connection with the statements prepared on it. The texts of all statements are constants of this package, so the map stays small.
type conn struct {
	c     *sql.Conn
	d     dialect
	stmts map[string]*sql.Stmt
}

func newConn(ctx context.Context, db *sql.DB, d dialect) (*conn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, fault(err)
	}
	return &conn{c: c, d: d, stmts: map[string]*sql.Stmt{}}, nil
}

// step runs a statement without arguments that stands in every transaction, prepared: the driver would compile it each time otherwise.
func (c *conn) step(ctx context.Context, q string) error {
	s, err := c.stmt(ctx, q)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx)
	return fault(err)
}

func (c *conn) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if s := c.stmts[q]; s != nil {
		return s, nil
	}
	s, err := c.c.PrepareContext(ctx, c.d.query(q))
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", q, fault(err))
	}
	c.stmts[q] = s
	return s, nil
}

// discard closes the underlying connection instead of giving it back to its pool: nobody knows what state it is in.
func (c *conn) discard() {
	c.close()
	_ = c.c.Raw(func(any) error { return driver.ErrBadConn }) // always fails, by intent
	_ = c.c.Close()                                           // already closed by the line above
}

func (c *conn) close() {
	for _, s := range c.stmts {
		_ = s.Close() // nothing to do about it: the connection goes too
	}
	c.stmts = map[string]*sql.Stmt{}
}

// view is a transaction as the rest of the package sees it: reads for all, writes for a tx.
type view struct {
	*conn
	ctx    context.Context
	failed error // the first database fault: SQLite may have ended the transaction with it, and what followed would commit by itself
}

// check notes a fault and gives it its kind.
func (v *view) check(err error) error {
	err = fault(err)
	if err != nil && !errors.Is(err, crm.ErrNotFound) && v.failed == nil {
		v.failed = err
	}
	return err
}

// ready is the prepared statement, unless something has already gone wrong.
func (v *view) ready(q string) (*sql.Stmt, error) {
	if v.failed != nil {
		return nil, v.failed
	}
	s, err := v.stmt(v.ctx, q)
	return s, v.check(err)
}

// one reads one row; crm.ErrNotFound when there is none.
func (v *view) one(q string, args []any, dest ...any) error {
	s, err := v.ready(q)
	if err != nil {
		return err
	}
	return v.check(s.QueryRowContext(v.ctx, args...).Scan(dest...))
}

// each calls fn for every row. fn must not query: not every database can do both at once on one connection.
func (v *view) each(q string, args []any, fn func(scan func(dest ...any) error) error) error {
	s, err := v.ready(q)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(v.ctx, args...)
	if err != nil {
		return v.check(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return v.check(rows.Err())
}

// exists reports whether a query has a row.
func (v *view) exists(q string, args ...any) (bool, error) {
	found := false
	err := v.each(q, args, func(func(...any) error) error { found = true; return nil })
	return found, err
}

// strings reads a column of strings.
func (v *view) strings(q string, args ...any) ([]string, error) {
	var out []string
	err := v.each(q, args, func(scan func(...any) error) error {
		var s string
		err := scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}
