package engine

import (
	"strings"
	"unicode"

	"github.com/contextd/contextd/internal/crm"
)

var negations = wordSet(`not no never none nothing nobody neither nor cannot without
	nicht kein keine keinen keinem keiner keines nie niemals niemand nichts ohne
	ne pas jamais rien aucun aucune sans
	nunca nada nadie ningún ninguna ninguno sin jamás tampoco`)

// negated reports whether a text denies something, in any of the four languages.
func negated(tokens []token) bool {
	for _, t := range tokens {
		if negations[t.lower] || strings.HasSuffix(t.lower, "n't") || strings.HasPrefix(t.lower, "n'") && len(t.lower) > 2 {
			return true
		}
	}
	return false
}

// leavesOutNegation looks at the clause around text[start:end]: "we are not going to renew" does not support "going to renew".
func leavesOutNegation(text string, start, end int) bool {
	const borders = ".,;:!?()\n\"“”„«»"
	from := strings.LastIndexAny(text[:start], borders) + 1
	to := len(text)
	if quote := strings.TrimRight(text[start:end], " )\"”“»"); strings.HasSuffix(quote, ".") || strings.HasSuffix(quote, "?") || strings.HasSuffix(quote, "!") {
		to = end // the quote has its sentence to the end; what follows is another one
	} else if i := strings.IndexAny(text[end:], borders); i >= 0 {
		to = end + i
	}
	if from > start {
		from = start
	}
	rest := strings.ToValidUTF8(text[from:start], " ") + " | " + text[end:to]
	return negated(lex(normalise(rest).text))
}

// turned reports that exactly one of statement and quotes holds a negation.
func (s said) turned() bool { return negated(s.tokens) != negated(lex(s.text)) }

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
