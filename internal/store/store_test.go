package store_test

import (
	"testing"

	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T, dir string, o store.Options) *store.DB {
		t.Helper()
		db, err := store.Open(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return db
	})
}
