package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

// The exit codes of the program; scripts hold on to them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitConfig      = 3 // configuration, or a data directory of another schema version
	exitUnreachable = 4
	exitPartial     = 5
	exitEvaluation  = 6
	exitInterrupted = 130
)

// coded is an error that knows its exit code.
type coded struct {
	code int
	err  error
}

func (e *coded) Error() string { return e.err.Error() }
func (e *coded) Unwrap() error { return e.err }

// withExit gives err an exit code; nil stays nil. An inner code is overruled.
func withExit(code int, err error) error {
	if err == nil {
		return nil
	}
	return &coded{code, err}
}

func usagef(format string, args ...any) error {
	return &coded{exitUsage, fmt.Errorf(format, args...)}
}

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var code *coded
	var config *configError
	var newer *store.NewerSchemaError
	var api *apiError
	var dial *net.OpError
	var request *url.Error
	var outside *crm.Dependency
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return code.code
	case errors.As(err, &outside) && outside.Misconfigured:
		return exitConfig
	case errors.As(err, &outside):
		return exitUnreachable
	case errors.As(err, &config), errors.As(err, &newer):
		return exitConfig
	case errors.As(err, &api):
		return api.exitCode()
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &dial), errors.As(err, &request), errors.Is(err, context.DeadlineExceeded), errors.Is(err, crm.ErrTemporary):
		return exitUnreachable
	}
	return exitFailed
}

// report prints err once, one line per problem, each as "contextd: what: where: how to fix".
func report(w io.Writer, err error) {
	if err == nil {
		return
	}
	if exitCode(err) == exitInterrupted {
		fmt.Fprintln(w, "contextd: interrupted")
		return
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(w, "contextd: "+strings.TrimRight(line, "\n"))
	}
	if exitCode(err) == exitUsage {
		fmt.Fprintln(w, "Run the command with --help for its flags and examples.")
	}
}
