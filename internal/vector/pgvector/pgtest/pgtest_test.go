package pgtest

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Each version runs, has the extension, and lets the tests in as a role that row security binds.
func TestStart(t *testing.T) {
	for _, major := range Majors() {
		conn, err := pgx.Connect(t.Context(), Start(t, os.Getenv, major))
		if err != nil {
			t.Fatal(err)
		}
		var version, extension string
		var super, bypasses bool
		err = conn.QueryRow(t.Context(), "select current_setting('server_version'), extversion, rolsuper, rolbypassrls from pg_extension, pg_roles where extname = 'vector' and rolname = current_user").
			Scan(&version, &extension, &super, &bypasses)
		if err != nil {
			t.Fatal(err)
		}
		if super || bypasses {
			t.Errorf("the tests' role looks through row security")
		}
		t.Log(version, extension)
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

type fatal struct {
	testing.TB
	said string
}

func (f *fatal) Helper() {}

func (f *fatal) Fatal(args ...any) {
	f.said = args[0].(string)
	panic(f)
}

// Where tests are required, a missing installation fails with what to run.
func TestRequired(t *testing.T) {
	f := &fatal{TB: t}
	func() {
		defer func() {
			if recover() != any(f) {
				t.Error("a missing installation did not fail the test")
			}
		}()
		s := Servers{Getenv: func(key string) string {
			return map[string]string{"CONTEXTD_TEST": "required", "CONTEXTD_TEST_POSTGRES_DIR": t.TempDir()}[key]
		}}
		s.Database(f, 18)
	}()
	if !strings.Contains(f.said, "run .ci/postgres") {
		t.Errorf("it says %q", f.said)
	}
}
