package engine

import (
	"fmt"
	"time"
)

// relativeAt reads a relative expression at the start of tokens: "tomorrow", "next week", "in two weeks", "vor drei Tagen", "la semaine prochaine". A shift of days
// comes back as such, anything longer as a step, which names a date only through resolve.
func relativeAt(tokens []token, lang string) (d day, taken int) {
	if len(tokens) == 0 || tokens[0].kind != wordToken {
		return day{}, 0
	}
	first := tokens[0].lower
	if n, ok := dayShifts[first]; ok {
		return step('d', n), 1
	}
	if n, ok := stepWords[first]; ok && len(tokens) > 1 {
		if u, ok := unitWords[tokens[1].lower]; ok {
			return step(u, n), 2
		}
		if w, ok := weekdayNames[tokens[1].lower]; ok {
			return day{weekday: w, step: fmt.Sprintf("%s%+d", w, n)}, 2
		}
	}
	if u, ok := unitWords[first]; ok && len(tokens) > 1 { // behind: "la semaine prochaine", "el mes pasado"
		if n, ok := stepWords[tokens[1].lower]; ok && n != 0 {
			return step(u, n), 2
		}
	}
	if w, ok := weekdayNames[first]; ok && len(tokens) > 1 && (lang == "fr" || lang == "es" || lang == "") {
		if n, ok := stepWords[tokens[1].lower]; ok && n != 0 {
			return day{weekday: w, step: fmt.Sprintf("%s%+d", w, n)}, 2
		}
	}
	sign := map[string]int{"in": 1, "dans": 1, "en": 1, "dentro": 1, "vor": -1, "hace": -1}[first]
	if sign == 0 {
		return day{}, 0
	}
	return counted(tokens, sign, lang)
}

func step(unit byte, n int) day { return day{weekday: noWeekday, step: fmt.Sprintf("%c%+d", unit, n)} }

// counted reads "in 2 weeks", "in zwei Wochen", "vor drei Tagen", "dentro de dos semanas".
func counted(tokens []token, sign int, lang string) (day, int) {
	i := 1
	if i < len(tokens) && tokens[i].lower == "de" {
		i++
	}
	if i >= len(tokens) {
		return day{}, 0
	}
	n, taken := 0.0, 0
	if tokens[i].kind == numberToken {
		if v, ok := parseNumber(tokens[i].text); ok {
			n, taken = v, 1
		}
	} else {
		for _, l := range languages(lang) {
			if n, taken, _ = spelled(tokens[i:], l); taken > 0 {
				break
			}
		}
		if taken == 0 && (tokens[i].lower == "a" || tokens[i].lower == "einer" || tokens[i].lower == "einem") {
			n, taken = 1, 1
		}
	}
	i += taken
	if taken == 0 || i >= len(tokens) || n < 1 || n > 1000 || n != float64(int(n)) {
		return day{}, 0
	}
	u, ok := unitWords[tokens[i].lower]
	if !ok {
		return day{}, 0
	}
	return step(u, sign*int(n)), i + 1
}

func languages(lang string) []string {
	switch lang {
	case "en", "de", "fr", "es":
		return []string{lang}
	}
	return []string{"en", "de", "fr", "es"}
}

// resolve gives the dates that d can mean in a text of that moment: itself, and where a part is missing, the nearest date that fits. A zero moment resolves
// nothing. "next Friday" is ambiguous in every language and means the one within seven days or the one after.
func (d day) resolve(at time.Time) []day {
	out := []day{d}
	if at.IsZero() || d.year > 0 && d.month == 0 {
		return out
	}
	switch {
	case d.step != "" && d.weekday != noWeekday:
		next := onWeekday(at.AddDate(0, 0, 1), d.weekday)
		switch d.step[len(d.step)-2:] {
		case "-1":
			out = append(out, dayOf(onWeekday(at.AddDate(0, 0, -7), d.weekday)))
		case "+0":
			out = append(out, dayOf(onWeekday(at, d.weekday)))
		default:
			out = append(out, dayOf(next), dayOf(next.AddDate(0, 0, 7)))
		}
		out = append(out, day{weekday: d.weekday})
	case d.step != "":
		out = append(out, shifted(d.step, at)...)
	case d.month == 0 && d.day == 0 && d.weekday != noWeekday:
		out = append(out, dayOf(onWeekday(at.AddDate(0, 0, 1), d.weekday)))
	case d.month == 0 && d.day > 0:
		out = append(out, nearest(at, func(y int, m time.Month) (int, time.Month, int) { return y, m, d.day }, 1)...)
	case d.year == 0 && d.month > 0:
		for _, n := range nearest(at, func(y int, _ time.Month) (int, time.Month, int) { return y, d.month, max(d.day, 1) }, 12) {
			if d.day == 0 {
				n = day{year: n.year, month: n.month, weekday: noWeekday}
			}
			out = append(out, n)
		}
	}
	return out
}

// shifted turns "d+1" into the day, "w+2" into the day that many weeks on, "m+1" into the month and "y-1" into the year; "next week" names no day.
func shifted(step string, at time.Time) []day {
	var unit byte
	var n int
	if _, err := fmt.Sscanf(step, "%c%d", &unit, &n); err != nil {
		return nil
	}
	switch unit {
	case 'd':
		return []day{dayOf(at.AddDate(0, 0, n))}
	case 'w':
		if n >= 2 || n <= -2 {
			return []day{dayOf(at.AddDate(0, 0, 7*n))}
		}
	case 'm':
		first := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, at.Location()).AddDate(0, n, 0)
		return []day{{year: first.Year(), month: first.Month(), weekday: noWeekday}}
	case 'y':
		return []day{{year: at.Year() + n, weekday: noWeekday}}
	}
	return nil
}

func onWeekday(from time.Time, w time.Weekday) time.Time {
	return from.AddDate(0, 0, (int(w)-int(from.Weekday())+7)%7)
}

// nearest tries one period before, at and after the moment (periods of that many months) and keeps the closest existing date.
func nearest(at time.Time, pick func(int, time.Month) (int, time.Month, int), months int) []day {
	var best time.Time
	for _, k := range []int{0, -1, 1} {
		base := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, at.Location()).AddDate(0, k*months, 0)
		y, m, d := pick(base.Year(), base.Month())
		t := time.Date(y, m, d, 0, 0, 0, 0, at.Location())
		if t.Month() != m {
			continue // the 31st of a month that has none
		}
		if best.IsZero() || t.Sub(at).Abs() < best.Sub(at).Abs() {
			best = t
		}
	}
	if best.IsZero() {
		return nil
	}
	return []day{dayOf(best)}
}
