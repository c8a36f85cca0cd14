package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/prompts"
)

func TestThin(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		held  Held
		least prompts.Evidence
		want  []string // parts of the reason; none: it is enough
	}{
		"a sentence":               {Held{Words: 5, Sources: 1}, prompts.Evidence{}, nil},
		"a word less":              {Held{Words: 4, Sources: 1}, prompts.Evidence{}, []string{"4 words from or about the customer, at least 5 needed"}},
		"nothing":                  {Held{}, prompts.Evidence{}, []string{"0 words", "0 sources, at least 1 needed"}},
		"enough for itself":        {Held{Words: 40, Sources: 2}, prompts.Evidence{MinWords: 40, MinSources: 2}, nil},
		"many words, one source":   {Held{Words: 400, Sources: 1}, prompts.Evidence{MinWords: 40, MinSources: 2}, []string{"1 source, at least 2 needed"}},
		"many sources, few words":  {Held{Words: 39, Sources: 4}, prompts.Evidence{MinWords: 40, MinSources: 2}, []string{"39 words"}},
		"no age asked for":         {Held{Words: 5, Sources: 1, Newest: noon.AddDate(-9, 0, 0)}, prompts.Evidence{}, nil},
		"just young enough":        {Held{Words: 5, Sources: 1, Newest: noon.Add(-90 * day)}, prompts.Evidence{MaxAge: 90 * day}, nil},
		"too old":                  {Held{Words: 5, Sources: 1, Newest: noon.Add(-90*day - 1)}, prompts.Evidence{MaxAge: 90 * day}, []string{"the newest source is of 2026-08-22", "the last 90 days"}},
		"of an unknown age":        {Held{Words: 5, Sources: 1}, prompts.Evidence{MaxAge: 90 * day}, []string{"no source whose time is known"}},
		"yet to take place":        {Held{Words: 5, Sources: 1, Newest: noon.Add(day)}, prompts.Evidence{MaxAge: 90 * day}, nil},
		"everything lacks at once": {Held{Words: 1, Sources: 1, Newest: noon.AddDate(-1, 0, 0)}, prompts.Evidence{MinSources: 2, MaxAge: day}, []string{"1 word from", "1 source,", "the last 1 day"}},
	} {
		got := Thin(c.held, c.least, noon)
		if (got == "") != (c.want == nil) {
			t.Errorf("%s: %q", name, got)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q lacks %q", name, got, want)
			}
		}
	}
}

