package indexer

import (
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// What is read as the same is not looked at again, so everything that the CRM says must make a difference: also the place where one text ends and the next begins,
// and bytes that are not UTF-8.
func TestWhateverIsReadMakesADifference(t *testing.T) {
	base := crm.Activity{Ref: noteRef(1), Time: may, Created: may, Modified: may, Subject: "Renewal", Body: "a body", Format: crm.HTML, People: []crm.Person{{Name: "Dana", Role: "from"}},
		Turns: []crm.Turn{{Speaker: "Dana", Text: "yes"}, {Speaker: "Sam", Text: "no"}}}
	want, err := readOf(base)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*crm.Activity){
		"body":              func(a *crm.Activity) { a.Body = "another body" },
		"bytes of the body": func(a *crm.Activity) { a.Body = "a bod\xff" },
		"other bytes":       func(a *crm.Activity) { a.Body = "a bod\xfe" },
		"subject":           func(a *crm.Activity) { a.Subject = "Price" },
		"format":            func(a *crm.Activity) { a.Format = crm.PlainText },
		"time":              func(a *crm.Activity) { a.Time = may.Add(time.Hour) },
		"creation":          func(a *crm.Activity) { a.Created = may.Add(time.Hour) },
		"modification":      func(a *crm.Activity) { a.Modified = may.Add(time.Hour) },
		"person":            func(a *crm.Activity) { a.People = []crm.Person{{Name: "Dana", Role: "to"}} },
		"ours":              func(a *crm.Activity) { a.Ours = true },
		"generated":         func(a *crm.Activity) { a.Generated = true },
		"thread":            func(a *crm.Activity) { a.Thread = "t" },
		"speaker and text": func(a *crm.Activity) {
			a.Turns = []crm.Turn{{Speaker: "Dan", Text: "ayes"}, {Speaker: "Sam", Text: "no"}}
		},
		"moment of a turn": func(a *crm.Activity) {
			a.Turns = []crm.Turn{{Speaker: "Dana", Text: "yes", Start: 1}, {Speaker: "Sam", Text: "no"}}
		},
		"a turn in the body": func(a *crm.Activity) { a.Body, a.Turns = "a bodyDanayes", a.Turns[1:] },
	} {
		a := base
		change(&a)
		got, err := readOf(a)
		if err != nil || got == want {
			t.Errorf("%s: %v, the same as before: %v", name, err, got == want)
		}
	}
	invalid := base
	invalid.Body = "a bod\xff"
	one, err1 := readOf(invalid)
	invalid.Body = "a bod\xfe"
	other, err2 := readOf(invalid)
	again, err3 := readOf(base)
	if err1 != nil || err2 != nil || err3 != nil || one == other || again != want {
		t.Errorf("bytes that are not UTF-8: %s and %s; the same again: %s, want %s", one, other, again, want)
	}
}

// Whatever stands in a chunk, or in its vectors, is part of the content; what moves without new vectors is not.
func TestContent(t *testing.T) {
	base := crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Emails, ID: "1"}, Time: may, Created: may, Subject: "Renewal", People: []crm.Person{{Name: "Dana", Role: "from"}}}
	d := crm.Document{Version: "v1"}
	of := func(a crm.Activity, d crm.Document, since time.Time) string {
		t.Helper()
		content, err := contentOf(a, d, since)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	want := of(base, d, may)
	changed := func(change func(*crm.Activity)) string {
		a := base
		change(&a)
		return of(a, d, may)
	}
	for name, got := range map[string]string{
		"text":      of(base, crm.Document{Version: "v2"}, may),
		"turns":     of(base, crm.Document{Version: "v1", Turns: []crm.Span{{End: 1}}}, may),
		"known":     of(base, d, may.Add(1000)),
		"time":      changed(func(a *crm.Activity) { a.Time = may.Add(time.Hour) }),
		"thread":    changed(func(a *crm.Activity) { a.Thread = "t" }),
		"generated": changed(func(a *crm.Activity) { a.Generated = true }),
		"ours":      changed(func(a *crm.Activity) { a.Ours = true }),
		"subject":   changed(func(a *crm.Activity) { a.Subject = "Price" }),
		"author":    changed(func(a *crm.Activity) { a.People = []crm.Person{{Name: "Dana", Role: "to"}} }),
	} {
		if got == want {
			t.Errorf("another %s is the same content", name)
		}
	}
	if got := changed(func(a *crm.Activity) {
		a.Status, a.Modified, a.Links = "DONE", may, crm.Links{Contacts: []crm.Ref{dana}}
	}); got != want {
		t.Error("status, modification and links are no content")
	}
}
