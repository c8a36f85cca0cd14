package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func openFor(t testing.TB, dir string, o Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// onWriter runs a pragma on the writing connection, where faults are made.
func onWriter(t *testing.T, db *DB, q string) {
	t.Helper()
	err := db.w.submit(&job{ctx: t.Context(), done: make(chan error, 1), outside: func(ctx context.Context, c *conn) error { return c.plain(ctx, q) }})
	if err != nil {
		t.Fatal(err)
	}
}

// deliverAll delivers from 20 callers at once and returns how many were acknowledged and how many refused; a refusal of another kind fails the test.
func deliverAll(t *testing.T, db *DB, body []byte) (acked, refused int) {
	t.Helper()
	errs := make(chan error, 20)
	for range cap(errs) {
		go func() {
			_, err := db.Deliver(t.Context(), body, time.Now())
			errs <- err
		}()
	}
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			acked++
		case errors.Is(err, crm.ErrTemporary):
			refused++
		default:
			t.Fatalf("refused with %v, want a temporary error", err)
		}
	}
	return acked, refused
}

func stored(t *testing.T, db *DB) int {
	t.Helper()
	got, err := db.Undecoded(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return len(got)
}

// A full disk refuses everybody whose write does not fit, stores nothing of what it refused, and serves again once there is room.
func TestFull(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	onWriter(t, db, "PRAGMA max_page_count = 100") // about what the empty schema takes
	acked, refused := deliverAll(t, db, bytes.Repeat([]byte("x"), 200_000))
	if acked != 0 || refused != 20 {
		t.Fatalf("on a full disk: %d acknowledged, %d refused", acked, refused)
	}
	if n := stored(t, db); n != 0 {
		t.Fatalf("%d deliveries stored that nobody acknowledged", n)
	}
	onWriter(t, db, "PRAGMA max_page_count = 1073741823")
	if acked, _ := deliverAll(t, db, bytes.Repeat([]byte("x"), 200_000)); acked != 20 || stored(t, db) != 20 {
		t.Fatalf("after the fault: %d acknowledged, %d stored", acked, stored(t, db))
	}
}

// A transaction that fills the disk half way leaves nothing of itself, and nothing that followed in it is committed by accident.
func TestFullHalfWay(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	id, err := db.Deliver(t.Context(), nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	onWriter(t, db, "PRAGMA max_page_count = 120")
	var events []crm.Decoded
	for i := range 3000 {
		ref := crm.Ref{Portal: 1, Type: crm.Calls, ID: fmt.Sprint(i)}
		events = append(events, crm.Decoded{Event: crm.Event{Portal: 1, Key: fmt.Sprint(i), Object: ref}, Marks: []crm.Mark{{Portal: 1, Kind: crm.IndexWork, Key: ref.Path()}}})
	}
	if err := db.Decode(t.Context(), id, events, ""); !errors.Is(err, crm.ErrTemporary) {
		t.Fatalf("decode on a full disk: %v", err)
	}
	s, err := db.Status(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.Events.Received != 0 || len(s.Work) != 0 || s.Undecoded != 1 {
		t.Fatalf("half of a transaction is stored: %+v", s)
	}
	onWriter(t, db, "PRAGMA max_page_count = 1073741823")
	if err := db.Decode(t.Context(), id, events, ""); err != nil {
		t.Fatal(err)
	}
}

// A locked file refuses within the busy time-out, all callers together, and serves again when the lock is gone.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	db := openFor(t, dir, Options{BusyTimeout: 50 * time.Millisecond})
	other, err := sql.Open("sqlite", filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	acked, refused := deliverAll(t, db, []byte("x"))
	if acked != 0 || refused != 20 {
		t.Fatalf("on a locked file: %d acknowledged, %d refused", acked, refused)
	}
	if took := time.Since(start); took > time.Second {
		t.Fatalf("refused after %s: callers wait one after the other", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := db.Deliver(ctx, nil, time.Now()); !errors.Is(err, crm.ErrTemporary) {
		t.Fatalf("caller that cannot wait: %v", err)
	}
	if _, err := other.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if acked, _ := deliverAll(t, db, []byte("x")); acked != 20 {
		t.Fatalf("after the lock: %d acknowledged", acked)
	}
}

// A file that may not be written to refuses everybody, on whatever connection, and serves again when it may.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	db := openFor(t, dir, Options{})
	readOnly, err := sql.Open("sqlite", sqliteURL(filepath.Join(dir, File), "_pragma=query_only(1)"))
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	swap := func(pool *sql.DB) (before *sql.DB) {
		err := db.w.submit(&job{ctx: t.Context(), done: make(chan error, 1), outside: func(context.Context, *conn) error {
			before, db.w.db = db.w.db, pool
			db.w.drop()
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		return before
	}
	writable := swap(readOnly)
	if _, err := db.Deliver(t.Context(), []byte("x"), time.Now()); !errors.Is(err, crm.ErrTemporary) {
		t.Fatalf("the first one on a read-only file: %v", err)
	}
	if acked, refused := deliverAll(t, db, []byte("x")); acked != 0 || refused != 20 {
		t.Fatalf("on a read-only file: %d acknowledged, %d refused", acked, refused)
	}
	swap(writable)
	if acked, _ := deliverAll(t, db, []byte("x")); acked != 20 || stored(t, db) != 20 {
		t.Fatalf("after the fault: %d acknowledged, %d stored", acked, stored(t, db))
	}
}

// Writes that are in one group fail alone, and none of a group is acknowledged when its commit fails.
func TestGroup(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	bad := errors.New("no")
	insert := func(tx *tx) error {
		return tx.do("INSERT INTO deliveries (body, received_at, state, cause, decoded_at) VALUES (?, 0, 'new', '', 0)", []byte("x"))
	}
	group := func(last func(*tx) error) []error {
		hold, first := make(chan struct{}), make(chan struct{})
		jobs := []func(*tx) error{
			func(tx *tx) error { close(first); <-hold; return insert(tx) },
			func(tx *tx) error { return errors.Join(insert(tx), bad) },
			insert, last,
		}
		errs := make([]error, len(jobs))
		var wg sync.WaitGroup
		wg.Go(func() { errs[0] = db.w.write(t.Context(), jobs[0]) })
		<-first
		for i, run := range jobs[1:] {
			started := make(chan struct{})
			j := &job{ctx: t.Context(), run: run, done: make(chan error, 1)}
			wg.Go(func() { close(started); db.w.jobs <- j; errs[i+1] = <-j.done })
			<-started
		}
		close(hold)
		wg.Wait()
		return errs
	}
	errs := group(insert)
	if errs[0] != nil || !errors.Is(errs[1], bad) || errs[2] != nil || errs[3] != nil || stored(t, db) != 3 {
		t.Fatalf("one of four failed: %v, %d stored", errs, stored(t, db))
	}
	// The transaction is pulled away under the last job, so the group cannot commit, whoever is in it.
	errs = group(func(tx *tx) error { return tx.plain(tx.ctx, "ROLLBACK") })
	if !errors.Is(errs[3], crm.ErrTemporary) {
		t.Fatalf("commit without a transaction: %v", errs)
	}
	acked := 0
	for _, err := range errs {
		acked += flag(err == nil)
	}
	if got := stored(t, db); got != 3+acked {
		t.Fatalf("%d acknowledged, %d stored: %v", acked, got-3, errs)
	}
	if _, err := db.Deliver(t.Context(), nil, time.Now()); err != nil {
		t.Fatalf("after a broken group: %v", err)
	}
}

// After a fault a job can do nothing more: SQLite may have ended the transaction, and a later statement would commit by itself.
func TestNothingAfterFault(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	var after error
	err := db.w.write(t.Context(), func(tx *tx) error {
		first := tx.do("INSERT INTO deliveries (body) VALUES (NULL)")
		after = tx.do("INSERT INTO deliveries (body, received_at, state, cause, decoded_at) VALUES (?, 0, 'new', '', 0)", []byte("x"))
		return first
	})
	if err == nil || after == nil || stored(t, db) != 0 {
		t.Fatalf("a job went on after a fault: %v, then %v, %d stored", err, after, stored(t, db))
	}
	err = db.w.write(t.Context(), func(tx *tx) error {
		_ = tx.do("INSERT INTO deliveries (body) VALUES (NULL)")
		return nil
	})
	if err == nil {
		t.Fatal("a job that overlooked a fault was acknowledged")
	}
}

// What is acknowledged needs a full sync: with synchronous below 2 a power cut loses commits in WAL mode.
func TestPragmas(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "trusted_schema": "0", "busy_timeout": "5000"}
	for pragma, value := range want {
		var got string
		err := db.w.submit(&job{ctx: t.Context(), done: make(chan error, 1), outside: func(ctx context.Context, c *conn) error {
			return c.c.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got)
		}})
		if err != nil || got != value {
			t.Errorf("%s is %q, want %q (%v)", pragma, got, value, err)
		}
	}
}

func TestAppendOnly(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	err := db.w.write(t.Context(), func(tx *tx) error {
		return errorsOf(tx.audit(crm.AuditEntry{Action: "a", Portal: 1}), tx.outcome(crm.Outcome{Portal: 1, Actor: crm.System("x")}))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"UPDATE audit SET action = 'b'", "DELETE FROM audit", "UPDATE outcomes SET reason = 'b'", "DELETE FROM outcomes"} {
		if err := db.w.write(t.Context(), func(tx *tx) error { return tx.do(q) }); err == nil {
			t.Errorf("%s was done", q)
		}
	}
	// Whoever gets round the triggers is found by the chain.
	for _, q := range []string{"DROP TRIGGER audit_no_update", "UPDATE audit SET action = 'b'"} {
		if err := db.w.write(t.Context(), func(tx *tx) error { return tx.do(q) }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.VerifyAudit(t.Context()); !errors.Is(err, crm.ErrConflict) {
		t.Errorf("verify after a change: %v", err)
	}
}

func TestClosed(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Deliver(t.Context(), nil, time.Now()); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("write after close: %v", err)
	}
	if _, err := db.Undecoded(t.Context(), 1); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("read after close: %v", err)
	}
}

// plain runs a statement that cannot be prepared.
func (c *conn) plain(ctx context.Context, q string) error {
	_, err := c.c.ExecContext(ctx, q)
	return fault(err)
}
