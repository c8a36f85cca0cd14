package flat_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/flat"
)

const marked = "000102030405060708090a0b0c0d0e0f"

// stored makes a closed store with one activity whose vectors are axes.
func stored(t *testing.T, dir string) crm.Kept {
	s, x := live(t, dir, 16, flat.Options{})
	k := crm.Kept{Activity: crm.Activity{Ref: note(1), Modified: time.Unix(1, 0)}, Accounts: []crm.Ref{acme}, Digest: "digest"}
	for i := range 12 {
		v := make([]float32, 16)
		v[i] = 1
		k.Chunks = append(k.Chunks, crm.Chunk{ID: marked, Pos: i, Vector: v})
		k.Terms = append(k.Terms, []crm.TermCount{{Term: "renew", Count: 40000}})
	}
	check(t, x.Replace(t.Context(), []crm.Kept{k}))
	check(t, x.PutProfiles(t.Context(), []crm.Profile{{Account: acme, Outcome: "churned", Vector: k.Chunks[0].Vector}}))
	check(t, s.Close())
	return k
}

// use opens and asks in every way; it returns the first error.
func use(t *testing.T, dir string, k crm.Kept) (err error) {
	ctx := t.Context()
	s, err := flat.Open(ctx, path(dir), flat.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	x, err := s.Open(ctx, "")
	if err != nil {
		return err
	}
	_, err1 := x.Nearest(ctx, k.Chunks[0].Vector, crm.ItemView, crm.Filter{Portal: 1, Account: acme}, 5)
	_, err2 := x.Match(ctx, []string{"renew"}, crm.Filter{Portal: 1, Wide: true}, 5)
	_, err3 := x.Profiles(ctx, []crm.Ref{acme})
	for _, err := range x.Scan(ctx, 1) {
		if err != nil {
			return err
		}
	}
	return errors.Join(err1, err2, err3)
}

func TestDamageIsFoundAndSetAside(t *testing.T) {
	generation := ".gen.g1"
	swap := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(from)) {
				t.Fatalf("the file does not contain %q", from)
			}
			return bytes.ReplaceAll(b, []byte(from), []byte(to))
		}
	}
	for name, c := range map[string]struct {
		file   string
		damage func([]byte) []byte
	}{
		"catalogue overwritten":  {"", func(b []byte) []byte { copy(b, "not a database at all"); return b }},
		"generation overwritten": {generation, func(b []byte) []byte { copy(b, "not a database at all"); return b }},
		"generation cut off":     {generation, func(b []byte) []byte { return b[:4096] }},
		"generation missing":     {generation, nil},
		"generation empty":       {generation, func(b []byte) []byte { return nil }},
		"a bit of a vector":      {generation, swap("\x00\x00\x80\x3f", "\x00\x00\x90\x3f")}, // 1.0 as little-endian float32
		"a byte of an id":        {generation, swap("\x04\x05\x06\x07", "\x04\x05\x06\x08")},
		"a letter of an account": {generation, swap("\x06digest\x0bcompanies/1", "\x06digest\x0bcompanies/2")},
		"a count of a word":      {generation, swap("\xc0\xb8\x02", "\xc0\xb8\x01")},
		"a fact of a profile":    {generation, swap(`"churned"`, `"renewed"`)},
		"another fingerprint":    {generation, swap("test@1", "test@2")},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			k := stored(t, dir)
			check(t, use(t, dir, k))
			b, err := os.ReadFile(path(dir) + c.file)
			check(t, err)
			if c.damage == nil {
				check(t, os.Remove(path(dir)+c.file))
			} else {
				check(t, os.WriteFile(path(dir)+c.file, c.damage(b), 0o600))
			}
			if err := use(t, dir, k); !errors.Is(err, flat.ErrDamaged) {
				t.Fatalf("damage went unnoticed: %v", err)
			}
			setAside(t, dir)
		})
	}
}

// setAside moves what is there away and begins anew, twice.
func setAside(t *testing.T, dir string) {
	t.Helper()
	var names []string
	for range 2 {
		name, err := flat.SetAside(path(dir))
		check(t, err)
		names = append(names, filepath.Base(name))
		s, x := live(t, dir, 8, flat.Options{})
		if n, err := x.Count(t.Context(), crm.Filter{Portal: 1, Wide: true}); err != nil || n != 0 {
			t.Errorf("a new store after setting the old one aside has %d chunks, %v", n, err)
		}
		check(t, s.Close())
	}
	if got := strings.Join(names, " "); got != "vectors.flat.damaged vectors.flat.damaged2" {
		t.Errorf("set aside as %s", got)
	}
}

