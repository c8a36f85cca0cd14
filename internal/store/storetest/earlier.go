package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// earlierAt reads the texts that stood at a moment and stand no more.
func (w *world) earlierAt(account crm.Ref, asOf time.Time) []crm.Stored {
	w.Helper()
	all, err := w.Earlier(w.ctx, account)
	w.no(err)
	all = slices.DeleteFunc(all, func(s crm.Standing) bool { return !s.At(asOf) })
	out, err := w.Superseded(w.ctx, account.Portal, all)
	w.no(err)
	slices.SortFunc(out, func(a, b crm.Stored) int { return a.Ref.Compare(b.Ref) })
	return out
}

// indexEarlier: a question as of a moment finds each activity once, with the text of then: the current one by the filter, the others here.
func indexEarlier(w *world) {
	acme, beta := ref(crm.Companies, 5), ref(crm.Companies, 6)
	day := func(n int) time.Time { return w.clock.now().AddDate(0, 0, n-100) } // history: all of it is read a hundred days later
	at := func(i int, n int, text string, created int, accounts ...crm.Ref) crm.Kept {
		k := kept(ref(crm.Calls, i), day(n), text, accounts...)
		k.Activity.Created, k.Activity.Modified = day(n), day(created)
		for c := range k.Chunks {
			k.Chunks[c].Created = day(created)
		}
		return k
	}
	w.keep(at(1, 1, "same", 1, acme), at(2, 1, "first", 1, acme), at(3, 1, "gone", 1, acme), at(4, 50, "later", 50, acme), at(5, 1, "other first", 1, beta))
	w.keep(at(2, 1, "second", 10, acme), at(5, 1, "other second", 10, beta))
	w.keep(at(2, 1, "first", 20, acme)) // back again
	w.no(w.Gone(w.ctx, []crm.Ref{ref(crm.Calls, 3)}, crm.Claim{}))
	ours := at(6, 1, "ours", 1, acme)
	ours.Activity.Ours = true
	w.keep(ours)
	ours.Document.Text, ours.Document.Version, ours.Chunks, ours.Words = "ours too", hash("ours too"), nil, nil
	w.keep(ours)
	w.reopen()
	for name, c := range map[string]struct {
		account crm.Ref
		asOf    time.Time
		want    string
	}{
		"before everything":      {acme, day(1), ""},
		"first text":             {acme, day(2), "2 first,3 gone,"},
		"the moment it changed":  {acme, day(10), "2 first,3 gone,"},
		"second text":            {acme, day(11), "2 second,3 gone,"},
		"present text":           {acme, day(21), "3 gone,"},
		"after the deletion":     {acme, w.clock.now().Add(time.Second), ""},
		"another account":        {beta, day(2), "5 other first,"},
		"nobody":                 {ref(crm.Companies, 404), day(2), ""},
		"the portal next to it":  {crm.Ref{Portal: portal + 1, Type: crm.Companies, ID: "5"}, day(2), ""},
		"the moment of deletion": {acme, w.clock.now(), "3 gone,"},
	} {
		got := ""
		for _, s := range w.earlierAt(c.account, c.asOf) {
			got += fmt.Sprintf("%s %s,", s.Ref.ID, s.Document.Text)
			if !s.LearnedAt.Before(c.asOf) || s.SupersededAt == nil || s.SupersededAt.Before(c.asOf) || s.Document.Version != hash(s.Document.Text) {
				w.Fatalf("%s: %+v", name, s)
			}
		}
		same(w, name, got, c.want)
	}
	all := w.earlierAt(acme, day(2))
	same(w, "superseded when the text changed, not when that was read", *all[0].SupersededAt, day(10))
	marks, err := w.Marks(w.ctx, []crm.Ref{ref(crm.Calls, 1), ref(crm.Calls, 2)})
	w.no(err)
	same(w, "learned", marks[ref(crm.Calls, 1)].Learned, day(1))
	same(w, "learned anew", marks[ref(crm.Calls, 2)].Learned, day(20))
	s, err := w.ActivityAt(w.ctx, ref(crm.Calls, 1), day(2)) // long before it was read
	w.no(err)
	same(w, "imported history", s.Document.Text, "same")

	_, err = w.Erase(w.ctx, ref(crm.Calls, 2), ann)
	w.no(err)
	_, err = w.Erase(w.ctx, ref(crm.Calls, 3), ann)
	w.no(err)
	same(w, "after erasing", len(w.earlierAt(acme, day(2))), 0)
}

