package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// quoting builds a scope with one passage that stands inside a longer stored text.
func quoting(text, lang string) Scope {
	const before = "Erst etwas anderes. "
	p := crm.Passage{ID: "P1", Activity: crm.Ref{Portal: 7, Type: crm.Calls, ID: "1"}, Version: "v", Kind: crm.Call, Person: "Mira Kovac",
		Time: time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC), Text: text, Start: len(before), End: len(before) + len(text), Language: lang}
	other := p
	other.ID, other.Person, other.Text = "P2", "Declan Roche", "Something else was said here."
	other.Start, other.End = 0, len(other.Text)
	own := []crm.Ref{ref(crm.Companies, 1)}
	return Scope{Portal: 7, Account: own[0], AccountName: "Harborline Lifts", Sources: map[string]Source{
		"P1": {Passage: p, Stored: before + text + " Und danach.", Accounts: own}, "P2": {Passage: other, Stored: other.Text, Accounts: own}}}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name, lang, text, quote, claim string
		why                            string // "" : supported
	}{
		{"verbatim", "en", "Well, we are at 140 technicians now.", "we are at 140 technicians", "They are at 140 technicians.", ""},
		{"speaker's name", "en", "we are at 140 technicians", "we are at 140 technicians", "Mira said they are at 140 technicians.", ""},
		{"account's name", "en", "we are at 140 technicians", "we are at 140 technicians", "Harborline has 140 technicians.", ""},
		{"another speaker", "en", "we are at 140 technicians", "we are at 140 technicians", "Declan said they are at 140 technicians.", "declan"},
		{"unknown name in the middle", "en", "we are at 140 technicians", "we are at 140 technicians", "They told Siemens about 140 technicians.", "siemens"},
		{"unknown name at the beginning", "en", "we are at 140 technicians", "we are at 140 technicians", "Zorblax confirmed 140 technicians.", "zorblax"},
		{"acronym", "en", "we need to ask our security people", "we need to ask our security people", "They need to ask the CISO.", "ciso"},
		{"not there", "en", "we are at 140 technicians", "we are at 150 technicians", "They have technicians.", "does not stand"},
		{"number cut by the quote", "en", "we are at 1400 technicians", "we are at 140", "They are at 140.", "does not stand"},
		{"thousands cut by the quote", "en", "It costs EUR 48,000 a year", "It costs EUR 48", "It costs EUR 48.", "does not stand"},
		{"french thousands cut", "fr", "Le prix est de 48 000 € par an", "Le prix est de 48", "Le prix est de 48.", "does not stand"},
		{"too short", "en", "yes we can", "yes we", "They can.", "shorter"},
		{"wrong number", "en", "we are at 140 technicians", "we are at 140 technicians", "They are at 95 technicians.", "95"},
		{"white space and typography", "en", "we’re  at\u00a0140\n\ttechnicians — all “field” people", "we're at 140 technicians - all \"field\" people", "All 140 are field people.", ""},
		{"decomposed accent", "fr", "le de\u0301lai est tre\u0300s court", "le délai est très court", "Le délai est court.", ""},
		{"case matters", "en", "we are at 140 technicians", "We Are At 140 technicians", "They are at 140.", "does not stand"},
		{"number in words", "en", "A hundred and forty technicians, all told.", "A hundred and forty technicians", "They have 140 technicians.", ""},
		{"words from digits", "en", "we take 2 years at that price", "we take 2 years at that price", "They take two years.", ""},
		{"long number in words", "en", "That is fifty-four thousand nine hundred and twelve a year.", "fifty-four thousand nine hundred and twelve", "It is 54,912 a year.", ""},
		{"german compound", "de", "Sechsunddreißigtausendzweihundertachtundachtzig im Jahr, ja.", "Sechsunddreißigtausendzweihundertachtundachtzig im Jahr", "36.288 im Jahr.", ""},
		{"german unit and ten", "de", "Vierundachtzig Kalender, für jeden einen.", "Vierundachtzig Kalender", "84 Kalender.", ""},
		{"german wrong", "de", "Vierundachtzig Kalender, für jeden einen.", "Vierundachtzig Kalender", "48 Kalender.", "48"},
		{"french vigesimal", "fr", "Nous avons quatre-vingt-quatorze techniciens.", "quatre-vingt-quatorze techniciens", "Ils ont 94 techniciens.", ""},
		{"french seventy-seven", "fr", "Nous avons soixante-dix-sept agences.", "soixante-dix-sept agences", "Il y a 77 agences.", ""},
		{"french hundreds", "fr", "Il en faut deux cent quarante pour mai.", "Il en faut deux cent quarante", "Il en faut 240.", ""},
		{"spanish", "es", "Tenemos ciento treinta y cinco técnicos.", "ciento treinta y cinco técnicos", "Tienen 135 técnicos.", ""},
		{"spanish thousands", "es", "Son doce mil quinientos euros al año.", "doce mil quinientos euros al año", "Cuesta 12.500 € al año.", ""},
		{"french spaced thousands", "fr", "Le budget est de 48 000 € par an.", "Le budget est de 48 000 € par an", "Budget: 48.000 EUR.", ""},
		{"swiss thousands", "de", "Das Budget ist CHF 48'000 im Jahr.", "Das Budget ist CHF 48'000", "Budget 48.000 CHF.", ""},
		{"k", "en", "we could do 48k a year", "we could do 48k a year", "They could do 48,000 a year.", ""},
		{"million short", "de", "Umsatz 1,2 Mio. € im Jahr", "Umsatz 1,2 Mio. € im Jahr", "1.200.000 EUR Umsatz.", ""},
		{"million before", "en", "min. GBP 2m professional indemnity", "min. GBP 2m professional indemnity", "At least 2 million pounds.", ""},
		{"another currency", "en", "it would be $15 a head", "it would be $15 a head", "It would be 15 EUR a head.", "15 EUR"},
		{"currency added", "en", "it would be 35 for two years", "it would be 35 for two years", "It would be 35 EUR.", "35 EUR"},
		{"currency left out", "en", "it would be 35 EUR for two years", "it would be 35 EUR for two years", "It would be 35.", ""},
		{"per cent from a count", "en", "there are 15 seats left", "there are 15 seats left", "15% are left.", "15 %"},
		{"count from per cent", "en", "a 15% discount would do", "a 15% discount would do", "15 seats would do.", "15"},
		{"per cent in words", "de", "und zwei Prozent Skonto bei zehn Tagen", "und zwei Prozent Skonto bei zehn Tagen", "2 % Skonto bei 10 Tagen.", ""},
		{"pour cent", "fr", "une remise de 5 pour cent", "une remise de 5 pour cent", "5 % de remise.", ""},
		{"decimal", "en", "the fix is 4.22 for all", "the fix is 4.22 for all", "Fixed in 4.23.", "4.23"},
		{"decimal comma", "de", "es sind 3,5 Stunden am Tag", "es sind 3,5 Stunden am Tag", "3.5 Stunden.", ""},
		{"48 is not 48.000", "de", "es kostet 48.000 im Jahr", "es kostet 48.000 im Jahr", "Es kostet 48.", "48"},
		{"minus", "en", "it was -24 °C in the store", "it was -24 °C in the store", "It was 24 °C.", "24"},
		{"version", "en", "update 4.22.1 went out today", "update 4.22.1 went out today", "4.22.2 went out.", "4.22.2"},
		{"code", "en", "we start in Q1 of next year", "we start in Q1 of next year", "They start in Q2.", "q2"},
		{"weak word asks nothing", "en", "we decide when the board is through", "we decide when the board is through", "They decide once the board is through.", ""},
		{"date spelled otherwise", "en", "it goes to the board on 26 November", "it goes to the board on 26 November", "It goes to the board on 2026-11-26.", ""},
		{"date with year", "en", "it goes to the board on 26 November", "it goes to the board on 26 November", "It goes to the board on November 26, 2026.", ""},
		{"wrong day", "en", "it goes to the board on 26 November", "it goes to the board on 26 November", "It goes to the board on 27 November.", "27 November"},
		{"wrong year", "en", "it goes to the board on 26 November", "it goes to the board on 26 November", "It goes to the board on 26 November 2027.", "2027"},
		{"ordinal words", "en", "First of May next year, everybody.", "First of May next year", "Everybody by 1 May.", ""},
		{"german date", "de", "der Termin am 19. März um 11 Uhr", "der Termin am 19. März um 11 Uhr", "Termin am 19.03.2027 um 11:00.", ""},
		{"german ordinal", "de", "am neunzehnten März passt es gut", "am neunzehnten März passt es gut", "Es passt am 19. März.", ""},
		{"french date", "fr", "avant le 1er décembre au plus tard", "avant le 1er décembre au plus tard", "Avant le 1 décembre 2026.", ""},
		{"spanish date", "es", "la reunión es el 3 de diciembre de 2026", "la reunión es el 3 de diciembre de 2026", "Reunión el 03/12/2026.", ""},
		{"tomorrow", "en", "I can send it tomorrow morning", "I can send it tomorrow morning", "To be sent on 21 November 2026.", ""},
		{"tomorrow is not the day after", "en", "I can send it tomorrow morning", "I can send it tomorrow morning", "To be sent on 22 November 2026.", "22 November"},
		{"weekday ahead", "en", "I'd have it Tuesday at the latest", "I'd have it Tuesday at the latest", "At the latest on 24 November.", ""},
		{"weekday and day agree", "en", "Tuesday the 24th, in writing", "Tuesday the 24th, in writing", "In writing on 24 November 2026.", ""},
		{"wrong weekday", "en", "I'd have it Tuesday at the latest", "I'd have it Tuesday at the latest", "At the latest on Wednesday.", "Wednesday"},
		{"weekday across languages", "de", "das haben Sie bis Dienstag", "das haben Sie bis Dienstag", "They have it by Tuesday.", ""},
		{"two weeks", "de", "wir entscheiden in zwei Wochen", "wir entscheiden in zwei Wochen", "Entscheidung am 4. Dezember 2026.", ""},
		{"next month", "fr", "on signe le mois prochain", "on signe le mois prochain", "Signature en décembre 2026.", ""},
		{"relative kept", "en", "we decide next week for sure", "we decide next week for sure", "They decide next week.", ""},
		{"relative changed", "en", "we decide next month for sure", "we decide next month for sure", "They decide next week.", "w+1"},
		{"date of the passage", "en", "we are at 140 technicians", "we are at 140 technicians", "On 20 November 2026 they were at 140 technicians.", ""},
		{"year of the passage", "en", "we are at 140 technicians", "we are at 140 technicians", "In 2026 they were at 140 technicians.", ""},
		{"another year", "en", "we are at 140 technicians", "we are at 140 technicians", "In 2025 they were at 140 technicians.", "2025"},
		{"ambiguous slashes", "en", "the deadline is 03/04/2026 for us", "the deadline is 03/04/2026 for us", "The deadline is 3 April 2026.", "3 April"},
		{"may is no month", "en", "they may decide without the board", "they may decide without the board", "They may decide without the board.", ""},
		{"time", "en", "an answer by 3 pm please", "an answer by 3 pm please", "An answer by 15:00.", ""},
		{"wrong time", "en", "an answer by 3 pm please", "an answer by 3 pm please", "An answer by 16:00.", "16:00"},
		{"mail address", "en", "write to ap@harbor.example about it", "write to ap@harbor.example about it", "Write to evil@attacker.example.", "evil@attacker"},
		{"negation left out", "en", "we are not going to renew this year", "going to renew this year", "They are going to renew this year.", "negation"},
		{"german negation behind", "de", "Wir verlängern den Vertrag im Januar nicht", "Wir verlängern den Vertrag im Januar", "Sie verlängern den Vertrag im Januar.", "negation"},
		{"negation of another clause", "en", "No, we are at 140 technicians", "we are at 140 technicians", "They are at 140 technicians.", ""},
		{"german nouns are no names", "de", "erst der Betriebsrat, dann die Unterschrift", "erst der Betriebsrat, dann die Unterschrift", "Die Zustimmung ist eine Bedingung.", ""},
		{"german title", "de", "erst der Betriebsrat, dann die Unterschrift", "erst der Betriebsrat, dann die Unterschrift", "Herr Zorblax muss unterschreiben.", "zorblax"},
		{"german other speaker", "de", "erst der Betriebsrat, dann die Unterschrift", "erst der Betriebsrat, dann die Unterschrift", "Laut Roche zuerst der Betriebsrat.", "roche"},
		{"german genitive", "de", "das ist Möllerings Entscheidung allein", "das ist Möllerings Entscheidung allein", "Frau Möllering entscheidet.", ""},
		{"hidden characters", "en", "we are at 140 technicians", "we are at 140 technicians", "They are at \u202e140 technicians.", "invisible"},
		{"empty", "en", "we are at 140 technicians", "we are at 140 technicians", " ", "empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			scope := quoting(c.text, c.lang)
			j := Judge(Statement{Text: c.claim, Quotes: []Quote{{"P1", c.quote}}}, scope)
			if c.why == "" && !j.Supported {
				t.Fatalf("want supported, got %q", j.Why)
			}
			if c.why != "" && (j.Supported || !strings.Contains(j.Why, c.why)) {
				t.Fatalf("supported %v, why %q; want it to name %q", j.Supported, j.Why, c.why)
			}
			for _, e := range j.Evidence {
				if got := scope.Sources["P1"].Stored[e.Start:e.End]; got != e.Quote {
					t.Errorf("offsets point at %q, quote is %q", got, e.Quote)
				}
			}
		})
	}
}

