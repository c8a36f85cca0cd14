package engine

import (
	"fmt"
	"strings"
	"unicode"
)

// maxPlain is the longest free sentence of an answer (a greeting, a closing) in bytes.
const maxPlain = 300

// PlainProblem says why a free sentence of an answer may not be shown: it must hold no fact, because no quote stands behind it. That is no digit, number word, date,
// address or link, and no name but the given ones. "" means that it may.
func PlainProblem(text string, names ...string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	if len(text) > maxPlain {
		return fmt.Sprintf("longer than %d bytes", maxPlain)
	}
	if hidesAnything(text) || strings.ContainsAny(text, "<>") {
		return "holds mark-up or invisible characters"
	}
	if strings.ContainsFunc(text, unicode.IsDigit) {
		return "holds a number"
	}
	t := greetings.Replace(normalise(text).text)
	tokens := lex(t)
	lang := guess(tokens)
	f := factsOf(t, lang, false)
	if len(f.numbers) > 0 || len(f.clocks) > 0 || len(f.exact) > 0 {
		return "holds a number, time or address"
	}
	if len(f.days) > 0 {
		return "holds a date"
	}
	have := termSet(names...)
	for _, n := range nameTerms(tokens, lang, have) {
		if !have[n] {
			return fmt.Sprintf("names %q, who is not the correspondent", shorten(n))
		}
	}
	return ""
}

// greetings hold a German noun, and one of them a word for tomorrow.
var greetings = strings.NewReplacer("Guten Morgen", "Hallo", "Guten Tag", "Hallo", "Guten Abend", "Hallo")
