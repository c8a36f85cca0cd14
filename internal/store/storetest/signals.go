package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// proposalsSignals: HubSpot is told once that something waits on a record and once that nothing does any more, each by an effect that belongs to no suggestion.
func proposalsSignals(w *world) {
	signals := func(what string, want ...string) {
		w.Helper()
		n, err := w.Signal(w.ctx, portal, 10, nil)
		w.no(err)
		same(w, what+": records", n, len(want))
		var got []string
		for _, c := range w.claims(crm.ApplyWork, 10) {
			e, err := w.Effect(w.ctx, portal, c.Key)
			w.no(err)
			same(w, what+": property", e.Change.Property, crm.ReviewStatus)
			same(w, what+": target", e.Change.Target, e.Subject)
			got = append(got, e.Subject.Path()+" "+e.Change.After)
			e.Fence, e.State = c.Fence, crm.EffectVerified
			w.no(w.Settle(w.ctx, e, crm.Receipt{Object: e.Change.Target, After: e.Change.After}))
			w.finish(c)
		}
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			w.Fatalf("%s: %v, want %v", what, got, want)
		}
		n, err = w.Signal(w.ctx, portal, 10, nil)
		w.no(err)
		same(w, what+": said again", n, 0)
		w.records(nil, crm.Record{Ref: ref(crm.Companies, 5)}, crm.Record{Ref: ref(crm.Contacts, 7)}) // read again without the property, which no workflow asks for
		locked, _, err := w.Locked(w.ctx, portal, "", 10)
		w.no(err)
		same(w, what+": locked fields", len(locked), 0)
		w.clock.advance(time.Second)
	}
	made := func(id string, n int, record crm.Ref, v crm.Verdict) crm.Proposal {
		p := proposal(id, v)
		p.Subject, p.Record, p.CreatedAt = ref(crm.Calls, n), record, w.clock.now()
		return w.propose(p)
	}
	acme, ann7 := ref(crm.Companies, 5), ref(crm.Contacts, 7)
	signals("nothing waits")
	made("p1", 1, acme, crm.Review)
	made("p2", 2, acme, crm.Review)
	made("p3", 3, ann7, crm.Review)
	made("p4", 4, ref(crm.Deals, 9), crm.Drop)
	signals("two records", "companies/5 pending", "contacts/7 pending")
	reject := func(id string) {
		w.Helper()
		_, err := w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: id, Reason: "other", Actor: ann, Seen: w.suggestion(id).ETag()})
		w.no(err)
	}
	reject("p1")
	signals("one of two is decided")
	reject("p2")
	w.reopen()
	signals("the other one, too", "companies/5 none")
	made("p5", 5, acme, crm.Review)
	reject("p3")
	signals("a new one here, the last one decided there", "companies/5 pending", "contacts/7 none")

	// A person's own word on the property ends the effect, and no workflow is thought over for it.
	reject("p5")
	_, err := w.Signal(w.ctx, portal, 10, nil)
	w.no(err)
	c := w.claim(crm.ApplyWork)
	e, err := w.Effect(w.ctx, portal, c.Key)
	w.no(err)
	e.Fence, e.State = c.Fence, crm.EffectConflict
	w.no(w.Settle(w.ctx, e, crm.Receipt{Object: e.Change.Target, After: "theirs"}))
	w.finish(c)
	same(w, "thought over", len(w.claims(crm.ConsiderWork, 10)), 0)
	stats, err := w.ReviewStats(w.ctx, portal, w.clock.now().Add(-time.Hour))
	w.no(err)
	for _, week := range stats.Weeks {
		same(w, "counted as written: "+week.Workflow, week.Workflow, "call_summary")
	}
}

