package storetest

import (
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func (w *world) records(members []crm.Membership, records ...crm.Record) []crm.Ref {
	w.Helper()
	moved, err := w.KeepRecords(w.ctx, records, members, nil, crm.Claim{}, nil)
	w.no(err)
	return moved
}

func recordsMemberships(w *world) {
	ann, acme, beta := ref(crm.Contacts, 7), ref(crm.Companies, 5), ref(crm.Companies, 6)
	mail := kept(ref(crm.Emails, 1), w.clock.now(), "hello")
	mail.Activity.Links = crm.Links{Contacts: []crm.Ref{ann}}
	w.keep(mail)
	at := w.clock.now().Truncate(time.Microsecond)
	first := crm.Membership{Member: ann, Account: acme, Primary: true, From: at.Add(-time.Hour)}
	r := crm.Record{Ref: ann, Name: "Ann", Properties: map[string]string{"email": "ann@acme.example"}}
	if moved := w.records([]crm.Membership{first}, r); !slices.Equal(moved, []crm.Ref{mail.Activity.Ref}) {
		w.Fatalf("moved by a first membership: %v", moved)
	}
	row, err := w.Row(w.ctx, portal, crm.IndexWork, mail.Activity.Ref.Path())
	w.no(err)
	same(w, "what moved is to be indexed again", row.State, "ready")
	same(w, "moved by the same membership", len(w.records([]crm.Membership{first}, r)), 0)
	first.To = at
	second := crm.Membership{Member: ann, Account: beta, Primary: true, From: at}
	same(w, "moved by another", len(w.records([]crm.Membership{second, first}, r)), 1)
	w.reopen()
	got, err := w.Memberships(w.ctx, []crm.Ref{ann, acme})
	w.no(err)
	if !slices.Equal(got, []crm.Membership{first, second}) {
		w.Fatalf("memberships: %+v", got)
	}
	back, err := w.Record(w.ctx, ann)
	w.no(err)
	same(w, "property", back.Properties["email"], "ann@acme.example")
	moved, err := w.KeepRecords(w.ctx, nil, nil, []crm.Ref{ann}, crm.Claim{}, []crm.Mark{consider(3)})
	w.no(err)
	same(w, "moved by a deletion", len(moved), 0)
	same(w, "trigger", w.state(consider(3)), "ready")
	_, err = w.Record(w.ctx, ann)
	w.is(err, crm.ErrNotFound)
	has, err := w.HasRecords(w.ctx, []crm.Ref{ann, beta})
	w.no(err)
	if !has[ann] || has[beta] || len(has) != 1 {
		w.Fatalf("has: %v", has)
	}
}

func recordsMerge(w *world) {
	old, mid, now := ref(crm.Companies, 1), ref(crm.Companies, 2), ref(crm.Companies, 3)
	w.keep(kept(ref(crm.Calls, 1), w.clock.now(), "hi", old))
	w.records(nil, crm.Record{Ref: old, Name: "Old"}, crm.Record{Ref: mid, Name: "Mid"})
	moved := w.records(nil, crm.Record{Ref: mid, Name: "Mid", MergedIDs: []string{"1"}})
	if !slices.Equal(moved, []crm.Ref{ref(crm.Calls, 1)}) {
		w.Fatalf("moved by a merge: %v", moved)
	}
	same(w, "moved by the same merge", len(w.records(nil, crm.Record{Ref: mid, Name: "Mid", MergedIDs: []string{"1"}})), 0)
	w.records(nil, crm.Record{Ref: now, Name: "Now", MergedIDs: []string{"2"}})
	w.reopen()
	for _, r := range []crm.Ref{old, mid, now} { // through both merges
		got, err := w.Record(w.ctx, r)
		w.no(err)
		same(w, "name of "+r.Path(), got.Name, "Now")
		to, err := w.Resolve(w.ctx, r)
		w.no(err)
		same(w, "resolved "+r.Path(), to, now)
	}
	has, err := w.HasRecords(w.ctx, []crm.Ref{old})
	w.no(err)
	same(w, "has a merged one", has[old], true)
}

func recordsAccount(w *world) {
	ann, bob, deal, lone := ref(crm.Contacts, 7), ref(crm.Contacts, 8), ref(crm.Deals, 9), ref(crm.Deals, 10)
	acme, beta := ref(crm.Companies, 5), ref(crm.Companies, 6)
	past := w.clock.now().AddDate(-1, 0, 0)
	w.records([]crm.Membership{
		{Member: ann, Account: acme, Primary: true, To: past},
		{Member: ann, Account: beta, Primary: true, From: past},
		{Member: deal, Account: acme, Primary: true},
	}, crm.Record{Ref: ann}, crm.Record{Ref: bob}, crm.Record{Ref: deal}, crm.Record{Ref: acme}, crm.Record{Ref: lone, Links: crm.Links{Contacts: []crm.Ref{ann}}})
	w.keep(kept(ref(crm.Calls, 1), w.clock.now(), "x", acme, beta))
	for r, want := range map[crm.Ref]crm.Ref{acme: acme, ann: beta, bob: bob, deal: acme, lone: beta, ref(crm.Calls, 1): acme} {
		got, err := w.Account(w.ctx, r)
		w.no(err)
		same(w, "account of "+r.Path(), got, want)
	}
	_, err := w.Account(w.ctx, ref(crm.Deals, 404))
	w.is(err, crm.ErrNotFound)
	accounts, err := w.Accounts(w.ctx, portal)
	w.no(err)
	if !slices.Equal(accounts, []crm.Ref{acme, beta}) {
		w.Fatalf("accounts: %v", accounts)
	}
}

func recordsTimeline(w *world) {
	acme, ann := ref(crm.Companies, 5), ref(crm.Contacts, 7)
	start := w.clock.now()
	for i := range 5 {
		k := kept(ref(crm.Calls, i), start.Add(time.Duration(i)*time.Hour), "text", acme)
		if i == 0 {
			k.Activity.Time = time.Time{}
		}
		if i%2 == 1 {
			k.Activity.Links = k.Activity.Links.Add(ann)
		}
		w.keep(k)
	}
	ids := func(record crm.Ref, since time.Time, limit int) (out string) {
		line, err := w.Timeline(w.ctx, record, since, limit)
		w.no(err)
		for _, s := range line {
			same(w, "text in a timeline", s.Document.Text, "")
			out += s.Ref.ID
		}
		return out
	}
	same(w, "all", ids(acme, time.Time{}, 10), "43210")
	same(w, "limited", ids(acme, time.Time{}, 2), "43")
	same(w, "since", ids(acme, start.Add(2*time.Hour), 10), "432")
	same(w, "of a contact", ids(ann, time.Time{}, 10), "31")
	same(w, "of nobody", ids(ref(crm.Deals, 1), time.Time{}, 10), "")
}
