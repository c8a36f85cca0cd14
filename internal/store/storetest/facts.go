package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// recordsChanges: every account whose memory or facts changed is named, once, and one that did not is not.
func recordsChanges(w *world) {
	acme, beta, deal, person := ref(crm.Companies, 5), ref(crm.Companies, 6), ref(crm.Deals, 9), ref(crm.Contacts, 7)
	last := int64(0)
	changed := func(what string, want ...crm.Ref) {
		w.Helper()
		got, next, err := w.ChangedAccounts(w.ctx, portal, last, 10)
		w.no(err)
		if slices.SortFunc(got, crm.Ref.Compare); !slices.Equal(got, want) {
			w.Fatalf("%s: changed %v, want %v", what, got, want)
		}
		last = next
	}
	changed("nothing")
	company := crm.Record{Ref: acme, Properties: map[string]string{"industry": "STEEL"}}
	w.records(nil, company, crm.Record{Ref: beta}, crm.Record{Ref: person})
	changed("companies", acme, beta)
	w.records(nil, company, crm.Record{Ref: beta}, crm.Record{Ref: person, Name: "Ann"})
	changed("the same again")
	w.records([]crm.Membership{{Member: deal, Account: acme, Primary: true}}, crm.Record{Ref: deal, Properties: map[string]string{"amount": "1"}})
	changed("a deal", acme)
	w.records([]crm.Membership{{Member: deal, Account: acme, Primary: true}}, crm.Record{Ref: deal, Properties: map[string]string{"amount": "2"}})
	changed("a deal's amount", acme)
	w.records([]crm.Membership{{Member: deal, Account: beta, Primary: true}}, crm.Record{Ref: deal, Properties: map[string]string{"amount": "2"}})
	changed("a deal that moves", acme, beta)
	w.reopen()
	k := kept(ref(crm.Calls, 1), w.clock.now(), "text", acme)
	w.keep(k)
	changed("a call", acme)
	k.Accounts = []crm.Ref{beta}
	w.keep(k)
	changed("a call that moves", acme, beta)
	w.no(w.Gone(w.ctx, []crm.Ref{k.Activity.Ref}, crm.Claim{}))
	changed("a call that is gone", beta)
	bad := kept(ref(crm.Calls, 2), w.clock.now(), "text", acme)
	bad.Document.Version = "wrong"
	w.is(w.Keep(w.ctx, []crm.Kept{bad}), crm.ErrInvalid)
	changed("what was not kept")
	_, err := w.KeepRecords(w.ctx, nil, nil, []crm.Ref{deal}, crm.Claim{}, nil)
	w.no(err)
	changed("a deal that is gone", beta)
	w.records([]crm.Membership{{Member: deal, Account: beta, Primary: true}}, crm.Record{Ref: deal})
	changed("a deal that is back", beta)
	_, err = w.Erase(w.ctx, deal, ann)
	w.no(err)
	changed("a deal that is erased", beta)
	merged := crm.Record{Ref: beta, MergedIDs: []string{"4"}} // whose properties are the same
	w.records(nil, merged)
	changed("a merge", ref(crm.Companies, 4), beta)
	w.records(nil, merged)
	changed("the same merge")
	w.keep(kept(ref(crm.Calls, 3), w.clock.now(), "x", acme), kept(ref(crm.Calls, 4), w.clock.now(), "x", beta))
	first, next, err := w.ChangedAccounts(w.ctx, portal, last, 1)
	w.no(err)
	second, end, err := w.ChangedAccounts(w.ctx, portal, next, 1)
	w.no(err)
	if !slices.Equal(append(first, second...), []crm.Ref{acme, beta}) || end <= next || next <= last {
		w.Fatalf("page by page: %v, %v", first, second)
	}
	rest, same, err := w.ChangedAccounts(w.ctx, portal+1, end, 1)
	w.no(err)
	if len(rest) != 0 || same != end {
		w.Fatalf("another portal: %v, %d", rest, same)
	}
}

func recordsFacts(w *world) {
	acme, beta, ticket := ref(crm.Companies, 5), ref(crm.Companies, 6), ref(crm.Tickets, 4)
	won, moved, gone := ref(crm.Deals, 1), ref(crm.Deals, 2), ref(crm.Deals, 3)
	past := w.clock.now().Add(-time.Hour)
	deal := func(r crm.Ref, closed, amount string) crm.Record {
		return crm.Record{Ref: r, Properties: map[string]string{"createdate": "2026-01-01T00:00:00Z", "closedate": closed, "amount": amount, "hs_is_closed": "true",
			"hs_is_closed_won": fmt.Sprint(r == won)}}
	}
	w.records([]crm.Membership{
		{Member: won, Account: acme, Primary: true},
		{Member: moved, Account: acme, Primary: true, To: past}, {Member: moved, Account: beta, Primary: true, From: past},
		{Member: gone, Account: acme, Primary: true},
		{Member: ticket, Account: acme, Primary: true},
	}, deal(ticket, "2026-02-03T00:00:00Z", "400"), crm.Record{Ref: acme, Properties: map[string]string{"industry": "STEEL", "numberofemployees": "120"}},
		crm.Record{Ref: beta}, deal(won, "2026-01-31T00:00:00Z", "100"), deal(moved, "2026-02-01T00:00:00Z", "200"), deal(gone, "2026-02-02T00:00:00Z", "300"))
	_, err := w.KeepRecords(w.ctx, nil, nil, []crm.Ref{gone}, crm.Claim{}, nil)
	w.no(err)
	w.reopen()
	facts, err := w.Facts(w.ctx, []crm.Ref{acme, beta, ref(crm.Companies, 404), ref(crm.Contacts, 7)}, time.Time{})
	w.no(err)
	same(w, "accounts with facts", len(facts), 2)
	same(w, "acme", facts[acme], crm.AccountFacts{Industry: "STEEL", Employees: 120, Outcome: crm.OutcomeWon, Amount: 100, CycleDays: 30})
	same(w, "beta", facts[beta], crm.AccountFacts{Outcome: crm.OutcomeLost, Amount: 200, CycleDays: 31})
	facts, err = w.Facts(w.ctx, []crm.Ref{acme}, time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC))
	w.no(err)
	same(w, "acme on the day before it was won", facts[acme], crm.AccountFacts{Industry: "STEEL", Employees: 120, Outcome: crm.OutcomeOpen})
}
