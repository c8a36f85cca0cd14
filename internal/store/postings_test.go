package store

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/contextd/contextd/internal/crm"
)

func account(id string) crm.Ref { return crm.Ref{Portal: 1, Type: crm.Companies, ID: id} }

// A load that began before a commit answers those who asked before it, and nobody after.
func TestPostingsLoadAcrossCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPostingsCache(1 << 20)
		old, fresh := &crm.Postings{Words: []string{"old"}}, &crm.Postings{Words: []string{"fresh"}}
		hold := make(chan struct{})
		got := make(chan *crm.Postings, 2)
		load := func(fetch func(*assembled) (*assembled, error)) {
			p, err := c.load(accountCut{account: account("1")}, fetch)
			if err != nil {
				t.Error(err)
			}
			got <- p
		}
		go load(func(*assembled) (*assembled, error) { <-hold; return &assembled{p: old, bytes: 1}, nil })
		synctest.Wait()
		go load(func(*assembled) (*assembled, error) { t.Error("the second caller read for itself"); return nil, nil })
		synctest.Wait()
		c.drop(touched{account("1"): {account("2"): true}})
		p, err := c.load(accountCut{account: account("1")}, func(*assembled) (*assembled, error) { return &assembled{p: fresh, bytes: 1}, nil })
		if err != nil || p != fresh {
			t.Fatalf("asked after the commit: %+v, %v", p, err)
		}
		close(hold)
		if a, b := <-got, <-got; a != old || b != old {
			t.Fatalf("asked before the commit: %+v, %+v", a, b)
		}
		p, err = c.load(accountCut{account: account("1")}, func(*assembled) (*assembled, error) { return nil, errors.New("not cached") })
		if err != nil || p != fresh {
			t.Fatalf("the old load replaced the fresh one: %+v, %v", p, err)
		}
	})
}

func TestPostingsBound(t *testing.T) {
	c := newPostingsCache(100)
	loads := 0
	load := func(id string, bytes int64) {
		t.Helper()
		if _, err := c.load(accountCut{account: account(id)}, func(*assembled) (*assembled, error) {
			loads++
			return &assembled{p: &crm.Postings{}, bytes: bytes}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	load("a", 40)
	load("b", 40)
	load("a", 40)
	load("c", 40) // b goes: it was used longest ago
	load("a", 40)
	if loads != 3 || c.used != 80 {
		t.Fatalf("%d loads, %d bytes", loads, c.used)
	}
	load("b", 40)
	load("huge", 1000)
	load("huge", 1000)
	if loads != 6 || c.used > 100 || c.order.Len() != len(c.entries) {
		t.Fatalf("%d loads, %d bytes, %d entries", loads, c.used, len(c.entries))
	}
	if _, err := c.load(accountCut{account: account("x")}, func(*assembled) (*assembled, error) { return nil, errors.New("no") }); err == nil {
		t.Fatal("an error was swallowed")
	}
	load("x", 1) // and not remembered
	if loads != 7 {
		t.Fatalf("%d loads", loads)
	}
}

// Damaged bytes are an error, never a panic and never half an answer.
func TestUnpackDamaged(t *testing.T) {
	chunk := crm.Chunk{ID: strings.Repeat("a", 32), Kind: crm.Call, Speaker: "Ann", Session: "calls/1", People: []crm.Ref{{Portal: 1, Type: crm.Contacts, ID: "7"}}}
	other := chunk
	other.ID, other.Pos = "of another form", 1
	whole := packPostings([]crm.Chunk{chunk, other}, [][]string{{"price", "is", "price"}, {"high"}})
	a := newAssembly()
	if err := a.add(account("1"), whole); err != nil {
		t.Fatal(err)
	}
	if p := a.done(0).p; len(p.Chunks) != 2 || p.Chunks[0].ID != chunk.ID || p.Chunks[1].ID != other.ID || len(p.Words) != 3 {
		t.Fatalf("unpacked %+v", p)
	}
	for n := range whole {
		if err := newAssembly().add(account("1"), whole[:n]); !errors.Is(err, errPacked) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
	if err := newAssembly().add(account("1"), append(whole, 0)); !errors.Is(err, errPacked) {
		t.Fatal("a byte too many was accepted")
	}
	whole[len(whole)-1]++ // the index of the last word
	if err := newAssembly().add(account("1"), whole); !errors.Is(err, errPacked) {
		t.Fatal("a word outside of the vocabulary was accepted")
	}
	whole[len(whole)-1]--
	whole[0]++
	if err := newAssembly().add(account("1"), whole); !errors.Is(err, errPacked) {
		t.Fatal("another version was accepted")
	}
}

// Whatever byte is wrong, nothing panics and no word lies outside of the vocabulary.
func FuzzUnpack(f *testing.F) {
	chunk := crm.Chunk{ID: strings.Repeat("0f", 16), Kind: crm.Call, People: []crm.Ref{{Portal: 1, Type: crm.Contacts, ID: "7"}}}
	f.Add(packPostings([]crm.Chunk{chunk, chunk}, [][]string{{"price", "is", "price"}, {"high"}}))
	f.Fuzz(func(t *testing.T, packed []byte) {
		a := newAssembly()
		a.grow(0, 0)
		if err := a.add(account("1"), packed); err != nil {
			return
		}
		p := a.done(0).p
		for _, c := range p.Chunks {
			for _, w := range p.Sequence[c.From:c.To] {
				_ = p.Words[w]
			}
		}
	})
}
