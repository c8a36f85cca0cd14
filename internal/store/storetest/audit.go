package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

func auditTree(w *world) {
	w.happen(event("a", index(1)))
	w.keep(kept(ref(crm.Calls, 1), w.clock.now(), "secret words", ref(crm.Companies, 5)))
	early, err := w.VerifyAudit(w.ctx)
	w.no(err)
	same(w, "entries", early.Size, 2)
	p := w.propose(proposal("p1", crm.Review))
	_, err = w.Decide(w.ctx, crm.Decision{Portal: portal, Proposal: "p1", Approve: true, Actor: ann, Seen: p.ETag()})
	w.no(err)
	w.reopen()
	head, err := w.VerifyAudit(w.ctx, early)
	w.no(err)
	same(w, "entries", head.Size, 4)
	now, err := w.AuditHead(w.ctx)
	w.no(err)
	same(w, "head", now, head)
	_, err = w.VerifyAudit(w.ctx, store.AuditHead{Size: early.Size, Root: head.Root})
	w.is(err, crm.ErrConflict)
	_, err = w.VerifyAudit(w.ctx, head, store.AuditHead{Size: 99, Root: head.Root}, early) // the tail was cut
	w.is(err, crm.ErrConflict)
	auditProofs(w, early, head)

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

// auditProofs: each entry is proved to be in each tree that holds it, by itself, and the proof of one is none of another.
func auditProofs(w *world, heads ...store.AuditHead) {
	var lines [][]byte
	_, err := w.AuditLines(w.ctx, portal, 1, 100, func(e crm.AuditEntry, line []byte) error {
		text, err := json.Marshal(e)
		same(w, "line", string(line), string(text))
		lines = append(lines, line)
		return err
	})
	w.no(err)
	for _, head := range heads {
		for seq := int64(1); seq <= head.Size; seq++ {
			p, err := w.ProveAudit(w.ctx, portal, seq, head.Size)
			w.no(err)
			same(w, "head", p.Head, head)
			same(w, "line", string(p.Line), string(lines[seq-1]))
			w.no(tlog.CheckRecord(p.Proof, head.Size, head.Root, seq-1, tlog.RecordHash(p.Line)))
			if tlog.CheckRecord(p.Proof, head.Size, head.Root, seq-1, tlog.RecordHash([]byte("{}"))) == nil {
				w.Errorf("anything is proved to be entry %d", seq)
			}
		}
		_, err := w.ProveAudit(w.ctx, portal, head.Size+1, head.Size)
		w.is(err, crm.ErrNotFound)
	}
	_, err = w.ProveAudit(w.ctx, portal+1, 2, heads[0].Size) // of another portal
	w.is(err, crm.ErrNotFound)
}

func auditCheckpoints(w *world) {
	w.no(w.KeepCheckpoint(w.ctx, 2, "two"))
	w.no(w.KeepCheckpoint(w.ctx, 2, "another two"))
	w.no(w.KeepCheckpoint(w.ctx, 1, "one"))
	w.no(w.CheckpointExported(w.ctx, 2))
	w.reopen()
	all, err := w.Checkpoints(w.ctx)
	w.no(err)
	same(w, "checkpoints", fmt.Sprint(all), fmt.Sprint([]store.Checkpoint{{Size: 1, At: w.clock.now(), Note: "one"}, {Size: 2, At: w.clock.now(), Note: "two", Exported: true}}))
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
