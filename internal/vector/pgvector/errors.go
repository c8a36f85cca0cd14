package pgvector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contextd/contextd/internal/crm"
)

// classify gives an error of the driver or the server its kind. Errors that have one already, and the caller's own end of patience, stay as they are.
func classify(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	for _, kind := range []error{crm.ErrNotFound, crm.ErrInvalid, crm.ErrConflict, crm.ErrTemporary, crm.ErrForbidden} {
		if errors.Is(err, kind) {
			return err
		}
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%w: %w", err, kind)
	}
	return err
}

// lost reports whether a connection ended under a statement, which says nothing about the server's state now.
func lost(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return strings.HasPrefix(refused.Code, "57P")
	}
	var unreachable *pgconn.ConnectError
	return errors.Is(err, crm.ErrTemporary) && !errors.As(err, &unreachable) && !pgconn.Timeout(err)
}

func kindOf(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return kindOfState(refused.Code)
	}
	var unreachable *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return crm.ErrNotFound
	case errors.As(err, &unreachable), errors.As(err, &network), errors.Is(err, pgconn.ErrConnClosed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), pgconn.SafeToRetry(err), pgconn.Timeout(err):
		return crm.ErrTemporary
	}
	return nil
}

// kindOfState reads an SQLSTATE (PostgreSQL manual, appendix A). What is not named here is a defect of ours and has no kind.
func kindOfState(code string) error {
	switch code {
	case "42P01", "3F000": // the generation was dropped
		return crm.ErrNotFound
	case "42501", "28000", "28P01":
		return crm.ErrForbidden
	case "25006", "55P03", "55006", "57014": // a demoted server; a lock or a statement that took too long
		return crm.ErrTemporary
	case "3D000": // no such database
		return crm.ErrInvalid
	}
	switch {
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "40"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "58"):
		return crm.ErrTemporary
	case strings.HasPrefix(code, "22"), strings.HasPrefix(code, "23"):
		return crm.ErrInvalid
	}
	return nil
}
