package indexer

import (
	"errors"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// another is the version of another chunker than the program's.
const another = ChunkerVersion + 1

// TestTheGenerationOfAnotherChunker: what does not change stays as it was cut; whatever changes is written whole, in the chunks of this program, so that what the store holds
// and what the index holds of it are of one chunker.
func TestTheGenerationOfAnotherChunker(t *testing.T) {
	w, claims := noted(1)
	ref := noteRef(0)
	x := w.indexer()
	ok(t, x.Activities(t.Context(), claims))
	x.Chunker = Chunker{Version: another, Divide: func(a crm.Activity, d crm.Document, accounts []string) []crm.Chunk {
		all := Chunk(a, d, accounts)
		for i := range all {
			all[i].ID = ChunkID(a.Ref, d.Version, another, i)
		}
		return all
	}}
	w.chunker = ChunkerVersion
	steps := []struct {
		what    string
		change  func(*crm.Activity)
		chunker int
		live    int // afterwards
		embeds  int
	}{
		{"nothing changed", func(*crm.Activity) {}, 0, ChunkerVersion, 0},
		{"it moved", func(a *crm.Activity) { a.Links.Companies = []crm.Ref{field} }, another, ChunkerVersion, 1},
		{"it moved again", func(a *crm.Activity) { a.Links.Companies = nil }, another, ChunkerVersion, 1},
		{"its status changed", func(a *crm.Activity) { a.Status = "DONE" }, another, another, 1},
		{"its status changed, with its own generation live", func(a *crm.Activity) { a.Status = "OPEN" }, another, another, 0},
		{"it moved, with its own generation live", func(a *crm.Activity) { a.Links.Companies = []crm.Ref{field} }, another, another, 0},
	}
	for _, s := range steps {
		a := w.activities[ref]
		s.change(&a)
		w.activities[ref] = a
		w.log = nil
		ok(t, x.Activities(t.Context(), claims))
		want := s.chunker
		if want == 0 {
			want = ChunkerVersion
		}
		k := w.kept[ref]
		if id := ChunkID(ref, k.Document.Version, want, 0); w.count("embed") != s.embeds || k.Chunker != want || k.Chunks[0].ID != id || w.vectors[ref].Chunks[0].ID != id {
			t.Errorf("%s: did %v, kept by chunker %d, %s in the store and %s in the index", s.what, w.log, k.Chunker, k.Chunks[0].ID, w.vectors[ref].Chunks[0].ID)
		}
		w.chunker = s.live
	}
}

// TestASwapBeforeAMove: what was decided for another generation than the live one is decided anew, even when nothing is embedded.
func TestASwapBeforeAMove(t *testing.T) {
	w, claims := noted(1)
	ref := noteRef(0)
	x := w.indexer()
	ok(t, x.Activities(t.Context(), claims))
	for _, change := range []func(*crm.Activity){func(a *crm.Activity) { a.Links.Companies = []crm.Ref{field} }, func(a *crm.Activity) { a.Status = "DONE" }} {
		a := w.activities[ref]
		change(&a)
		w.activities[ref], w.log = a, nil
		before := w.kept[ref].Mark
		w.atHold = func() { w.fingerprint += "'" }
		if err := x.Activities(t.Context(), claims)[0]; !errors.Is(err, crm.ErrTemporary) || w.count("relink")+w.count("keep notes") > 0 || w.kept[ref].Mark != before {
			t.Errorf("did %v: %v", w.log, err)
		}
		w.atHold = nil
		ok(t, x.Activities(t.Context(), claims))
		if w.count("keep notes") != 1 {
			t.Errorf("did %v", w.log)
		}
	}
}

// TestTheFirstChunkersIDsStay: they are in every index there is.
func TestTheFirstChunkersIDsStay(t *testing.T) {
	ref := crm.Ref{Portal: 1, Type: crm.Notes, ID: "5"}
	if got := ChunkID(ref, "v", crm.FirstChunker, 0); got != "e273449bd2fbfcda23c5442bb4afc30c" || got == ChunkID(ref, "v", 3, 0) {
		t.Errorf("%s", got)
	}
}
