package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plain is a text under the one normalisation rule by which quotes are compared, with the way back to the bytes it came from:
//
//   - canonical composition (NFC), so that an accent typed in two ways is one letter;
//   - every run of Unicode white space is one space, and none at either end;
//   - typographic quotation marks are ' or ", every kind of dash is -;
//   - characters that nobody sees (zero-width, direction marks, soft hyphens, tags) are left out.
//
// Nothing else is touched: case, punctuation and digits count.
type plain struct {
	text string
	at   []int // at[i]: byte offset in the source where byte i of text came from; -1 inside a composed character; at[len(text)] is the end
}

func normalise(src string) plain {
	var b strings.Builder
	at := make([]int, 0, len(src)+1)
	end, space := 0, -1
	put := func(s string, from int) {
		b.WriteString(s)
		for i := range len(s) {
			if i == 0 {
				at = append(at, from)
			} else {
				at = append(at, -1)
			}
		}
	}
	for i := 0; i < len(src); {
		n := norm.NFC.NextBoundaryInString(src[i:], true)
		n = max(n, 1)
		composed := strings.Map(dropInvisible, norm.NFC.String(src[i:i+n]))
		if composed == "" {
			i += n
			continue
		}
		if strings.TrimSpace(composed) == "" && utf8.ValidString(composed) {
			if space < 0 {
				space = i
			}
			i += n
			continue
		}
		if space >= 0 && b.Len() > 0 {
			put(" ", space)
		}
		space = -1
		put(typewriter(composed), i)
		i += n
		end = i
	}
	return plain{text: b.String(), at: append(at, end)}
}

// dropInvisible leaves out what a model is not shown either, and the hyphens that only a line break shows.
func dropInvisible(r rune) rune {
	if r == '\u00AD' || hiddenRune(r) {
		return -1
	}
	return r
}

// typewriter maps typographic marks to the ones on a keyboard, inside one normalisation segment.
func typewriter(segment string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '‘', '’', '‚', '‛', '′', 'ʼ':
			return '\''
		case '“', '”', '„', '‟', '″', '«', '»':
			return '"'
		case '‐', '‑', '‒', '–', '—', '―', '−':
			return '-'
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, segment)
}

// The shortest quote that proves anything: three words or twelve characters.
const (
	minQuoteWords = 3
	minQuoteRunes = 12
)

func longEnough(q plain) bool {
	return len(strings.Fields(q.text)) >= minQuoteWords || utf8.RuneCountInString(q.text) >= minQuoteRunes
}

// find looks for quote in text and gives the byte range of the source. The match must stand on word boundaries and must not cut a number, or "at 14" would be
// found in "at 140" and "EUR 48" in "EUR 48,000".
func (p plain) find(quote string) (start, end int, ok bool) {
	for from := 0; quote != "" && from <= len(p.text)-len(quote); {
		i := strings.Index(p.text[from:], quote)
		if i < 0 {
			return 0, 0, false
		}
		i += from
		j := i + len(quote)
		if p.at[i] >= 0 && p.at[j] >= 0 && !cutsWord(p.text, i) && !cutsWord(p.text, j) {
			return p.at[i], p.at[j], true
		}
		from = i + 1
	}
	return 0, 0, false
}

// cutsWord reports whether position i of text lies inside a word or a number.
func cutsWord(text string, i int) bool {
	if i <= 0 || i >= len(text) {
		return false
	}
	before, size := utf8.DecodeLastRuneInString(text[:i])
	after, width := utf8.DecodeRuneInString(text[i:])
	if isWord(before) && isWord(after) {
		return true
	}
	if joinsDigits(after) && unicode.IsDigit(before) {
		next, _ := utf8.DecodeRuneInString(text[i+width:])
		return unicode.IsDigit(next)
	}
	if joinsDigits(before) && unicode.IsDigit(after) {
		prev, _ := utf8.DecodeLastRuneInString(text[:i-size])
		return unicode.IsDigit(prev)
	}
	return false
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// joinsDigits: characters that between two digits make one number, date or time. A space counts: "48 000" is one number in French.
func joinsDigits(r rune) bool { return strings.ContainsRune(".,':/ ", r) }
