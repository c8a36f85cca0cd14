package indexer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// listed moves a world's objects into pages of two.
func listed(n int) *world {
	w, _ := noted(n)
	w.pages[crm.Companies] = []Page{{Records: []crm.Record{w.records[pier], w.records[field]}}}
	w.pages[crm.Contacts] = []Page{{Records: []crm.Record{w.records[dana]}, Memberships: w.members[dana]}}
	for i := 0; i < n; i += 2 {
		p := Page{}
		for k := i; k < min(i+2, n); k++ {
			p.Activities = append(p.Activities, w.activities[noteRef(k)])
		}
		w.pages[crm.Notes] = append(w.pages[crm.Notes], p)
	}
	return w
}

func TestIndexAllListsRecordsFirstAndResumes(t *testing.T) {
	w := listed(6)
	x := w.indexer()
	x.Triggers = func(crm.Activity, crm.Document, []crm.Record, crm.Lane) []crm.Mark {
		t.Error("a backfill triggers nothing")
		return nil
	}
	var seen []Progress
	x.Progress = func(p Progress) { seen = append(seen, p) }
	calls := 0
	w.embedErr = func([]string) error {
		if calls++; calls == 2 || calls == 3 || calls == 4 {
			return &crm.RetryAfter{At: may, Err: errRefused}
		}
		return nil
	}
	if err := x.IndexAll(t.Context(), 1, nil); !errors.Is(err, crm.ErrTemporary) {
		t.Fatalf("an outage gave %v", err)
	}
	if len(w.kept) != 2 {
		t.Fatalf("%d notes were kept before the outage", len(w.kept))
	}
	w.embedErr, w.log = nil, nil
	ok(t, x.Backfill(t.Context(), []crm.Claim{{Portal: 1, Kind: crm.BackfillWork, Key: "notes"}}))
	if len(w.kept) != 6 || w.log[0] != `list notes "1"` {
		t.Errorf("%d kept, resumed with %s", len(w.kept), w.log[0])
	}
	if last := seen[len(seen)-1]; last != (Progress{Portal: 1, Type: crm.Notes, Done: 6, Finished: true}) {
		t.Errorf("last progress %+v", last)
	}
	w.log = nil
	if err := x.IndexAll(t.Context(), 1, nil); err != nil {
		t.Fatal(err)
	}
	if w.count("embed") != 0 || w.count("keep notes") != 0 {
		t.Errorf("listing everything again did %v", w.log)
	}
	var order []string
	for _, l := range w.log {
		if strings.HasPrefix(l, "list") {
			if name := strings.Fields(l)[1]; !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
	}
	if want := "[companies contacts deals tickets calls meetings emails notes tasks communications]"; fmt.Sprint(order) != want {
		t.Errorf("order %v", order)
	}
}

func TestBackfillGoesOnPastPoison(t *testing.T) {
	w := listed(4)
	w.badText = "Note 1 "
	errs := w.indexer().Backfill(t.Context(), []crm.Claim{{Portal: 1, Kind: crm.BackfillWork, Key: "notes"}, {Portal: 1, Kind: crm.BackfillWork, Key: "widgets"}})
	if errs[0] != nil || !errors.Is(errs[1], crm.ErrInvalid) {
		t.Fatal(errs)
	}
	if want := []crm.Mark{{Portal: 1, Kind: crm.IndexWork, Key: noteRef(1).Path(), Lane: crm.BackfillLane}}; len(w.kept) != 3 || !slices.Equal(w.marked, want) {
		t.Errorf("%d kept, marks %v", len(w.kept), w.marked)
	}
}
