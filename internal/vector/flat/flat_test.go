package flat_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/flat"
	"github.com/contextd/contextd/internal/vector/vectortest"
)

func open(t *testing.T, dir string) vectortest.Index {
	x, err := flat.Open(t.Context(), filepath.Join(dir, "vectors.flat"), flat.Options{Dimension: vectortest.Dim, Fingerprint: "test@1", CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestIndex(t *testing.T) { vectortest.Run(t, open) }

func TestOtherEmbedderIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	for _, o := range []flat.Options{{Dimension: vectortest.Dim, Fingerprint: "other@1"}, {Dimension: 8, Fingerprint: "test@1"}} {
		if _, err := flat.Open(t.Context(), filepath.Join(dir, "vectors.flat"), o); !errors.Is(err, flat.ErrFingerprint) {
			t.Errorf("opened with %+v: %v, want ErrFingerprint", o, err)
		}
	}
}

func TestDamageIsFoundAndSetAside(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"header overwritten": func(b []byte) []byte { copy(b, "not a database at all"); return b },
		"a bit of a vector flipped": func(b []byte) []byte {
			return bytes.Replace(b, []byte{0, 0, 0x80, 0x3f}, []byte{0, 0, 0x90, 0x3f}, 1) // 1.0 as little-endian float32
		},
		"empty tables": func(b []byte) []byte { return b[:4096] },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "vectors.flat")
			x := open(t, dir)
			account := crm.Ref{Portal: 1, Type: crm.Companies, ID: "1"}
			k := crm.Kept{Activity: crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Notes, ID: "1"}}, Accounts: []crm.Ref{account}}
			for i := range 12 {
				v := make([]float32, vectortest.Dim)
				v[i] = 1
				k.Chunks = append(k.Chunks, crm.Chunk{ID: "000102030405060708090a0b0c0d0e0f", Pos: i, Vector: v})
			}
			if err := errors.Join(x.Replace(t.Context(), []crm.Kept{k}), x.Close()); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(b), 0o600); err != nil {
				t.Fatal(err)
			}
			damaged, err := flat.Open(t.Context(), path, flat.Options{Dimension: vectortest.Dim, Fingerprint: "test@1"})
			if err == nil {
				_, err = damaged.Nearest(t.Context(), k.Chunks[0].Vector, crm.Filter{Portal: 1, Account: account}, 5)
				if cerr := damaged.Close(); cerr != nil {
					t.Log(cerr)
				}
			}
			if !errors.Is(err, flat.ErrDamaged) {
				t.Fatalf("damage went unnoticed: %v", err)
			}
			if _, err := flat.SetAside(path); err != nil {
				t.Fatal(err)
			}
			if err := open(t, dir).Close(); err != nil {
				t.Errorf("a new file after setting the damaged one aside: %v", err)
			}
		})
	}
}