func TestJudgeScope(t *testing.T) {
	const text = "we are at 140 technicians"
	good := Statement{Text: "They are at 140.", Quotes: []Quote{{"P1", text}}}
	foreign := quoting(text, "en")
	src := foreign.Sources["P1"]
	src.Activity.Portal = 8
	foreign.Sources["P1"] = src
	moved := quoting(text, "en")
	src = moved.Sources["P1"]
	src.Start++
	moved.Sources["P1"] = src
	strange := quoting(text, "en")
	strange.Account = ref(crm.Companies, 2)
	machine := quoting(text, "en")
	src = machine.Sources["P1"]
	src.Generated = true
	machine.Sources["P1"] = src
	for name, c := range map[string]struct {
		s     Statement
		scope Scope
		why   string
	}{
		"no quote":            {Statement{Text: "They are at 140."}, quoting(text, "en"), "no quote"},
		"passage unknown":     {Statement{Text: "They are at 140.", Quotes: []Quote{{"P9", text}}}, quoting(text, "en"), "P9"},
		"other passage":       {Statement{Text: "They are at 140.", Quotes: []Quote{{"P2", text}}}, quoting(text, "en"), "does not stand"},
		"one good, one false": {Statement{Text: "They are at 140.", Quotes: []Quote{{"P1", text}, {"P2", text}}}, quoting(text, "en"), "does not stand"},
		"other portal":        {good, foreign, "another portal"},
		"no portal":           {good, Scope{Sources: quoting(text, "en").Sources}, "another portal"},
		"other account":       {good, strange, "another account"},
		"no account":          {good, Scope{Portal: 7, Sources: quoting(text, "en").Sources}, "another account"},
		"a machine's words":   {good, machine, "a machine"},
		"stored text differs": {good, moved, "stored text"},
	} {
		if j := Judge(c.s, c.scope); j.Supported || !strings.Contains(j.Why, c.why) || len(j.Evidence) > 0 {
			t.Errorf("%s: supported %v, why %q, evidence %d", name, j.Supported, j.Why, len(j.Evidence))
		}
	}
	many := good
	for range maxQuotes {
		many.Quotes = append(many.Quotes, good.Quotes[0])
	}
	if j := Judge(many, quoting(text, "en")); j.Supported {
		t.Error("a flood of quotes was checked")
	}
	if j := Judge(good, quoting(text, "en")); !j.Supported || j.Overlap != 1 || j.Turned {
		t.Errorf("the good one: %+v", j)
	}
}

