package engine

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/contextd/contextd/internal/crm"
)

// overlap is the share of the statement's longer words whose beginning stands in its quotes; 1 when it has none.
func (s said) overlap() float64 {
	have := map[string]bool{}
	for _, t := range crm.Terms(s.text + "\n" + strings.Join(s.people, "\n")) {
		have[stem(t)] = true
	}
	words, found := 0, 0
	for _, t := range s.tokens {
		if t.kind != wordToken || functionWords[t.lower] {
			continue
		}
		for _, term := range crm.Terms(t.text) {
			if len(term) < 4 {
				continue
			}
			words++
			if have[stem(term)] {
				found++
			}
		}
	}
	if words == 0 {
		return 1
	}
	return float64(found) / float64(words)
}

func stem(t string) string {
	if r := []rune(t); len(r) > 5 {
		return string(r[:5])
	}
	return t
}

var languageWords = map[string]map[string]bool{
	"en": wordSet("the and is are was were of to in for with that they we he she it not has have will by on at said"),
	"de": wordSet("der die das und ist sind war den dem ein eine für mit dass sie wir er es nicht hat haben wird werden von bis auf bei im am zu"),
	"fr": wordSet("le la les et est sont des du une pour avec que ils nous il elle ne pas ont sera dans sur au aux de un"),
	"es": wordSet("el la los las y es son del una para con que ellos nosotros no ha han será en por al de un"),
}

// guess names the language of a short text by its small words, "" when it has none or two languages tie.
func guess(tokens []token) string {
	best, lead, tie := "", 0, false
	for _, l := range []string{"en", "de", "fr", "es"} {
		n := 0
		for _, t := range tokens {
			if languageWords[l][t.lower] {
				n++
			}
		}
		if n > lead {
			best, lead, tie = l, n, false
		} else if n == lead {
			tie = true
		}
	}
	if tie {
		return ""
	}
	return best
}

// hiddenRune reports characters that people do not see and machines read: zero-width, direction marks, tags and controls.
func hiddenRune(r rune) bool {
	switch {
	case r == '\n' || r == '\t' || r == '\r' || r == '\u00AD':
		return false
	case r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2069, r == 0xFEFF, r >= 0xE0000 && r <= 0xE007F:
		return true
	}
	return unicode.IsControl(r)
}

// numberKey names a number among the content of a clause.
func numberKey(v float64) string { return "#" + strconv.FormatFloat(v, 'g', -1, 64) }
