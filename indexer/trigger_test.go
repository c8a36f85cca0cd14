package indexer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// TestLateLinksTrigger: associations that arrive after their activity was read trigger the records they name, and only those, as long as the activity is recent.
func TestLateLinksTrigger(t *testing.T) {
	deal, other := crm.Ref{Portal: 1, Type: crm.Deals, ID: "31"}, crm.Ref{Portal: 1, Type: crm.Deals, ID: "32"}
	for name, c := range map[string]struct {
		age  time.Duration
		lane crm.Lane
		want []string // what triggers on the late link, on a second one, and on the first one's removal
	}{
		"recent":         {time.Minute, crm.LiveLane, []string{"[deals/31]", "[deals/32]"}},
		"three days old": {72 * time.Hour, crm.LiveLane, []string{"[deals/31]", "[deals/32]"}},
		"history":        {72*time.Hour + time.Second, crm.LiveLane, nil},
	} {
		w, claims := noted(1)
		for _, d := range []crm.Ref{deal, other} {
			w.records[d] = crm.Record{Ref: d, Name: "Renewal"}
		}
		x := w.indexer()
		ok(t, x.Activities(t.Context(), claims))
		x.Now = func() time.Time { return may.Add(c.age) }
		var got []string
		x.Triggers = func(a crm.Activity, d crm.Document, lane crm.Lane) []crm.Mark {
			if d.Text == "" || lane != c.lane {
				t.Errorf("%s: %q in lane %s", name, d.Text, lane)
			}
			paths := []string{}
			for _, r := range a.Links.All() {
				paths = append(paths, r.Path())
			}
			got = append(got, fmt.Sprint(paths))
			return nil
		}
		for _, links := range [][]crm.Ref{{deal}, {deal}, {deal, other}, {other}} {
			a := w.activities[noteRef(0)]
			a.Links.Deals = links
			w.activities[noteRef(0)] = a
			ok(t, x.Activities(t.Context(), claims))
			if kept := w.kept[noteRef(0)].Activity.Links; !slices.Equal(kept.Deals, links) || len(kept.Contacts) != 1 {
				t.Errorf("%s: kept %+v", name, kept)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestHistoryMetLiveTriggersNothing: an old activity that somebody touches before it was ever read is history; one that was logged just now is news.
func TestHistoryMetLiveTriggersNothing(t *testing.T) {
	for age, want := range map[time.Duration]int{time.Minute: 1, 71 * time.Hour: 1, 73 * time.Hour: 0} {
		w, claims := noted(1)
		x := w.indexer()
		x.Now = func() time.Time { return may.Add(age) }
		got := 0
		x.Triggers = func(crm.Activity, crm.Document, crm.Lane) []crm.Mark { got++; return nil }
		ok(t, x.Activities(t.Context(), claims))
		if got != want {
			t.Errorf("%v old: triggered %d times, want %d", age, got, want)
		}
		a := w.activities[noteRef(0)]
		a.Body, a.Modified = "<p>Another text.</p>", may.Add(age)
		w.activities[noteRef(0)] = a
		if ok(t, x.Activities(t.Context(), claims)); got != want+1 { // changed text is news, however old
			t.Errorf("%v old, edited: triggered %d times", age, got)
		}
	}
}
