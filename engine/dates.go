package engine

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// day is what a text says of a date; unsaid parts are zero, weekday is -1. Step is a relative expression in its own words ("w+1"), as far as it names no date.
type day struct {
	year    int
	month   time.Month
	day     int
	weekday time.Weekday
	step    string
}

const noWeekday = time.Weekday(-1)

func dayOf(t time.Time) day {
	return day{year: t.Year(), month: t.Month(), day: t.Day(), weekday: t.Weekday()}
}

// covers reports whether everything that a claim's date c says follows from d.
func (d day) covers(c day) bool {
	if c.step != "" {
		return c.step == d.step
	}
	return d.step == "" && (c.year == 0 || c.year == d.year) && (c.month == 0 || c.month == d.month) && (c.day == 0 || c.day == d.day) &&
		(c.weekday == noWeekday || c.weekday == d.weekday)
}

// length is the time that a counted step spans: "in 3 weeks" is 3 weeks; false for a single step and for anything else.
func (d day) length() (float64, byte, bool) {
	var unit byte
	var n int
	if d.weekday != noWeekday || len(d.step) < 3 {
		return 0, 0, false
	}
	if _, err := fmt.Sscanf(d.step, "%c%d", &unit, &n); err != nil || n > -2 && n < 2 {
		return 0, 0, false
	}
	return math.Abs(float64(n)), unit, true
}

// dateAt reads a date at the start of tokens: numeric, with a month's or weekday's name, or a day with an ordinal ending. It says how many tokens it took.
func dateAt(tokens []token, lang string) (day, int) {
	if d, n := numericDate(tokens, lang); n > 0 {
		return d, n
	}
	if d, n := dayMonth(tokens); n > 0 {
		return d, n
	}
	if d, n := monthDay(tokens); n > 0 {
		return d, n
	}
	if len(tokens) > 0 && tokens[0].kind == wordToken {
		if w, ok := weekdayNames[tokens[0].lower]; ok {
			return day{weekday: w}, 1
		}
	}
	if n, ok := dayNumber(tokens); ok > 1 && ordinalEnding(tokens) {
		return day{day: n, weekday: noWeekday}, ok
	}
	return day{}, 0
}

// numericDate reads 2026-11-24, 24.11.2026, 24.11.26 and 24/11/2026. With slashes the order is the language's: an English one that could be either way is no date.
func numericDate(tokens []token, lang string) (day, int) {
	if len(tokens) == 0 || tokens[0].kind != numberToken {
		return day{}, 0
	}
	if parts := strings.Split(tokens[0].text, "."); len(parts) == 3 && (len(parts[2]) == 4 || len(parts[2]) == 2) {
		return ymd(parts[2], parts[1], parts[0], 1)
	}
	if len(tokens) < 3 || tokens[1].gap || tokens[2].gap || tokens[2].kind != numberToken {
		return day{}, 0
	}
	full := len(tokens) >= 5 && tokens[3].text == tokens[1].text && !tokens[3].gap && !tokens[4].gap && tokens[4].kind == numberToken
	switch {
	case tokens[1].text == "-" && full && len(tokens[0].text) == 4:
		return ymd(tokens[0].text, tokens[2].text, tokens[4].text, 5)
	case tokens[1].text != "/":
		return day{}, 0
	}
	first, second := tokens[0].text, tokens[2].text
	a, _ := strconv.Atoi(first)  // not a number is 0, which ymd refuses
	b, _ := strconv.Atoi(second) // likewise
	if lang == "en" || lang == "" {
		if a <= 12 && b <= 12 && a != b {
			return day{}, 0
		}
		if b > 12 {
			first, second = second, first
		}
	}
	if full {
		return ymd(tokens[4].text, second, first, 5)
	}
	return ymd("", second, first, 3)
}

func ymd(y, m, d string, taken int) (day, int) {
	month, errM := strconv.Atoi(m)
	n, errD := strconv.Atoi(d)
	year, errY := 0, error(nil)
	if y != "" {
		year, errY = strconv.Atoi(y)
		if len(y) == 2 {
			year += 2000
		}
	}
	if errM != nil || errD != nil || errY != nil || month < 1 || month > 12 || n < 1 || n > 31 || y != "" && (year < 1900 || year > 2199) {
		return day{}, 0
	}
	return withWeekday(day{year: year, month: time.Month(month), day: n, weekday: noWeekday}), taken
}

// withWeekday adds what the calendar says once year, month and day are known.
func withWeekday(d day) day {
	if d.year > 0 && d.month > 0 && d.day > 0 {
		d.weekday = time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Weekday()
	}
	return d
}

