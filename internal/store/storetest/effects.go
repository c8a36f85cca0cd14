package storetest

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// applying proposes one automatic change and claims its effect.
func (w *world) applying(id string) (crm.Effect, crm.Claim) {
	w.Helper()
	w.propose(proposal(id, crm.Apply))
	c := w.claim(crm.ApplyWork)
	e, err := w.Effect(w.ctx, portal, c.Key)
	w.no(err)
	e.Fence, e.Deadline = c.Fence, w.clock.now().Add(10*time.Second)
	return e, c
}

func effectsFence(w *world) {
	e, _ := w.applying("p1")
	w.no(w.Begin(w.ctx, e))
	got, err := w.Effect(w.ctx, portal, e.ID)
	w.no(err)
	if got.State != crm.EffectSending || got.Attempts != 1 || !got.Deadline.Equal(e.Deadline) || got.Fence != e.Fence {
		w.Fatalf("after begin: %+v", got)
	}
	w.clock.advance(2 * time.Minute)
	c := w.claim(crm.ApplyWork) // somebody else takes over
	late := e
	late.State = crm.EffectVerified
	w.is(w.Settle(w.ctx, late, crm.Receipt{}), crm.ErrConflict)
	w.is(w.Begin(w.ctx, e), crm.ErrConflict)
	same(w, "suggestion", w.suggestion("p1").State, crm.Approved)

	e.Fence = c.Fence
	w.no(w.Begin(w.ctx, e))
	e.State, e.Deadline = crm.EffectUnknown, w.clock.now().Truncate(time.Second)
	w.no(w.Settle(w.ctx, e, crm.Receipt{}))
	got, err = w.Effect(w.ctx, portal, e.ID)
	w.no(err)
	if !got.Deadline.Equal(e.Deadline) { // nothing is on its way any more: the next attempt need not wait
		w.Errorf("deadline after settling: %v, want %v", got.Deadline, e.Deadline)
	}
	same(w, "suggestion", w.suggestion("p1").State, crm.Approved)
	e.State = crm.EffectSending
	w.is(w.Settle(w.ctx, e, crm.Receipt{}), crm.ErrInvalid)
	e.State, e.Deadline = crm.EffectVerified, time.Time{}
	w.no(w.Settle(w.ctx, e, crm.Receipt{Object: e.Change.Target, After: e.Change.After}))
	w.reopen()
	w.no(w.Settle(w.ctx, e, crm.Receipt{})) // once more is harmless
	w.states(w.suggestion("p1"), crm.Applied, crm.Applied)
	e.State = crm.EffectFailed
	w.is(w.Settle(w.ctx, e, crm.Receipt{}), crm.ErrConflict)
	e.Fence += 5
	w.is(w.Begin(w.ctx, e), crm.ErrConflict) // settled for good
	e.Fence = 0
	w.is(w.Begin(w.ctx, e), crm.ErrInvalid)
	left, err := w.PendingEffects(w.ctx, portal, 10)
	w.no(err)
	same(w, "pending effects", len(left), 0)
	_, err = w.Effect(w.ctx, portal, "unknown")
	w.is(err, crm.ErrNotFound)
}

func effectsConflict(w *world) {
	e, c := w.applying("p1")
	e.State, e.Deadline = crm.EffectConflict, time.Time{} // found before anything was sent
	w.no(w.Settle(w.ctx, e, crm.Receipt{}))
	w.finish(c)
	w.states(w.suggestion("p1"), crm.Conflicted, crm.Conflicted)
	again := w.claim(crm.ConsiderWork)
	same(w, "looked at again", again.Key, "call_summary:calls/1")
}

func effectsLedger(w *world) {
	e, _ := w.applying("p1")
	wrote := func(value string, since time.Time) bool {
		got, err := w.Wrote(w.ctx, e.Change.Target, e.Change.Property, value, since)
		w.no(err)
		return got
	}
	same(w, "before sending", wrote("new 0", time.Time{}), false)
	w.no(w.Begin(w.ctx, e))
	same(w, "while sending", wrote("new 0", w.clock.now()), true)
	same(w, "another value", wrote("new 1", time.Time{}), false)
	same(w, "before then", wrote("new 0", w.clock.now().Add(time.Second)), false)
	other := e.Change.Target
	other.Portal++
	got, err := w.Wrote(w.ctx, other, e.Change.Property, "new 0", time.Time{})
	w.no(err)
	same(w, "another portal", got, false)

	p := proposal("p2", crm.Apply)
	p.Subject = ref(crm.Calls, 2)
	p.Changes[0].Kind, p.Changes[0].Target, p.Changes[0].Property = crm.NoteKind, crm.Ref{}, "hs_note_body"
	w.propose(p)
	note := w.claim(crm.ApplyWork)
	n := crm.Effect{Portal: portal, ID: note.Key, Fence: note.Fence, State: crm.EffectVerified}
	w.no(w.Begin(w.ctx, n))
	n.State = crm.EffectVerified
	w.no(w.Settle(w.ctx, n, crm.Receipt{Object: ref(crm.Notes, 900)}))
	ours, err := w.Ours(w.ctx, ref(crm.Notes, 900))
	w.no(err)
	same(w, "our note", ours, true)
}

