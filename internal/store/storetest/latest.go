package storetest

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// proposalsLatest: what stands and what was written is found by the states of changes, of a past moment only what was made before it, and only about that subject, by that
// workflow, in that portal; a run that confirms what was suggested leaves it pending.
func proposalsLatest(w *world) {
	subject := ref(crm.Calls, 1)
	latest := func(before time.Time, states ...crm.State) string {
		w.Helper()
		p, err := w.Latest(w.ctx, subject, "call_summary", before, states...)
		if err != nil {
			w.is(err, crm.ErrNotFound)
		}
		return p.ID
	}
	same(w, "before anything", latest(time.Time{}, crm.Pending, crm.Approved), "")
	one := proposal("p1", crm.Review, crm.Apply)
	one.Known, one.CreatedAt = 17, w.clock.now()
	w.propose(one)
	same(w, "pending", latest(time.Time{}, crm.Pending), "p1")
	same(w, "approved", latest(time.Time{}, crm.Approved, crm.Applied), "p1")
	same(w, "applied", latest(time.Time{}, crm.Applied), "")
	same(w, "before it was made", latest(one.CreatedAt, crm.Pending), "")
	same(w, "known", w.suggestion("p1").Known, int64(17))
	w.clock.advance(time.Minute)
	nothing := proposal("p2")
	nothing.Confirms = "p1"
	w.propose(nothing)
	same(w, "what was confirmed", w.suggestion("p1").State, crm.Pending)
	w.clock.advance(time.Minute)
	w.propose(proposal("p3", crm.Review))
	same(w, "the newest pending", latest(time.Time{}, crm.Pending), "p3")
	same(w, "the newest that is written", latest(time.Time{}, crm.Approved), "p1")
	same(w, "its pending change is superseded, the other stands", w.suggestion("p1").Changes[1].State, crm.Approved)
	_, err := w.Latest(w.ctx, subject, "call_summary", time.Time{})
	w.is(err, crm.ErrInvalid)
	for _, none := range []struct {
		workflow string
		subject  crm.Ref
	}{{"lead_score", subject}, {"call_summary", ref(crm.Calls, 2)}, {"call_summary", crm.Ref{Portal: portal + 1, Type: crm.Calls, ID: "1"}}} {
		_, err = w.Latest(w.ctx, none.subject, none.workflow, time.Time{}, crm.Pending, crm.Approved)
		w.is(err, crm.ErrNotFound)
	}
	whole, err := w.Latest(w.ctx, subject, "call_summary", time.Time{}, crm.Approved)
	w.no(err)
	same(w, "whole", len(whole.Claims), len(one.Claims))
}
