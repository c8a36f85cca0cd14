package past_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/contextd/contextd/indexer/past"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

var (
	oldCompany = crm.Ref{Portal: portal, Type: crm.Companies, ID: "9"}
	oldContact = crm.Ref{Portal: portal, Type: crm.Contacts, ID: "8"}
)

// sayOf says something that belongs to other records than the world's own, and lets it go.
func (w *world) sayOf(n int, body string, links crm.Links) {
	w.Helper()
	w.write(note(n), body, "", true)
	a := w.activities[note(n)]
	a.Links = links
	w.activities[note(n)] = a
	w.read(note(n))
}

func (w *world) goes(n int) {
	w.Helper()
	delete(w.activities, note(n))
	w.read(note(n))
}

func (w *world) keep(r ...crm.Record) {
	w.Helper()
	_, err := w.db.KeepRecords(w.Context(), r, nil, nil, crm.Claim{}, nil)
	w.no(err)
	w.pass()
}

func (w *world) erase(ref crm.Ref) {
	w.Helper()
	_, err := w.db.Erase(w.Context(), ref, crm.System("test"))
	w.no(err)
}

// texts are the superseded ones that the account of a moment holds, in memory or not.
func (w *world) texts(asOf time.Time) (out []string) {
	w.Helper()
	p, err := w.past.At(w.Context(), company, asOf)
	w.no(err)
	for _, c := range p.Earlier {
		out = append(out, c.Text)
	}
	return out
}

// TestErasedFromTheCompanyItCameTo: a gone activity is answered for the company that its own was merged into, and forgotten there when it is erased.
func TestErasedFromTheCompanyItCameTo(t *testing.T) {
	w := newWorld(t, builtin.Embedder{})
	w.say(2, "The depot is in Cork.")
	w.sayOf(1, "The budget is 40,000 euros.", crm.Links{Companies: []crm.Ref{oldCompany}})
	then := w.at
	w.goes(1)
	w.is("before the merge", w.texts(then))
	w.keep(crm.Record{Ref: company, Name: "Harborline Lifts", MergedIDs: []string{oldCompany.ID}})
	w.is("after the merge", w.texts(then), "The budget is 40,000 euros.")
	w.erase(note(1))
	w.is("erased", w.texts(then))
}

// TestHiddenAtOnce: what is gone together with a record is not answered from memory, whichever way the store hears that the record went, and comes back with it.
func TestHiddenAtOnce(t *testing.T) {
	deal, ticket := crm.Ref{Portal: portal, Type: crm.Deals, ID: "3"}, crm.Ref{Portal: portal, Type: crm.Tickets, ID: "4"}
	gone := func(w *world, r ...crm.Ref) {
		_, err := w.db.KeepRecords(w.Context(), nil, nil, r, crm.Claim{}, nil)
		w.no(err)
		w.pass()
	}
	for name, hide := range map[string]func(*world){
		"deleted":     func(w *world) { gone(w, contact) },
		"archived":    func(w *world) { w.keep(crm.Record{Ref: contact, Name: "Mira Kovac", Archived: true}) },
		"ticket gone": func(w *world) { gone(w, ticket) },
		"deal erased": func(w *world) { w.erase(deal) },
		"under an old id": func(w *world) {
			w.keep(crm.Record{Ref: oldContact, Name: "Mira Kovac", MergedIDs: []string{contact.ID}})
			w.is("merged", w.texts(day0.Add(2*time.Minute)), "The budget is 40,000 euros.")
			gone(w, oldContact)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, builtin.Embedder{})
			w.keep(crm.Record{Ref: deal, Name: "Renewal"}, crm.Record{Ref: ticket, Name: "A lift stands still"})
			w.sayOf(1, "The budget is 40,000 euros.", crm.Links{Companies: []crm.Ref{company}, Contacts: []crm.Ref{contact}, Deals: []crm.Ref{deal},
				Tickets: []crm.Ref{ticket}})
			then := w.at
			w.goes(1)
			w.is("gone alone", w.texts(then), "The budget is 40,000 euros.")
			hide(w)
			w.is("gone together", w.texts(then))
			if name != "archived" {
				return
			}
			w.keep(crm.Record{Ref: contact, Name: "Mira Kovac"})
			w.is("restored", w.texts(then), "The budget is 40,000 euros.")
		})
	}
}

// TestNothingErasedStaysInMemory: once the store has forgotten an account, nothing of its past is left, although nobody asks it again.
func TestNothingErasedStaysInMemory(t *testing.T) {
	w := newWorld(t, builtin.Embedder{})
	w.say(1, "The budget is 40,000 euros.")
	w.say(2, "The depot is in Cork.")
	then := w.at
	w.pass()
	w.is("nothing was superseded", w.texts(then))
	w.say(1, "The budget is 48,000 euros.")
	w.is("before", w.texts(then), "The budget is 40,000 euros.")
	w.is("present", w.texts(w.at))
	present, err := w.db.Postings(t.Context(), company)
	w.no(err)
	left := make(chan struct{})
	runtime.AddCleanup(present, func(struct{}) { close(left) }, struct{}{})
	w.erase(note(1))
	deadline := time.Now().Add(20 * time.Second)
	for {
		runtime.GC()
		accounts, _, bytes := w.past.Held()
		select {
		case <-left:
			if accounts == 0 && bytes == 0 {
				return
			}
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d accounts of %d bytes are in memory", accounts, bytes)
		}
		runtime.Gosched()
	}
}

// TestTextsOfNoViewAreLetGo: what is divided for a moment leaves memory with the views of that moment.
func TestTextsOfNoViewAreLetGo(t *testing.T) {
	w := newWorld(t, builtin.Embedder{})
	var moments []time.Time
	for i := range 20 {
		w.say(1, fmt.Sprintf("The budget is %d euros.", i))
		moments = append(moments, w.at)
		w.pass()
	}
	for i, m := range moments {
		if got := w.texts(m); i < 19 && len(got) != 1 {
			t.Fatalf("moment %d: %q", i, got)
		}
	}
	if _, texts, _ := w.past.Held(); texts == 0 || texts > 8 {
		t.Errorf("%d texts are held", texts)
	}
}

func TestWhatCannotBeOpenedDoesNotStay(t *testing.T) {
	w := newWorld(t, builtin.Embedder{})
	w.say(1, "one")
	for name, texts := range map[string]past.Texts{"list": failing{w.db}, "view": many{w.db}} {
		w.past.Texts = texts
		if _, err := w.past.At(t.Context(), company, day0.Add(time.Minute)); err == nil {
			t.Fatalf("%s: no error", name)
		}
		if accounts, _, bytes := w.past.Held(); accounts+bytes != 0 {
			t.Errorf("%s: %d accounts of %d bytes are held", name, accounts, bytes)
		}
	}
}
