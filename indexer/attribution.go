package indexer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	addressPattern = expression(`[\p{L}\p{N}._%+'=/-]+@[\p{L}\p{N}.-]+`)
	clockPattern   = expression(`(?i)\b\p{Nd}{1,2}[:.h]\s?\p{Nd}{2}\b|\b\p{Nd}{1,2}\s?[ap]\.?m\b|[时時]\p{Nd}{1,2}分|\p{Nd}{1,2}:\p{Nd}{2}`)
	datePattern    = expression(`\p{Nd}{1,4}\s?[-/.]\s?\p{Nd}{1,2}\s?[-/.]\s?\p{Nd}{2,4}|\b(19|20)\p{Nd}{2}\b|\p{Nd}{1,2}\s?[月월]`)
	linkPattern    = expression(`https?://\S+`)
)

// Limits of an attribution: mail programs wrap it over at most maxAttribution lines.
const (
	maxAttribution      = 5
	maxAttributionBytes = 600
)

// facts is what a stretch of text has of the marks of an attribution line.
type facts struct {
	verb, opener, address, bracketed, clock, date, colon bool
	tail                                                 int // runes between the address and the end
}

// factsOf reads a joined line; trimmed of the decoration that programs put around it.
func factsOf(s string) facts {
	var f facts
	body := strings.Trim(s, " \t*_-–—~")
	last := strings.TrimRight(body, " *_")
	f.colon = strings.HasSuffix(last, ":") || strings.HasSuffix(last, "：") || strings.HasSuffix(last, ": >") || strings.HasSuffix(last, "：>")
	if at := addressPattern().FindStringIndex(body); at != nil {
		f.address = true
		f.tail = utf8.RuneCountInString(strings.Trim(body[at[1]:], " <>()[]:：*_"))
		before := strings.TrimRight(body[:at[0]], " '")
		f.bracketed = strings.HasSuffix(before, "<") || strings.HasSuffix(before, "(") || strings.HasSuffix(before, "[") || strings.HasSuffix(before, "mailto:")
	}
	plain := linkPattern().ReplaceAllString(body, " ")
	f.clock = clockPattern().MatchString(plain)
	f.date = f.clock || datePattern().MatchString(plain)
	lower := strings.ToLower(plain)
	words := strings.FieldsFunc(lower, func(r rune) bool {
		return unicode.IsSpace(r) || r == ',' || r == ':' || r == '>' || r == '<' || r == '"' || r == '：'
	})
	for i, w := range words {
		w = strings.Trim(w, ".*_")
		if wroteWords[w] {
			f.verb = true
		}
		if i == 0 && openerWords[w] {
			f.opener = true
		}
	}
	for _, w := range wroteInside {
		f.verb = f.verb || strings.Contains(lower, w)
	}
	if !f.colon && f.verb && len(words) > 0 && strings.HasSuffix(strings.TrimSpace(s), "--") {
		f.colon = wroteWords[strings.Trim(words[len(words)-1], "-.*_")] || strings.HasPrefix(strings.TrimSpace(s), "--") // Zoho: "---- On … wrote ----"
	}
	return f
}

// introduces decides whether a text introduces a quotation. quoted says that a marked quotation follows at once.
func (f facts) introduces(quoted bool, length int) bool {
	switch {
	case !f.colon:
		return false
	case f.verb && f.bracketed:
		return true
	case f.date && f.bracketed:
		return length < 300 && f.tail <= 30 // any language: a moment, a person's address, a verb at most, a colon
	case f.verb && f.clock && (f.opener || f.address):
		return true
	case f.verb && f.date && f.address:
		return true
	}
	return quoted && f.verb && length < 200
}

// attribution finds an attribution that ends at line end and returns its first line, or -1. Mail programs wrap the line anywhere, so it looks upwards until the
// text has a beginning (a preposition, a weekday, a digit near the start).
func attribution(lines []line, quoted []bool, end int) int {
	last := lines[end].text
	if len(last) > maxAttributionBytes || !strings.ContainsAny(last, ":：-") || quoted[end] {
		return -1
	}
	follows := end+1 < len(lines) && nextQuoted(lines, quoted, end+1)
	best, joined := -1, ""
	for start := end; start >= 0 && start > end-maxAttribution; start-- {
		l := lines[start]
		if l.blank() || quoted[start] || len(l.text) > maxAttributionBytes {
			break
		}
		if joined != "" && len(joined)+len(l.text) > maxAttributionBytes {
			break
		}
		joined = joinWrapped(l.text, joined)
		f := factsOf(joined)
		if start == end && !f.colon {
			return -1
		}
		if !f.introduces(follows, utf8.RuneCountInString(joined)) {
			continue
		}
		if beginsAttribution(l.text, f) && (f.date || f.opener) {
			return earlierStart(lines, quoted, start)
		}
		if best < 0 && (start == end || f.address) {
			best = start
		}
	}
	return best
}

// earlierStart follows an attribution upwards that broke inside its date: "On Nov 21, 2014," above "at 10:18, …".
func earlierStart(lines []line, quoted []bool, start int) int {
	for i := start - 1; i >= 0 && i > start-3; i-- {
		text := strings.TrimSpace(lines[i].text)
		if text == "" || quoted[i] || len(text) > 60 || !strings.HasSuffix(text, ",") {
			return start
		}
		if f := factsOf(text); f.opener && hasDigit(text) {
			return i
		}
	}
	return start
}

// joinWrapped undoes a wrap: inside an address nothing was there, elsewhere a space.
func joinWrapped(a, b string) string {
	if b == "" {
		return a
	}
	if open, shut := strings.LastIndexByte(a, '<'), strings.LastIndexByte(a, '>'); open > shut {
		return strings.TrimSpace(a) + strings.TrimSpace(b)
	}
	return a + " " + strings.TrimSpace(b)
}

// beginsAttribution: a known first word, or a digit or an opening bracket near the start.
func beginsAttribution(first string, f facts) bool {
	if f.opener {
		return true
	}
	seen := 0
	for _, r := range first {
		if unicode.IsDigit(r) || r == '<' {
			return true
		}
		if seen++; seen > 36 {
			return false
		}
	}
	return strings.HasPrefix(strings.TrimSpace(first), "-")
}

func nextQuoted(lines []line, quoted []bool, from int) bool {
	for i := from; i < len(lines) && i < from+4; i++ {
		if !lines[i].blank() {
			return quoted[i]
		}
	}
	return false
}
