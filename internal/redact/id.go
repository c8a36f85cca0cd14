package redact

import (
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// longestID is in bytes.
const longestID = 40

// idAt is the end of an identifier at i: a record's number behind its type ("deals/9", ".../record/0-1/51"), or what a word before it calls a number of somebody's
// ("passport no. C01X00T47"); 0 when there is none.
func idAt(text string, i int) int {
	if end := pathAt(text, i); end > 0 {
		return end
	}
	end, digits := i, 0
	for end < len(text) && end-i <= longestID && (isDigit(text[end]) || isLetter(text[end]) || (text[end] == '-' || text[end] == '/' || text[end] == '.') && end+1 < len(text) && isDigit(text[end+1])) {
		if isDigit(text[end]) {
			digits++
		}
		end++
	}
	if digits < 4 || end-i < 5 || end-i > longestID || end < len(text) && text[end] >= 0x80 && wordEnd(text, end) > end {
		return 0
	}
	kind, between := cueNear(text, i)
	if kind != ID || between > 3 || !numbered(text, i, between) || read(text, i).dated() {
		return 0
	}
	return end
}

// numbered: between the word and the identifier stands nothing but "number", "no.", "is", ":" and the like.
func numbered(text string, i, between int) bool {
	before := text[max(0, i-cueReach):i]
	words := strings.FieldsFunc(strings.ToLower(before), func(r rune) bool { return !wordRune(r) })
	if len(words) < between+1 {
		return false
	}
	named := between == 0 && strings.ContainsAny(before[len(strings.TrimRight(before, " :#=-\"'")):], ":#=")
	for _, w := range words[len(words)-between:] {
		switch w {
		case "number", "no", "nr", "num", "nummer", "numéro", "número", "id", "code":
			named = true
		case "is", "ist", "est", "es", "lautet", "was", "my", "the", "s":
		default:
			return false
		}
	}
	switch last := words[len(words)-between-1]; {
	case strings.HasSuffix(last, "nummer") || strings.HasSuffix(last, "id") || strings.HasSuffix(last, "nr") || last == "passport" || last == "ustid" || last == "vat":
		return true
	}
	return named
}

// pathAt is a record's number behind its type and a slash.
func pathAt(text string, i int) int {
	if i == 0 || text[i-1] != '/' || !isDigit(text[i]) {
		return 0
	}
	end := numberRun(text, i)
	if end < len(text) && (isLetter(text[end]) || text[end] == '-') {
		return 0
	}
	before := text[max(0, i-24) : i-1]
	before = strings.ToLower(before[strings.LastIndexAny(before, "/ \t\n\"'(|:,;")+1:])
	if strings.HasPrefix(before, "0-") && strings.Trim(before[2:], "0123456789") == "" && len(before) > 2 {
		return end
	}
	_, plural := crm.ParseObjectType(before)
	_, singular := crm.ParseObjectType(before + "s")
	if plural == nil || singular == nil || before == "company" {
		return end
	}
	return 0
}
