package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// undoing is a bench whose effect undoes a note that stands in the hub.
func undoing(after string) *bench {
	b := newBench(crm.NoteKind)
	written := b.box.e.Change.After
	b.hub.unique = true
	b.hub.notes = []hubNote{{ref: ref(crm.Notes, 1), key: "key", properties: map[string]string{"hs_note_body": written}}}
	b.box.e.UndoOf = "e0"
	b.box.e.Change.Before, b.box.e.Change.After, b.box.e.Change.Fields = &written, after, nil
	return b
}

// A note that was new goes to the recycle bin, whatever step the process dies at.
func TestUndoNoteKilled(t *testing.T) {
	for crash := 1; ; crash++ {
		b := undoing("")
		b.crash = crash
		err := b.once(t)
		reached := b.calls >= crash
		b.crash = 0
		if err != nil {
			b.drain(t)
		}
		if b.box.e.State != crm.EffectVerified || len(b.hub.notes) != 0 {
			t.Fatalf("killed at call %d: %s, %d notes", crash, b.box.e.State, len(b.hub.notes))
		}
		if !reached {
			return
		}
	}
}

func TestUndoNote(t *testing.T) {
	edited := undoing("")
	edited.hub.notes[0].properties["hs_note_body"] = "<p>Mine now.</p>"
	edited.drain(t)
	if edited.box.e.State != crm.EffectConflict || len(edited.hub.notes) != 1 {
		t.Errorf("what a person edited: %s, %d notes", edited.box.e.State, len(edited.hub.notes))
	}
	gone := undoing("")
	gone.hub.notes = nil
	gone.drain(t)
	if gone.box.e.State != crm.EffectVerified || !gone.box.receipts[0].Repeat {
		t.Errorf("a note that is gone: %s", gone.box.e.State)
	}
	restored := undoing("<p>Earlier.</p>")
	restored.box.sent = []string{"<p>Earlier.</p>", *restored.box.e.Change.Before}
	restored.drain(t)
	if restored.box.e.State != crm.EffectVerified || restored.hub.notes[0].properties["hs_note_body"] != "<p>Earlier.</p>" {
		t.Errorf("an earlier note of ours: %s, %+v", restored.box.e.State, restored.hub.notes)
	}
	other := undoing("<p>Earlier.</p>")
	other.hub.notes[0].properties["hs_note_body"] = "<p>A later one of ours.</p>"
	other.box.sent = []string{"<p>A later one of ours.</p>"}
	other.drain(t)
	if other.box.e.State != crm.EffectConflict {
		t.Errorf("a later note of ours: %s", other.box.e.State)
	}
}

func TestUndoRefuses(t *testing.T) {
	before := "40"
	propose := func(w *world) crm.Proposal {
		p := crm.Proposal{ID: "p", Portal: 7, Workflow: "lead_score", State: crm.Applied, Changes: []crm.Change{
			{ID: "score", Kind: crm.PropertyKind, Target: ref(crm.Contacts, 2), Property: "ai_lead_score", Before: &before, After: "80", State: crm.Applied},
			{ID: "note", Kind: crm.NoteKind, Property: "hs_note_body", Key: "key", Links: []crm.Ref{ref(crm.Contacts, 2)}, After: "<p>Agreed.</p>", State: crm.Applied},
			{ID: "fit", Kind: crm.PropertyKind, Target: ref(crm.Contacts, 2), Property: "ai_lead_fit", After: "strong", State: crm.Rejected},
		}}
		w.proposals = map[string]crm.Proposal{"p": p}
		return p
	}
	stands := func(value string) map[string]Current {
		return map[string]Current{ref(crm.Contacts, 2).String() + "/ai_lead_score": {Value: value, At: noon, ByPerson: true, Source: "CRM_UI:userId:9"}}
	}
	note := func(body string) []hubNote {
		return []hubNote{{ref: ref(crm.Notes, 1), key: "key", properties: map[string]string{"hs_note_body": body}}}
	}
	for name, c := range map[string]struct {
		values  map[string]Current
		notes   []hubNote
		changes []string
		off     error
		want    error
		says    string
	}{
		"ours stands":                {values: stands("80"), notes: note("<p>Agreed.</p>")},
		"a person changed the value": {values: stands("10"), notes: note("<p>Agreed.</p>"), want: crm.ErrConflict, says: "CRM_UI:userId:9 at " + noon.Format(time.RFC3339)},
		"only the other change":      {values: stands("10"), notes: note("<p>Agreed.</p>"), changes: []string{"note"}},
		"a person edited the note":   {values: stands("80"), notes: note("<p>Agreed, but.</p>"), want: crm.ErrConflict, says: "notes/1"},
		"the note is gone":           {values: stands("80")},
		"writing is off":             {values: stands("80"), off: crm.ErrStopped, want: crm.ErrStopped},
	} {
		w := &world{}
		p := propose(w)
		h := &hub{now: func() time.Time { return noon }, values: c.values, notes: c.notes, unique: true}
		r := &Reviewer{Proposals: w, Writer: h, Enabled: func(crm.PortalID) error { return c.off }}
		got, err := r.Undo(t.Context(), 7, "p", c.changes, crm.Actor{Kind: crm.UserActor, ID: "ann"}, p.ETag())
		if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s says: %v", name, err)
		}
		if err == nil && got.Rev == p.Rev {
			t.Errorf("%s: nothing was undone", name)
		}
	}
}
