package engine

import "testing"

// TestPlaces: a name that stands in the quotes may stand in a claim only where the quotes have it.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		claim, quote, person, lang string
		cut                        bool
	}{
		{"Mona told Piet about the delay.", "Mona told Piet about the delay on Monday.", "Someone Else", "en", false},
		{"Piet told Mona about the delay.", "Mona told Piet about the delay on Monday.", "Someone Else", "en", true},
		{"Mona called Piet.", "I called Piet this morning about it.", "Mona Reeve", "en", false},
		{"Piet called Mona Reeve.", "I called Piet this morning about it.", "Mona Reeve", "en", true},
		{"Piet was replaced by Mona.", "Mona replaced Piet in the team.", "", "en", false},
		{"Mona was replaced by Piet.", "Mona replaced Piet in the team.", "", "en", true},
		{"Mona and Piet decide together.", "Piet and Mona decide this together.", "", "en", false},
		{"Piet wants the long contract.", "Mona wants the long contract, Piet pays for it.", "", "en", true},
		{"Mona wants the long contract.", "Mona wants the long contract, Piet pays for it.", "", "en", false},
		{"Piet takes part.", "Mona takes part, Piet doesn't.", "", "en", true},
		{"Hanno bekommt den Schlüssel.", "Geben Sie Insa den Schlüssel, nicht Hanno.", "", "de", true},
		{"Insa schickt Hanno die Liste.", "Insa schickt Hanno am Freitag die Liste.", "", "de", false},
		{"Hanno schickt Insa die Liste.", "Insa schickt Hanno am Freitag die Liste.", "", "de", true},
		{"Cléo a vendu le stock à Basile.", "Basile a vendu le stock à Cléo en mars.", "", "fr", true},
		{"Basile a vendu le stock à Cléo.", "Basile a vendu le stock à Cléo en mars.", "", "fr", false},
		{"Nerea debe dinero a Fabio.", "Fabio debe dinero a Nerea desde mayo.", "", "es", true},
	} {
		scope := quoting(c.quote, c.lang)
		for id, s := range scope.Sources {
			s.Person = c.person
			scope.Sources[id] = s
		}
		j := Judge(Statement{Text: c.claim, Quotes: []Quote{{"P1", c.quote}}}, scope)
		if j.Supported == c.cut {
			t.Errorf("%q on %q: %q", c.claim, c.quote, j.Why)
		}
	}
}

// TestUnheard: a German noun, or a word that begins a sentence, is a name where it stands as names do and nothing in the quotes is its counterpart.
func TestUnheard(t *testing.T) {
	for _, c := range []struct {
		claim, quote, lang string
		cut                bool
	}{
		{"Die Lieferung geht nach Brake.", "Die Lieferung geht nach Elsfleth, wie immer.", "de", true},
		{"Kunden warten auf Ersatzteile.", "Unsere Abnehmer warten zu lange.", "de", false}, // plurals stand without an article
		{"Die Sitzung ist im Mai.", "Die Betriebsratssitzung ist im Mai, glaube es mir.", "de", false},
		{"Betriebsleiter Thaler hält den Preis.", "Betriebsleiter Moosbach hält den Preis, sagt er.", "de", true},
		{"Erreichbar ist sie am Vormittag.", "Sie ist vormittags zu erreichen.", "de", false},
		{"Elvire paie la facture.", "C'est moi qui paie la facture demain.", "fr", true},
		{"Actuellement la facture est ouverte.", "La facture est ouverte, comme vous savez.", "fr", false},
		{"Nuria no contestó.", "Al final él no contestó nada.", "es", true},
		{"Quiere una copia.", "Yo quiero una copia de todo.", "es", false},
		{"Jonas would pay more.", "My boss would pay more for that.", "en", true},
		{"Delivery would cost more.", "It would cost more to bring it here.", "en", false},
	} {
		s := statedBy(Statement{Text: c.claim, Quotes: []Quote{{"P1", c.quote}}}, nil, Scope{Sources: map[string]Source{"P1": sourceIn(c.quote, c.lang)}})
		if why := s.namesMissing(Scope{}); (why != "") != c.cut {
			t.Errorf("%q on %q: %q", c.claim, c.quote, why)
		}
	}
}
