package engine

import (
	"math"
	"slices"
	"strings"
	"time"
)

// facts are the checkable parts of a text: numbers with units, dates, times of day, addresses, and codes such as Q1 or ISO27001.
type facts struct {
	numbers []amount
	days    []day
	clocks  []string // "15:00"
	exact   []string // e-mail addresses, links, telephone numbers, streets, codes and versions, lower case
	periods []byte   // what is said per unit of time
	units   []byte   // every unit of time that is named
}

var addressForm = expression(`(?i)[\pL\pN._%+-]+@[\pL\pN.-]+\.\pL{2,}|https?://[^\s"'<>)]+|\bwww\.[^\s"'<>)]+|\b[\pL\pN-]+\.(?:com|org|net|io|de|fr|es|eu|example|co\.uk)\b[^\s"'<>),]*`)

// factsOf reads a normalised text. lang limits number words and date orders; "" tries all four. weak keeps numbers written as words that are more often something
// else ("once", "un"): wanted from quotes, not asked of claims.
func factsOf(text, lang string, weak bool) facts {
	var f facts
	text = addressForm().ReplaceAllStringFunc(text, func(s string) string {
		f.exact = append(f.exact, strings.ToLower(strings.TrimRight(s, ".,;:")))
		return " ; "
	})
	phones, text := phonesOf(text)
	f.exact = append(append(f.exact, phones...), streetsOf(text)...)
	tokens := lex(text)
	for i := 0; i < len(tokens); {
		i += f.read(tokens, i, lang, weak)
	}
	f.periods, f.units = periodsOf(tokens), unitsNamed(tokens)
	if weak {
		f.inherit(tokens)
	}
	return f
}

// Articles before a day that is named by its number alone.
var dayArticles = wordSet("the den dem am vom zum le du au el del al")

// inherit gives the first of two joined numbers the unit of the second: "35 or 90 days", "5 to 10 %".
func (f *facts) inherit(tokens []token) {
	for k := len(f.numbers) - 2; k >= 0; k-- {
		a, b := &f.numbers[k], f.numbers[k+1]
		if a.unit == "" && a.span == 0 && b.from == a.to+1 && joinWords[tokens[a.to].lower] {
			a.unit, a.span = b.unit, b.span
		}
	}
}

var joinWords = wordSet("or to and - / oder bis und ou à et o a y u")

// read takes the fact that begins at token i, if one does, and says how many tokens to go on.
func (f *facts) read(tokens []token, i int, lang string, weak bool) int {
	rest := tokens[i:]
	if d, n := relativeAt(rest, lang); n > 0 {
		f.days = append(f.days, d)
		if v, u, ok := d.length(); ok && weak {
			f.numbers = append(f.numbers, amount{value: v, span: u, raw: d.step, from: i, to: i + n})
		}
		return n
	}
	if weak && i > 0 && dayArticles[tokens[i-1].lower] { // "avant le comité du vingt-six"
		for _, l := range languages(lang) {
			if v, n, _ := spelled(rest, l); n > 0 && v >= 1 && v <= 31 && v == math.Trunc(v) {
				f.days = append(f.days, day{day: int(v), weekday: noWeekday})
				break
			}
		}
	}
	if d, n := dateAt(rest, lang); n > 0 {
		f.days = append(f.days, d)
		if weak && n == 1 && rest[0].kind == numberToken {
			f.number(tokens, i)
		}
		return n
	}
	if clock, n := clockAt(rest); n > 0 {
		f.clocks = append(f.clocks, clock)
		return n
	}
	switch rest[0].kind {
	case numberToken:
		return f.number(tokens, i)
	case codeToken:
		f.exact = append(f.exact, rest[0].lower)
		return 1
	case wordToken:
		return f.words(tokens, i, lang, weak)
	}
	return 1
}

func (f *facts) number(tokens []token, i int) int {
	v, ok := parseNumber(tokens[i].text)
	if !ok {
		f.exact = append(f.exact, tokens[i].lower)
		return 1
	}
	a := amount{value: v, raw: tokens[i].text}
	if i > 0 {
		a.unit = currencies[tokens[i-1].lower]
		minus := tokens[i-1].text == "-" && !tokens[i].gap && (tokens[i-1].gap || i == 1) || tokens[i-1].lower == "minus" || tokens[i-1].lower == "menos" || tokens[i-1].lower == "moins"
		if minus {
			a.value = -v
		}
	}
	n := 1 + a.tail(tokens[i+1:])
	var taken int
	a.span, taken = spanned(tokens[i+n:])
	a.from, a.to = i, i+n+taken
	f.numbers = append(f.numbers, a)
	if a.span == 'h' && v <= 24 && tokens[i+n].lower == "h" { // "avant 18 h"
		f.clocks = append(f.clocks, clock(int(v), 0))
	}
	return n + taken
}

// words reads a number in words, in any language. In a quote every reading counts; of a claim, whose language is only guessed, the longest one is asked for.
func (f *facts) words(tokens []token, i int, lang string, weak bool) int {
	best := 0
	var found []amount
	own := languages(lang)
	for _, l := range languages("") {
		v, n, isWeak := spelled(tokens[i:], l)
		if u, _ := spanned(tokens[i+n:]); isWeak && u != 0 && slices.Contains(own, l) {
			isWeak = weak // "dos meses", "one month": with a unit of time it is a number
		}
		if n == 0 || isWeak && !(weak && slices.Contains(own, l)) || n < best && !weak {
			continue
		}
		a := amount{value: v, raw: tokens[i].text}
		if i > 0 {
			a.unit = currencies[tokens[i-1].lower]
		}
		taken := n + a.tail(tokens[i+n:])
		span, more := spanned(tokens[i+taken:])
		taken += more
		a.span, a.from, a.to = span, i, i+taken
		if taken > best && !weak {
			found = nil
		}
		best = max(best, taken)
		found = append(found, a)
	}
	if len(found) > 1 && !weak {
		found = found[:1]
	}
	f.numbers = append(f.numbers, found...)
	return max(best, 1)
}

// clockAt reads 14:30, 2:30 pm, 3pm and "11 Uhr" as "hh:mm".
func clockAt(tokens []token) (string, int) {
	if len(tokens) < 2 || tokens[0].kind != numberToken {
		return "", 0
	}
	h, ok := parseNumber(tokens[0].text)
	if !ok || len(tokens[0].text) > 2 || h > 24 {
		return "", 0
	}
	minutes, n, is := 0.0, 1, false
	if len(tokens) > 2 && (tokens[1].text == ":" || tokens[1].lower == "h") && !tokens[1].gap && !tokens[2].gap && tokens[2].kind == numberToken && len(tokens[2].text) == 2 {
		if minutes, is = parseNumber(tokens[2].text); !is || minutes > 59 {
			return "", 0
		}
		n = 3
	}
	if n < len(tokens) {
		switch tokens[n].lower {
		case "am", "a.m":
			return clock(int(h)%12, int(minutes)), n + 1
		case "pm", "p.m":
			return clock(int(h)%12+12, int(minutes)), n + 1
		case "uhr", "o'clock":
			return clock(int(h), int(minutes)), n + 1
		}
	}
	if !is {
		return "", 0
	}
	return clock(int(h), int(minutes)), n
}

func clock(h, m int) string {
	return time.Date(1, 1, 1, h, m, 0, 0, time.UTC).Format("15:04")
}
