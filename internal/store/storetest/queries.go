package storetest

import (
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

func (w *world) asked(of crm.PortalID, n int) (out []string) {
	w.Helper()
	all, err := w.Queries(w.ctx, of, n)
	w.no(err)
	for _, q := range all {
		if !q.Valid() || q.Portal != of || q.Now.IsZero() {
			w.Fatalf("a question nobody could ask: %+v", q)
		}
		out = append(out, q.Text)
	}
	return out
}

func queriesKept(w *world) {
	acme, beta := ref(crm.Companies, 5), ref(crm.Companies, 6)
	for i := range 510 {
		w.no(w.KeepQuery(w.ctx, portal, acme, fmt.Sprint("question ", i)))
	}
	w.no(w.KeepQuery(w.ctx, portal, crm.Ref{}, "of the whole portal"))
	w.no(w.KeepQuery(w.ctx, portal+1, crm.Ref{}, "elsewhere"))
	w.reopen() // nobody has waited for them
	got := w.asked(portal, 1000)
	if len(got) != 500 || got[0] != "of the whole portal" || got[1] != "question 509" || got[499] != "question 11" {
		w.Fatalf("%d questions, from %q to %q", len(got), got[0], got[len(got)-1])
	}
	same(w, "newest", len(w.asked(portal, 2)), 2)
	same(w, "of another portal", len(w.asked(portal+1, 10)), 1)
	for _, err := range []error{w.KeepQuery(w.ctx, 0, crm.Ref{}, "x"), w.KeepQuery(w.ctx, portal+1, acme, "x"), w.KeepQuery(w.ctx, portal, beta, " ")} {
		w.is(err, crm.ErrInvalid)
	}
	w.no(w.Close())
	w.is(w.KeepQuery(w.ctx, portal, acme, "too late"), crm.ErrTemporary)
	w.reopened(store.Options{})
}

// queriesErased: what was asked about an account goes with what is erased of it, also what was not written yet.
func queriesErased(w *world) {
	person, acme, beta := ref(crm.Contacts, 55512345), ref(crm.Companies, 5), ref(crm.Companies, 6)
	w.records([]crm.Membership{{Member: person, Account: acme, Primary: true}}, crm.Record{Ref: person})
	for _, account := range []crm.Ref{person, acme, {}} {
		w.no(w.KeepQuery(w.ctx, portal, account, "what about "+canary))
	}
	w.no(w.KeepQuery(w.ctx, portal, beta, "stays"))
	_ = w.asked(portal, 10)
	w.no(w.Checkpoint(w.ctx))
	if w.holding(canary) == "" {
		w.Fatal("the canary was never written: this test is blind")
	}
	w.no(w.KeepQuery(w.ctx, portal, acme, "and "+canary))
	_, err := w.Erase(w.ctx, person, ann)
	w.no(err)
	w.no(w.KeepQuery(w.ctx, portal, person, "late "+canary))
	if got := w.asked(portal, 10); len(got) != 1 || got[0] != "stays" {
		w.Fatalf("questions after erasing: %q", got)
	}
	w.no(w.Checkpoint(w.ctx))
	w.absent(canary)
	mail := ref(crm.Emails, 1)
	w.keep(kept(mail, w.clock.now(), "text", beta))
	_, err = w.Erase(w.ctx, mail, ann)
	w.no(err)
	same(w, "questions about an account that lost a text", len(w.asked(portal, 10)), 0)
}

// cursorsSpan: a listing knows when it began, anew when it begins again, and can be forgotten.
func cursorsSpan(w *world) {
	began := w.clock.now()
	keep := func(done int64, finished bool) {
		w.Helper()
		w.no(w.KeepCursor(w.ctx, portal, store.Cursor{Name: "generation/g2", Done: done, Finished: finished}, nil))
		w.clock.advance(time.Minute)
	}
	started := func() time.Time {
		w.Helper()
		c, err := w.Cursor(w.ctx, portal, "generation/g2")
		w.no(err)
		return c.Started
	}
	keep(1, false)
	keep(2, false)
	keep(3, true)
	same(w, "started", started(), began)
	again := w.clock.now()
	keep(0, false)
	keep(1, false)
	w.reopen()
	same(w, "started again", started(), again)
	w.no(w.DropCursor(w.ctx, portal+1, "generation/g2"))
	same(w, "after dropping another portal's", started(), again)
	w.no(w.DropCursor(w.ctx, portal, "generation/g2"))
	w.no(w.DropCursor(w.ctx, portal, "generation/g2"))
	same(w, "after dropping it", started(), time.Time{})
}
