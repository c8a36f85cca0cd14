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
	same(w, "entries", head.Size, 6)
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
			if e.Action == "gate.review" {
				same(w, "risk", e.IDs["risk"], "high")
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	same(w, "actions", strings.Join(actions, " "), "review.approve effect.allowed gate.review run.done activity.kept delivery.decoded")
	about, _, err := w.AuditEntries(w.ctx, portal, "calls/1", "", 10)
	w.no(err)
	same(w, "about the call", len(about), 5)
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

// auditInputs: what a verdict followed from is found by the hash that its entry names, and what became of it is told.
func auditInputs(w *world) {
	give := func(id string) {
		p := proposal(id, crm.Review, crm.Apply, crm.Drop)
		p.Subject = ref(crm.Calls, 77)
		for i := range p.Changes {
			p.Changes[i].ID = fmt.Sprint(id, "-", i)
		}
		_, err := w.Propose(w.ctx, p, crm.Raw{Prompt: "prompt of " + id, Reply: "the reply", Passages: []string{"chunk 1", "chunk 2"}, Inputs: map[string]string{p.Changes[0].ID: "A" + id, p.Changes[1].ID: "B" + id}})
		w.no(err)
		w.clock.advance(time.Second)
	}
	give("first")
	give("second")
	told := func(after int64, limit int) string {
		verdicts, err := w.KeptVerdicts(w.ctx, portal, after, limit)
		w.no(err)
		var out []string
		for _, v := range verdicts {
			out = append(out, fmt.Sprintf("%s %s %s %s", v.Change, v.Verdict, v.Keeping, v.Inputs))
		}
		return strings.Join(out, ", ")
	}
	same(w, "all", told(0, 100), "first-0 review kept Afirst, first-1 apply kept Bfirst, first-2 drop unstated , second-0 review kept Asecond, second-1 apply kept Bsecond, second-2 drop unstated ")
	page, err := w.KeptVerdicts(w.ctx, portal, 0, 2)
	w.no(err)
	same(w, "the next page", told(page[1].Seq, 2), "first-2 drop unstated , second-0 review kept Asecond")
	other, err := w.KeptVerdicts(w.ctx, portal+1, 0, 100)
	w.no(err)
	same(w, "of another portal", len(other), 0)
	runs := func() string {
		all, err := w.KeptRuns(w.ctx, portal, 0, 100)
		w.no(err)
		var out []string
		for _, r := range all {
			out = append(out, fmt.Sprintf("%s %s %s %s", r.Proposal, r.Prompt, r.Reply, r.Read))
		}
		return strings.Join(out, ", ")
	}
	same(w, "runs", runs(), "first kept kept kept, second kept kept kept")
	// Whoever asks for an erasure says so in the audit, and nothing else does.
	_, err = w.Erase(w.ctx, ref(crm.Companies, 5), ann)
	w.no(err)
	same(w, "after an erasure", told(0, 100), "first-0 review erased , first-1 apply erased , first-2 drop unstated , second-0 review erased , second-1 apply erased , second-2 drop unstated ")
	same(w, "runs after an erasure", runs(), "first erased erased erased, second erased erased erased")
	give("third")
	same(w, "a later run", runs(), "first erased kept erased, second erased kept erased, third kept kept kept") // with the same reply
	_, err = w.VerifyAudit(w.ctx)
	w.no(err)
}