// TestAbstain: whose words count, and that a model is asked exactly when there is enough.
func TestAbstain(t *testing.T) {
	contact, call := ref(crm.Contacts, 2), ref(crm.Calls, 12)
	only := func(w *world, keep ...int) {
		var kept []crm.Stored
		for _, i := range keep {
			kept = append(kept, w.activities[i])
		}
		w.activities = kept
	}
	say := func(a *crm.Stored, text string) {
		a.Document.Text = text // its version is that of the text before, which nobody compares here
	}
	turns := func(a *crm.Stored, ours ...string) {
		at := 0
		for line := range strings.Lines(a.Document.Text) {
			name, _, _ := strings.Cut(line, ": ")
			a.Document.Turns = append(a.Document.Turns, crm.Span{Speaker: name, Start: at + len(name) + 2, End: at + len(line)})
			at += len(line)
		}
		a.People = nil
		for _, name := range []string{"Mira Kovac", "Dana Whitlock"} {
			p := crm.Person{Name: name, Role: "speaker"}
			for _, o := range ours {
				p.Ours = p.Ours || o == name
			}
			a.People = append(a.People, p)
		}
	}
	for name, c := range map[string]struct {
		workflow string
		subject  crm.Ref
		prepare  func(w *world, e *Engine)
		thin     string // part of the reason; "": a model is asked
	}{
		"their mail":               {"lead_score", contact, func(w *world, _ *Engine) { only(w, 0) }, ""},
		"our mail alone":           {"lead_score", contact, func(w *world, _ *Engine) { only(w, 1) }, "0 words"},
		"our mail and a thank you": {"lead_score", contact, func(w *world, _ *Engine) { only(w, 0, 1); say(&w.activities[0], "Thanks a lot, Mira") }, "4 words"},
		"a note about them": {"lead_score", contact, func(w *world, _ *Engine) {
			only(w, 1)
			w.activities[0].Ref = ref(crm.Notes, 11)
			w.activities[0].Direction = ""
		}, ""},
		"a call that we made":               {"lead_score", contact, func(w *world, _ *Engine) { only(w, 2); w.activities[0].Direction = crm.Outgoing }, ""},
		"a transcript of both":              {"lead_score", contact, func(w *world, _ *Engine) { only(w, 2); turns(&w.activities[0], "Dana Whitlock") }, ""},
		"a transcript of our words":         {"lead_score", contact, func(w *world, _ *Engine) { only(w, 2); turns(&w.activities[0], "Dana Whitlock", "Mira Kovac") }, "0 words"},
		"a short call beside a long past":   {"call_summary", call, func(w *world, _ *Engine) { say(&w.activities[2], "Mira Kovac: I am busy, sorry.") }, "6 words"},
		"our own words, but the call whole": {"call_summary", call, func(w *world, _ *Engine) { turns(&w.activities[2], "Dana Whitlock", "Mira Kovac") }, ""},
		"older than the workflow takes": {"lead_score", contact, func(_ *world, e *Engine) {
			for i := range e.Workflows {
				e.Workflows[i].Evidence.MaxAge = time.Hour
			}
		}, "the newest source is of 2026-11-19"},
		"fewer sources than the workflow wants": {"lead_score", contact, func(w *world, e *Engine) {
			only(w, 0)
			for i := range e.Workflows {
				e.Workflows[i].Evidence.MinSources = 2
			}
		}, "1 source, at least 2"},
	} {
		t.Run(name, func(t *testing.T) {
			w, m := newWorld(), &scripted{say: func(int, model.Request) model.Response { return model.Response{Text: answer(c.workflow)} }}
			e := engineOf(t, w, m)
			c.prepare(w, e)
			p := consider(t, e, w, c.workflow, c.subject)
			why := strings.Join(p.Reasons, "\n")
			if abstained := strings.Contains(why, TooThin); abstained != (c.thin != "") || abstained != (m.calls == 0) || !strings.Contains(why, c.thin) {
				t.Fatalf("%d calls, %q, want %q", m.calls, why, c.thin)
			}
			if m.calls == 0 && (p.State != crm.Dropped || p.Verdict != crm.Drop || p.Usage != (crm.Usage{}) || len(w.raws[p.ID].Calls) != 0 || len(w.raws[p.ID].Prompt) != 0) {
				t.Errorf("%s, %v, usage %+v", p.State, p.Verdict, p.Usage)
			}
		})
	}
}

// TestAbstainOnFindings: a long silence or a ticket says something of an account whose mails do not; the title of a contact does not, nor when they were last heard.
func TestAbstainOnFindings(t *testing.T) {
	r := &run{w: prompts.Workflow{Findings: []prompts.Finding{{Name: "title", Kind: prompts.OfRecord}, {Name: "ticket", Kind: prompts.OfRecords}, {Name: "usage", Kind: prompts.OfUsage}, {Name: "silence", Kind: prompts.OfSilence, After: time.Hour},
		{Name: "rhythm", Kind: prompts.OfSilence, Times: 2}, {Name: "heard", Kind: prompts.OfSilence}}},
		subject: ref(crm.Contacts, 2)}
	for name, want := range map[string]Held{"title": {}, "ticket": {Words: 6, Sources: 1}, "usage": {Words: 6, Sources: 1}, "silence": {Words: 6, Sources: 1}, "rhythm": {Words: 6, Sources: 1}, "heard": {}} {
		r.findings = []crm.Finding{{ID: "F1", Name: name, Text: "six words that somebody may read"}}
		if got := r.held(); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	r.subject = ref(crm.Calls, 12)
	if got := r.held(); got != (Held{}) {
		t.Errorf("of a call: %+v", got)
	}
}

func TestWordsOf(t *testing.T) {
	for text, want := range map[string]int{"": 0, "—  …": 0, "we have 140 technicians": 4, "お世話になっております": 10, "140 técnicos": 2} {
		if got := wordsOf(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
