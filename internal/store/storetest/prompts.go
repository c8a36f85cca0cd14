package storetest

import (
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

func evaluation(version int, sha string, coverage float64) crm.PromptEvaluation {
	return crm.PromptEvaluation{Portal: portal, Workflow: "lead_score", Version: version, SHA256: sha, Golden: "cases", Model: "builtin", Cases: 6, Measures: map[string]float64{"coverage": coverage}, By: ann}
}

// The last evaluation of a text on the same cases with the same model holds; every one is in the audit.
func promptsEvaluated(w *world) {
	for _, e := range []crm.PromptEvaluation{evaluation(1, "a", .5), evaluation(2, "b", .7), evaluation(1, "a", .9), evaluation(1, "changed", .1)} {
		w.clock.advance(1e9)
		w.no(w.KeepEvaluation(w.ctx, e))
	}
	w.is(w.KeepEvaluation(w.ctx, crm.PromptEvaluation{Portal: portal, Workflow: "lead_score", Version: 1}), crm.ErrInvalid)
	got, err := w.Evaluations(w.ctx, portal)
	w.no(err)
	text := ""
	for _, e := range got {
		text += fmt.Sprint(e.Version, e.SHA256, e.Measures["coverage"], e.By.ID, " ")
	}
	same(w, "evaluations", text, "1changed0.1ann 1a0.9ann 2b0.7ann ")
	others, err := w.Evaluations(w.ctx, portal+1)
	w.no(err)
	same(w, "of another portal", len(others), 0)
	entries, _, err := w.AuditEntries(w.ctx, portal, "prompt/lead_score", "", 10)
	w.no(err)
	same(w, "audit", len(entries), 4)
}

// A rollback undoes the last promotion that holds, further back with each one, to what the folder says.
func promptsPromoted(w *world) {
	live := func() int {
		w.Helper()
		l, err := w.LivePrompt(w.ctx, portal, "lead_score")
		w.no(err)
		return l.Version
	}
	promote := func(version, instead int) error {
		_, err := w.PromotePrompt(w.ctx, evaluation(version, "a", 1), instead, ann)
		return err
	}
	same(w, "before anybody decided", live(), 0)
	_, err := w.RollBackPrompt(w.ctx, portal, "lead_score", ann)
	w.is(err, crm.ErrConflict)
	w.no(promote(2, 0))
	w.is(promote(3, 0), crm.ErrConflict)
	w.no(promote(3, 2))
	same(w, "promoted", live(), 3)
	other, err := w.LivePrompt(w.ctx, portal+1, "lead_score")
	w.no(err)
	same(w, "in another portal", other.Version, 0)
	w.reopen()
	for _, want := range []int{2, 0} {
		l, err := w.RollBackPrompt(w.ctx, portal, "lead_score", ann)
		w.no(err)
		same(w, "rolled back to", l.Version, want)
		same(w, "live", live(), want)
	}
	_, err = w.RollBackPrompt(w.ctx, portal, "lead_score", ann)
	w.is(err, crm.ErrConflict)
	w.no(promote(4, 0))
	l, err := w.LivePrompt(w.ctx, portal, "lead_score")
	w.no(err)
	same(w, "promoted again", fmt.Sprint(l.Version, " ", l.By.ID, l.Back, l.At.Equal(w.clock.now())), "4 annfalse true")
	entries, _, err := w.AuditEntries(w.ctx, portal, "prompt/lead_score", "", 10)
	w.no(err)
	actions := ""
	for _, e := range entries {
		actions += e.Action + " " + e.IDs["instead"] + "→" + e.IDs["version"] + " " + e.Actors[0].ID + "; "
	}
	same(w, "audit", actions, "prompt.promoted 0→4 ann; prompt.rolled_back 2→0 ann; prompt.rolled_back 3→2 ann; prompt.promoted 2→3 ann; prompt.promoted 0→2 ann; ")
}
