package store

import (
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// TestValuesAreSalted: the audit names what was written by a hash that nobody can guess a short value from, not even by comparing two; with the salt it is compared, and so are the
// plain hashes of before. What was changed since is found, and what was erased is told.
func TestValuesAreSalted(t *testing.T) {
	db := openFor(t, t.TempDir(), Options{})
	ctx, portal, contact := t.Context(), crm.PortalID(7), crm.Ref{Portal: 7, Type: crm.Contacts, ID: "1"}
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var effects []crm.Effect
	for _, id := range []string{"p1", "p2", "p3"} {
		p := crm.Proposal{ID: id, Portal: portal, Workflow: "lead_score", Subject: contact, Record: contact, Account: contact, Fingerprint: id, Verdict: crm.Apply, State: crm.Approved,
			Changes: []crm.Change{{ID: "c", Kind: crm.PropertyKind, Target: contact, Property: "ai_lead_fit", After: "strong", Verdict: crm.Apply, State: crm.Approved}}}
		_, err := db.Propose(ctx, p, crm.Raw{})
		no(err)
		of, err := db.EffectsOf(ctx, portal, id)
		no(err)
		e := of[0]
		e.Fence, e.State = 1, crm.EffectUnknown
		no(db.Settle(ctx, e, crm.Receipt{Written: []string{"w1", "w2"}}))
		e.State = crm.EffectVerified
		no(db.Settle(ctx, e, crm.Receipt{Object: contact, After: "strong", Read: []string{"r1"}}))
		effects = append(effects, e)
	}
	// an entry as it was made before there were salts
	no(db.w.write(ctx, func(t *tx) error {
		return t.audit(crm.AuditEntry{Action: "effect.verified", Actors: []crm.Actor{crm.System("gate")}, Portal: portal, Subject: "contacts/1", IDs: map[string]string{"effect": effects[0].ID, "proposal": "p1"},
			Hashes: map[string]string{"value": sum([]byte("strong"))}})
	}))
	entries, _, err := db.AuditEntries(ctx, portal, "contacts/1", "", 100)
	no(err)
	seen := map[string]int{}
	for _, e := range entries {
		if h := e.Hashes["value"]; h != "" {
			seen[h]++
			if e.Action == "effect.unknown" && (e.IDs["write_requests"] != "w1 w2" || e.IDs["read_requests"] != "") || e.Action == "effect.verified" && len(e.IDs) > 2 && e.IDs["read_requests"] != "r1" {
				t.Errorf("requests: %v", e.IDs)
			}
		}
	}
	if plain := sum([]byte("strong")); len(seen) != 4 || seen[plain] != 1 {
		t.Errorf("hashes %v, of which %s is plain", seen, plain)
	}
	kept := func() (out map[Keeping]int) {
		t.Helper()
		all, err := db.KeptValues(ctx, portal, 0, 100)
		no(err)
		out = map[Keeping]int{}
		for _, k := range all {
			out[k.Keeping]++
		}
		return out
	}
	if got := kept(); got[Kept] != 7 || len(got) != 1 {
		t.Fatalf("%v", got)
	}
	no(db.w.write(ctx, func(t *tx) error { return t.do("UPDATE effects SET value = 'weak' WHERE id = ?", effects[1].ID) }))
	if got := kept(); got[Kept] != 5 || got[Altered] != 2 {
		t.Errorf("a changed value: %v", got)
	}
	no(db.w.write(ctx, func(t *tx) error { return t.do("DELETE FROM effects WHERE id = ?", effects[2].ID) }))
	if got := kept(); got[Kept] != 3 || got[Altered] != 2 || got[Missing] != 2 {
		t.Errorf("a row that is gone: %v", got)
	}
	_, err = db.Erase(ctx, contact, crm.Actor{Kind: crm.UserActor, ID: "ann"})
	no(err)
	if got := kept(); got[Erased] != 7 || len(got) != 1 {
		t.Errorf("after an erasure: %v", got)
	}
	var left int
	no(db.r.read(ctx, func(v *view) error { return v.one("SELECT COUNT(*) FROM effects WHERE salt <> ''", nil, &left) }))
	if left != 0 {
		t.Errorf("%d salts are left", left)
	}
}