// indexUndated: a later text that nobody can date was learned when it was read, and the one before it stays what was known until then.
func indexUndated(w *world) {
	call, began := ref(crm.Calls, 1), w.clock.now()
	w.keep(kept(call, began, "before", ref(crm.Companies, 5)))
	w.clock.advance(time.Hour)
	w.keep(kept(call, began, "after", ref(crm.Companies, 5)))
	for at, want := range map[time.Time]string{began: "before", w.clock.now().Add(-time.Second): "before", w.clock.now(): "after"} {
		s, err := w.ActivityAt(w.ctx, call, at)
		w.no(err)
		same(w, "text at "+at.String(), s.Document.Text, want)
	}
}

// indexRestored: of an activity that was deleted its last text and when it became known are told, so that a text that comes back with it is no news, and another one is.
func indexRestored(w *world) {
	acme, call := ref(crm.Companies, 5), ref(crm.Calls, 1)
	k := kept(call, w.clock.now(), "text", acme)
	w.keep(k)
	began := w.clock.now()
	w.clock.advance(time.Hour)
	w.no(w.Gone(w.ctx, []crm.Ref{call}, crm.Claim{}))
	marks, err := w.Marks(w.ctx, []crm.Ref{call})
	w.no(err)
	m := marks[call]
	if !m.Gone || m.Version != hash("text") || !m.Learned.Equal(began) || m.Mark != "" || len(m.Accounts)+len(m.Links.All()) > 0 {
		w.Fatalf("%+v", m)
	}
	between := w.clock.now()
	same(w, "while it is gone", len(w.earlierAt(acme, between)), 1)
	w.clock.advance(time.Hour)
	w.keep(k)
	marks, err = w.Marks(w.ctx, []crm.Ref{call})
	w.no(err)
	if m := marks[call]; m.Gone || len(m.Accounts) != 1 {
		w.Fatalf("%+v", m)
	}
}

// indexSubjects: a superseded text keeps the subject that it had.
func indexSubjects(w *world) {
	acme, call := ref(crm.Companies, 5), ref(crm.Calls, 1)
	for i, text := range []string{"one", "two", "three"} {
		k := kept(call, w.clock.now(), text, acme)
		k.Activity.Subject = fmt.Sprintf("Subject %d", i)
		w.keep(k)
		w.clock.advance(time.Hour)
	}
	w.no(w.Gone(w.ctx, []crm.Ref{call}, crm.Claim{}))
	all, err := w.Earlier(w.ctx, acme)
	w.no(err)
	texts, err := w.Superseded(w.ctx, portal, all)
	w.no(err)
	slices.SortFunc(texts, func(a, b crm.Stored) int { return a.LearnedAt.Compare(b.LearnedAt) })
	same(w, "texts", len(texts), 3)
	for i, s := range texts {
		same(w, s.Document.Text, s.Subject, fmt.Sprintf("Subject %d", i))
	}
}

// indexHidden: what is gone together with somebody it was linked to stays hidden; what is gone alone, also of an account that was merged, does not.
func indexHidden(w *world) {
	acme, old, leaver, stays := ref(crm.Companies, 5), ref(crm.Companies, 4), ref(crm.Contacts, 7), ref(crm.Contacts, 8)
	for i, of := range []crm.Ref{leaver, stays} {
		k := kept(ref(crm.Calls, i+1), w.clock.now(), fmt.Sprintf("text %d", i), old)
		k.Activity.Links.Contacts = []crm.Ref{of}
		w.keep(k)
	}
	records := []crm.Record{{Ref: acme, Name: "Acme", MergedIDs: []string{old.ID}}, {Ref: leaver, Name: "Leaver"}, {Ref: stays, Name: "Stays"}}
	_, err := w.KeepRecords(w.ctx, records, nil, nil, crm.Claim{}, nil)
	w.no(err)
	began := w.clock.now().Add(time.Minute)
	w.clock.advance(time.Hour)
	w.no(w.Gone(w.ctx, []crm.Ref{ref(crm.Calls, 1), ref(crm.Calls, 2)}, crm.Claim{}))
	same(w, "before anybody leaves", len(w.earlierAt(acme, began)), 2)
	_, err = w.KeepRecords(w.ctx, nil, nil, []crm.Ref{leaver}, crm.Claim{}, nil)
	w.no(err)
	left := w.earlierAt(acme, began)
	if len(left) != 1 || left[0].Ref != ref(crm.Calls, 2) {
		w.Fatalf("%+v", left)
	}
}
