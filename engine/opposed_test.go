package engine

import (
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// TestOpposed: a claim that says the opposite of its quotes is cut; one that denies the opposite, or goes another way about it, is not.
func TestOpposed(t *testing.T) {
	for _, c := range []struct {
		claim, quote, lang string
		why                bool
	}{
		{"The premium falls by 15 percent.", "the premium goes up by 15 percent and never fell; it rises", "en", true},
		{"The store in Bath closes.", "The store in Bath closes in May, the one in Leeds opens.", "en", false}, // the quote holds both
		{"The store in Leeds closes.", "The store in Bath closes in May, the store in Leeds opens.", "en", true},
		{"Installations fell from 90 to 150.", "Installations went from 90 to 150.", "en", true},
		{"Not only Ada signs.", "Only Ada signs here.", "en", true},
		{"The premium falls.", "Next year the premium rises again for us.", "en", true},
		{"They start after the harvest.", "We want to start before the harvest.", "en", true},
		{"Gridplan is not cheaper.", "Gridplan is more expensive and dearer than you.", "en", false},
		{"They pay no more than 30 EUR.", "We pay less than 30 EUR a month.", "en", false},
		{"Visits rose from 150 to 90.", "Visits went from 90 a month to 150.", "en", true},
		{"Visits went from 90 to 150.", "Visits went from 90 a month to 150.", "en", false},
		{"Die Köche sind unzufrieden.", "Meine Köche sind damit zufrieden.", "de", true},
		{"Der Vertrag beginnt im Mai.", "Der Vertrag mit ServTec endet im Mai.", "de", true},
	} {
		s := statedBy(Statement{Text: c.claim, Quotes: []Quote{{"P1", c.quote}}}, nil, Scope{Sources: map[string]Source{"P1": sourceIn(c.quote, c.lang)}})
		if why := s.opposed(); (why != "") != c.why {
			t.Errorf("%q on %q: %q", c.claim, c.quote, why)
		}
	}
	for claim, why := range map[string]bool{"The insurer refuses digital reports.": true, "The insurer wants digital reports.": false} {
		const quote = "Our insurer wants digital reports from January on."
		s := statedBy(Statement{Text: claim, Quotes: []Quote{{"P1", quote}}}, nil, Scope{Sources: map[string]Source{"P1": sourceIn(quote, "en")}})
		if got := s.flatlyDenied(); (got != "") != why {
			t.Errorf("%q: %q", claim, got)
		}
	}
}

// TestSubjects: who is said to do something is a name, in words that need no article too little is said for one.
func TestSubjects(t *testing.T) {
	for _, c := range []struct {
		claim, quote, lang string
		name               bool
	}{
		{"Thaler has retired.", "Colin has retired.", "en", true}, {"Priya handles purchasing.", "She handles purchasing for all of us.", "en", true},
		{"Usage has dropped.", "We use it less and less, it has dropped.", "en", false}, {"Reports are typed up.", "Somebody types them up for us.", "en", false},
		{"Dana hat 18 Prüfer.", "mit 18 Prüfern schaffen wir das", "de", true}, {"Die Stadtwerke haben 17 Leute.", "Wir haben 17 Leute im Dienst.", "de", false},
		{"Entscheiden wird die Zentrale.", "Das entscheidet am Ende die Zentrale.", "de", false}, {"Dr. Ibsen schickt drei Fragen.", "Herr Dr. Maurer schickt drei Fragen.", "de", true},
		{"Die Zentrale in Trier zahlt.", "Die Kosten zahlt die Zentrale in Ulm.", "de", true}, {"Die Zentrale in Ulm zahlt.", "Die Kosten zahlt die Zentrale in Ulm.", "de", false},
	} {
		src := sourceIn(c.quote, c.lang)
		s := statedBy(Statement{Text: c.claim, Quotes: []Quote{{"P1", c.quote}}}, nil, Scope{Sources: map[string]Source{"P1": src}})
		if why := s.namesMissing(Scope{AccountName: "Stadtwerke Auental", Sources: map[string]Source{"P1": src}}); (why != "") != c.name {
			t.Errorf("%q on %q: %q", c.claim, c.quote, why)
		}
	}
}

func sourceIn(text, lang string) Source {
	return Source{Passage: crm.Passage{ID: "P1", Text: text, Language: lang, Time: noon, End: len(text)}, Stored: text}
}
