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

func TestCountTerms(t *testing.T) {
	got := CountTerms(Terms("b a b B"))
	if want := []TermCount{{"b", 3}, {"a", 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := CountTerms(Terms(strings.Repeat("x ", 70_000)))[0].Count; n != 65_535 {
		t.Errorf("a count beyond 16 bits is %d", n)
	}
}

func FuzzTerms(f *testing.F) {
	f.Add("48,000 l'offre 東京\xff")
	f.Add("plain words and MIXED Case_1, 42 x'y a.b 3.5")
	f.Fuzz(func(t *testing.T, s string) {
		var slow []string // by the full rules alone: the short cut for plain words must not be seen in the result
		for i := 0; i < len(s); {
			r, size := utf8.DecodeRuneInString(s[i:])
			end := i + size
			switch classOf(r) {
			case unspacedClass:
				end = runEnd(s, i, unspacedClass)
				slow = appendPairs(slow, s[i:end])
			case letterClass, digitClass:
				end = wordEnd(s, i)
				slow = appendWord(slow, s[i:end])
			}
			i = end
		}
		if got := Terms(s); !slices.Equal(got, slow) {
			t.Fatalf("Terms(%q) = %q, by the full rules %q", s, got, slow)
		}
		for _, term := range Terms(s) {
			if term == "" || strings.ContainsAny(term, " \n\t") {
				t.Fatalf("term %q of %q", term, s)
			}
		}
	})
}
