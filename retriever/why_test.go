package retriever

import (
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func noteRef(id string) crm.Ref { return crm.Ref{Portal: 1, Type: crm.Notes, ID: id} }

func TestWhyAnActivityWasNotUsed(t *testing.T) {
	s := newShelf()
	anna := crm.Ref{Portal: 1, Type: crm.Contacts, ID: "7"}
	for i := range s.postings.Chunks {
		c := &s.postings.Chunks[i]
		switch c.ID {
		case "note1":
			c.Generated = true
		case "mail2":
			c.Created = time.Date(2026, 3, 25, 0, 0, 0, 0, time.UTC)
		case "call1", "call2":
			c.People = []crm.Ref{anna}
		}
	}
	// A forwarded copy of the first mail.
	p := s.postings
	copied := p.Chunks[7]
	copied.ID, copied.Activity.ID, copied.Session = "mail1b", "9", "9"
	p.Chunks = append(p.Chunks, copied)
	s.texts["mail1b"] = s.texts["mail1"]

	march := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name   string
		change func(q *crm.Question)
		ask    string
		want   string
	}{
		{"used", func(*crm.Question) {}, "4", ""},
		{"unknown", func(*crm.Question) {}, "77", "not in this account, or without text"},
		{"window", func(q *crm.Question) { q.Since = march(4) }, "1", "before the window, which begins on 2026-03-04"},
		{"kind", func(q *crm.Question) { q.Kinds = []crm.Kind{crm.Email} }, "3", "it is a call, and others were asked for"},
		{"people", func(q *crm.Question) { q.People = []crm.Ref{anna} }, "1", "none of the people asked for took part"},
		{"machine", func(q *crm.Question) { q.Human = true }, "6", "written by a machine"},
		{"later", func(q *crm.Question) { q.AsOf = march(10) }, "5", "later than 2026-03-10"},
		{"known later", func(q *crm.Question) { q.AsOf = march(22) }, "5", "known only since 2026-03-25"},
		{"copy", func(*crm.Question) {}, "9", "near copy of P"},
		{"rank", func(q *crm.Question) { q.Limit = 2 }, "6", "th of 11"},
		{"room", func(q *crm.Question) { q.Budget = 40 }, "3", "no room in the budget"},
	} {
		q := crm.Question{Filter: home, Text: "contract renewal discount for seats", Why: []crm.Ref{noteRef(c.ask)}}
		c.change(&q)
		out, err := (&Retriever{Postings: s, Bodies: s, Static: kin{}}).Retrieve(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		have := ""
		if len(out.Unused) > 0 {
			have = out.Unused[0].Reason
		}
		if (c.want == "") != (have == "") || !strings.Contains(have, c.want) {
			t.Errorf("%s: %q, want %q", c.name, have, c.want)
		}
	}
}

func TestOrdinal(t *testing.T) {
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 57: "57th", 112: "112th", 122: "122nd"} {
		if have := ordinal(n); have != want {
			t.Errorf("%d: %s", n, have)
		}
	}
}