func TestPlainProblem(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "Hi Mira, thank you for your message.": true, "Guten Tag Katrin, vielen Dank für Ihre Nachricht.": true, "Guten Morgen, Frau Möllering,": true,
		"Bonjour Claire, merci pour votre message.": true, "Hola, Lucía: gracias por su mensaje.": true, "Sagen Sie mir bitte, wenn etwas fehlt.": true,
		"Hi Mira, you get 20 percent.": false, "You get a twenty percent discount.": false, "See you on Tuesday.": false, "Write to x@evil.example": false,
		"<img src=x>": false, "Please thank Declan Roche for me.": false, "Visit https://evil.example now": false, "Hi\u200b Mira": false,
	} {
		if why := PlainProblem(text, "Mira Kovac", "Katrin Möllering", "Claire", "Lucía"); (why == "") != ok {
			t.Errorf("%q: %q", text, why)
		}
	}
}

func TestNormaliseOffsets(t *testing.T) {
	for _, src := range []string{"", "  a  b ", "e\u0301te\u0301", "a\u00a0\u2003b", "\xff\xfe x", "“Zitat” — ja"} {
		p := normalise(src)
		if len(p.at) != len(p.text)+1 {
			t.Fatalf("%q: %d offsets for %d bytes", src, len(p.at), len(p.text))
		}
		if p.text != "" {
			if _, _, ok := p.find(p.text); !ok {
				t.Errorf("%q does not find itself", src)
			}
		}
	}
}