// dayNumber reads 24, 24th, 24., 1er, "first" or "neunzehnten" and says how many tokens it took.
func dayNumber(tokens []token) (n, taken int) {
	if len(tokens) == 0 {
		return 0, 0
	}
	t := tokens[0]
	if t.kind == wordToken {
		if v, ok := ordinalWords[t.lower]; ok {
			return v, 1
		}
		for _, ending := range []string{"en", "er", "es", "e"} {
			stem := strings.TrimSuffix(t.lower, ending)
			if v, ok := ordinalWords[stem]; ok && stem != t.lower {
				return v, 1
			}
			if v, ok := germanNumber(strings.TrimSuffix(stem, "st")); ok && stem != t.lower && strings.HasSuffix(stem, "st") && v >= 20 && v <= 31 {
				return v, 1
			}
		}
		return 0, 0
	}
	v, err := strconv.Atoi(t.text)
	if t.kind != numberToken || err != nil || v < 1 || v > 31 || len(t.text) > 2 {
		return 0, 0
	}
	if len(tokens) > 1 && !tokens[1].gap {
		switch tokens[1].lower {
		case "st", "nd", "rd", "th", "er", "º", "ª", ".":
			return v, 2
		}
	}
	return v, 1
}

// ordinalEnding: an English or French ending makes a lone number a day ("the 24th"); a full stop does not.
func ordinalEnding(tokens []token) bool {
	switch tokens[1].lower {
	case "st", "nd", "rd", "th":
		return true
	}
	return false
}

func dayMonth(tokens []token) (day, int) {
	n, i := dayNumber(tokens)
	if i == 0 {
		return day{}, 0
	}
	if i < len(tokens) && (tokens[i].lower == "of" || tokens[i].lower == "de" || tokens[i].lower == "d'") {
		i++
	}
	m, taken := month(tokens[min(i, len(tokens)):], true)
	if taken == 0 {
		return day{}, 0
	}
	i += taken
	d := day{month: m, day: n, weekday: noWeekday}
	return yearBehind(d, tokens, i)
}

func monthDay(tokens []token) (day, int) {
	m, i := month(tokens, false)
	if short, n := month(tokens, true); i == 0 && n > 0 {
		if _, has := dayNumber(tokens[n:]); has == 0 || tokens[n].kind != numberToken {
			return day{}, 0
		}
		m, i = short, n
	}
	if i == 0 {
		return day{}, 0
	}
	d := day{month: m, weekday: noWeekday}
	n, taken := dayNumber(tokens[i:])
	if taken > 0 && tokens[i].kind == numberToken && !strings.HasSuffix(tokens[i].text, ".") {
		d.day = n
		if taken == 2 && tokens[i+1].text == "." {
			taken = 1 // the sentence's full stop
		}
		i += taken
	} else if weakMonths[tokens[0].lower] && (tokens[0].first || tokens[0].text == tokens[0].lower && tokens[0].lower != "mars") {
		if y, _ := yearBehind(d, tokens, i); y.year == 0 {
			return day{}, 0
		}
	}
	return yearBehind(d, tokens, i)
}

func month(tokens []token, short bool) (time.Month, int) {
	if len(tokens) == 0 || tokens[0].kind != wordToken {
		return 0, 0
	}
	if m, ok := monthNames[tokens[0].lower]; ok {
		return m, 1
	}
	if m, ok := shortMonths[tokens[0].lower]; ok && short {
		if len(tokens) > 1 && tokens[1].text == "." && !tokens[1].gap {
			return m, 2
		}
		return m, 1
	}
	return 0, 0
}

// yearBehind takes a four-digit year behind a month, with a comma or "de"/"del" between.
func yearBehind(d day, tokens []token, i int) (day, int) {
	j := i
	if j < len(tokens) && (tokens[j].text == "," || tokens[j].lower == "de" || tokens[j].lower == "del" || tokens[j].lower == "of") {
		j++
	}
	if j < len(tokens) && tokens[j].kind == numberToken {
		if y, ok := yearOf(tokens[j].text); ok {
			d.year = y
			return withWeekday(d), j + 1
		}
	}
	return d, i
}

func yearOf(s string) (int, bool) {
	y, err := strconv.Atoi(s)
	return y, err == nil && len(s) == 4 && y >= 1900 && y < 2200
}

// String shows a date as far as it is known.
func (d day) String() string {
	if d.step != "" {
		return d.step
	}
	parts := []string{}
	if d.weekday != noWeekday {
		parts = append(parts, d.weekday.String())
	}
	if d.day > 0 {
		parts = append(parts, strconv.Itoa(d.day))
	}
	if d.month > 0 {
		parts = append(parts, d.month.String())
	}
	if d.year > 0 {
		parts = append(parts, strconv.Itoa(d.year))
	}
	return strings.Join(parts, " ")
}
