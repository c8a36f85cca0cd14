package retriever

import (
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/analysis"
)

// asked is a Wednesday.
var asked = time.Date(2026, 5, 13, 15, 4, 0, 0, time.UTC)

func TestDates(t *testing.T) {
	first, last := time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC), asked
	for text, want := range map[string]string{
		"What happened yesterday?":      "2026-05-12/2026-05-13",
		"What did they say last week?":  "2026-05-04/2026-05-11",
		"anything new this week":        "2026-05-11/2026-05-18",
		"calls of last month":           "2026-04-01/2026-05-01",
		"the last 3 months":             "2026-02-01/2026-05-13",
		"Who called on Tuesday?":        "2026-05-12/2026-05-13",
		"Who called on Wednesday?":      "2026-05-06/2026-05-07",
		"the meeting next Friday":       "2026-05-15/2026-05-16",
		"two weeks ago":                 "2026-04-27/2026-05-04",
		"last weekend":                  "2026-05-09/2026-05-11",
		"on 7 May":                      "2026-05-07/2026-05-08 2025-05-07/2025-05-08*0.7 2024-05-07/2024-05-08*0.5",
		"on May 7th, 2025":              "2025-05-07/2025-05-08",
		"the 7th of May 2025":           "2025-05-07/2025-05-08",
		"2025-05-07":                    "2025-05-07/2025-05-08",
		"on 5/7/2025":                   "2025-05-07/2025-05-08 2025-07-05/2025-07-06",
		"in March 2025":                 "2025-03-01/2025-04-01",
		"what happened in December":     "2025-12-01/2026-01-01 2024-12-01/2025-01-01*0.7",
		"in Q2":                         "2026-04-01/2026-07-01 2025-04-01/2025-07-01*0.7 2024-04-01/2024-07-01*0.5",
		"Q3 2025":                       "2025-07-01/2025-10-01",
		"the second quarter of 2025":    "2025-04-01/2025-07-01",
		"in 2025":                       "2025-01-01/2026-01-01",
		"last quarter":                  "2026-01-01/2026-04-01",
		"last year":                     "2025-01-01/2026-01-01",
		"They may march on":             "",
		"He may have 2 of them":         "",
		"What costs 4711 euros?":        "",
		"Was wurde gestern besprochen?": "2026-05-12/2026-05-13",
		"Was kam letzte Woche?":         "2026-05-04/2026-05-11",
		"Was haben wir hier mit der Runde besprochen?": "",
		"vor drei Tagen":                           "2026-05-10/2026-05-11",
		"am 7. Mai 2025":                           "2025-05-07/2025-05-08",
		"am 7.5.2025":                              "2025-05-07/2025-05-08",
		"im letzten Quartal":                       "2026-01-01/2026-04-01",
		"im März 2025":                             "2025-03-01/2025-04-01",
		"Qu'a-t-on dit hier ?":                     "2026-05-12/2026-05-13",
		"la semaine dernière":                      "2026-05-04/2026-05-11",
		"il y a trois jours":                       "2026-05-10/2026-05-11",
		"le 7 mai 2025":                            "2025-05-07/2025-05-08",
		"en août 2025":                             "2025-08-01/2025-09-01",
		"aujourd'hui":                              "2026-05-13/2026-05-14",
		"¿Qué dijo ayer?":                          "2026-05-12/2026-05-13",
		"la semana pasada":                         "2026-05-04/2026-05-11",
		"hace tres días":                           "2026-05-10/2026-05-11",
		"el 7 de mayo de 2025":                     "2025-05-07/2025-05-08",
		"Did it begin before or after the merger?": "",
		"What happened between March 2025 and April 2025?": "2025-03-01/2025-04-01 2025-04-01/2025-05-01",
	} {
		var have []string
		for _, s := range dates(text, analysis.Language(text), asked, first, last) {
			h := s.from.Format("2006-01-02") + "/" + s.to.Format("2006-01-02")
			switch {
			case s.weight < 0.6:
				h += "*0.5"
			case s.weight < 1:
				h += "*0.7"
			}
			have = append(have, h)
		}
		if h := strings.Join(have, " "); h != want {
			t.Errorf("%q: have %q, want %q", text, h, want)
		}
	}
}

func TestSpanFits(t *testing.T) {
	day := span{from: date(2026, 5, 7), to: date(2026, 5, 8), weight: 1}
	month := span{from: date(2026, 5, 1), to: date(2026, 6, 1), weight: 1}
	for _, c := range []struct {
		s    span
		at   time.Time
		want float32
	}{
		{day, date(2026, 5, 7), 1}, {day, date(2026, 5, 8), 0.5}, {day, date(2026, 5, 10), 0.25}, {day, date(2026, 5, 13), 0}, {day, date(2026, 5, 5), 0.25},
		{month, date(2026, 5, 31), 1}, {month, date(2026, 6, 1), 0.5}, {month, date(2026, 7, 1), 0},
	} {
		if have := c.s.fits(c.at); have < c.want-0.01 || have > c.want+0.01 {
			t.Errorf("%s in %s: %.2f, want %.2f", c.at.Format("2006-01-02"), c.s.from.Format("2006-01-02"), have, c.want)
		}
	}
}
