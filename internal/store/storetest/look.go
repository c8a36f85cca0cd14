package storetest

import (
	"fmt"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

// proposalsByLook: pending suggestions come in the order of what a look at them is worth, page by page, whatever was suggested first.
func proposalsByLook(w *world) {
	rich := ref(crm.Companies, 6)
	w.records([]crm.Membership{{Member: ref(crm.Deals, 9), Account: rich, Primary: true}, {Member: ref(crm.Deals, 10), Account: rich, Primary: true}},
		crm.Record{Ref: rich}, crm.Record{Ref: ref(crm.Deals, 9), Properties: map[string]string{"amount": "90000", "dealstage": "qualifiedtobuy"}},
		crm.Record{Ref: ref(crm.Deals, 10), Properties: map[string]string{"amount": "900000", "dealstage": "closedlost"}})
	for i, confidence := range []float64{.6, .95, .6, 0, .6} {
		p := proposal(fmt.Sprint("p", i), crm.Review, crm.Review)
		p.Subject, p.Account = ref(crm.Calls, i), ref(crm.Companies, 5)
		if i == 4 {
			p.Account = rich
		}
		for j := range p.Changes {
			p.Changes[j].Confidence = confidence
		}
		w.propose(p)
	}
	order := func(what, want string) {
		w.Helper()
		ids := ""
		f := store.SuggestionFilter{Portal: portal, State: crm.Pending, ByLook: true}
		for _, p := range w.pages(f) {
			ids += p.ID
		}
		same(w, what, ids, want)
		w.beside(f)
	}
	order("the account with an open deal first, of equals the later id, a sure one behind, a wrong one last", "p4p2p0p1p3")
	p := w.suggestion("p2")
	_, err := w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p2", Changes: []string{"c0"}, Approve: true, Actor: ann, Seen: p.ETag()})
	w.no(err)
	order("one of its changes is decided", "p4p0p1p2p3")
	same(w, "money counts by what is open", w.suggestion("p4").Look < 3*w.suggestion("p0").Look, true)
	w.reopen()
	order("reopened", "p4p0p1p2p3")
}

// beside checks that each suggestion of a list stands between the one before and the one behind it, and that behind what is not in it is its first.
func (w *world) beside(f store.SuggestionFilter) {
	w.Helper()
	all := w.pages(f)
	for i, p := range all {
		before, behind, err := w.Beside(w.ctx, f, p.ID)
		w.no(err)
		want := [2]string{}
		if i > 0 {
			want[0] = all[i-1].ID
		}
		if i+1 < len(all) {
			want[1] = all[i+1].ID
		}
		same(w, "beside "+p.ID, [2]string{before, behind}, want)
	}
	before, behind, err := w.Beside(w.ctx, f, "elsewhere")
	w.no(err)
	first := ""
	if len(all) > 0 {
		first = all[0].ID
	}
	same(w, "beside what is not in the list", [2]string{before, behind}, [2]string{"", first})
}

// pages reads a list two at a time to its end.
func (w *world) pages(f store.SuggestionFilter) (out []crm.Proposal) {
	w.Helper()
	for cursor := ""; ; {
		got, next, err := w.Suggestions(w.ctx, f, cursor, 2)
		w.no(err)
		out = append(out, got...)
		if cursor = next; next == "" {
			return out
		}
	}
}
