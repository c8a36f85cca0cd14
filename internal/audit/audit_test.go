package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/contextd/contextd/internal/crm"
)

// hashes is a tree's storage in memory.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = h[x]
	}
	return out, nil
}

func line(seq int64) string {
	b, err := json.Marshal(crm.AuditEntry{Seq: seq, Action: "gate.apply", Portal: 7, Subject: fmt.Sprintf("deals/%d", seq)})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func tree(t *testing.T, n int64) (hashes, Head) {
	t.Helper()
	var h hashes
	for i := range n {
		more, err := tlog.StoredHashes(i, []byte(line(i+1)), h)
		if err != nil {
			t.Fatal(err)
		}
		h = append(h, more...)
	}
	root, err := tlog.TreeHash(n, h)
	if err != nil {
		t.Fatal(err)
	}
	return h, Head{Size: n, Root: root}
}

func newKey(t *testing.T) Key {
	t.Helper()
	k, text, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseKey(text); err != nil || again.Public != k.Public {
		t.Fatalf("read again: %v, %v", again.Public, err)
	}
	return k
}

func TestCheckpoint(t *testing.T) {
	k, other := newKey(t), newKey(t)
	_, head := tree(t, 5)
	signed, err := k.Sign(head)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Open(signed, k.Public+"\n"); err != nil || got != head {
		t.Errorf("open: %v, %v", got, err)
	}
	for name, c := range map[string]struct {
		checkpoint, public string
		want               error
	}{
		"another key":    {signed, other.Public, crm.ErrForbidden},
		"another size":   {strings.Replace(signed, "\n5\n", "\n4\n", 1), k.Public, crm.ErrForbidden},
		"no signature":   {strings.SplitAfter(signed, "\n\n")[0], k.Public, crm.ErrForbidden},
		"no key":         {signed, "", crm.ErrInvalid},
		"not a note":     {"hello", k.Public, crm.ErrForbidden},
		"nothing at all": {"", k.Public, crm.ErrForbidden},
	} {
		if _, err := Open(c.checkpoint, c.public); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mine, _, _ := strings.Cut(k.Public, "+")
	if !strings.HasPrefix(signed, mine+"\n") {
		t.Errorf("a checkpoint begins with %q", signed)
	}
}

// Each entry is proved by its own proof, offline, and by no other.
func TestProof(t *testing.T) {
	k := newKey(t)
	const n = 23
	h, head := tree(t, n)
	checkpoint, err := k.Sign(head)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(n) {
		path, err := tlog.ProveRecord(n, i, h)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(Proof{Entry: line(i + 1), Seq: i + 1, Path: path, Checkpoint: checkpoint})
		if err != nil {
			t.Fatal(err)
		}
		var p Proof
		if err := json.Unmarshal(text, &p); err != nil {
			t.Fatal(err)
		}
		if e, got, err := p.Check(k.Public); err != nil || e.Subject != fmt.Sprintf("deals/%d", i+1) || got != head {
			t.Errorf("entry %d: %+v, %v", i+1, e, err)
		}
		for name, forge := range map[string]func(*Proof){
			"another entry":  func(p *Proof) { p.Entry = line(99) },
			"another number": func(p *Proof) { p.Seq = (p.Seq % n) + 1 },
			"another path":   func(p *Proof) { p.Path = append([]tlog.Hash{{1}}, p.Path[1:]...) },
			"no path":        func(p *Proof) { p.Path = nil },
		} {
			forged := p
			forge(&forged)
			if _, _, err := forged.Check(k.Public); !errors.Is(err, crm.ErrConflict) {
				t.Errorf("%s for entry %d: %v", name, i+1, err)
			}
		}
	}
}

func TestParseKey(t *testing.T) {
	_, a, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	secret, _, _ := strings.Cut(string(a), "\n")
	_, public, _ := strings.Cut(string(b), "\n")
	for _, text := range []string{"", "x", secret, secret + "\n" + public} {
		if _, err := ParseKey([]byte(text)); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}
