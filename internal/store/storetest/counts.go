package storetest

import (
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

// events checks the counts and that they sum up.
func (w *world) events(done, inReview, dead, open, ignored int) store.Status {
	w.Helper()
	s, err := w.Status(w.ctx, portal)
	w.no(err)
	sum := 0
	for _, n := range s.Events.Ignored {
		sum += n
	}
	e := s.Events
	if got := [5]int{e.Done, e.InReview, e.Dead, e.Open, sum}; got != [5]int{done, inReview, dead, open, ignored} {
		w.Fatalf("done, in review, dead, open, ignored: got %v, want %v", got, [5]int{done, inReview, dead, open, ignored})
	}
	same(w, "received", e.Received, e.Done+e.InReview+e.Dead+e.Open+sum)
	return s
}

func countsConservation(w *world) {
	echo, foreign := event("echo"), event("foreign")
	echo.Ignored, foreign.Ignored = crm.IgnoredEcho, crm.IgnoredForeign
	foreign.Event.Portal = portal + 9
	w.happen(event("a", index(1)), event("b", index(2), index(3)), event("c", index(3)), echo, foreign)
	w.clock.advance(30 * time.Second)
	s := w.events(0, 0, 0, 3, 2)
	same(w, "depth", s.Work["live"], 3)
	same(w, "oldest", s.OldestSeconds, 30)
	claims := w.claims(crm.IndexWork, 3)
	byKey := map[string]crm.Claim{}
	for _, c := range claims {
		byKey[c.Key] = c
	}
	w.finish(byKey[index(1).Key])
	w.events(1, 0, 0, 2, 2)
	w.finish(byKey[index(2).Key])
	w.events(1, 0, 0, 2, 2) // b also waits for 3
	w.no(w.Bury(w.ctx, byKey[index(3).Key], "poison"))
	s = w.events(1, 0, 2, 0, 2)
	same(w, "oldest", s.OldestSeconds, 0)
	w.reopen()
	_, err := w.Redrive(w.ctx, store.WorkFilter{Portal: portal}, ann)
	w.no(err)
	w.finish(w.claim(crm.IndexWork))
	w.events(3, 0, 0, 0, 2)
	w.happen(event("a", index(1))) // known: nothing happens
	w.events(3, 0, 0, 0, 2)
}

// countsCause follows one event from its index run over a workflow's run and a review to the write, and a second one that changed nothing.
func countsCause(w *world) {
	call := ref(crm.Calls, 1)
	w.happen(event("old", index(1)))
	w.finish(w.claim(crm.IndexWork))
	w.events(1, 0, 0, 0, 0)
	w.happen(event("new", index(1)))
	c := w.claim(crm.IndexWork)
	w.happen(event("during", index(1)))
	k := kept(call, w.clock.now(), "price is high", ref(crm.Companies, 5))
	k.Cause, k.Triggers = c, []crm.Mark{consider(1)}
	w.keep(k)
	w.finish(c)
	w.finish(w.claim(crm.IndexWork))
	w.events(2, 0, 0, 1, 0) // only the event that the run covered waits for the workflow

	run := w.claim(crm.ConsiderWork)
	p := proposal("p1", crm.Review)
	p.Cause = run
	p = w.propose(p)
	w.finish(run)
	w.events(2, 1, 0, 0, 0)
	ids, err := w.SuggestionsOf(w.ctx, run)
	w.no(err)
	same(w, "suggestions of the run", fmt.Sprint(ids), "[p1]")
	w.happen(event("direct", consider(1))) // a new run that finds nothing new leaves the suggestion as it is
	w.finish(w.claim(crm.ConsiderWork))
	w.events(3, 1, 0, 0, 0)
	counts, err := w.Counts(w.ctx, portal)
	w.no(err)
	same(w, "claims", counts.Claims, 2)
	same(w, "claims with quotes in the text", counts.ClaimsQuoted, 1)
	same(w, "activities", counts.Activities, 1)
	same(w, "events", counts.Events, 4)
	same(w, "pending", counts.Suggestions[crm.Pending], 1)

	_, err = w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p1", Approve: true, Actor: ann, Seen: p.ETag()})
	w.no(err)
	w.events(3, 0, 0, 1, 0) // the write is under way
	apply := w.claim(crm.ApplyWork)
	e := crm.Effect{Portal: portal, ID: apply.Key, Fence: apply.Fence, State: crm.EffectConflict}
	w.no(w.Settle(w.ctx, e, crm.Receipt{}))
	w.finish(apply)
	w.events(3, 0, 0, 1, 0) // a conflict: the workflow looks again, for the same event

	run = w.claim(crm.ConsiderWork)
	p = proposal("p2", crm.Apply)
	p.Cause = run
	w.propose(p)
	w.finish(run)
	w.events(3, 0, 0, 1, 0)
	apply = w.claim(crm.ApplyWork)
	e = crm.Effect{Portal: portal, ID: apply.Key, Fence: apply.Fence, State: crm.EffectFailed}
	w.no(w.Settle(w.ctx, e, crm.Receipt{}))
	w.finish(apply)
	w.events(3, 0, 1, 0, 0) // a write that failed is dead, not done
}

// countsReview: a waiting suggestion holds the events of its own run, not those of runs before it, nor those of a newer one.
func countsReview(w *world) {
	for i, verdict := range []crm.Verdict{crm.Drop, crm.Review, crm.Review} {
		w.happen(event(fmt.Sprint(i), consider(1)))
		run := w.claim(crm.ConsiderWork)
		p := proposal(fmt.Sprint("p", i), verdict)
		p.Cause = run
		w.propose(p)
		w.finish(run)
	}
	w.events(2, 1, 0, 0, 0) // dropped, superseded, waiting
}

func cursors(w *world) {
	c, err := w.Cursor(w.ctx, portal, "calls")
	w.no(err)
	same(w, "unknown", c, store.Cursor{Name: "calls"})
	w.no(w.KeepCursor(w.ctx, portal, store.Cursor{Name: "calls", Value: "100", Done: 100, Total: 900}, []crm.Mark{index(1)}))
	w.reopen()
	c, err = w.Cursor(w.ctx, portal, "calls")
	w.no(err)
	if c.Value != "100" || c.Done != 100 || c.Total != 900 || c.Finished || !c.Updated.Equal(w.clock.now()) {
		w.Fatalf("cursor: %+v", c)
	}
	same(w, "marked with it", w.state(index(1)), "ready")
	w.no(w.KeepCursor(w.ctx, portal, store.Cursor{Name: "calls", Done: 900, Finished: true}, nil))
	all, err := w.Cursors(w.ctx, portal)
	w.no(err)
	same(w, "cursors", len(all), 1)
	same(w, "finished", all[0].Finished, true)
}
