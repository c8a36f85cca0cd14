package indexer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// turnsText writes turns as "Speaker: text" lines; a turn without a speaker is its text alone. A Span covers one turn without the line break behind it.
func turnsText(turns []crm.Turn) (string, []crm.Span) {
	var b strings.Builder
	var spans []crm.Span
	for _, t := range turns {
		text := tidy(strings.Split(clean(t.Text), "\n"))
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		speaker := strings.Join(strings.Fields(clean(t.Speaker)), " ")
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		start := b.Len()
		if speaker != "" {
			b.WriteString(speaker)
			b.WriteString(": ")
		}
		b.WriteString(text)
		spans = append(spans, crm.Span{Speaker: speaker, Start: start, End: b.Len()})
	}
	return b.String(), spans
}

// Shapes of a speaker's line: "Name: text", with a time before or behind the name in brackets or bare, and the name alone with a time.
var (
	stampPattern   = `[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?[\])]?`
	turnPattern    = expression(`^(?:` + stampPattern + `\s*[-–|]?\s*)?\*{0,2}([^:\[\](){}<>|"?!;/\\@=*]{1,60}?)\*{0,2}\s*(?:\([^)]{1,40}\)\s*)?(?:` + stampPattern + `\s*)?(?::\*{0,2}(?:\s+|$)|：\*{0,2}\s*)(.*)$`)
	speakerPattern = expression(`^([^:\[\](){}<>|"?!;/\\@=*]{1,60}?)\s+(?:\([^)]{1,40}\)\s*)?` + stampPattern + `$`)
)

// Thresholds of the recognition: enough turns, most lines are turns, and speakers come back. A list of "Budget: …, Timeline: …" has none that does.
const (
	minTurns     = 4
	minTurnShare = 0.5
)

// transcript reads the body of a call or meeting as turns when it is written so, or returns nil.
func transcript(kind crm.Kind, lines []line) []crm.Turn {
	if kind != crm.Call && kind != crm.Meeting {
		return nil
	}
	var turns []crm.Turn
	said := map[string]int{}
	written, heads, before := 0, 0, 0
	for _, l := range lines {
		text := strings.TrimSpace(l.text)
		if text == "" {
			continue
		}
		written++
		name, rest, ok := turnHead(text)
		switch {
		case ok:
			turns = append(turns, crm.Turn{Speaker: name, Text: rest})
			said[strings.ToLower(name)]++
			heads++
		case len(turns) == 0:
			before++
			turns = append(turns, crm.Turn{Text: text})
		default:
			last := &turns[len(turns)-1]
			last.Text = strings.TrimSpace(last.Text + "\n" + text)
			if last.Text == text {
				written-- // the text of a name that stood alone on its line
			}
		}
	}
	if !takesTurns(said, heads, written, before) {
		return nil
	}
	return turns
}

// takesTurns: said counts the turns of each speaker, written the lines, before those in front of the first turn.
func takesTurns(said map[string]int, heads, written, before int) bool {
	most := 0
	for _, n := range said {
		most = max(most, n)
	}
	return heads >= minTurns && float64(heads) >= minTurnShare*float64(written) && before <= 3 && len(said) >= 2 && most >= 2 && len(said)*3 <= heads*2
}

func turnHead(text string) (name, rest string, ok bool) {
	if len(text) > 1<<16 {
		return "", "", false
	}
	if m := turnPattern().FindStringSubmatch(text); m != nil && speakerName(m[1]) {
		return strings.TrimSpace(m[1]), m[2], true
	}
	if len(text) < 160 {
		if m := speakerPattern().FindStringSubmatch(text); m != nil && speakerName(m[1]) {
			return strings.TrimSpace(m[1]), "", true
		}
	}
	return "", "", false
}

// speakerName: one to five words, the first in upper case or without case.
func speakerName(s string) bool {
	s = strings.TrimSpace(s)
	if s == "" || len(strings.Fields(s)) > 5 || utf8.RuneCountInString(s) > 48 {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(first) || (unicode.IsLetter(first) && !unicode.IsLower(first))
}
