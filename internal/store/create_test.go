package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A log that a lost database left behind says nothing about the new one.
func TestANewDatabaseTakesNothingFromAnOldLog(t *testing.T) {
	old, dir := t.TempDir(), t.TempDir()
	db := openFor(t, old, Options{})
	if _, err := db.Deliver(t.Context(), []byte("x"), time.Now()); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(old, File+"-wal"))
	if err != nil || len(log) == 0 {
		t.Fatalf("a log of %d bytes, %v: nothing to be played back", len(log), err)
	}
	if err := os.WriteFile(filepath.Join(dir, File+"-wal"), log, 0o600); err != nil {
		t.Fatal(err)
	}
	if n := stored(t, openFor(t, dir, Options{})); n != 0 {
		t.Errorf("%d deliveries in a new database", n)
	}
}
