package engine

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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
		n := smallWords(tokens, l)
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

// smallWords counts the small words of a language in a text.
func smallWords(tokens []token, lang string) (n int) {
	for _, t := range tokens {
		if languageWords[lang][t.lower] {
			n++
		}
	}
	return n
}

// hiddenRune reports characters that people do not see and machines read: zero-width, direction and annotation marks, fillers, tags and controls.
func hiddenRune(r rune) bool {
	switch {
	case r == '\n' || r == '\t' || r == '\r' || r == '\u00AD':
		return false
	case r < 0x80:
		return r < ' ' || r == 0x7F
	}
	return unicode.Is(unseen, r) || unicode.IsControl(r)
}

// hidesAnything reports whether a text holds characters that nobody sees. Joiners inside words of scripts that are written with them, and inside emoji, are none of those.
func hidesAnything(s string) bool {
	prev := ' '
	for i, r := range s {
		if hiddenRune(r) {
			next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
			if r != '\u200C' && r != '\u200D' || !joined(prev) || !joined(next) {
				return true
			}
		}
		prev = r
	}
	return false
}

func joined(r rune) bool {
	return unicode.In(r, unicode.Lo, unicode.Mn, unicode.Mc, unicode.So, unicode.Sk) && r != utf8.RuneError && !unicode.Is(unicode.Latin, r) || r == '♀' || r == '♂'
}

var unseen = &unicode.RangeTable{
	R16: []unicode.Range16{{0x034F, 0x034F, 1}, {0x061C, 0x061C, 1}, {0x115F, 0x1160, 1}, {0x17B4, 0x17B5, 1}, {0x180B, 0x180F, 1}, {0x200B, 0x200F, 1}, {0x202A, 0x202E, 1}, {0x2060, 0x206F, 1},
		{0x3164, 0x3164, 1}, {0xFEFF, 0xFEFF, 1}, {0xFFA0, 0xFFA0, 1}, {0xFFF0, 0xFFFB, 1}},
	R32: []unicode.Range32{{0x1BCA0, 0x1BCA3, 1}, {0x1D173, 0x1D17A, 1}, {0xE0000, 0xE0FFF, 1}},
}

// numberKey names a number among the content of a clause.
func numberKey(v float64) string { return "#" + strconv.FormatFloat(v, 'g', -1, 64) }
