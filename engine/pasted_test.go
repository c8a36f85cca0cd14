package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// headed finds mails under "From: NAME <ADDRESS>, DAY" lines, each up to the next; see indexer.Pasted for the real thing.
func headed(text string) (out []crm.Pasted) {
	for at := 0; ; {
		i := strings.Index(text[at:], "From: ")
		if i < 0 {
			return out
		}
		start := at + i
		head, _, _ := strings.Cut(text[start:], "\n")
		name, rest, _ := strings.Cut(strings.TrimPrefix(head, "From: "), " <")
		mail, _, _ := strings.Cut(rest, ">")
		at = start + len(head)
		end := len(text)
		if next := strings.Index(text[at:], "From: "); next >= 0 {
			end = at + next
		}
		out = append(out, crm.Pasted{Start: start, Content: at, End: end, Name: name, Email: mail})
	}
}

// TestPastedWords: what a colleague has pasted into a note stands under the name, on the side and at the day of who wrote it; what we wrote under nobody's.
func TestPastedWords(t *testing.T) {
	w := newWorld()
	w.activities = nil
	note := func(id int, at time.Time, text string) *crm.Stored {
		a := w.activity(ref(crm.Notes, id), "Dana Whitlock", "", at, text)
		a.People = []crm.Person{{Name: "Dana Whitlock", Email: "dana@fieldnote.example", Role: "owner", Ours: true}, {Name: "Mira Kovac", Email: "mira@harborline.example", Role: "associated"}}
		return a
	}
	draft := w.activity(ref(crm.Tasks, 30), "Dana Whitlock", "", noon.Add(-99*time.Hour), byLine+"reply_draft@1, m)\nReply\nHi Mira, the offer stays as it was for all of your technicians.\nWhat we can answer\nThe price is 36 EUR.\nemail: “The price is 36 EUR.”\n"+markerLead+"abc")
	draft.Ours = true
	note(31, noon.Add(-time.Hour), "I believe we lose this one, to be honest.\nFrom: Mira Kovac <mira@harborline.example>, 3 November 2026\nWe decide tomorrow whether we stay with you.\n"+
		"From: Priya Nair <priya@fieldnote.example>, 2 November 2026\nThe trial is free until the end of the year.")
	note(32, noon.Add(-2*time.Hour), "My summary of today.\n"+byLine+"account_summary@1, m)\nThey want to leave us next year.\n"+markerLead+"abc\nI do not agree with that at all.")
	note(33, noon.Add(-3*time.Hour), "Sent to her: Hi Mira, the offer stays as it was for all of your technicians. She has not answered yet.")
	note(34, noon.Add(-99*24*time.Hour), "Before the draft: the offer stays as it was for all of your technicians.")
	e := engineOf(t, w, quoter())
	e.Pasted = headed
	r := e.newRun(prompts.Workflow{Name: "x", Subjects: []crm.ObjectType{crm.Companies}}, ref(crm.Companies, 1), crm.Claim{Portal: 7}, time.Time{})
	for _, step := range []func() error{func() error { return r.read(t.Context()) }, func() error { return r.retrieve(t.Context()) }} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	type line struct {
		person    string
		direction crm.Direction
		day       string
		theirs    bool
	}
	got := map[string]line{}
	for _, p := range r.passages {
		if p.Kind == crm.Note {
			got[p.Text] = line{p.Person, p.Direction, p.Time.Format(time.DateOnly), r.sources[p.ID].Theirs > 0}
			if src := r.sources[p.ID]; src.Stored[p.Start:p.End] != p.Text {
				t.Errorf("%q stands at %d", p.Text, p.Start)
			}
		}
	}
	want := map[string]line{
		"I believe we lose this one, to be honest.":                                {"Dana Whitlock", "", "2026-11-20", true},
		"We decide tomorrow whether we stay with you.":                             {"Mira Kovac", crm.Incoming, "2026-11-03", true},
		"The trial is free until the end of the year.":                             {"Priya Nair", crm.Outgoing, "2026-11-02", false},
		"My summary of today.":                                                     {"Dana Whitlock", "", "2026-11-20", true},
		"I do not agree with that at all.":                                         {"Dana Whitlock", "", "2026-11-20", true},
		"Sent to her:":                                                             {"Dana Whitlock", "", "2026-11-20", true},
		". She has not answered yet.":                                              {"Dana Whitlock", "", "2026-11-20", true},
		"Before the draft: the offer stays as it was for all of your technicians.": {"Dana Whitlock", "", "2026-08-13", true},
	}
	for text, l := range want {
		if got[text] != l {
			t.Errorf("%q: %+v, want %+v", text, got[text], l)
		}
		delete(got, text)
	}
	for text, l := range got {
		t.Errorf("and %q of %+v", text, l)
	}
	// What follows from it: tomorrow is the mail's, and the words are hers.
	for claim, ok := range map[string]bool{"Mira Kovac: We decide tomorrow whether we stay with you.": true, "Mira Kovac and her colleagues decide on 4 November whether they stay.": true,
		"They decide on 21 November whether they stay.": false, "Dana Whitlock: We decide tomorrow whether we stay with you.": false} {
		for id, src := range r.sources {
			if strings.HasPrefix(src.Text, "We decide tomorrow") {
				j := Judge(Statement{Text: claim, Quotes: []Quote{{id, src.Text}}}, r.scope())
				if j.Supported != ok || ok && j.Evidence[0].Person != "Mira Kovac" {
					t.Errorf("%q: supported %v (%s), %+v", claim, j.Supported, j.Why, j.Evidence)
				}
			}
		}
	}
}
