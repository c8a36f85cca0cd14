package redact

import (
	"strings"
	"unicode/utf8"
)

// The digits that a phone number has, with its country and its area (ITU-T E.164: at most 15; local ones have 7 at least where they are worth keeping back).
const (
	fewestDigits = 7
	mostPhone    = 15
)

// phone is the end of a phone number that begins at i, with its extension; 0 when there is none. It is one when its form says so (a plus, an extension, the forms of
// North America, a leading zero in a form that some country has), or when a word before or behind it does and it is nothing else.
func phone(text string, i int, n number) int {
	if n.dated() || money(text, i, n) || inURL(text, i) {
		return 0
	}
	for k := len(n.groups); k > 0; k-- {
		if end := n.ends[k-1]; n.formed(text, i, k) && !glued(text, end) {
			return extended(text, end)
		}
	}
	kind, between := cueNear(text, i)
	for k := len(n.groups); k > 0; k-- {
		digits := n.digits(k)
		if digits < fewestDigits || digits > mostPhone || glued(text, n.ends[k-1]) || n.years(k) {
			continue
		}
		label := behind(text, n.ends[k-1])
		if kind != Phone && !label || n.thousands(k) && between > 2 && !label {
			continue
		}
		return extended(text, n.ends[k-1])
	}
	return 0
}

func (n number) digits(k int) (sum int) {
	for _, g := range n.groups[:k] {
		sum += len(g)
	}
	return sum
}

// formed: the first k groups have a form that only phone numbers have.
func (n number) formed(text string, i, k int) bool {
	digits := n.digits(k)
	switch {
	case digits < fewestDigits || digits > mostPhone+2:
		return false
	case n.sign:
		return valid(text[i:n.ends[k-1]], "ZZ") || digits >= 9 && digits <= mostPhone && !n.thousands(k)
	case strings.HasPrefix(n.groups[0], "00") && len(n.groups) > 1:
		return digits >= 10 && (valid("+"+strings.TrimPrefix(text[i:n.ends[k-1]], "00"), "ZZ") || strings.HasPrefix(n.groups[0], "001") && n.american(k, 1))
	case n.american(k, 0), n.groups[0] == "1" && n.american(k, 1):
		return true
	case k == len(n.groups) && digits >= 10 && extension().MatchString(text[n.ends[k-1]:]):
		return true
	case n.groups[0][0] == '0' && len(n.groups[0]) > 1 && k > 1 && digits >= 9 && digits <= 12 && !within(text, i) && strings.Count(text[i:n.ends[k-1]], "/") < 2:
		number := text[i:n.ends[k-1]]
		for _, region := range zeroed {
			if valid(number, region) {
				return true
			}
		}
	}
	return false
}

// within: the digits at i go on with something that a dash ties to them ("PF-04449913").
func within(text string, i int) bool {
	r, size := utf8.DecodeLastRuneInString(text[:i])
	before, _ := utf8.DecodeLastRuneInString(text[:i-size])
	return r == '-' && wordRune(before)
}

// american: three, three and four digits behind the first skip groups, with brackets, dashes or dots between; blanks alone are no sign.
func (n number) american(k, skip int) bool {
	if k != skip+3 || len(n.groups[skip]) != 3 || len(n.groups[skip+1]) != 3 || len(n.groups[skip+2]) != 4 {
		return false
	}
	first, second := n.separators[skip], n.separators[skip+1]
	return strings.ContainsAny(first+second, "-.)") && !strings.Contains(second, "/")
}

// zeroed are countries whose numbers begin with a zero when one calls at home.
var zeroed = []string{"DE", "FR", "GB", "AT", "CH", "NL", "BE", "IT", "SE", "FI", "IE", "AU", "NZ", "ZA", "IN", "BR", "TR", "JP", "IL", "UA"}

// dated: the first three groups are a day, or the first two are years.
func (n number) dated() bool {
	if n.sign || n.bracket || len(n.groups) < 3 || n.separators[0] != n.separators[1] || !strings.Contains("-./", n.separators[0]) {
		return false
	}
	a, b, c := len(n.groups[0]), len(n.groups[1]), len(n.groups[2])
	if a == 4 {
		return year(n.groups[0]) && b <= 2 && c <= 2
	}
	return a <= 2 && b <= 2 && (c == 4 && year(n.groups[2]) || c == 2 && (len(n.groups) == 3 || n.separators[2] != n.separators[0]))
}

// years: two years and nothing else.
func (n number) years(k int) bool {
	return k == 2 && year(n.groups[0]) && year(n.groups[1])
}

func year(g string) bool { return len(g) == 4 && (g[:2] == "19" || g[:2] == "20") }

// thousands: the groups can be read as one large number.
func (n number) thousands(k int) bool {
	if k < 2 || len(n.groups[0]) > 3 || n.groups[0][0] == '0' || n.bracket {
		return false
	}
	for j, g := range n.groups[1:k] {
		if len(g) != 3 || n.separators[j] != n.separators[0] || strings.ContainsAny(n.separators[j], "-/()") {
			return false
		}
	}
	return true
}

var currency = expression(`^(?i:[ \x{a0}\x{202f}]?(?:€|\$|£|¥|%|eur\b|usd\b|gbp\b|chf\b|euro|dollar|k\b|m\b|mio|million|units?\b|seats?\b|pcs\b|st[üu]ck))`)

// money: an amount, by what stands directly before or behind it.
func money(text string, i int, n number) bool {
	before := strings.TrimRight(text[max(0, i-6):i], " \u00a0")
	for _, c := range []string{"€", "$", "£", "¥", "EUR", "USD", "GBP", "CHF"} {
		if strings.HasSuffix(before, c) {
			return true
		}
	}
	return !n.sign && currency().MatchString(text[n.ends[len(n.ends)-1]:])
}

// inURL: the word that i stands in is a web address; numbers in those are no phone numbers unless the address is one to call.
func inURL(text string, i int) bool {
	from := strings.LastIndexAny(text[max(0, i-200):i], " \t\n\"'<>(|")
	word := text[max(0, i-200)+from+1 : i]
	return (strings.Contains(word, "://") || strings.HasPrefix(word, "www.")) && !strings.Contains(word, "wa.me/") && !strings.Contains(word, "tel:")
}

// glued: a letter, or something that makes it a part of a longer thing, follows at once.
func glued(text string, end int) bool {
	if end >= len(text) || extension().MatchString(text[end:]) {
		return false
	}
	r, size := utf8.DecodeRuneInString(text[end:])
	if wordRune(r) || r == '@' || r == '_' {
		return true
	}
	return (r == ',' || r == ':') && end+size < len(text) && isDigit(text[end+size])
}

var extension = expression(`^(?i:[ ,;]{0,2}(?:x|ext\.?|extension|durchwahl|dw|poste|int\.?|#)[ .:]{0,2}[0-9]{1,6})\b`)

// extended takes an extension into a number.
func extended(text string, end int) int {
	return end + len(extension().FindString(text[end:]))
}

// behind: a word after the number says that it is one to call ("office", "(mobile)").
func behind(text string, end int) bool {
	rest := strings.TrimLeft(text[end:min(len(text), end+16)], " \t-–(,")
	switch strings.ToLower(rest[:wordEnd(rest, 0)]) {
	case "office", "fax", "mobile", "cell", "home", "work", "direct", "desk", "tel", "phone", "main", "büro", "mobil", "privat", "bureau", "portable", "móvil", "fijo":
		return true
	}
	return false
}
