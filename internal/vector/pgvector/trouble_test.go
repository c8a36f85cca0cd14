package pgvector

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/contextd/contextd/internal/crm"
)

// Several processes may start at once on an empty database, and see each other's swaps.
func TestManyOpen(t *testing.T) {
	url := servers.Database(t, 18)
	stores := make([]*Store, 6)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() {
			s, err := Open(t.Context(), url, Options{})
			if err == nil {
				err = s.Create(t.Context(), crm.Generation{Name: "g1", Fingerprint: "f", Dimension: 4})
			}
			if err != nil {
				t.Error(err)
			}
			stores[i] = s
		})
	}
	wg.Wait()
	for _, s := range stores {
		if s == nil {
			t.FailNow()
		}
		t.Cleanup(func() { check(t, s.Close()) })
	}
	ctx, here, there := t.Context(), stores[0], stores[1]
	check(t, here.Swap(ctx, "g1"))
	x, err := here.Open(ctx, "")
	check(t, err)
	check(t, there.Create(ctx, crm.Generation{Name: "g2", Fingerprint: "f", Dimension: 8}))
	check(t, there.Swap(ctx, "g2"))
	f := crm.Filter{Portal: 1, Wide: true}
	if _, err := x.Nearest(ctx, make32(4), crm.ItemView, f, 1); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("a question of the old dimension after a swap elsewhere: %v", err)
	}
	if _, err := x.Nearest(ctx, make32(8), crm.ItemView, f, 1); err != nil {
		t.Errorf("a question of the new dimension after a swap elsewhere: %v", err)
	}
	check(t, there.Swap(ctx, "g1"))
	check(t, there.Drop(ctx, "g2"))
	if n, err := x.Count(ctx, f); err != nil || n != 0 {
		t.Errorf("after a swap and a drop elsewhere: %d %v", n, err)
	}
}

// A connection that ends in the middle of a write is temporary and leaves nothing behind; searches find a new connection by themselves.
func TestLostConnections(t *testing.T) {
	ctx, url := t.Context(), servers.Database(t, 18)
	s, x := fresh(t, url, Options{}, 8)
	ks := talks(1, 10, 1, 8, 3)
	_, err := x.write(ctx, func(tx pgx.Tx, g generation) error {
		w := portalWrite{tx: tx, schema: s.schema, id: g.id, portal: 1}
		if _, err := w.replace(ctx, plan(ks)[1]); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "select pg_terminate_backend(pg_backend_pid())")
		return err
	})
	if !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("a connection that ends during a write: %v, want temporary", err)
	}
	f := crm.Filter{Portal: 1, Wide: true}
	if n, err := x.Count(ctx, f); err != nil || n != 0 {
		t.Errorf("what was not committed left %d chunks: %v", n, err)
	}
	fill(t, x, ks)
	admin, err := pgx.Connect(ctx, servers.Admin(t, url, 18))
	check(t, err)
	t.Cleanup(func() { check(t, admin.Close(context.WithoutCancel(ctx))) })
	var wg sync.WaitGroup // several idle connections in the pool
	for range 8 {
		wg.Go(func() {
			if _, err := x.Count(ctx, f); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, err = admin.Exec(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
	check(t, err)
	for range 8 {
		if hits, err := x.Nearest(ctx, make32(8), crm.ItemView, f, 100); err != nil || len(hits) != 10 {
			t.Errorf("after all connections were ended: %d hits, %v", len(hits), err)
		}
	}
}

func TestRefusedConnections(t *testing.T) {
	ctx, url := t.Context(), servers.Database(t, 18)
	if _, err := Open(ctx, "postgres://127.0.0.1:1/none?sslmode=disable", Options{}); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("nobody listens: %v, want temporary", err)
	}
	if _, err := Open(ctx, "postgres://[", Options{}); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("no URL: %v, want invalid", err)
	}
	if _, err := Open(ctx, url, Options{Schema: `x"; drop`}); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("no schema's name: %v, want invalid", err)
	}
	if _, err := Open(ctx, strings.Replace(url, "@", "x@", 1), Options{}); !errors.Is(err, crm.ErrForbidden) {
		t.Errorf("a wrong password: %v, want forbidden", err)
	}
	admin, err := pgx.Connect(ctx, servers.Admin(t, url, 18))
	check(t, err)
	_, err = admin.Exec(ctx, "drop extension vector")
	check(t, err)
	check(t, admin.Close(ctx))
	if _, err := Open(ctx, url, Options{}); !errors.Is(err, crm.ErrForbidden) || !strings.Contains(err.Error(), "create extension vector") {
		t.Errorf("no extension and no right to make it: %v", err)
	}
}

func TestOlder(t *testing.T) {
	for version, want := range map[string]bool{"0.8.4": false, "0.8.5": false, "0.8.10": false, "0.9": false, "1.0.0": false, "0.8.3": true, "0.8": true, "0.7.4": true, "": true, "x": true} {
		if older(version, [3]int{0, 8, 4}) != want {
			t.Errorf("%q is older than 0.8.4: %t", version, !want)
		}
	}
}
