package storetest

import (
	"errors"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// noteProposal proposes an automatic note about a call.
func noteProposal(id, body string) crm.Proposal {
	p := proposal(id, crm.Apply)
	p.Changes[0].Kind, p.Changes[0].Target, p.Changes[0].Property, p.Changes[0].After = crm.NoteKind, crm.Ref{}, "hs_note_body", body
	return p
}

// effectsPlace: of two decisions about one place the newer one wins, and its request waits for the older one's.
func effectsPlace(w *world) {
	for i, make := range []func(id string) crm.Proposal{
		func(id string) crm.Proposal { return proposal(id, crm.Apply) },
		func(id string) crm.Proposal { return noteProposal(id, "<p>"+id+"</p>") },
	} {
		first, second, third := []string{"a1", "b1"}[i], []string{"a2", "b2"}[i], []string{"a3", "b3"}[i]
		w.propose(make(first))
		c := w.claim(crm.ApplyWork)
		old, err := w.Effect(w.ctx, portal, c.Key)
		w.no(err)
		old.Fence, old.Deadline = c.Fence, w.clock.now().Add(20*time.Second)
		newer := func(e crm.Effect) bool {
			got, sent, err := w.Newer(w.ctx, e)
			w.no(err)
			same(w, "sent", sent, false)
			return got
		}
		same(w, "newer than the only one", newer(old), false)
		w.no(w.Begin(w.ctx, old))

		w.clock.advance(time.Second)
		other := make(third) // about another subject and record
		other.Subject = ref(crm.Calls, 2)
		if other.Changes[0].Kind == crm.PropertyKind {
			other.Changes[0].Target = ref(crm.Companies, 6)
		}
		w.propose(other)
		o := w.claim(crm.ApplyWork)
		same(w, "newer elsewhere", newer(old), false)
		w.no(w.Begin(w.ctx, crm.Effect{Portal: portal, ID: o.Key, Fence: o.Fence}))

		w.propose(make(second))
		d := w.claim(crm.ApplyWork)
		next, err := w.Effect(w.ctx, portal, d.Key)
		w.no(err)
		next.Fence = d.Fence
		same(w, "newer than the first", newer(old), true)
		same(w, "newer than the second", newer(next), false)
		var wait *crm.RetryAfter
		if err := w.Begin(w.ctx, next); !errors.As(err, &wait) || !wait.At.After(w.clock.now()) || wait.At.After(old.Deadline) {
			w.Fatalf("beside an older request: %v", err)
		}
		old.State = crm.EffectSuperseded
		if i == 0 { // nothing of it can arrive any more
			old.Deadline = time.Time{}
		}
		w.no(w.Settle(w.ctx, old, crm.Receipt{}))
		w.states(w.suggestion(first), crm.Superseded, crm.Superseded)
		if i == 1 { // it has ended, but not its first request
			w.finish(c)
			if err := w.Begin(w.ctx, next); !errors.As(err, &wait) || wait.At.After(old.Deadline) {
				w.Fatalf("beside a request of an effect that is settled: %v", err)
			}
			w.clock.advance(20 * time.Second)
			if err := w.Begin(w.ctx, next); !errors.As(err, &wait) || !wait.At.After(w.clock.now()) { // and what its first request did has not been looked at
				w.Fatalf("before the look at an effect that is settled: %v", err)
			}
			old.Fence = w.claim(crm.ApplyWork).Fence
			w.no(w.Looked(w.ctx, old))
		}
		w.no(w.Begin(w.ctx, next))
		if _, sent, err := w.Newer(w.ctx, old); err != nil || !sent {
			w.Errorf("a newer one has left: %v, %v", sent, err)
		}
	}
}

// locked lists what people have changed, one at a time.
func (w *world) locked() (out []crm.LockedField) {
	w.Helper()
	for cursor := ""; ; {
		got, next, err := w.Locked(w.ctx, portal, cursor, 1)
		w.no(err)
		out = append(out, got...)
		if cursor = next; next == "" {
			return out
		}
	}
}

// effectsPeople: what a person has put in place of ours is known to the next run, which is not to decide alone.
func effectsPeople(w *world) {
	w.records(nil, crm.Record{Ref: ref(crm.Companies, 5), Properties: map[string]string{"ai_0": "old", "name": "Acme"}})
	overruled := func(p crm.Proposal) bool {
		c := p.Changes[0]
		if c.Kind == crm.PropertyKind { // as a run that reads the record now would propose it
			r, err := w.Record(w.ctx, c.Target)
			w.no(err)
			c.Before = text(r.Properties[c.Property])
		}
		got, err := w.Overruled(w.ctx, p, c)
		w.no(err)
		if c.Kind == crm.PropertyKind {
			same(w, "is among the locked fields", len(w.locked()) == 1, got)
		}
		return got
	}
	end := func(p crm.Proposal, state crm.EffectState, r crm.Receipt) {
		w.propose(p)
		c := w.claim(crm.ApplyWork)
		e, err := w.Effect(w.ctx, portal, c.Key)
		w.no(err)
		e.Fence, e.State = c.Fence, state
		switch state {
		case crm.EffectVerified:
			w.no(w.Begin(w.ctx, e))
		case crm.EffectConflict:
			e.LastError = "changed by CRM_UI:userId:12 at 2026-11-20T10:00:00Z"
		case crm.EffectFailed:
			e.LastError = "a rule of the portal"
		}
		w.no(w.Settle(w.ctx, e, r))
		w.finish(c)
		w.clock.advance(time.Second)
	}
	p := proposal("p1", crm.Apply)
	failed := func() string {
		why, err := w.Failed(w.ctx, p, p.Changes[0])
		w.no(err)
		return why
	}
	same(w, "before any write", overruled(p), false)
	same(w, "failed before any write", failed(), "")
	end(p, crm.EffectVerified, crm.Receipt{Object: p.Record, After: "new 0"})
	same(w, "after a write", overruled(p), false)
	own, err := w.Record(w.ctx, p.Record)
	w.no(err)
	same(w, "our own value, whose echo is never read", own.Properties["ai_0"], "new 0")
	end(proposal("p2", crm.Apply), crm.EffectConflict, crm.Receipt{Object: p.Record, Before: text("hers"), After: "hers"})
	same(w, "after a conflict", overruled(p), true)
	same(w, "what became of it", w.suggestion("p2").Changes[0].Failure, "changed by CRM_UI:userId:12 at 2026-11-20T10:00:00Z")
	same(w, "what became of another", w.suggestion("p1").Changes[0].Failure, "")
	same(w, "the conflict", w.locked()[0], crm.LockedField{Record: p.Record, Property: "ai_0", How: crm.LockConflict, Wrote: "new 0", Present: "hers", Workflow: p.Workflow, Proposal: "p2",
		By: "CRM_UI:userId:12", At: w.clock.now().Add(-time.Second)})
	r, err := w.Record(w.ctx, p.Record)
	w.no(err)
	same(w, "the property", r.Properties["ai_0"], "hers")
	same(w, "another property", r.Properties["name"], "Acme")
	end(proposal("p3", crm.Apply), crm.EffectFailed, crm.Receipt{})
	same(w, "after a failure", overruled(p), true)
	same(w, "why it failed", failed(), "a rule of the portal")
	same(w, "what became of that", w.suggestion("p3").Changes[0].Failure, "a rule of the portal")
	end(proposal("p4", crm.Apply), crm.EffectVerified, crm.Receipt{Object: p.Record, After: "new 0"})
	same(w, "after people let it through", overruled(p), false)
	same(w, "failed, after it went through", failed(), "")
	_, err = w.Undo(w.ctx, portal, "p4", nil, ann, w.suggestion("p4").ETag())
	w.no(err)
	c := w.claim(crm.ApplyWork)
	w.no(w.Settle(w.ctx, crm.Effect{Portal: portal, ID: c.Key, Fence: c.Fence, State: crm.EffectVerified}, crm.Receipt{Object: p.Record}))
	same(w, "after an undo", overruled(p), true)
	undone := w.locked()[0]
	same(w, "the undo", undone.How, crm.LockUndone)
	same(w, "what it undid", undone.Wrote+" by "+undone.By, "new 0 by "+ann.String())

	release := func() error { return w.Release(w.ctx, p.Changes[0].Target, "ai_0", ann) }
	same(w, "an early release of another field", errors.Is(w.Release(w.ctx, p.Changes[0].Target, "ai_1", ann), crm.ErrNotFound), true)
	w.no(release())
	same(w, "released", overruled(p), false)
	same(w, "released twice", errors.Is(release(), crm.ErrConflict), true)
	w.clock.advance(time.Second)
	end(proposal("p5", crm.Apply), crm.EffectVerified, crm.Receipt{Object: p.Record, After: "new 0"})
	same(w, "written again", overruled(p), false)
	same(w, "a release of what nobody has changed", errors.Is(release(), crm.ErrConflict), true)
	w.records(nil, crm.Record{Ref: ref(crm.Companies, 5), Properties: map[string]string{"ai_0": "new 0 ", "name": "Acme Ltd"}})
	same(w, "another field was changed", overruled(p), false)
	edited := w.clock.now().Add(-time.Hour)
	w.records(nil, crm.Record{Ref: ref(crm.Companies, 5), Name: "Acme", Properties: map[string]string{"ai_0": "hers again"}, History: map[string][]crm.Value{"ai_0": {{Value: "hers again", At: edited}}}})
	same(w, "a person edited it", overruled(p), true)
	same(w, "the edit", w.locked()[0], crm.LockedField{Record: p.Record, RecordName: "Acme", Property: "ai_0", How: crm.LockEdited, Wrote: "new 0", Present: "hers again", Workflow: p.Workflow,
		Proposal: "p5", At: edited})
	w.happen(crm.Decoded{Event: crm.Event{Portal: portal, Key: "hers", Type: crm.PropertyChange, Object: p.Record, Property: "ai_0", Value: "hers again", Source: "CRM_UI", SourceID: "userId:12", OccurredAt: edited.Add(time.Minute)}, Ignored: "x"},
		crm.Decoded{Event: crm.Event{Portal: portal, Key: "ours", Type: crm.PropertyChange, Object: p.Record, Property: "ai_0", Value: "new 0", Source: "INTEGRATION", OccurredAt: edited.Add(time.Hour)}, Ignored: crm.IgnoredEcho},
		crm.Decoded{Event: crm.Event{Portal: portal, Key: "name", Type: crm.PropertyChange, Object: p.Record, Property: "name", Value: "hers again", Source: "IMPORT", OccurredAt: edited.Add(time.Hour)}, Ignored: "x"})
	known := w.locked()[0]
	same(w, "who edited it, as an event tells", known.By, "CRM_UI:userId:12")
	same(w, "and when", known.At, edited.Add(time.Minute))
	others, _, err := w.Locked(w.ctx, portal+1, "", 9)
	w.no(err)
	same(w, "of another portal", len(others), 0)
	w.reopen()
	same(w, "and still", overruled(p), true)
	w.no(release())
	same(w, "released again", overruled(p), false)
	w.records(nil, crm.Record{Ref: ref(crm.Companies, 5), Properties: map[string]string{"name": "Acme"}})
	same(w, "released and cleared", overruled(p), false)
	end(proposal("p6", crm.Apply), crm.EffectVerified, crm.Receipt{Object: p.Record, After: "new 0"})
	w.records(nil, crm.Record{Ref: ref(crm.Companies, 5), Properties: map[string]string{"name": "Acme"}})
	same(w, "a person cleared it", overruled(p), true)
	entries, _, err := w.AuditEntries(w.ctx, portal, "companies/5", "", 50)
	w.no(err)
	releases := 0
	for _, e := range entries {
		if e.Action == "field.released" && e.IDs["property"] == "ai_0" && e.Actors[0] == ann {
			releases++
		}
	}
	same(w, "releases in the audit", releases, 2)

	n := noteProposal("n1", "<p>one</p>")
	end(n, crm.EffectVerified, crm.Receipt{Object: ref(crm.Notes, 9)})
	end(noteProposal("n2", "<p>two</p>"), crm.EffectConflict, crm.Receipt{Object: ref(crm.Notes, 9), After: "<p>hers</p>"})
	sent, err := w.Sent(w.ctx, crm.Effect{Portal: portal, Workflow: n.Workflow, Subject: n.Subject, Change: n.Changes[0]})
	w.no(err)
	same(w, "texts", len(sent), 3)
	same(w, "newest", sent[1], "<p>hers</p>")
	same(w, "oldest", sent[2], "<p>one</p>")
	same(w, "the note", overruled(n), true)
	n.Portal++
	same(w, "another portal", overruled(n), false)
}