// proposalsSignalsRefused: what HubSpot refused to show is not forgotten. It is tried again after ten minutes, and after twice as long next time, when the record takes it by then; and
// once it was taken all is forgotten.
func proposalsSignalsRefused(w *world) {
	p := proposal("p1", crm.Review)
	p.Subject, p.Record, p.CreatedAt = ref(crm.Calls, 1), ref(crm.Companies, 5), w.clock.now()
	w.propose(p)
	asked, takes := 0, false
	round := func(what string, want int) {
		w.Helper()
		n, err := w.Signal(w.ctx, portal, 10, func(record crm.Ref) bool {
			same(w, what+": asked about", record, p.Record)
			asked++
			return takes
		})
		w.no(err)
		same(w, what, n, want)
	}
	ends := func(state crm.EffectState, value string) {
		w.Helper()
		c := w.claim(crm.ApplyWork)
		e, err := w.Effect(w.ctx, portal, c.Key)
		w.no(err)
		same(w, "value", e.Change.After, value)
		e.Fence, e.State, e.LastError = c.Fence, state, "no such property"
		w.no(w.Settle(w.ctx, e, crm.Receipt{Object: e.Change.Target}))
		w.finish(c)
	}
	round("at first", 1)
	same(w, "asked before anything was refused", asked, 0)
	ends(crm.EffectFailed, crm.ReviewPending)
	round("at once", 0)
	w.clock.advance(9 * time.Minute)
	round("too early", 0)
	same(w, "asked too early", asked, 0)
	w.clock.advance(2 * time.Minute)
	round("there is still no such property", 0)
	same(w, "asked", asked, 1)
	takes = true
	round("at once", 0)
	w.reopen()
	w.clock.advance(11 * time.Minute)
	round("it was set up", 1)
	ends(crm.EffectFailed, crm.ReviewPending)
	w.clock.advance(19 * time.Minute)
	round("twice as long", 0)
	w.clock.advance(2 * time.Minute)
	round("twice as long", 1)
	ends(crm.EffectVerified, crm.ReviewPending)
	round("it is shown", 0)
	_, err := w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p1", Reason: "other", Actor: ann, Seen: w.suggestion("p1").ETag()})
	w.no(err)
	asked = 0
	round("nothing waits", 1)
	same(w, "asked after it was taken", asked, 0)
	ends(crm.EffectFailed, crm.ReviewNone)
	round("nothing waits, refused", 0)
	w.clock.advance(11 * time.Minute)
	round("nothing waits, again", 1)
	ends(crm.EffectVerified, crm.ReviewNone)
	w.clock.advance(time.Hour)
	round("all is said", 0)
}

// proposalsWaiting: what waits on a record is listed, and a person's word about it in HubSpot is closed once.
func proposalsWaiting(w *world) {
	acme := ref(crm.Companies, 5)
	for i := range 3 {
		p := proposal(fmt.Sprint("p", i), crm.Review)
		p.Subject, p.CreatedAt = ref(crm.Calls, i), w.clock.now().Add(time.Duration(i)*time.Minute)
		if i == 1 {
			p.Record = ref(crm.Contacts, 7)
		}
		w.propose(p)
	}
	d := crm.RecordDecision{Record: acme, Approve: true, User: "9101", At: w.clock.now().Add(time.Minute).Truncate(time.Millisecond)}
	got, err := w.Waiting(w.ctx, acme)
	w.no(err)
	if len(got) != 2 || got[0].ID != "p0" || got[1].ID != "p2" || len(got[0].Changes) != 1 {
		w.Fatalf("waiting: %+v", got)
	}
	for range 2 {
		w.no(w.CloseDecision(w.ctx, d, []string{"p0"}, ""))
	}
	entries, _, err := w.AuditEntries(w.ctx, portal, "companies/5", "", 10)
	w.no(err)
	closed := 0
	for _, e := range entries {
		if e.Action == "review.hubspot" && e.Actors[0].String() == "hubspot:9101" && e.IDs["proposal0"] == "p0" {
			closed++
		}
	}
	same(w, "closed", closed, 1)
	claims := w.claims(crm.ApplyWork, 10)
	same(w, "effects", len(claims), 1)
	e, err := w.Effect(w.ctx, portal, claims[0].Key)
	w.no(err)
	if c := e.Change; c.Property != crm.ReviewDecision || c.After != "" || c.Before == nil || *c.Before != crm.ReviewApprove || c.Target != acme {
		w.Fatalf("it is emptied by %+v", c)
	}
}
