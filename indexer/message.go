package indexer

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// HubSpot keeps a message as an activity of its own, but people log whole conversations in one body: exported chats, with "Name: text" lines and time stamps.

// Shapes of a chat's lines. Dates are compared as written, never reckoned with: nothing says whether 5/4 is in April or in May.
const (
	chatDate  = `(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\.? \p{L}{3,9}\.?,? \d{4}|\p{L}{3,9}\.? \d{1,2},? \d{4}|\d{4}年\d{1,2}月\d{1,2}日)`
	chatTime  = `(\d{1,2})[:.h](\d{2})(?::\d{2})?(?:[  ]?([AaPp])\.?[Mm]\.?)?`
	chatStamp = `(?:(` + chatDate + `)(?:,| at| um| à| a las)? ?)?` + chatTime
	chatName  = `([^:\[\](){}<>|"?!;/\\@=*\d]{1,60}?)`
)

var (
	stampedTurn = expression(`^[\[(]?` + chatStamp + `[\])]?\s*[-–|]?\s*` + chatName + `\s*(?::(?:\s|$)|：)`)
	turnStamped = expression(`^` + chatName + `\s*,?\s*[\[(]?` + chatStamp + `[\])]?\s*(?:[:-](?:\s|$)|：|$)`)
	dayLine     = expression(`^\W{0,5}(?:\p{L}{2,12},? )?(` + chatDate + `)\W{0,5}$`)
)

// chatHead is the beginning of a turn. minute is -1 without a time stamp.
type chatHead struct {
	name, date string
	minute     int
}

const maxChatHead = 160 // bytes of a line in which a head is looked for

// headOf reads the head of a line.
func headOf(line string) (chatHead, bool) {
	short := line[:min(len(line), maxChatHead)]
	if hasDigit(short) {
		if m := stampedTurn().FindStringSubmatch(short); m != nil && speakerName(m[5]) {
			return chatHead{strings.TrimSpace(m[5]), m[1], minuteOf(m[2], m[3], m[4])}, true
		}
		if m := turnStamped().FindStringSubmatch(short); m != nil && speakerName(m[1]) {
			return chatHead{strings.TrimSpace(m[1]), m[2], minuteOf(m[3], m[4], m[5])}, true
		}
	}
	name, _, ok := turnHead(line)
	return chatHead{name: name, minute: -1}, ok
}

func minuteOf(hour, minute, half string) int {
	h, _ := strconv.Atoi(hour) // digits, as the pattern says
	m, _ := strconv.Atoi(minute)
	if half != "" {
		h %= 12
		if strings.EqualFold(half, "p") {
			h += 12
		}
	}
	return h*60 + m
}

// conversation finds the turns of a message that holds several, or returns nil. A line that is only a date stands between turns.
func conversation(text string) []crm.Span {
	var turns []crm.Span
	said := map[string]int{}
	written, stamped, before, open := 0, 0, 0, false
	end := 0 // of the last line that is not blank
	shut := func() {
		if open {
			turns[len(turns)-1].End = end
		}
		open = false
	}
	at := 0
	for line := range strings.SplitAfterSeq(text, "\n") {
		start := at
		at += len(line)
		line = strings.TrimRight(line, " \t\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		written++
		if head, ok := headOf(strings.TrimSpace(line)); ok {
			shut()
			turns = append(turns, crm.Span{Speaker: head.name, Start: start})
			said[strings.ToLower(head.name)]++
			open = true
			if head.minute >= 0 {
				stamped++
			}
		} else if dayLine().MatchString(line) {
			shut()
			written--
		} else if len(turns) == 0 {
			before++
		}
		end = start + len(line)
	}
	shut()
	if stamped >= 2 && stamped*2 > len(turns) && before <= 3 {
		return turns
	}
	if !takesTurns(said, len(turns), written, before) {
		return nil
	}
	return turns
}

// maxPause is the longest pause inside one stretch of a conversation, in minutes.
const maxPause = 60

// moments follows the time stamps of turns.
type moments struct {
	seen   bool
	date   string
	minute int
}

// gap reports whether a turn, or a line with a date, comes a good while after the one before. Turns without a stamp go with what is before them.
func (m *moments) gap(text string) bool {
	line, _, _ := strings.Cut(text, "\n")
	head, ok := headOf(line)
	if !ok {
		d := dayLine().FindStringSubmatch(text)
		if d == nil {
			return false
		}
		gap := m.seen && m.date != d[1]
		m.seen, m.date, m.minute = true, d[1], -1
		return gap
	}
	if head.minute < 0 {
		return false
	}
	pause := head.minute - m.minute
	gap := m.seen && ((head.date != "" && m.date != "" && head.date != m.date) || (m.minute >= 0 && (pause > maxPause || pause < -1)))
	m.seen, m.date, m.minute = true, cmp.Or(head.date, m.date), head.minute
	return gap
}
