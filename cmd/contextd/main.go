// Command contextd is a context engine that stands beside HubSpot: it reads the portal's history, indexes it, proposes changes with verbatim evidence and writes
// back what was allowed.
//
// This package is the composition root: the only one that names back ends, reads the environment or exits.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // lives as long as the process: it must still hear the second signal while a command winds down
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(os.Stderr, "contextd: stopped before everything was put away: second signal: run the command again, interrupted work is taken up")
		os.Exit(exitInterrupted)
	}()
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr, allCommands())
	report(os.Stderr, err)
	os.Exit(exitCode(err))
}

// run is the whole program: it parses args, does what they say and returns what went wrong. environ holds NAME=value pairs. It neither exits nor touches the
// process's own streams, so that tests can call it.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer, cmds commands) error {
	p := &program{environ: environ, stdin: stdin, stdout: stdout, stderr: stderr, commands: cmds}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !p.started { // cobra refused the arguments before any command of ours began
		return usagef("%w: usage: %s", err, cmd.UseLine())
	}
	return err
}

// allCommands plugs the product into the command line.
func allCommands() commands {
	return commands{connect: connect, setup: setupHubSpot, doctor: doctor, serve: serve, demo: demo, planIndex: planIndex}
}
