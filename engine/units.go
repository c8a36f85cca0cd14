package engine

import "slices"

// Units of time by letter: n minute, h hour, d day, w week, m month, q quarter, y year. unitWords has the ones that relative dates step by; these stand behind numbers only.
var spanWords = map[string]byte{"minute": 'n', "minutes": 'n', "min": 'n', "mins": 'n', "minuten": 'n', "minuto": 'n', "minutos": 'n',
	"hour": 'h', "hours": 'h', "hr": 'h', "hrs": 'h', "h": 'h', "stunde": 'h', "stunden": 'h', "std": 'h', "heure": 'h', "heures": 'h', "hora": 'h', "horas": 'h',
	"wk": 'w', "wks": 'w', "mo": 'm', "mos": 'm', "yr": 'y', "yrs": 'y', "quarter": 'q', "quarters": 'q', "quartal": 'q', "quartale": 'q', "quartalen": 'q', "trimestre": 'q', "trimestres": 'q'}

// Words that say how often, of what is paid or done per time.
var periodWords = map[string]byte{"hourly": 'h', "daily": 'd', "weekly": 'w', "monthly": 'm', "quarterly": 'q', "yearly": 'y', "annual": 'y', "annually": 'y', "annum": 'y',
	"stündlich": 'h', "täglich": 'd', "wöchentlich": 'w', "monatlich": 'm', "monatliche": 'm', "monatlichen": 'm', "jährlich": 'y', "jährliche": 'y', "jährlichen": 'y', "vierteljährlich": 'q',
	"quotidien": 'd', "hebdomadaire": 'w', "mensuel": 'm', "mensuelle": 'm', "mensuellement": 'm', "trimestriel": 'q', "trimestrielle": 'q', "annuel": 'y', "annuelle": 'y', "annuellement": 'y',
	"diario": 'd', "semanal": 'w', "mensual": 'm', "mensuales": 'm', "mensualmente": 'm', "trimestral": 'q', "anual": 'y', "anuales": 'y', "anualmente": 'y',
	"month's": 'm', "year's": 'y', "week's": 'w'}

// Words between a price and its period: "38 a month", "im Jahr", "par an", "al mes", "CHF/Jahr".
var perWords = wordSet("a an per each every / im pro je jeden jede jedes par chaque al por cada")

func spanOf(t token) byte {
	if t.lower == "an" { // an article in English, a preposition in German: it counts behind "par" and "un" only
		return 0
	}
	if u := spanWords[t.lower]; u != 0 {
		return u
	}
	return unitWords[t.lower]
}

// spanned takes the unit of time behind a number, a hyphen between them or not ("24-month"), and says how many tokens it took.
func spanned(rest []token) (byte, int) {
	if len(rest) > 1 && rest[0].text == "-" && !rest[0].gap {
		if u := spanOf(rest[1]); u != 0 {
			return u, 2
		}
	}
	if len(rest) > 1 && spanAdjectives[rest[0].lower] {
		if u := spanOf(rest[1]); u != 0 {
			return u, 2
		}
	}
	if len(rest) > 0 && rest[0].kind == wordToken {
		if u := spanOf(rest[0]); u != 0 {
			return u, 1
		}
	}
	return 0, 0
}

var spanAdjectives = wordSet("business working calendar full more other whole further additional volle vollen weitere weiteren ganze ganzen weiterer autres otros otras")

// How many of the second unit make one of the first. Nothing that a calendar decides is converted (a month is no four weeks).
var spanFactors = map[[2]byte]float64{{'y', 'm'}: 12, {'y', 'q'}: 4, {'q', 'm'}: 3, {'w', 'd'}: 7, {'d', 'h'}: 24, {'h', 'n'}: 60}

// converted is a value in another unit of time; false when no fixed factor leads there.
func converted(v float64, from, to byte) (float64, bool) {
	if from == to {
		return v, true
	}
	if f, ok := spanFactors[[2]byte{from, to}]; ok {
		return v * f, true
	}
	if f, ok := spanFactors[[2]byte{to, from}]; ok {
		return v / f, true
	}
	return 0, false
}

// periodsOf lists the units of time of which a text says "per": claims are asked for them.
func periodsOf(tokens []token) []byte {
	var out []byte
	for i, t := range tokens {
		u := periodWords[t.lower]
		if u == 0 && i > 0 && perWords[tokens[i-1].lower] {
			u = spanOf(t)
			if t.lower == "an" && (tokens[i-1].lower == "par" || tokens[i-1].lower == "/") {
				u = 'y'
			}
		}
		if u == 0 && i > 1 && tokens[i-1].lower == "la" && tokens[i-2].lower == "a" {
			u = spanOf(t)
		}
		if u != 0 && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// unitsNamed lists every unit of time that a text names in any form: evidence may say "this year's plan" where a claim says "a year".
func unitsNamed(tokens []token) []byte {
	out := periodsOf(tokens)
	for i, t := range tokens {
		whole := byte(0)
		if t.lower == "an" && i > 0 && (tokens[i-1].lower == "un" || tokens[i-1].lower == "1") {
			whole = 'y'
		}
		for _, u := range []byte{spanOf(t), periodWords[t.lower], whole} {
			if u != 0 && !slices.Contains(out, u) {
				out = append(out, u)
			}
		}
	}
	return out
}
