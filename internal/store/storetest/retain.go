package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// retained: what is older than a portal wants goes, byte for byte, and nothing else does; the audit tells so, and fits afterwards.
func retained(w *world) {
	give := func(id string) {
		p := proposal(id, crm.Review, crm.Apply)
		p.Subject, p.CreatedAt = ref(crm.Calls, 77), w.clock.now()
		for i := range p.Changes {
			p.Changes[i].ID = fmt.Sprint(id, "-", i)
		}
		_, err := w.Propose(w.ctx, p, crm.Raw{Prompt: "the prompt of " + id, Reply: "the reply of " + id, Passages: []string{"chunk " + id}, Inputs: map[string]string{id + "-0": "inputs of " + id}})
		w.no(err)
		e := event("event of "+id, index(1))
		d, err := w.Deliver(w.ctx, []byte("body of "+id), w.clock.now())
		w.no(err)
		w.no(w.Decode(w.ctx, d, []crm.Decoded{e}, ""))
	}
	give("oldest")
	dead, err := w.Deliver(w.ctx, []byte("body of a dead one"), w.clock.now())
	w.no(err)
	w.no(w.Decode(w.ctx, dead, nil, "no sense"))
	w.clock.advance(48 * time.Hour)
	same48 := w.clock.now().Add(-time.Hour)
	give("younger")
	told := func() string {
		var out []string
		verdicts, err := w.KeptVerdicts(w.ctx, portal, 0, 10)
		w.no(err)
		for _, v := range verdicts {
			out = append(out, string(v.Keeping))
		}
		runs, err := w.KeptRuns(w.ctx, portal, 0, 10)
		w.no(err)
		for _, r := range runs {
			out = append(out, string(r.Prompt), string(r.Reply), string(r.Read))
		}
		return strings.Join(out, " ")
	}
	same(w, "before", told(), "kept unstated kept unstated kept kept kept kept kept kept")
	count := func(what crm.Retained, p crm.PortalID, before time.Time, want int) {
		w.Helper()
		n, err := w.Retain(w.ctx, p, what, before)
		w.no(err)
		same(w, string(what), n, want)
	}
	for _, what := range crm.RetainedTexts() {
		count(what, portal, w.clock.now().Add(-72*time.Hour), 0) // nothing is that old
	}
	for _, what := range []crm.Retained{crm.RetainedPrompts, crm.RetainedReplies, crm.RetainedInputs, crm.RetainedBodies} {
		count(what, portal+1, same48, 0) // somebody else's
	}
	count(crm.RetainedPrompts, portal, same48, 1)
	same(w, "without prompts", told(), "kept unstated kept unstated erased kept kept kept kept kept")
	count(crm.RetainedReplies, portal, same48, 1)
	count(crm.RetainedInputs, portal, same48, 2)
	count(crm.RetainedBodies, portal, same48, 1)
	same(w, "after", told(), "erased unstated kept unstated erased erased erased kept kept kept")
	for _, what := range crm.RetainedTexts() {
		count(what, portal, same48, 0) // again
	}
	w.no(w.Checkpoint(w.ctx))
	w.absent("the prompt of oldest", "the reply of oldest", "inputs of oldest", "chunk oldest", "body of oldest")
	for _, stays := range []string{"the prompt of younger", "the reply of younger", "inputs of younger", "body of younger", "body of a dead one"} {
		if w.holding(stays) == "" {
			w.Errorf("%q is gone, too", stays)
		}
	}
	entries, _, err := w.AuditEntries(w.ctx, portal, "retention/prompts", "", 10)
	w.no(err)
	if len(entries) != 1 || entries[0].IDs["count"] != "1" {
		w.Errorf("entries %+v", entries)
	}
	_, err = w.VerifyAudit(w.ctx)
	w.no(err)
	_, err = w.Retain(w.ctx, 0, crm.RetainedPrompts, same48)
	w.is(err, crm.ErrInvalid)
	_, err = w.Retain(w.ctx, portal, "letters", same48)
	w.is(err, crm.ErrInvalid)
}
