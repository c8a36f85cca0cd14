package retriever

import (
	"slices"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// dates reads the times that a text names in English, German, French and Spanish: "on 7 May", "in March 2023", "last week", "in Q2", "vor drei Tagen", "hier", "la semana
// pasada". What is relative counts from now. A month or day without a year may be of any year between first and last (what the account holds), the last one before now first.
func dates(text, language string, now, first, last time.Time) []span {
	return datesOf(crm.Terms(text), language, now, first, last)
}

func datesOf(words []string, language string, now, first, last time.Time) []span {
	r := dateReader{words: words, german: language == "de", now: now, first: first, last: last}
	for i := 0; i < len(r.words); {
		if !begins(r.words[i]) {
			i++
			continue
		}
		i += max(1, r.at(i))
	}
	return r.spans
}

// beginnings are the words with which a time can begin, but for those in digits: most words of a question are none of them.
var beginnings = func() map[string]bool {
	all := map[string]bool{"vor": true, "hace": true, "il": true, "aujourd": true}
	for w := range months {
		all[w] = true
	}
	for w := range weekdays {
		all[w] = true
	}
	for w := range units {
		all[w] = true
	}
	for w := range directions {
		all[w] = true
	}
	for w := range dayWords {
		all[w] = true
	}
	for w := range numberWords {
		all[w] = true
	}
	return all
}()

func begins(w string) bool {
	if w == "" {
		return false
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	return digit(w[0]) || len(w) == 2 && digit(w[1]) || beginnings[w] // q2, t2
}

type dateReader struct {
	words            []string
	german           bool // where hier is here
	now, first, last time.Time
	spans            []span
}

func (r *dateReader) word(i int) string {
	if i < 0 || i >= len(r.words) {
		return ""
	}
	return r.words[i]
}

// number reads 1 to max, as digits or as a word, with or without an ordinal ending; 0 when it is none.
func (r *dateReader) number(i, most int) int {
	w := r.word(i)
	if n := numberWords[w]; n > 0 && n <= most {
		return n
	}
	digits := 0
	for digits < len(w) && w[digits] >= '0' && w[digits] <= '9' {
		digits++
	}
	if digits == 0 || (digits < len(w) && !slices.Contains(ordinals, w[digits:])) {
		return 0
	}
	n, err := strconv.Atoi(w[:digits])
	if err != nil || n < 1 || n > most {
		return 0
	}
	return n
}

func (r *dateReader) year(i int) int {
	w := r.word(i)
	if len(w) != 4 {
		return 0
	}
	if n, err := strconv.Atoi(w); err == nil && n >= 1980 && n < 2100 {
		return n
	}
	return 0
}

// at reads what begins at word i and says how many words it took; 0 when no time begins there.
func (r *dateReader) at(i int) int {
	for _, read := range []func(int) int{r.written, r.dayMonth, r.monthDay, r.quarter, r.ago, r.relative, r.single} {
		if n := read(i); n > 0 {
			return n
		}
	}
	return 0
}

// written is a date in digits: 2023-05-07, 7.5.2023, 5/7/2023 (both readings).
func (r *dateReader) written(i int) int {
	if y := r.year(i); y > 0 {
		if m, d := r.number(i+1, 12), r.number(i+2, 31); m > 0 && d > 0 {
			r.day(y, m, d, 1)
			return 3
		}
	}
	if parts := dotted(r.word(i)); len(parts) == 3 && parts[2] >= 1980 && parts[1] <= 12 && parts[0] <= 31 {
		r.day(parts[2], parts[1], parts[0], 1)
		return 1
	}
	a, b, y := r.number(i, 31), r.number(i+1, 31), r.year(i+2)
	if a == 0 || b == 0 || y == 0 {
		return 0
	}
	if a <= 12 {
		r.day(y, a, b, 1)
	}
	if b <= 12 && a != b {
		r.day(y, b, a, 1)
	}
	return 3
}

// dotted splits 7.5.2023.
func dotted(w string) []int {
	var out []int
	n, digits := 0, 0
	for i := range len(w) + 1 {
		if i == len(w) || w[i] == '.' {
			if digits == 0 {
				return nil
			}
			out, n, digits = append(out, n), 0, 0
			continue
		}
		if w[i] < '0' || w[i] > '9' || digits == 4 {
			return nil
		}
		n, digits = n*10+int(w[i]-'0'), digits+1
	}
	return out
}

// dayMonth is "7 May", "7th of May, 2023", "7. Mai 2023", "7 de mayo de 2023".
func (r *dateReader) dayMonth(i int) int {
	d := r.number(i, 31)
	if d == 0 {
		return 0
	}
	n := 1
	if slices.Contains([]string{"of", "de", "day"}, r.word(i+n)) {
		n++
	}
	m, ok := months[r.word(i+n)]
	if !ok {
		return 0
	}
	n++
	year, took := r.yearBehind(i + n)
	r.day(year, m, d, 1)
	return n + took
}

// yearBehind is a year at i, or behind "of", "de" or "in".
func (r *dateReader) yearBehind(i int) (year, took int) {
	if y := r.year(i); y > 0 {
		return y, 1
	}
	if slices.Contains([]string{"of", "de", "del", "in"}, r.word(i)) {
		if y := r.year(i + 1); y > 0 {
			return y, 2
		}
	}
	return 0, 0
}

// monthDay is "May 7, 2023", "May 7th", "May 2023", "in May".
func (r *dateReader) monthDay(i int) int {
	m, ok := months[r.word(i)]
	if !ok {
		return 0
	}
	if y, took := r.yearBehind(i + 1); y > 0 {
		r.month(y, m)
		return 1 + took
	}
	if d := r.number(i+1, 31); d > 0 && numberWords[r.word(i+1)] == 0 {
		y, took := r.yearBehind(i + 2)
		r.day(y, m, d, 1)
		return 2 + took
	}
	if ambiguous[r.word(i)] && !slices.Contains(before, r.word(i-1)) {
		return 0
	}
	r.month(0, m)
	return 1
}

// quarter is "Q2", "Q2 2024", "second quarter of 2024", "zweites Quartal", "deuxième trimestre".
func (r *dateReader) quarter(i int) int {
	q, n := 0, 1
	if w := r.word(i); len(w) == 2 && (w[0] == 'q' || w[0] == 't') && w[1] >= '1' && w[1] <= '4' {
		q = int(w[1] - '0')
	} else if q = r.number(i, 4); q == 0 || units[r.word(i+1)] != quarterUnit {
		return 0
	} else {
		n = 2
	}
	if y, took := r.yearBehind(i + n); y > 0 {
		r.add(date(y, 3*q-2, 1), date(y, 3*q+1, 1), 1)
		return n + took
	}
	r.anyYear(func(y int) (time.Time, time.Time) { return date(y, 3*q-2, 1), date(y, 3*q+1, 1) })
	return n
}

// ago is "3 days ago", "vor drei Tagen", "il y a 3 jours", "hace tres días".
func (r *dateReader) ago(i int) int {
	n := 0
	switch {
	case r.word(i) == "vor", r.word(i) == "hace":
		n = 1
	case r.word(i) == "il" && r.word(i+1) == "y" && r.word(i+2) == "a":
		n = 3
	}
	count := r.number(i+n, 99)
	unit, ok := units[r.word(i+n+1)]
	if count == 0 || !ok {
		return 0
	}
	took := n + 2
	if n == 0 {
		if r.word(i+2) != "ago" {
			return 0
		}
		took = 3
	}
	from := r.shift(unit, -count)
	if unit == weekendUnit {
		unit = weekUnit
	}
	r.add(from, r.after(unit, from), 1)
	return took
}

// relative is "last week", "this quarter", "in the last 3 months", "letzten Monat", "la semaine dernière", "el mes pasado", "next year", "last Tuesday".
func (r *dateReader) relative(i int) int {
	if dir, ok := directions[r.word(i)]; ok {
		if count := r.number(i+1, 99); count > 0 && dir < 0 {
			if unit, ok := units[r.word(i+2)]; ok {
				r.add(r.shift(unit, -count), r.now.Add(time.Second), 1)
				return 3
			}
		}
		if r.near(r.word(i+1), dir) {
			return 2
		}
		return 0
	}
	if dir, ok := directions[r.word(i+1)]; ok && trailing[r.word(i+1)] && r.near(r.word(i), dir) {
		return 2
	}
	return 0
}

// near adds the unit or weekday in the direction: -1 the one before this one, 0 this one, 1 the next one.
func (r *dateReader) near(word string, dir int) bool {
	if day, ok := weekdays[word]; ok {
		r.weekday(day, dir)
		return true
	}
	unit, ok := units[word]
	if !ok {
		return false
	}
	from := r.shift(unit, dir)
	r.add(from, r.after(unit, from), 1)
	return true
}

// single is one word: "yesterday", "today", "vorgestern", "on Tuesday", a year.
func (r *dateReader) single(i int) int {
	w := r.word(i)
	if off, ok := dayWords[w]; ok && !(r.german && w == "hier") {
		from := midnight(r.now).AddDate(0, 0, off)
		r.add(from, from.AddDate(0, 0, 1), 1)
		return 1
	}
	if w == "aujourd" && r.word(i+1) == "hui" {
		r.add(midnight(r.now), midnight(r.now).AddDate(0, 0, 1), 1)
		return 2
	}
	if day, ok := weekdays[w]; ok {
		r.weekday(day, -1)
		return 1
	}
	if y := r.year(i); y > 0 {
		r.add(date(y, 1, 1), date(y+1, 1, 1), 1)
		return 1
	}
	return 0
}

func (r *dateReader) weekday(day time.Weekday, dir int) {
	today := midnight(r.now)
	off := (int(today.Weekday()) - int(day) + 7) % 7
	if off == 0 && dir != 0 {
		off = 7
	}
	from := today.AddDate(0, 0, -off)
	if dir > 0 {
		from = from.AddDate(0, 0, 7)
	}
	r.add(from, from.AddDate(0, 0, 1), 1)
}
