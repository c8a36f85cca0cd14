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
	want, err := readOf(maker{fingerprint: "one"}, base)
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
		got, err := readOf(maker{fingerprint: "one"}, a)
		if err != nil || got == want {
			t.Errorf("%s: %v, the same as before: %v", name, err, got == want)
		}
	}
	invalid := base
	invalid.Body = "a bod\xff"
	one, err1 := readOf(maker{fingerprint: "one"}, invalid)
	invalid.Body = "a bod\xfe"
	other, err2 := readOf(maker{fingerprint: "one"}, invalid)
	embedder, err3 := readOf(maker{fingerprint: "two"}, base)
	again, err4 := readOf(maker{fingerprint: "one"}, base)
	windows, err5 := readOf(maker{fingerprint: "one", windows: true}, base)
	if err5 != nil || windows == want {
		t.Errorf("with windows: %s, %v", windows, err5)
	}
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil || one == other || embedder == want || again != want {
		t.Errorf("bytes that are not UTF-8: %s and %s; another embedder: %s; the same again: %s, want %s", one, other, embedder, again, want)
	}
}

// Whatever stands in a chunk, or in its vectors, is part of the content; what moves without new vectors is not.
func TestContent(t *testing.T) {
	base := crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Emails, ID: "1"}, Time: may, Created: may, Subject: "Renewal", People: []crm.Person{{Name: "Dana", Role: "from"}}}
	d := crm.Document{Version: "v1"}
	of := func(m maker, a crm.Activity, d crm.Document, since time.Time) string {
		t.Helper()
		content, err := contentOf(m, a, d, since)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	want := of(maker{}, base, d, may)
	changed := func(change func(*crm.Activity)) string {
		a := base
		change(&a)
		return of(maker{}, a, d, may)
	}
	for name, got := range map[string]string{
		"embedder":  of(maker{fingerprint: "two"}, base, d, may),
		"windows":   of(maker{windows: true}, base, d, may),
		"text":      of(maker{}, base, crm.Document{Version: "v2"}, may),
		"turns":     of(maker{}, base, crm.Document{Version: "v1", Turns: []crm.Span{{End: 1}}}, may),
		"known":     of(maker{}, base, d, may.Add(1000)),
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
