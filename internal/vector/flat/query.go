package flat

import (
	"context"
	"database/sql"
)

// stmt is a prepared statement of the generation's readers: parsing one takes as long as reading forty rows.
func (g *generation) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	g.preparing.Lock()
	defer g.preparing.Unlock()
	if s := g.stmts[query]; s != nil {
		return s, nil
	}
	s, err := g.read.PrepareContext(ctx, query)
	if err != nil {
		return nil, damaged(err)
	}
	g.stmts[query] = s
	return s, nil
}

// query reads rows.
func (g *generation) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := g.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args...)
	return rows, damaged(err)
}

// one reads a single row; a missing one is ErrDamaged.
func (g *generation) one(ctx context.Context, query string, args []any, dest ...any) error {
	s, err := g.stmt(ctx, query)
	if err != nil {
		return err
	}
	return damaged(s.QueryRowContext(ctx, args...).Scan(dest...))
}
