package indexer

import (
	"context"
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
		x.Triggers = func(a crm.Activity, d crm.Document, _ []crm.Record, lane crm.Lane) []crm.Mark {
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
		x.Triggers = func(crm.Activity, crm.Document, []crm.Record, crm.Lane) []crm.Mark { got++; return nil }
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

// TestDealsOfTheAccountTrigger: a mail that is linked to a contact alone concerns the open deals of its account that the contact takes part in, or all where there are none; what
// is linked to it later concerns nothing a second time.
func TestDealsOfTheAccountTrigger(t *testing.T) {
	acme, mira, ann := crm.Ref{Portal: 1, Type: crm.Companies, ID: "7"}, crm.Ref{Portal: 1, Type: crm.Contacts, ID: "21"}, crm.Ref{Portal: 1, Type: crm.Contacts, ID: "22"}
	deal := func(id, stage string, contacts ...crm.Ref) crm.Record {
		return crm.Record{Ref: crm.Ref{Portal: 1, Type: crm.Deals, ID: id}, Properties: map[string]string{"dealstage": stage}, Links: crm.Links{Contacts: contacts}}
	}
	hers, closed, other, nobodys := deal("31", "contractsent", mira), deal("32", "closedwon", mira), deal("33", "contractsent", ann), deal("34", "contractsent")
	for name, c := range map[string]struct {
		deals []crm.Record
		lane  crm.Lane
		first string // concerned by the mail as it comes
		late  string // by its links to company and hers, which come later
	}{
		"her deal":       {[]crm.Record{hers, closed, other, nobodys}, crm.LiveLane, "[deals/31]", "[]"},
		"others' deals":  {[]crm.Record{closed, other, nobodys}, crm.LiveLane, "[deals/33 deals/34]", "[deals/31]"},
		"no open deal":   {[]crm.Record{closed}, crm.LiveLane, "[]", "[deals/31]"},
		"six open deals": {slices.Repeat([]crm.Record{nobodys}, 6), crm.LiveLane, "[deals/34 deals/34 deals/34 deals/34 deals/34]", "[deals/31]"},
		"history":        {[]crm.Record{hers}, crm.BackfillLane, "[]", "[deals/31]"},
	} {
		w, claims := noted(1)
		for i := range claims {
			claims[i].Lane = c.lane
		}
		for _, r := range []crm.Record{{Ref: acme, Name: "Acme"}, {Ref: mira}, hers} {
			w.records[r.Ref] = r
		}
		w.members[mira] = []crm.Membership{{Member: mira, Account: acme, Primary: true}}
		a := w.activities[noteRef(0)]
		a.Links = crm.Links{Contacts: []crm.Ref{mira}}
		w.activities[noteRef(0)] = a
		x := w.indexer()
		x.Now = func() time.Time { return may.Add(time.Minute) }
		x.Deals = dealsOf(func(account crm.Ref) []crm.Record {
			if account != acme {
				t.Errorf("%s: asked for %s", name, account.Path())
			}
			return slices.Clone(c.deals)
		})
		var companies, deals []string
		x.Triggers = func(a crm.Activity, _ crm.Document, concerned []crm.Record, _ crm.Lane) []crm.Mark {
			paths := []string{}
			for _, d := range concerned {
				paths = append(paths, d.Ref.Path())
			}
			deals = append(deals, fmt.Sprint(paths))
			companies = append(companies, fmt.Sprint(len(a.Links.Companies)))
			return nil
		}
		ok(t, x.Activities(t.Context(), claims))
		a.Links = crm.Links{Contacts: []crm.Ref{mira}, Companies: []crm.Ref{acme}, Deals: []crm.Ref{hers.Ref}}
		w.activities[noteRef(0)] = a
		ok(t, x.Activities(t.Context(), claims))
		if got := fmt.Sprint(companies, deals); got != fmt.Sprint([]string{"1", "0"}, []string{c.first, c.late}) {
			t.Errorf("%s: companies and deals %s, want %s, then %s", name, got, c.first, c.late)
		}
	}
}

type dealsOf func(account crm.Ref) []crm.Record

func (f dealsOf) RecordsOf(_ context.Context, account crm.Ref, _ crm.ObjectType) ([]crm.Record, error) {
	return f(account), nil
}
