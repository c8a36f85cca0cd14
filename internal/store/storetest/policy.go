package storetest

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// effectsAutomatic: what the gate let through by itself is counted, by time and by record; what people approved and what was undone is not.
func effectsAutomatic(w *world) {
	count := func(record crm.Ref, within time.Duration) int {
		n, err := w.WrittenAlone(w.ctx, portal, record, within)
		w.no(err)
		return n
	}
	first := proposal("p1", crm.Apply)
	w.propose(first)
	w.clock.advance(50 * time.Minute)
	second := proposal("p2", crm.Apply)
	second.Record = ref(crm.Companies, 6)
	w.propose(second)
	w.propose(proposal("p3", crm.Review))
	p := w.suggestion("p3")
	_, err := w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p3", Approve: true, Actor: ann, Seen: p.ETag()})
	w.no(err)
	same(w, "in an hour", count(crm.Ref{}, time.Hour), 2)
	same(w, "in half an hour", count(crm.Ref{}, 30*time.Minute), 1)
	same(w, "to the first record", count(first.Record, time.Hour), 1)
	same(w, "to the second record", count(second.Record, time.Hour), 1)
	same(w, "to another", count(ref(crm.Companies, 7), time.Hour), 0)
	w.clock.advance(15 * time.Minute)
	same(w, "in an hour, later", count(crm.Ref{}, time.Hour), 1)
	same(w, "in a day", count(crm.Ref{}, 24*time.Hour), 2)
	n, err := w.WrittenAlone(w.ctx, portal+1, crm.Ref{}, 24*time.Hour)
	w.no(err)
	same(w, "in another portal", n, 0)
}

// auditPolicy: another policy leaves one entry with both hashes, the same one none, and verdicts name theirs.
func auditPolicy(w *world) {
	entries := func() (out []crm.AuditEntry) {
		all, _, err := w.AuditEntries(w.ctx, portal, "", "", 100)
		w.no(err)
		for _, e := range all {
			if e.Action == "policy.changed" {
				out = append(out, e)
			}
		}
		return out
	}
	for _, sha256 := range []string{"aa", "aa", "bb", "bb"} {
		w.no(w.PolicyInForce(w.ctx, portal, sha256))
	}
	w.no(w.PolicyInForce(w.ctx, portal+1, "aa"))
	w.reopen()
	w.no(w.PolicyInForce(w.ctx, portal, "bb"))
	found := entries()
	same(w, "entries", len(found), 2)
	same(w, "the newer's policy", found[0].Hashes["policy"], "bb")
	same(w, "the newer's before", found[0].Hashes["before"], "aa")
	same(w, "the first's before", found[1].Hashes["before"], "")
	w.no(w.PolicyInForce(w.ctx, portal, "aa"))
	same(w, "back again", len(entries()), 3)
	if err := w.PolicyInForce(w.ctx, portal, ""); err == nil {
		w.Error("a policy without a hash was taken")
	}
	p := proposal("p1", crm.Review)
	p.Policy = "bb"
	w.propose(p)
	all, _, err := w.AuditEntries(w.ctx, portal, "", "", 1)
	w.no(err)
	same(w, "the verdict's policy", all[0].Hashes["policy"], "bb")
}

// auditApprovals: everybody's approval of a policy counts once, for that policy and portal only, and is audited.
func auditApprovals(w *world) {
	bo := crm.Actor{Kind: crm.TokenActor, ID: "bo"}
	for _, by := range []crm.Actor{ann, ann, bo} {
		w.no(w.ApprovePolicy(w.ctx, portal, "aa", by))
		w.clock.advance(time.Second)
	}
	w.no(w.ApprovePolicy(w.ctx, portal+1, "bb", ann))
	w.reopen()
	for policy, want := range map[string]int{"aa": 2, "bb": 0} {
		got, err := w.PolicyApprovals(w.ctx, portal, policy)
		w.no(err)
		same(w, "approvals of "+policy, len(got), want)
		if want == 2 && (got[0].By != ann || got[1].By != bo || !got[0].At.Before(got[1].At)) {
			w.Fatalf("%+v", got)
		}
	}
	all, _, err := w.AuditEntries(w.ctx, portal, "", "", 100)
	w.no(err)
	same(w, "audited", len(all), 2)
	same(w, "as", all[0].Action, "policy.approved")
}