// TestLostVectorsAreDamage: an activity without its vectors must not be left out in silence, whatever way it is searched.
func TestLostVectorsAreDamage(t *testing.T) {
	for _, o := range []flat.Options{{}, {CoarseBytes: 1}, {CoarseBytes: 1, CacheBytes: 1}} {
		for name, loaded := range map[string]bool{"before loading": false, "after loading": true} {
			dir := t.TempDir()
			k := stored(t, dir)
			s, err := flat.Open(t.Context(), path(dir), o)
			check(t, err)
			x, err := s.Open(t.Context(), "g1")
			check(t, err)
			f := crm.Filter{Portal: 1, Wide: true}
			if loaded {
				_, err := x.Nearest(t.Context(), k.Chunks[0].Vector, crm.ItemView, f, 5)
				check(t, err)
			}
			db, err := sql.Open("sqlite", path(dir)+".gen.g1")
			check(t, err)
			_, err = db.Exec(`DELETE FROM vectors`)
			check(t, errors.Join(err, db.Close()))
			held := o.CacheBytes == 0 && loaded // everything is in memory
			if hits, err := x.Nearest(t.Context(), k.Chunks[0].Vector, crm.ItemView, f, 5); errors.Is(err, flat.ErrDamaged) == held {
				t.Errorf("%+v, %s: %v, %v", o, name, hits, err)
			}
			check(t, s.Close())
		}
	}
}

func TestOlderFormatIsRefusedAndSetAside(t *testing.T) {
	for _, format := range []string{"1", "2"} {
		dir := t.TempDir()
		db, err := sql.Open("sqlite", path(dir))
		check(t, err)
		_, err = db.Exec(`CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID; CREATE TABLE activities (portal INTEGER, vectors BLOB);
			INSERT INTO meta VALUES ('format', '` + format + `'), ('dimension', '256'), ('fingerprint', 'builtin@1')`)
		check(t, errors.Join(err, db.Close()))
		if _, err := flat.Open(t.Context(), path(dir), flat.Options{}); !errors.Is(err, flat.ErrFormat) {
			t.Fatalf("a file of format %s: %v, want ErrFormat", format, err)
		}
		setAside(t, dir)
	}
}

// TestRemovedIsGone looks for what was removed in the tables and, byte by byte, in the files.
func TestRemovedIsGone(t *testing.T) {
	dir := t.TempDir()
	k := stored(t, dir)
	s, err := flat.Open(t.Context(), path(dir), flat.Options{})
	check(t, err)
	x, err := s.Open(t.Context(), "")
	check(t, err)
	k.Activity.Modified = time.Time{}
	check(t, x.Replace(t.Context(), []crm.Kept{k})) // a second version
	check(t, x.Replace(t.Context(), []crm.Kept{{Activity: k.Activity}}))
	check(t, x.PutProfiles(t.Context(), []crm.Profile{{Account: acme}}))
	check(t, s.Close())
	db, err := sql.Open("sqlite", path(dir)+".gen.g1")
	check(t, err)
	for _, table := range []string{"activities", "vectors", "places", "profiles"} {
		var n int
		check(t, db.QueryRow(`SELECT count(*) FROM `+table).Scan(&n))
		if n > 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
	check(t, db.Close())
	files, err := filepath.Glob(path(dir) + "*")
	check(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		check(t, err)
		for _, trace := range []string{"\x00\x00\x80\x3f", "\x04\x05\x06\x07", "churned"} {
			if bytes.Contains(b, []byte(trace)) {
				t.Errorf("%s still holds %q", filepath.Base(file), trace)
			}
		}
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	stored(t, dir)
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

// TestLeftoversOfACrash has a file of a generation that the catalogue does not know: between making the one and the other, or dropping them, the process died.
func TestLeftoversOfACrash(t *testing.T) {
	dir := t.TempDir()
	k := stored(t, dir)
	b, err := os.ReadFile(path(dir) + ".gen.g1")
	check(t, err)
	check(t, os.WriteFile(path(dir)+".gen.g2", b, 0o600))
	check(t, os.WriteFile(path(dir)+".gen.g3.new", b, 0o600))
	check(t, use(t, dir, k))
	if files, err := filepath.Glob(path(dir) + "*.new*"); err != nil || len(files) > 0 {
		t.Errorf("files that were never finished stay: %v, %v", files, err)
	}
	if _, err := os.Stat(path(dir) + ".gen.g2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of a generation that nobody knows stays: %v", err)
	}
	s, err := flat.Open(t.Context(), path(dir), flat.Options{})
	check(t, err)
	check(t, s.Create(t.Context(), crm.Generation{Name: "g2", Fingerprint: "test@2", Dimension: 4}))
	check(t, s.Drop(t.Context(), "g2"))
	if files, err := filepath.Glob(path(dir) + ".gen.g2*"); err != nil || len(files) > 0 {
		t.Errorf("a dropped generation leaves %v, %v", files, err)
	}
	check(t, s.Close())
}
