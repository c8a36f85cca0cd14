package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// counting is an embedder that counts the texts it was asked for. A text's vector is made of its length.
type counting struct {
	name  string
	asked int
}

func (c *counting) Name() string        { return c.name }
func (c *counting) Fingerprint() string { return c.name }
func (c *counting) Dimension() int      { return 3 }
func (c *counting) Windows() bool       { return false }
func (c *counting) Embed(_ context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	c.asked += len(texts)
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = []float32{float32(len(t)), float32(kind), 1}
	}
	return out, crm.Usage{InputTokens: len(texts)}, nil
}

func embedAll(t *testing.T, c *cachedEmbedder, kind crm.EmbedKind, texts ...string) [][]float32 {
	t.Helper()
	v, _, err := c.Embed(context.Background(), kind, texts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func reopen(t *testing.T, path string, e *counting, c *cachedEmbedder) *cachedEmbedder {
	t.Helper()
	if c != nil {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c, err := openCache(path, e)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEmbedCacheEmbedsATextOnce(t *testing.T) {
	path, e := filepath.Join(t.TempDir(), "cache"), &counting{name: "a"}
	c := reopen(t, path, e, nil)
	want := [][]float32{{3, 0, 1}, {5, 0, 1}, {3, 0, 1}}
	if got := embedAll(t, c, crm.EmbedDocument, "one", "three", "one"); !reflect.DeepEqual(got, want) || e.asked != 2 {
		t.Errorf("%v, %d texts embedded", got, e.asked)
	}
	if _, err := openCache(path, e); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("opened twice: %v", err)
	}
	c = reopen(t, path, e, c)
	if got := embedAll(t, c, crm.EmbedDocument, "three", "one"); !reflect.DeepEqual(got, [][]float32{want[1], want[0]}) || e.asked != 2 {
		t.Errorf("after reopening %v, %d texts embedded", got, e.asked)
	}
	if got := embedAll(t, c, crm.EmbedQuery, "one"); got[0][1] != float32(crm.EmbedQuery) || e.asked != 3 {
		t.Errorf("a question is no document: %v, %d texts embedded", got, e.asked)
	}
	other := &counting{name: "b"}
	c = reopen(t, path, other, c)
	if embedAll(t, c, crm.EmbedDocument, "one"); other.asked != 1 {
		t.Error("another embedder's vector was taken")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestEmbedCacheSurvivesACrashAndSeesDamage(t *testing.T) {
	path, e := filepath.Join(t.TempDir(), "cache"), &counting{name: "a"}
	c := reopen(t, path, e, nil)
	embedAll(t, c, crm.EmbedDocument, "one", "three")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut <= len(whole)/2; cut++ { // anywhere in the second record
		if err := os.WriteFile(path, whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		e.asked = 0
		c := reopen(t, path, e, nil)
		embedAll(t, c, crm.EmbedDocument, "one", "three")
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(path); err != nil || e.asked != 1 || !reflect.DeepEqual(again, whole) {
			t.Fatalf("cut by %d: %d texts embedded, %d bytes (%v)", cut, e.asked, len(again), err)
		}
	}
	for _, at := range []int{0, 34, 40, len(whole) - 1} {
		bad := append([]byte(nil), whole...)
		bad[at] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := openCache(path, e); err == nil || !strings.Contains(err.Error(), "damaged at byte") {
			t.Errorf("byte %d changed: %v", at, err)
			if c != nil {
				_ = c.Close() // the test has failed
			}
		}
	}
}