func effectsUndo(w *world) {
	e, c := w.applying("p1")
	w.no(w.Begin(w.ctx, e))
	e.State, e.Deadline = crm.EffectVerified, time.Time{}
	there := "what stood there"
	w.no(w.Settle(w.ctx, e, crm.Receipt{Object: e.Change.Target, Before: &there}))
	w.finish(c)
	p := w.suggestion("p1")
	_, err := w.Undo(w.ctx, portal, "p1", nil, ann, "stale")
	w.is(err, crm.ErrConflict)
	_, err = w.Undo(w.ctx, portal, "p1", []string{"c7"}, ann, p.ETag())
	w.is(err, crm.ErrInvalid)
	w.clock.advance(crm.UndoFor)
	_, err = w.Undo(w.ctx, portal, "p1", nil, ann, p.ETag())
	w.no(err)
	back := w.claim(crm.ApplyWork)
	u, err := w.Effect(w.ctx, portal, back.Key)
	w.no(err)
	if u.UndoOf != e.ID || u.Change.After != there || *u.Change.Before != "new 0" {
		w.Fatalf("undo: %+v", u)
	}
	u.Fence, u.State = back.Fence, crm.EffectVerified
	w.no(w.Begin(w.ctx, u))
	w.no(w.Settle(w.ctx, u, crm.Receipt{Object: u.Change.Target}))
	w.states(w.suggestion("p1"), crm.Undone, crm.Undone)
	outcomes, _, err := w.Outcomes(w.ctx, portal, "", 0, 10)
	w.no(err)
	same(w, "outcome", outcomes[0].Decision, "undo")
	_, err = w.Undo(w.ctx, portal, "p1", nil, ann, w.suggestion("p1").ETag()) // it is undone
	w.is(err, crm.ErrConflict)

	late, c := w.applying("p2")
	w.no(w.Begin(w.ctx, late))
	late.State, late.Deadline = crm.EffectVerified, time.Time{}
	w.no(w.Settle(w.ctx, late, crm.Receipt{Object: late.Change.Target}))
	w.finish(c)
	w.clock.advance(crm.UndoFor + time.Second)
	_, err = w.Undo(w.ctx, portal, "p2", nil, ann, w.suggestion("p2").ETag())
	w.is(err, crm.ErrConflict)
}

// effectsLate: an effect that was settled while an earlier request of it could still arrive is handed out once more behind that moment, and can end once more, both ends being told; or it
// is looked at, and that is all. Nobody who held it before may do either.
func effectsLate(w *world) {
	for _, made := range []bool{false, true} {
		id := map[bool]string{false: "p1", true: "p2"}[made]
		e, c := w.applying(id)
		w.no(w.Begin(w.ctx, e))
		e.State = crm.EffectVerified // by a second request; the first one is nowhere to be seen
		w.no(w.Settle(w.ctx, e, crm.Receipt{Object: e.Change.Target, After: e.Change.After}))
		w.finish(c)
		w.states(w.suggestion(id), crm.Applied, crm.Applied)
		w.is(w.Looked(w.ctx, e), crm.ErrConflict)
		w.is(w.Begin(w.ctx, e), crm.ErrConflict)
		same(w, "handed out before", len(w.claims(crm.ApplyWork, 1)), 0)
		w.clock.advance(10 * time.Second)
		c = w.claim(crm.ApplyWork)
		same(w, "handed out again", c.Key, e.ID)
		e.Fence = c.Fence
		if !made {
			w.no(w.Looked(w.ctx, e))
			w.finish(c)
			e.Fence++
			w.is(w.Looked(w.ctx, e), crm.ErrConflict)
			w.is(w.Begin(w.ctx, e), crm.ErrConflict)
			w.states(w.suggestion(id), crm.Applied, crm.Applied)
			continue
		}
		w.no(w.Begin(w.ctx, e))
		open, err := w.PendingEffects(w.ctx, portal, 10)
		w.no(err)
		same(w, "open while it is made good", len(open), 1)
		e.State, e.Deadline = crm.EffectConflict, time.Time{}
		w.no(w.Settle(w.ctx, e, crm.Receipt{Object: e.Change.Target, After: "theirs"}))
		w.finish(c)
		got, err := w.Effect(w.ctx, portal, e.ID)
		w.no(err)
		same(w, "the first end", got.FirstEnd, crm.EffectVerified)
		w.states(w.suggestion(id), crm.Conflicted, crm.Conflicted)
		w.finish(w.claim(crm.ConsiderWork))
	}
	counts, err := w.CompleteAudit(w.ctx, portal)
	w.no(err)
	for _, k := range counts {
		if k.Lacking+k.Surplus > 0 || k.Kind == "read-backs" && k.Rows != 3 {
			w.Errorf("%+v", k)
		}
	}
}

// ownApps: an app is recognised once, in its portal, and told in the audit.
func ownApps(w *world) {
	w.is(w.KeepOwnApp(w.ctx, portal, ""), crm.ErrInvalid)
	for _, app := range []string{"42", "43", "42"} {
		w.no(w.KeepOwnApp(w.ctx, portal, app))
		w.clock.advance(time.Second)
	}
	w.reopen()
	got, err := w.OwnApps(w.ctx, portal)
	w.no(err)
	if len(got) != 2 || got[0].ID != "42" || !got[0].At.Before(got[1].At) {
		w.Errorf("%+v", got)
	}
	other, err := w.OwnApps(w.ctx, portal+1)
	w.no(err)
	same(w, "another portal's", len(other), 0)
	counts, err := w.CompleteAudit(w.ctx, portal)
	w.no(err)
	for _, k := range counts {
		if k.Lacking+k.Surplus > 0 || k.Kind == "own apps recognised" && k.Rows != 2 {
			w.Errorf("%+v", k)
		}
	}
}
