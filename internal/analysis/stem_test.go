package analysis

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/contextd/contextd/internal/crm"
)

// TestFormsOfAWordMeet: every line is one word in several forms, as people write them.
func TestFormsOfAWordMeet(t *testing.T) {
	for lang, lines := range map[string][]string{
		"en": {"contract contracts contracted", "negotiating negotiated negotiation negotiations", "renew renewal renewals renewed", "company companies", "price prices pricing"},
		"de": {"Vertrag Verträge Vertrages Verträgen", "kündigen Kündigung Kündigungen", "Haus Häuser", "Angebot Angebote Angeboten", "verlängern Verlängerung Verlängerungen", "Kunde Kunden"},
		"fr": {"contrat contrats", "année années", "qualité qualités", "négocier négociée négociées négociation négociations", "demande demandé demandée demandées demander", "réunion réunions"},
		"es": {"reunión reuniones", "negociación negociaciones", "renovar renovación renovaciones", "precio precios", "tecnología tecnologías"},
		"it": {"contratto contratti", "riunione riunioni", "prezzo prezzi"},
		"pt": {"reunião reuniões", "negociação negociações", "agência agências", "preço preços"},
		"nl": {"vergadering vergaderingen", "contract contracten"},
		"sv": {"möte möten"}, "da": {"møde møder mødet"}, "no": {"møte møter møtet"}, "fi": {"sopimuksen sopimukset"}, "ru": {"договор договора договоры", "цена цены"},
	} {
		for _, line := range lines {
			words := crm.Terms(line)
			for _, w := range words {
				if Stem(w, lang) != Stem(words[0], lang) {
					t.Errorf("%s: %s is %s, %s is %s", lang, words[0], Stem(words[0], lang), w, Stem(w, lang))
				}
			}
		}
	}
}

func TestStemsOfDifferentWordsStayApart(t *testing.T) {
	for lang, line := range map[string]string{"en": "price contract renewal company discount", "de": "Preis Vertrag Kündigung Haus Rabatt", "fr": "prix contrat année réunion remise", "es": "precio contrato año reunión descuento"} {
		seen := map[string]bool{}
		for _, w := range crm.Terms(line) {
			if s := Stem(w, lang); seen[s] {
				t.Errorf("%s: %s shares the stem %s", lang, w, s)
			} else {
				seen[s] = true
			}
		}
	}
}

func TestWhatHasNoStem(t *testing.T) {
	for _, c := range [][2]string{{"contracts", ""}, {"contracts", "pl"}, {"contracts", "xx"}, {"48000", "en"}, {"q3s", "en"}, {"契約", "ja"}, {"契約", "en"}, {"as", "en"}, {"договоры", "en"},
		{strings.Repeat("tions", 12), "en"}, {"a_functions", "en"}} {
		if got := Stem(c[0], c[1]); got != c[0] {
			t.Errorf("%s in %q became %s", c[0], c[1], got)
		}
	}
}

// TestStemIsAFoldedTerm: a stem is again one word in folded letters, for any word of any text, and no stemmer panics.
func TestStemIsAFoldedTerm(t *testing.T) {
	langs := append([]string{"ru", "ja", ""}, latin...)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zäöüßéèàçñãõåøæ]{1,20}`), rapid.StringMatching(`[а-яё]{1,14}`)).Draw(t, "text")
		lang := rapid.SampledFrom(langs).Draw(t, "lang")
		for _, w := range crm.Terms(text) {
			s := Stem(w, lang)
			if s == "" || Stem(w, lang) != s {
				t.Fatalf("%q in %s became %q", w, lang, s)
			}
			if terms := crm.Terms(s); s != w && (len(terms) != 1 || terms[0] != s) {
				t.Fatalf("the stem %q of %q in %s is not folded: %q", s, w, lang, terms)
			}
		}
	})
}

func TestStemsAreCounted(t *testing.T) {
	got := Stems(crm.Terms("The contract: two contracts, one contracted price."), "en")
	want := []crm.TermCount{{Term: "the", Count: 1}, {Term: "contract", Count: 3}, {Term: "two", Count: 1}, {Term: "one", Count: 1}, {Term: "price", Count: 1}}
	if len(got) != len(want) {
		t.Fatalf("have %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("have %v, want %v", got[i], want[i])
		}
	}
	var s Stemmer
	for range 3 {
		if again := s.Stems(crm.Terms("The contract: two contracts, one contracted price."), "en"); !slices.Equal(again, want) {
			t.Fatalf("have %v", again)
		}
	}
	if got := s.Stems([]string{"kundigungen"}, "de"); got[0].Term != "kundig" || s.Stems([]string{"kundigungen"}, "en")[0].Term != "kundigungen" {
		t.Errorf("a stem of another language: %v", got)
	}
	if got := Stems([]string{"契約", "約を", "契約"}, "ja"); len(got) != 2 || got[0].Count != 2 {
		t.Errorf("have %v", got)
	}
	if got := Stems([]string{"meetings"}, ""); got[0].Term != "meet" {
		t.Errorf("a short text: %v", got)
	}
	many := make([]string, 1<<16+5)
	for i := range many {
		many[i] = []string{"price", "prices"}[i%2]
	}
	if got := Stems(many, "en"); got[0].Count != 1<<16-1 {
		t.Errorf("counts run over: %v", got)
	}
}

func BenchmarkStem(b *testing.B) {
	for _, c := range [][2]string{{"negotiations", "en"}, {"price", "en"}, {"kundigungen", "de"}, {"negociation", "fr"}, {"negociaciones", "es"}} {
		b.Run(c[1]+"/"+c[0], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Stem(c[0], c[1])
			}
		})
	}
}