func TestJudgeSpeaker(t *testing.T) {
	const text = "Mira Kovac: we are at 140 technicians\nDana Whitlock: is that so, really"
	scope := quoting(text, "en")
	src := scope.Sources["P1"]
	src.Person = ""
	first := strings.Index(src.Stored, "Dana")
	src.Turns = []crm.Span{{Speaker: "Mira Kovac", Start: src.Start, End: first}, {Speaker: "Dana Whitlock", Start: first, End: len(src.Stored)}}
	scope.Sources["P1"] = src
	quotes := []Quote{{"P1", "we are at 140 technicians"}}
	if j := Judge(Statement{Text: "Mira said they are at 140.", Quotes: quotes}, scope); !j.Supported || j.Evidence[0].Person != "Mira Kovac" {
		t.Errorf("%+v", j)
	}
	if j := Judge(Statement{Text: "Dana said they are at 140.", Quotes: quotes}, scope); j.Supported {
		t.Error("the words of one speaker became another's")
	}
	// led by a name: only by the name of who said just these words, also when both speakers are quoted
	quotes = append(quotes, Quote{"P1", "is that so, really"})
	if j := Judge(Statement{Text: "Mira Kovac: we are at 140 technicians", Quotes: quotes}, scope); !j.Supported {
		t.Error(j.Why)
	}
	if j := Judge(Statement{Text: "Dana Whitlock: we are at 140 technicians", Quotes: quotes}, scope); j.Supported || !strings.Contains(j.Why, "words of Mira") {
		t.Errorf("the words of one speaker passed as another's: %q", j.Why)
	}
}
