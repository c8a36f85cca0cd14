package redact

import "strings"

// ibanLength is the length of a country's IBANs (SWIFT, IBAN registry, release 99).
var ibanLength = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24,
	"DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27,
	"GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
	"LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24,
	"PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25,
	"SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}

// ibanAt is the end of an IBAN that begins at i, where no letter or digit stands before; 0 when there is none. Blanks and dashes may stand between its groups. Where
// the checksum is wrong it must be called an IBAN: a slip of the pen is as personal.
func ibanAt(text string, i int) int {
	if i+14 > len(text) || !isLetter(text[i]) || !isLetter(text[i+1]) || !isDigit(text[i+2]) || !isDigit(text[i+3]) {
		return 0
	}
	length := ibanLength[strings.ToUpper(text[i:i+2])]
	if length == 0 {
		return 0
	}
	rest, taken, end := 0, 0, i
	for taken < length {
		if end >= len(text) {
			return 0
		}
		c := text[end]
		if gap := ibanGap(text, end); gap > 0 {
			if taken < 4 {
				return 0
			}
			end += gap
			continue
		}
		if !isDigit(c) && !isLetter(c) {
			return 0
		}
		if taken >= 4 { // the first four characters are reckoned last
			rest = mod97(rest, c)
		}
		taken++
		end++
	}
	if end < len(text) && (isDigit(text[end]) || isLetter(text[end])) {
		return 0
	}
	for _, c := range []byte(text[i : i+4]) {
		rest = mod97(rest, c)
	}
	if rest == 1 || cue(text, i) == IBAN {
		return end
	}
	return 0
}

// ibanGap is the length of what may separate two groups.
func ibanGap(text string, i int) int {
	switch {
	case text[i] == ' ' || text[i] == '-':
		return 1
	case strings.HasPrefix(text[i:], "\u00a0"):
		return len("\u00a0")
	}
	return 0
}

// mod97 goes on with a remainder by one character, letters counting from 10 (ISO 7064).
func mod97(rest int, c byte) int {
	if isDigit(c) {
		return (rest*10 + int(c-'0')) % 97
	}
	return (rest*100 + int((c|0x20)-'a') + 10) % 97
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
