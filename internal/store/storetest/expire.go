package storetest

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func proposalsExpire(w *world) {
	made := func(id string, n int, v crm.Verdict) crm.Proposal {
		p := proposal(id, v)
		p.Subject, p.CreatedAt = ref(crm.Calls, n), w.clock.now()
		return w.propose(p)
	}
	old, away := made("p1", 1, crm.Review), made("p2", 2, crm.Review)
	made("p3", 3, crm.Apply)
	_, err := w.Snooze(w.ctx, portal, away.ID, w.clock.now().Add(72*time.Hour), ann, away.ETag())
	w.no(err)
	w.clock.advance(48 * time.Hour)
	limit := old.CreatedAt.Add(time.Hour)
	expire := func(what string, p crm.PortalID, workflow string, before time.Time, want int) {
		w.Helper()
		n, err := w.Expire(w.ctx, p, workflow, before)
		w.no(err)
		same(w, what, n, want)
	}
	expire("of another workflow", portal, "another", limit, 0)
	expire("of another portal", portal+1, old.Workflow, limit, 0)
	expire("not older", portal, old.Workflow, old.CreatedAt, 0)
	expire("expired", portal, old.Workflow, limit, 1)
	got := w.suggestion("p1")
	w.states(got, crm.Expired, crm.Expired)
	same(w, "put away", w.suggestion("p2").State, crm.Pending)
	for _, seen := range []string{old.ETag(), got.ETag()} {
		_, err = w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p1", Approve: true, Actor: ann, Seen: seen})
		w.is(err, crm.ErrConflict)
	}
	entries, _, err := w.AuditEntries(w.ctx, portal, "", "", 1)
	w.no(err)
	same(w, "audited", entries[0].Action, "proposal.expired")
	w.clock.advance(48 * time.Hour)
	expire("put away, and its time has come", portal, old.Workflow, limit, 1)
}
