package crm

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTerms(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"The renewal, due in Q3!":     "the renewal due in q3",
		"John's team don't want it":   "john team dont want it",
		"l’offre d'Élodie":            "l offre d elodie",
		"€48,000 or 48.000 or 48'000": "48,000 48000 or 48.000 48000 or 48'000 48000",
		"1,234,567.89 and 1.234,5":    "1,234,567.89 1234567.89 and 1.234,5 1234.5",
		"3.5 days from 10.12.2026":    "3.5 days from 10.12.2026",
		"version 1.234.56":            "version 1.234.56",
		"Łódź Straße Ærø façade NAÏVE Việt":    "lodz strasse aero facade naive viet",
		"cafe\u0301 ΑΘΉΝΑ ёлка":                "cafe αθηνα елка",
		"東京都と大阪":                               "東京 京都 都と と大 大阪",
		"価":                                    "価",
		"ＡＢＣ１２３ ٣٤":                            "abc123 34",
		"mail bob.smith@acme.io, re: snake_id": "mail bob smith acme io re snake_id",
		"end.Start 'quoted' well-known":        "end start quoted well known",
	} {
		if got := strings.Join(Terms(text), " "); got != want {
			t.Errorf("Terms(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestTermsOfLongWordsAreBounded(t *testing.T) {
	for _, term := range Terms(strings.Repeat("aé", 1<<19)) {
		if n := utf8.RuneCountInString(term); n > 2*maxTerm {
			t.Fatalf("a term of %d runes", n)
		}
	}
}

func TestTermCounts(t *testing.T) {
	got := TermCounts("b a b B")
	if want := []TermCount{{"b", 3}, {"a", 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := TermCounts(strings.Repeat("x ", 70_000))[0].Count; n != 65_535 {
		t.Errorf("a count beyond 16 bits is %d", n)
	}
}

func FuzzTerms(f *testing.F) {
	f.Add("48,000 l'offre 東京\xff")
	f.Fuzz(func(t *testing.T, s string) {
		for _, term := range Terms(s) {
			if term == "" || strings.ContainsAny(term, " \n\t") {
				t.Fatalf("term %q of %q", term, s)
			}
		}
	})
}
