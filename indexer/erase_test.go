package indexer

import (
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// TestErasedStaysGone: erasing a contact takes the texts and vectors of its activities, and a late webhook brings nothing back although the CRM still has it all.
func TestErasedStaysGone(t *testing.T) {
	w, claims := noted(3)
	x := w.indexer()
	ok(t, x.Activities(t.Context(), claims))
	other := noteRef(9) // of somebody else
	w.activities[other] = crm.Activity{Ref: other, Time: may, Created: may, Body: "stays", Links: crm.Links{Companies: []crm.Ref{pier}}}
	ok(t, x.Activities(t.Context(), []crm.Claim{claimOf(other)}))
	if len(w.vectors) != 4 {
		t.Fatalf("%d activities have vectors", len(w.vectors))
	}
	erase := []crm.Claim{{Portal: 1, Kind: crm.EraseWork, Key: dana.Path(), Seq: 1}}
	for range 2 { // twice is harmless
		ok(t, x.Erase(t.Context(), erase))
		if len(w.vectors) != 1 || len(w.kept) != 1 {
			t.Errorf("%d activities have vectors, %d texts", len(w.vectors), len(w.kept))
		}
	}
	if !slices.Contains(w.log, "erase contacts/7 by privacy") {
		t.Errorf("nobody is named: %v", w.log)
	}
	ok(t, x.Activities(t.Context(), claims))
	w.vectors[noteRef(0)] = crm.Kept{} // left by a crash, or by a run that had begun before
	ok(t, x.Activities(t.Context(), claims))
	if len(w.vectors) != 1 || len(w.kept) != 1 || w.kept[other].Document.Text != "stays" {
		t.Errorf("it came back: %d vectors, %d texts", len(w.vectors), len(w.kept))
	}
}
