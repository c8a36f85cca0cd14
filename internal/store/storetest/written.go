package storetest

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Of what was suggested about a subject, only what was let through counts as written, and of a past moment only what was written before it.
func proposalsWritten(w *world) {
	call := ref(crm.Calls, 1)
	_, err := w.Written(w.ctx, "call_summary", call, time.Time{})
	w.is(err, crm.ErrNotFound)
	first := w.propose(proposal("p1", crm.Apply))
	between := w.clock.now().Add(time.Minute)
	w.clock.advance(time.Hour)
	w.propose(proposal("p2", crm.Apply))
	w.clock.advance(time.Hour)
	w.propose(proposal("p3", crm.Review))
	w.clock.advance(time.Hour)
	w.propose(proposal("p4", crm.Drop))
	for before, want := range map[time.Time]string{{}: "p2", between: "p1"} {
		got, err := w.Written(w.ctx, "call_summary", call, before)
		w.no(err)
		same(w, "the last one", got.ID, want)
	}
	same(w, "whole", len(first.Claims), 3)
	for _, none := range []struct {
		workflow string
		subject  crm.Ref
		before   time.Time
	}{{"lead_score", call, time.Time{}}, {"call_summary", ref(crm.Calls, 2), time.Time{}}, {"call_summary", crm.Ref{Portal: portal + 1, Type: crm.Calls, ID: "1"}, time.Time{}},
		{"call_summary", call, first.CreatedAt}} {
		_, err = w.Written(w.ctx, none.workflow, none.subject, none.before)
		w.is(err, crm.ErrNotFound)
	}
}
