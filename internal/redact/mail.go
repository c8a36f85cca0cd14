package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mails finds addresses around every @, also written as ＠ or %40, and those that were spelled out to hide them from programs.
func mails(text string, out []Span) []Span {
	end := 0
	for i := 0; i < len(text); i++ {
		at := sign(text, i)
		if at == 0 {
			continue
		}
		from, to := localStart(text, i, end), domainEnd(text, i+at)
		if from < i && to > 0 {
			out = append(out, Span{from, to, Mail})
			end, i = to, to-1
		}
	}
	if mayBeSpelled(text) {
		var spelt []Span
		for _, m := range spelled().FindAllStringIndex(text, -1) {
			spelt = append(spelt, Span{m[0], m[1], Mail})
		}
		out = free(out, spelt)
	}
	return out
}

// sign is the length of an at sign at i, 0 when there is none.
func sign(text string, i int) int {
	switch {
	case text[i] == '@':
		return 1
	case text[i] == '%' && strings.HasPrefix(text[i:], "%40"):
		return 3
	case text[i] == 0xEF && strings.HasPrefix(text[i:], "＠"):
		return len("＠")
	}
	return 0
}

// localStart walks back over the part before the sign, not further than low. What only URLs and punctuation have ends it.
func localStart(text string, at, low int) int {
	from := at
	if from > low && text[from-1] == '"' { // a quoted one may hold anything (RFC 5322, 3.2.4)
		if open := strings.LastIndexAny(text[max(low, from-66):from-1], "\"\n"); open >= 0 && text[max(low, from-66)+open] == '"' {
			return max(low, from-66) + open
		}
	}
	for from > low {
		r, size := utf8.DecodeLastRuneInString(text[low:from])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("._+-'!#$*^`~’", r) {
			break
		}
		from -= size
	}
	return from + len(text[from:at]) - len(strings.TrimLeft(text[from:at], ".-+'!#$*^`~’"))
}

// domainEnd walks over a domain with a name at its end; 0 when there is none.
func domainEnd(text string, from int) int {
	end, dot := 0, -1
	letters := 0 // of the label that is being read
	other := false
	for i := from; i <= len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if i == len(text) || r != '.' && r != '-' && r != '。' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			if dot >= 0 && letters >= 2 && !other {
				end = i
			}
			break
		}
		switch {
		case r == '.' || r == '。':
			if dot >= 0 && letters >= 2 && !other {
				end = i
			}
			if i == from || i == dot {
				return end
			}
			dot, letters, other = i+size, 0, false
		case unicode.IsLetter(r) || unicode.IsMark(r):
			letters++
		default:
			other = !strings.HasPrefix(text[max(dot, from):], "xn--")
		}
		i += size
	}
	return end
}

const (
	spelledAt  = `(?:\s*[\[({<]\s*(?:at|ät|arroba|arobase|@)\s*[\])}>]\s*|\s+(?:at|AT)\s+)`
	spelledDot = `(?:\s*[\[({<]\s*(?:dot|punkt|point|punto|\.)\s*[\])}>]\s*|\s+(?:dot|DOT|punkt|PUNKT|punto)\s+)`
)

// spelled is "ada (at) example (dot) com", "ada at example dot com" and what lies between: a hidden sign with an ordinary domain, or a hidden dot with any sign. A plain
// "at" with a plain dot is a sentence.
var spelled = expression(`(?i:[\pL\pN][\pL\pN._+-]*` +
	`(?:\s*[\[({<]\s*(?:at|ät|arroba|arobase|@)\s*[\])}>]\s*[\pL\pN][\pL\pN-]*(?:(?:\.|` + spelledDot + `)[\pL\pN-]+)+` +
	`|(?:@|` + spelledAt + `)[\pL\pN][\pL\pN-]*` + spelledDot + `(?:[\pL\pN-]+(?:\.|` + spelledDot + `))*(?:com|org|net|edu|gov|info|biz|io|ai|app|dev|eu|[a-z]{2})\b))`)

// mayBeSpelled spares most texts the pattern.
func mayBeSpelled(text string) bool {
	for i := 0; i+2 < len(text); i++ {
		switch text[i] | 0x20 { // '[' becomes '{', the others stay
		case 'd':
			if (text[i+1]|0x20) == 'o' && (text[i+2]|0x20) == 't' && i > 0 && !letterBefore(text, i) {
				return true
			}
		case 'p':
			if i > 0 && !letterBefore(text, i) && (fold(text[i:], "punkt") || fold(text[i:], "punto") || fold(text[i:], "point")) {
				return true
			}
		case '(', '{', '<':
			rest := strings.TrimLeft(text[i+1:min(len(text), i+16)], " \t")
			if fold(rest, "at") || fold(rest, "ät") || fold(rest, "@") || fold(rest, "ar") {
				return true
			}
		}
	}
	return false
}

func letterBefore(text string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:i])
	return unicode.IsLetter(r)
}

// fold reports whether text begins with a word, in any case.
func fold(text, word string) bool {
	return len(text) >= len(word) && strings.EqualFold(text[:len(word)], word)
}
