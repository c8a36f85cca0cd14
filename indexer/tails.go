package indexer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutTails cuts signatures and footers from the end of every stretch of a person's own lines.
func cutTails(lines []line, parts []part) {
	cutBanner(lines, parts)
	stretches := 0
	for a := 0; a < len(lines) && stretches < maxStretches; {
		if parts[a] != own {
			a++
			continue
		}
		b := a
		for b < len(lines) && parts[b] == own {
			b++
		}
		cutTail(lines, parts, a, b)
		stretches++
		a = b
	}
}

// cutTail works upwards from the end of one stretch until nothing more comes off. Each round makes the stretch shorter.
func cutTail(lines []line, parts []part, a, b int) {
	for range maxRounds {
		for b > a && (lines[b-1].blank() || parts[b-1] != own) {
			b--
		}
		end := cutFooters(lines, parts, a, b)
		if end == b {
			end = cutSignature(lines, parts, a, b)
		}
		if end == b {
			return
		}
		b = end
	}
}

func cutSignature(lines []line, parts []part, a, b int) int {
	from := signatureStart(lines, a, b)
	for i := from; i < b; i++ {
		parts[i] = signaturePart
	}
	return from
}

// signatureStart is the first line of the signature that ends at b, or b.
func signatureStart(lines []line, a, b int) int {
	if b == a {
		return b
	}
	if lines[b-1].hint&inSignature != 0 {
		from := b
		for from > a && (lines[from-1].hint&inSignature != 0 || lines[from-1].blank()) {
			from--
		}
		return from
	}
	if mobile(lines[b-1].text) {
		return b - 1
	}
	if b-2 >= a && len(lines[b-1].text) < 60 && beginsMobile(lines[b-2].text) && mobile(lines[b-2].text+" "+lines[b-1].text) {
		return b - 2 // wrapped
	}
	if from := formula(lines, a, b); from < b {
		return from
	}
	if from := dashAbove(lines, a, b); from < b {
		return from
	}
	return contactBlock(lines, a, b)
}

// formula finds the closing formula or dash line that has nothing but signature lines below it.
func formula(lines []line, a, b int) int {
	from, named := b, false
	count, size := 0, 0
	for i := b - 1; i >= a && count <= maxSignatureLines && size <= maxSignatureBytes; i-- {
		text := lines[i].text
		switch {
		case lines[i].blank():
			continue
		case dashLine(text):
			if s := strings.Trim(text, " *"); len(s) <= len("—") || named {
				return i
			}
			return from
		case closing(text):
			from = i
		case from < b || !signatureLine(text):
			return from
		}
		named = contact(text) || plausibleTitleName(text)
		count++
		size += len(text)
	}
	return from
}

// dashAbove finds "-- " above lines that do not look like a signature by themselves: mottos, legal lines, long titles.
func dashAbove(lines []line, a, b int) int {
	count, size := 0, 0
	for i := b - 1; i >= a && count <= maxSignatureLines && size <= maxSignatureBytes; i-- {
		if s := strings.TrimSpace(lines[i].text); s == "--" || s == "—" {
			return i
		}
		if !lines[i].blank() {
			count++
			size += len(lines[i].text)
		}
	}
	return b
}

// signatureLine can stand below a closing formula: short, and not a sentence.
func signatureLine(text string) bool {
	s := strings.Trim(text, " *_")
	if len(s) > 400 || utf8.RuneCountInString(s) > 120 {
		return false
	}
	lower := strings.ToLower(s)
	for _, ps := range []string{"ps:", "p.s.", "ps.", "p.s:", "ps ", "nb:", "n.b."} {
		if strings.HasPrefix(lower, ps) {
			return false
		}
	}
	words := strings.Fields(s)
	sentence := strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "。")
	if strings.HasSuffix(s, "?") || (sentence && len(words) > 4 && !contact(s)) {
		return false
	}
	return len(words) <= 14
}

func contact(s string) bool {
	return phonePattern().MatchString(s) || addressPattern().MatchString(s) || labelled().MatchString(s) || sitePattern().MatchString(s)
}

// contactBlock is the first line of a paragraph of name, title and ways to reach somebody at the very end, or b. It must begin with a name, hold two contact
// lines, no sentence, and must not be what the text announces ("Here is her number:").
func contactBlock(lines []line, a, b int) int {
	from := b
	contacts, gap := 0, false
	for i := b - 1; i >= a; i-- {
		text := strings.TrimSpace(lines[i].text)
		if text == "" {
			// One empty line may divide name and numbers; the name must still be above it.
			if gap || i == a || !plausibleTitleName(lines[i-1].text) || plausibleTitleName(lines[i+1].text) {
				break
			}
			gap = true
			continue
		}
		if !signatureLine(text) || strings.HasPrefix(text, "- ") {
			return b
		}
		if contact(text) {
			contacts++
		}
		if from = i; b-from > maxSignatureLines {
			return b
		}
	}
	if contacts < 2 || from == a || !plausibleTitleName(lines[from].text) {
		return b
	}
	above := from - 1
	for above >= a && lines[above].blank() {
		above--
	}
	if above < a || above == from-1 || strings.HasSuffix(strings.TrimSpace(lines[above].text), ":") {
		return b
	}
	return from
}

// plausibleTitleName is a person's name, perhaps with a title behind a bar or comma.
func plausibleTitleName(text string) bool {
	s := strings.Trim(text, " *_")
	if i := strings.IndexAny(s, "|,/–—"); i > 0 {
		s = strings.TrimSpace(s[:i])
	}
	words := strings.Fields(s)
	if len(words) < 1 || len(words) > 5 || hasDigit(s) || strings.ContainsAny(s, "@:") {
		return false
	}
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		if !unicode.IsUpper(r) && !particle(w) && unicode.IsLower(r) {
			return false
		}
	}
	return true
}
