package indexer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxHeaderLines bounds a block of "From: … Sent: …" lines with its continuations.
const maxHeaderLines = 24

// labelOf reads "Label: value" and says which header it is. Decoration (bold, stars, a bullet) is ignored.
func labelOf(s string) (class labelClass, value string) {
	s = strings.Trim(s, " \t*_|")
	at := strings.IndexAny(s, ":：")
	if at <= 0 || at > 60 {
		return noLabel, ""
	}
	_, width := utf8.DecodeRuneInString(s[at:])
	label := strings.ToLower(strings.TrimSpace(strings.Trim(strings.TrimSpace(s[:at]), "*_")))
	return headerLabels[label], strings.Trim(s[at+width:], " *_")
}

// headerBlock recognises the header of an older message ("From: … Sent: … To: … Subject: …" in any of the known languages, in any order) that begins at line
// from, and returns the line after it, or -1.
func headerBlock(lines []line, from int, separated bool) int {
	if class, _ := labelOf(lines[from].text); class == noLabel || class == otherLabel {
		return -1
	}
	if inlineHeaders(lines[from].text) {
		return from + 1
	}
	seen := map[labelClass]bool{}
	end, misses, address, dated := from, 0, false, false
	for i := from; i < len(lines) && i < from+maxHeaderLines; i++ {
		text := lines[i].text
		if lines[i].blank() {
			if misses++; misses > 1 {
				break
			}
			continue
		}
		class, value := labelOf(text)
		if class == noLabel {
			if misses++; misses > 2 || len(text) > 400 {
				break
			}
			address = address || (i == end && strings.Contains(text, "@"))
			continue
		}
		seen[class] = true
		end, misses = i+1, 0
		address = address || addressPattern().MatchString(value)
		dated = dated || (class == dateLabel && hasDigit(value))
		for _, l := range innerLabels(value) {
			seen[l] = true
		}
	}
	delete(seen, otherLabel)
	if len(seen) < 2 || (!seen[fromLabel] && !(seen[dateLabel] && seen[toLabel])) {
		return -1
	}
	if !seen[subjectLabel] && !address && !separated {
		return -1
	}
	if len(seen) == 2 && !address && !dated && !separated {
		return -1
	}
	return end
}

// inlineHeaders recognises a block that was flattened into one line.
func inlineHeaders(s string) bool {
	if len(s) > 2000 {
		return false
	}
	first, value := labelOf(s)
	seen := map[labelClass]bool{first: true}
	for _, l := range innerLabels(value) {
		seen[l] = true
	}
	delete(seen, otherLabel)
	return len(seen) >= 3 && seen[fromLabel] && (seen[dateLabel] || seen[toLabel]) && hasDigit(s)
}

// innerLabels are labels inside a value: "a@b.example Objet : …".
func innerLabels(value string) []labelClass {
	var out []labelClass
	for i, part := range strings.FieldsFunc(value, func(r rune) bool { return r == ':' || r == '：' }) {
		words := strings.Fields(strings.ToLower(part))
		if i > 20 {
			break
		}
		for n := min(2, len(words)); n >= 1; n-- {
			if class := headerLabels[strings.Trim(strings.Join(words[len(words)-n:], " "), "*_")]; class != noLabel {
				out = append(out, class)
				break
			}
		}
	}
	return out
}

func hasDigit(s string) bool { return strings.IndexFunc(s, unicode.IsDigit) >= 0 }

// foreignHeaders recognises a header block in an unknown language: at least three consecutive "Label: value" lines, one with an address, one with a clock time.
func foreignHeaders(lines []line, from int) int {
	address, clock, n := false, false, 0
	for i := from; i < len(lines) && n < 8; i++ {
		label, value, ok := strings.Cut(strings.Replace(strings.Trim(lines[i].text, " *_"), "：", ":", 1), ":")
		if !ok || label == "" || utf8.RuneCountInString(label) > 20 || strings.TrimSpace(value) == "" || strings.ContainsAny(label, ".@/!?") {
			break
		}
		n++
		address = address || addressPattern().MatchString(value)
		clock = clock || (clockPattern().MatchString(value) && datePattern().MatchString(value))
	}
	if n >= 3 && address && clock {
		return from + n
	}
	return -1
}

// separatorKind is what a line between dashes says.
type separatorKind uint8

const (
	noSeparator     separatorKind = iota
	bareSeparator                 // dashes, underscores, equals signs, or an unknown text between them
	originalMessage               // "-----Original Message-----"
	forwardMarker                 // "---------- Forwarded message ---------", "Begin forwarded message:"
)

// separator classifies a line that programs put above an older message.
func separator(l line) separatorKind {
	if l.hint&isRule != 0 {
		return bareSeparator
	}
	s := strings.TrimSpace(l.text)
	if s == "" || len(s) > 1000 {
		return noSeparator
	}
	core := strings.TrimFunc(s, isDash)
	left := len(s) - len(strings.TrimLeftFunc(s, isDash))
	if strings.TrimSpace(core) == "" {
		if utf8.RuneCountInString(s) >= 3 {
			return bareSeparator
		}
		return noSeparator
	}
	if left >= 2 {
		if i := strings.Index(core, "--"); i > 0 {
			core = core[:i] // the header follows on the same line
		}
	}
	lower := strings.ToLower(strings.Trim(core, " *_:：[]<>"))
	short := utf8.RuneCountInString(core) <= 80
	for _, f := range forwards {
		if short && strings.Contains(lower, f) && (left >= 2 || strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：")) {
			return forwardMarker
		}
	}
	for _, o := range originals {
		if short && left >= 2 && strings.Contains(lower, o) {
			return originalMessage
		}
		if lower == o {
			return bareSeparator // without dashes it needs a header below it
		}
	}
	if left >= 3 && len(s)-len(strings.TrimRightFunc(s, isDash)) >= 3 && short {
		return bareSeparator
	}
	return noSeparator
}

func isDash(r rune) bool {
	return r == '-' || r == '_' || r == '=' || r == '*' || r == '~' || r == '#' || r == ' ' || r == '.' || (r >= '‐' && r <= '―') || r == '─' || r == '━' || r == '＿' || r == '－'
}
