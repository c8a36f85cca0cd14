package qdrant_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

func scanned(t *testing.T, x *qdrant.Index) []crm.Indexed {
	t.Helper()
	var out []crm.Indexed
	for c, err := range x.Scan(t.Context(), 1) {
		check(t, err)
		out = append(out, c)
	}
	return out
}

// TestCutWriteIsSeenAndMended lets the server stop after an activity's new chunks were put and before the old ones were removed.
func TestCutWriteIsSeenAndMended(t *testing.T) {
	double := server(t, qdranttest.Options{})
	s := open(t, at(t, double.Addr()))
	x := live(t, s, generation("g1"))
	check(t, x.Replace(t.Context(), []crm.Kept{kept(ref(1, 1), 4, "old")}))
	double.SetHook(func(_ context.Context, _ string, m proto.Message) error {
		if b, ok := m.(*pb.UpdateBatchPoints); ok {
			b.Operations = b.Operations[:1]
		}
		return nil
	})
	next := kept(ref(1, 1), 2, "new")
	if err := x.Replace(t.Context(), []crm.Kept{next}); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("a batch that was carried out in part: %v, want temporary", err)
	}
	digests := map[string]int{}
	for _, c := range scanned(t, x) {
		digests[c.Digest]++
	}
	if digests["digest[old]"] != 4 || digests["digest[new]"] != 2 {
		t.Errorf("too much, never too little: %v", digests)
	}
	double.SetHook(nil)
	check(t, x.Replace(t.Context(), []crm.Kept{next}))
	if got := scanned(t, x); len(got) != 2 || got[0].Digest != "digest[new]" || got[0].Chunks != 2 {
		t.Errorf("written again: %+v", got)
	}
}

// TestNewerOfAnotherProcessStays writes a newer version from another store between the look and the write of an older one.
func TestNewerOfAnotherProcessStays(t *testing.T) {
	double := server(t, qdranttest.Options{})
	mine, theirs := open(t, at(t, double.Addr())), open(t, at(t, double.Addr()))
	x := live(t, mine, generation("g1"))
	other, err := theirs.Open(t.Context(), "g1")
	check(t, err)
	t.Cleanup(func() { check(t, theirs.Close()) })
	at := func(n int, minutes int, who crm.Ref) crm.Kept {
		k := kept(ref(1, 1), n)
		k.Activity.Modified = start.Add(time.Duration(minutes) * time.Minute)
		k.Accounts = []crm.Ref{who}
		return k
	}
	first, older, newer := crm.Ref{Portal: 1, Type: crm.Companies, ID: "1"}, crm.Ref{Portal: 1, Type: crm.Companies, ID: "2"}, crm.Ref{Portal: 1, Type: crm.Companies, ID: "3"}
	check(t, x.Replace(t.Context(), []crm.Kept{at(2, 0, first)}))
	between := false
	double.SetHook(func(ctx context.Context, method string, m proto.Message) error {
		if method == "UpdateBatch" && !between {
			between = true
			return other.Replace(context.WithoutCancel(ctx), []crm.Kept{at(4, 20, newer)}) // comes through this hook itself, once
		}
		return nil
	})
	check(t, x.Replace(t.Context(), []crm.Kept{at(3, 10, older)}))
	double.SetHook(nil)
	if !between {
		t.Fatal("nothing was written in between")
	}
	got := scanned(t, x)
	if len(got) != 4 || slices.ContainsFunc(got, func(c crm.Indexed) bool { return c.Chunks != 4 || !slices.Equal(c.Accounts, []crm.Ref{newer}) }) {
		t.Errorf("the newer version must stay whole: %+v", got)
	}
	check(t, x.Replace(t.Context(), []crm.Kept{{Activity: crm.Activity{Ref: ref(1, 1), Modified: start}}})) // an older removal
	if n := count(t, x, wide(1)); n != 4 {
		t.Errorf("an older removal took %d chunks", 4-n)
	}
}

// TestOneWriterPerActivity starts a newer version while an older one is between its look and its write: it must wait, or both would be stored.
func TestOneWriterPerActivity(t *testing.T) {
	double := server(t, qdranttest.Options{})
	x := live(t, open(t, at(t, double.Addr())), generation("g1"))
	newer := kept(ref(1, 1), 3, "newer")
	newer.Activity.Modified = start.Add(time.Hour)
	done := make(chan error, 1)
	started := false
	double.SetHook(func(ctx context.Context, method string, _ proto.Message) error {
		if method == "Upsert" && !started {
			started = true
			go func() { done <- x.Replace(context.WithoutCancel(ctx), []crm.Kept{newer}) }()
			select {
			case err := <-done: // it did not wait
				done <- err
			case <-time.After(200 * time.Millisecond):
			}
		}
		return nil
	})
	check(t, x.Replace(t.Context(), []crm.Kept{kept(ref(1, 1), 2, "older")}))
	check(t, <-done)
	if got := scanned(t, x); len(got) != 3 || got[0].Digest != "digest[newer]" {
		t.Errorf("%d chunks, want the 3 of the newer version: %+v", len(got), got)
	}
}

// TestLargeActivity has more chunks than one upsert may carry.
func TestLargeActivity(t *testing.T) {
	double := server(t, qdranttest.Options{})
	x := live(t, open(t, at(t, double.Addr())), generation("g1"))
	for range 2 {
		check(t, x.Replace(t.Context(), []crm.Kept{kept(ref(1, 1), 1201), kept(ref(1, 2), 3)}))
		if n := count(t, x, wide(1)); n != 1204 {
			t.Errorf("%d chunks, want 1204", n)
		}
	}
}

// TestLiveIndexWritesItsOwnFingerprintOnly swaps under a writer: vectors of one embedder never reach the generation of another.
func TestLiveIndexWritesItsOwnFingerprintOnly(t *testing.T) {
	double := server(t, qdranttest.Options{})
	s := open(t, at(t, double.Addr()))
	x := live(t, s, generation("g1"))
	same := generation("g2")
	same.Fingerprint = "test@g1"
	other := generation("g3")
	for _, g := range []crm.Generation{same, other} {
		check(t, s.Create(t.Context(), g))
	}
	check(t, s.Swap(t.Context(), "g2"))
	check(t, x.Replace(t.Context(), []crm.Kept{kept(ref(1, 1), 2)}))
	check(t, s.Swap(t.Context(), "g3"))
	for name, err := range map[string]error{
		"replace": x.Replace(t.Context(), []crm.Kept{kept(ref(1, 2), 2)}), "relink": x.Relink(t.Context(), ref(1, 1), []crm.Ref{account(1)}, nil),
		"profiles": x.PutProfiles(t.Context(), []crm.Profile{{Account: account(1), Vector: vector(1)}}),
	} {
		if !errors.Is(err, crm.ErrConflict) {
			t.Errorf("%s after a swap to another embedder: %v, want a conflict", name, err)
		}
	}
	for name, want := range map[string]int{"g1": 0, "g2": 2, "g3": 0} {
		g, err := s.Open(t.Context(), name)
		check(t, err)
		if n := count(t, g, wide(1)); n != want {
			t.Errorf("%s has %d chunks, want %d", name, n, want)
		}
	}
	again, err := s.Open(t.Context(), "")
	check(t, err)
	check(t, again.Replace(t.Context(), []crm.Kept{kept(ref(1, 2), 2)}))
}
