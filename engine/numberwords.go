package engine

import "strings"

// Number words of the four languages that the product reads. Values below 100 add, 100 and above multiply; Spanish hundreds add.
var numberWords = map[string]map[string]int{
	"en": {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
		"fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
		"seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000, "million": 1e6, "billion": 1e9},
	"fr": {"un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13,
		"quatorze": 14, "quinze": 15, "seize": 16, "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70, "nonante": 90,
		"cent": 100, "cents": 100, "mille": 1000, "million": 1e6, "millions": 1e6, "milliard": 1e9, "milliards": 1e9},
	"es": {"un": 1, "uno": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12,
		"trece": 13, "catorce": 14, "quince": 15, "dieciséis": 16, "diecisiete": 17, "dieciocho": 18, "diecinueve": 19, "veinte": 20, "veintiuno": 21, "veintiún": 21,
		"veintidós": 22, "veintitrés": 23, "veinticuatro": 24, "veinticinco": 25, "veintiséis": 26, "veintisiete": 27, "veintiocho": 28, "veintinueve": 29, "treinta": 30,
		"cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80, "noventa": 90, "cien": 100, "ciento": 100, "doscientos": 200, "doscientas": 200,
		"trescientos": 300, "trescientas": 300, "cuatrocientos": 400, "cuatrocientas": 400, "quinientos": 500, "quinientas": 500, "seiscientos": 600, "seiscientas": 600,
		"setecientos": 700, "setecientas": 700, "ochocientos": 800, "ochocientas": 800, "novecientos": 900, "novecientas": 900, "mil": 1000, "millón": 1e6, "millones": 1e6},
}

// Words that are numbers in one language and everyday words in another, or articles: in a claim they ask for nothing, in a quote they count.
var weakNumberWords = map[string]bool{"one": true, "un": true, "une": true, "uno": true, "una": true, "ein": true, "eine": true, "einen": true, "einer": true, "einem": true,
	"eines": true, "once": true, "sept": true, "neuf": true, "elf": true, "cent": true, "cents": true, "acht": true, "sieben": true, "null": true, "dos": true, "seize": true}

var germanUnits = map[string]int{"null": 0, "ein": 1, "eins": 1, "eine": 1, "einen": 1, "einer": 1, "einem": 1, "eines": 1, "zwei": 2, "zwo": 2, "drei": 3, "vier": 4, "fünf": 5,
	"sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13, "vierzehn": 14, "fünfzehn": 15, "sechzehn": 16, "siebzehn": 17,
	"achtzehn": 18, "neunzehn": 19, "zwanzig": 20, "dreißig": 30, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90}

// germanNumber reads one German number word, compounds included: "sechsunddreißigtausendzweihundertachtundachtzig" is 36288.
func germanNumber(w string) (int, bool) {
	if v, ok := germanUnits[w]; ok {
		return v, true
	}
	for _, m := range []struct {
		word  string
		value int
	}{{"tausend", 1000}, {"hundert", 100}} {
		left, right, ok := strings.Cut(w, m.word)
		if !ok {
			continue
		}
		factor, rest := 1, 0
		if left != "" {
			if factor, ok = germanNumber(left); !ok || factor == 0 {
				return 0, false
			}
		}
		if right = strings.TrimPrefix(right, "und"); right != "" {
			if rest, ok = germanNumber(right); !ok || rest >= m.value {
				return 0, false
			}
		}
		return factor*m.value + rest, true
	}
	// "achtundachtzig": the first "und" that splits unit and ten
	if unit, ten, ok := strings.Cut(w, "und"); ok {
		u, okU := germanUnits[unit]
		t, okT := germanUnits[ten]
		return u + t, okU && okT && u > 0 && u < 10 && t >= 20
	}
	return 0, false
}

// spelled reads a number in words at the start of tokens and says how many tokens it took. weak is true when all of it is a weak word.
func spelled(tokens []token, lang string) (value float64, taken int, weak bool) {
	if lang == "de" {
		return spelledGerman(tokens)
	}
	words := numberWords[lang]
	total, current, seen := 0, 0, 0
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if i > 0 && seen > 0 && !t.gap && t.text == "-" || seen > 0 && (t.lower == "and" || t.lower == "et" || t.lower == "y") {
			continue // joins, if a number word follows
		}
		v, ok := words[t.lower]
		if !ok && seen == 0 && lang == "en" && t.lower == "a" && len(tokens) > 1 && (tokens[1].lower == "hundred" || tokens[1].lower == "thousand" || tokens[1].lower == "million") {
			continue
		}
		if !ok || t.kind != wordToken {
			break
		}
		next, carried, fits := addWord(total, current, v, lang)
		if !fits {
			break
		}
		total, current = next, carried
		seen, taken = seen+1, i+1
	}
	weak = seen == 1 && weakNumberWords[tokens[taken-1].lower]
	value = float64(total + current)
	if n := halfBehind(tokens[taken:]); n > 0 && seen > 0 {
		return value + 0.5, taken + n, false
	}
	return value, taken, weak
}

// halfBehind takes "and a half", "et demi" and "y medio" behind a number.
func halfBehind(tokens []token) int {
	said := ""
	for i, t := range tokens[:min(3, len(tokens))] {
		said += t.lower + " "
		switch said {
		case "and a half ", "et demi ", "et demie ", "y medio ", "y media ":
			return i + 1
		}
	}
	return 0
}

func addWord(total, current, v int, lang string) (newTotal, newCurrent int, ok bool) {
	tail := current % 100
	switch {
	case v >= 1000:
		return total + max(current, 1)*v, 0, total == 0 || v < 1e6
	case v == 100:
		return total, max(current, 1) * 100, current < 10
	case v > 100:
		return total, v, current == 0
	case current == 0, current >= 100 && tail == 0:
		return total, current + v, true
	case v < 10 && tail >= 20 && tail%10 == 0:
		return total, current + v, true
	case lang == "fr" && v >= 7 && v < 10 && tail == 10: // dix-huit
		return total, current + v, true
	case lang == "fr" && v == 20 && tail == 4:
		return total, current + 76, true
	case lang == "fr" && v >= 10 && v < 20 && (tail == 60 || tail == 80):
		return total, current + v, true
	case lang == "fr" && v >= 7 && v < 10 && tail%20 == 10 && tail > 60: // soixante-dix-sept
		return total, current + v, true
	}
	return total, current, false
}

func spelledGerman(tokens []token) (value float64, taken int, weak bool) {
	if len(tokens) == 0 || tokens[0].kind != wordToken {
		return 0, 0, false
	}
	word, half := strings.CutSuffix(tokens[0].lower, "einhalb")
	v, ok := germanNumber(word)
	if !ok {
		return 0, 0, false
	}
	if half {
		return float64(v) + 0.5, 1, false
	}
	return float64(v), 1, weakNumberWords[tokens[0].lower]
}
