package indexer

import (
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// part is what a line of a mail is.
type part uint8

const (
	own part = iota
	quotePart
	signaturePart
	footerPart
)

// String is the Cut kind of a part.
func (p part) String() string {
	switch p {
	case quotePart:
		return "quote"
	case signaturePart:
		return "signature"
	case footerPart:
		return "footer"
	}
	return "own"
}

// boundary is where a mail passes into an older message that is not marked line by line.
type boundary struct {
	at, content int // first line, and first line after its headers; at is -1 when there is none
	forward     bool
	headed      bool // by a header block: a reply or a forward, programs write both alike
}

// mailText separates what a person newly wrote from quoted history, signature and legal footer. When there are no own words, or forwarded says that the mail was
// sent on, the older message is the news and stays.
func mailText(lines []line, forwarded bool) (string, []crm.Cut) {
	quoted := quotedLines(lines)
	parts, edge := history(lines, quoted)
	cutTails(lines, parts)
	if edge.at >= 0 && (forwarded || ((edge.forward || edge.headed) && !hasOwn(lines, parts))) {
		lines, parts = keepForwarded(lines, parts, edge)
	}
	var text []string
	for i, l := range lines {
		if parts[i] == own {
			text = append(text, l.text)
			continue
		}
		if len(text) > 0 {
			text = append(text, "")
		}
	}
	return tidy(text), cutsOf(lines, parts)
}

func hasOwn(lines []line, parts []part) bool {
	for i, l := range lines {
		if parts[i] == own && !l.blank() && separator(l) != bareSeparator {
			return true
		}
	}
	return false
}

// keepForwarded turns everything from the boundary on into text, without one level of quotation marks, and cuts only footers from it.
func keepForwarded(lines []line, parts []part, edge boundary) ([]line, []part) {
	lines = append([]line(nil), lines...)
	for i := edge.at; i < len(lines); i++ {
		parts[i] = own
		if body, ok := strings.CutPrefix(strings.TrimLeft(lines[i].text, " "), ">"); ok {
			lines[i].text = strings.TrimPrefix(body, " ")
		}
	}
	cutFooters(lines, parts, edge.at, len(lines))
	return lines, parts
}

func cutsOf(lines []line, parts []part) []crm.Cut {
	var out []crm.Cut
	for i := 0; i < len(lines); {
		if parts[i] == own {
			i++
			continue
		}
		var run []string
		kind := parts[i]
		for ; i < len(lines) && parts[i] == kind; i++ {
			run = append(run, lines[i].text)
		}
		if text := tidy(run); text != "" {
			out = append(out, crm.Cut{Kind: kind.String(), Text: text})
		}
	}
	return out
}

// quotedLines marks lines that are quotations by their look: inside a quotation element, or with a > in front.
func quotedLines(lines []line) []bool {
	out := make([]bool, len(lines))
	for i, l := range lines {
		out[i] = l.depth > 0 || (strings.HasPrefix(strings.TrimLeft(l.text, " "), ">") && !(i > 0 && closesAddress(lines[i-1].text, l.text)))
	}
	for i := 1; i+1 < len(lines); i++ {
		// A mail program that wraps long quoted lines leaves the rest of them without a mark.
		if !out[i] && out[i-1] && out[i+1] && !lines[i].blank() && len(lines[i-1].text) > 60 && len(lines[i].text) < 30 && strings.HasPrefix(strings.TrimSpace(lines[i+1].text), ">") {
			out[i] = true
		}
	}
	return out
}

// closesAddress: an address was wrapped before its closing bracket, so that the bracket looks like a quotation mark.
func closesAddress(before, text string) bool {
	rest := strings.TrimSpace(text)
	return len(before) < maxAttributionBytes && strings.LastIndexByte(before, '<') > strings.LastIndexByte(before, '>') && (strings.HasSuffix(rest, ":") || strings.HasSuffix(rest, "："))
}

// maxMailLines bounds the lines among which openings of older messages are looked for, maxStretches the stretches of own lines whose ends are cut, and maxRounds the
// pieces that come off one end. No mail that people wrote reaches them; without them, a mail of a hundred thousand header lines takes seconds.
const (
	maxMailLines = 5000
	maxStretches = 1000
	maxRounds    = 50
)

// history finds the older messages. A marked quotation ends with its marks, so that answers between and below stay; an unmarked one reaches to the end.
func history(lines []line, quoted []bool) ([]part, boundary) {
	parts := make([]part, len(lines))
	attributions := attributionsOf(lines, quoted)
	for i := 0; i < len(lines); {
		if quoted[i] {
			start := i
			for ; i < len(lines) && quoted[i]; i++ {
				parts[i] = quotePart
			}
			if onlyHeaders(lines[start:i]) && i < len(lines) {
				for ; i < len(lines); i++ {
					parts[i] = quotePart
				}
			}
			continue
		}
		if i >= maxMailLines {
			i++
			continue
		}
		content, edge := opens(lines, i, attributions)
		if content < 0 {
			i++
			continue
		}
		if edge.forward || !nextQuoted(lines, quoted, content) {
			for ; i < len(lines); i++ {
				parts[i] = quotePart
			}
			return parts, edge
		}
		for ; i < content; i++ {
			parts[i] = quotePart
		}
	}
	return parts, boundary{at: -1}
}

// attributionsOf maps the first line of each attribution to the line after it.
func attributionsOf(lines []line, quoted []bool) map[int]int {
	out := map[int]int{}
	for end := range min(len(lines), maxMailLines) {
		if start := attribution(lines, quoted, end); start >= 0 {
			if _, taken := out[start]; !taken {
				out[start] = end + 1
			}
		}
	}
	return out
}

// onlyHeaders: some webmails mark the header of the older message but not its text.
func onlyHeaders(lines []line) bool {
	if len(lines) < 3 || len(lines) > 10 {
		return false
	}
	labels := 0
	for _, l := range lines {
		text := strings.TrimLeft(l.text, "> ")
		if class, _ := labelOf(text); class != noLabel || strings.HasPrefix(strings.ToLower(text), "message d") {
			labels++
		} else if text != "" {
			return false
		}
	}
	return labels >= 3
}

// opens reports whether line i opens an older message, and where that message's text begins (-1: it does not).
func opens(lines []line, i int, attributions map[int]int) (int, boundary) {
	edge := boundary{at: i}
	l := lines[i]
	if l.blank() && l.hint == 0 {
		return -1, edge
	}
	kind := separator(l)
	next := i
	if kind != noSeparator {
		next = nextText(lines, i+1)
	}
	edge.forward = kind == forwardMarker
	if next < len(lines) {
		end := headerBlock(lines, next, kind != noSeparator)
		if end < 0 {
			end = foreignHeaders(lines, next)
		}
		if end >= 0 {
			edge.headed = true
			edge.content = end
			return end, edge
		}
		if end, ok := attributions[next]; ok {
			edge.content = end
			return end, edge
		}
		if kind == bareSeparator && lines[next].hint&startsHistory != 0 {
			edge.content = next
			return next, edge
		}
	}
	if kind == originalMessage || kind == forwardMarker || l.hint&startsHistory != 0 {
		edge.content = i + 1
		if l.hint&startsHistory != 0 && kind == noSeparator {
			edge.content = i
		}
		return i + 1, edge
	}
	if l.hint&isAttribution != 0 && len(l.text) < 300 {
		return i + 1, edge
	}
	return -1, edge
}

// nextText skips empty lines and further rules, a few at most.
func nextText(lines []line, i int) int {
	for stop := i + 5; i < len(lines) && i < stop; i++ {
		if !lines[i].blank() && separator(lines[i]) != bareSeparator {
			return i
		}
	}
	return len(lines)
}
