package engine

import (
	"math"
	"strconv"
	"strings"
)

// amount is a number of a text. Unit is "%", a currency code or "", span the unit of time that it counts (see units.go) or 0. It stands in tokens [from, to).
type amount struct {
	value    float64
	unit     string
	span     byte
	raw      string
	from, to int
}

// covers reports whether a quote's number a says what a claim's number c says: the same value, the same currency or per cent sign where the claim has one, and
// never a per cent where the claim has none. Leaving out a currency or a unit of time is allowed, adding one is not; a length of time may be given in another unit
// where a fixed factor leads there (24 months are two years).
func (a amount) covers(c amount) bool {
	value := a.value
	if c.span != 0 {
		v, ok := converted(a.value, a.span, c.span)
		if !ok {
			return false
		}
		value = v
	}
	return close9(value, c.value) && (a.unit == c.unit || c.unit == "" && a.unit != "%")
}

// parseNumber gives the value of digits with separators. One separator before exactly three digits groups thousands ("48,000", "48.000"), behind a zero or before
// any other count it is a decimal mark; of two different ones the last is the decimal mark. Anything else ("4.22.1") is no number.
func parseNumber(s string) (float64, bool) {
	var groups []string
	var marks []rune
	from := 0
	for i, r := range s {
		if strings.ContainsRune(".,' ", r) {
			groups, marks = append(groups, s[from:i]), append(marks, r)
			from = i + 1
		}
	}
	groups = append(groups, s[from:])
	whole, fraction := groups, ""
	switch n := len(marks); {
	case n == 0:
	case n > 1 && marks[n-1] != marks[0] && strings.Count(s, string(marks[n-1])) == 1:
		whole, fraction = groups[:n], groups[n]
	case n == 1 && (len(groups[1]) != 3 || len(groups[0]) > 3 || groups[0] == "0") && marks[0] != '\'':
		whole, fraction = groups[:1], groups[1]
	}
	for i, g := range whole {
		if len(whole) > 1 && (i == 0 && len(g) > 3 || i > 0 && len(g) != 3) {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(strings.Join(whole, "")+"."+fraction+"0", 64)
	return v, err == nil && !math.IsInf(v, 0)
}

var magnitudes = map[string]float64{"k": 1e3, "tsd": 1e3, "thousand": 1e3, "tausend": 1e3, "mille": 1e3, "mil": 1e3, "hundred": 100, "hundert": 100,
	"mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6, "millionen": 1e6, "millón": 1e6, "millones": 1e6, "bn": 1e9, "billion": 1e9, "mrd": 1e9,
	"milliarde": 1e9, "milliarden": 1e9, "milliard": 1e9, "milliards": 1e9}

var currencies = map[string]string{"€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD", "usd": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD",
	"dólares": "USD", "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "pfund": "GBP", "libras": "GBP", "chf": "CHF", "franken": "CHF", "¥": "JPY", "jpy": "JPY",
	"sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "czk": "CZK", "cad": "CAD", "aud": "AUD"}

// tail reads what may stand behind a number: a magnitude, then a per cent sign or a currency. It says how many tokens it took.
func (a *amount) tail(rest []token) int {
	n := 0
	if len(rest) > 0 {
		t := rest[0]
		m, ok := magnitudes[t.lower]
		if !ok && !t.gap && t.lower == "m" && (a.unit != "" || len(rest) > 1 && currencies[rest[1].lower] != "") {
			m, ok = 1e6, true // "GBP 2m", never "2 m"
		}
		if !ok && !t.gap && t.lower == "k€" {
			a.unit, m, ok = "EUR", 1e3, true
		}
		if ok && !(t.lower == "k" && t.gap && len(rest) > 1 && rest[1].kind == wordToken && currencies[rest[1].lower] == "") {
			a.value *= m
			n++
			if n < len(rest) && rest[n].text == "." && (t.lower == "mio" || t.lower == "mrd" || t.lower == "tsd") && n+1 < len(rest) && isUnit(rest[n+1:]) {
				n++
			}
			if n < len(rest) && (rest[n].lower == "de" || rest[n].lower == "d'euros") && n+1 < len(rest) && isUnit(rest[n+1:]) {
				n++
			}
		}
	}
	unit, taken := unitOf(rest[n:])
	if unit == "" {
		return n
	}
	if a.unit == "" || unit == "%" {
		a.unit = unit
	}
	return n + taken
}

func isUnit(rest []token) bool { u, _ := unitOf(rest); return u != "" }

func unitOf(rest []token) (string, int) {
	if len(rest) == 0 {
		return "", 0
	}
	t := rest[0]
	switch t.lower {
	case "%", "percent", "prozent", "pct":
		return "%", 1
	case "per", "pour", "por":
		if len(rest) > 1 && (rest[1].lower == "cent" || rest[1].lower == "ciento") {
			return "%", 2
		}
		return "", 0
	}
	if c := currencies[t.lower]; c != "" {
		return c, 1
	}
	return "", 0
}
