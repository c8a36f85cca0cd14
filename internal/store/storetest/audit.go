package storetest

import (
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

func auditChain(w *world) {
	w.happen(event("a", index(1)))
	w.keep(kept(ref(crm.Calls, 1), w.clock.now(), "secret words", ref(crm.Companies, 5)))
	early, err := w.VerifyAudit(w.ctx, store.AuditHead{})
	w.no(err)
	same(w, "entries", early.Seq, 2)
	p := w.propose(proposal("p1", crm.Review))
	_, err = w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p1", Approve: true, Actor: ann, Seen: p.ETag()})
	w.no(err)
	w.reopen()
	head, err := w.VerifyAudit(w.ctx, early)
	w.no(err)
	same(w, "entries", head.Seq, 4)
	_, err = w.VerifyAudit(w.ctx, store.AuditHead{Seq: early.Seq, Hash: head.Hash})
	w.is(err, crm.ErrConflict)
	_, err = w.VerifyAudit(w.ctx, store.AuditHead{Seq: 99, Hash: head.Hash}) // the tail was cut
	w.is(err, crm.ErrConflict)

	var actions []string
	for cursor := ""; ; {
		page, next, err := w.AuditEntries(w.ctx, portal, "", cursor, 3)
		w.no(err)
		for _, e := range page {
			actions = append(actions, e.Action)
			same(w, "time", e.Time, w.clock.now())
		}
		if cursor = next; next == "" {
			break
		}
	}
	same(w, "actions", strings.Join(actions, " "), "review.approve gate.review activity.kept delivery.decoded")
	about, _, err := w.AuditEntries(w.ctx, portal, "calls/1", "", 10)
	w.no(err)
	same(w, "about the call", len(about), 3)
	if got := about[0].Actors; len(got) != 2 || got[0] != ann || got[1].Kind != crm.ModelActor {
		w.Fatalf("actors: %v", got)
	}
	_, _, err = w.AuditEntries(w.ctx, 0, "", "", 10)
	w.is(err, crm.ErrInvalid)
}

func tokens(w *world) {
	secret, err := w.CreateToken(w.ctx, portal, "ci", "reviewer", ann)
	w.no(err)
	_, err = w.CreateToken(w.ctx, portal, "ci", "viewer", ann)
	w.is(err, crm.ErrConflict)
	_, err = w.CreateToken(w.ctx, portal, "x", "root", ann)
	w.is(err, crm.ErrInvalid)
	_, err = w.CreateToken(w.ctx, 0, "x", "viewer", ann)
	w.is(err, crm.ErrInvalid)
	w.reopen()
	w.clock.advance(time.Hour)
	tok, err := w.CheckToken(w.ctx, secret)
	w.no(err)
	if tok.Name != "ci" || tok.Role != "reviewer" || tok.Portal != portal || !tok.Used.Equal(w.clock.now()) {
		w.Fatalf("token: %+v", tok)
	}
	_, err = w.CheckToken(w.ctx, secret+"x")
	w.is(err, crm.ErrForbidden)
	w.is(w.RevokeToken(w.ctx, portal+1, "ci", ann), crm.ErrNotFound)
	w.no(w.RevokeToken(w.ctx, portal, "ci", ann))
	_, err = w.CheckToken(w.ctx, secret)
	w.is(err, crm.ErrForbidden)
	all, err := w.Tokens(w.ctx, portal)
	w.no(err)
	if len(all) != 1 || all[0].Revoked.IsZero() {
		w.Fatalf("tokens: %+v", all)
	}
	w.absent(secret, secret[len(store.TokenPrefix):])
}
