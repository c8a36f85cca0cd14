package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// wording is a statement as two of them are held against each other: what it is about, and what it says of it.
type wording struct {
	about   map[string]bool // stems of its longer words, but numbers and words of dates
	numbers []numbered
	days    []day // full dates, resolved from its moment
	dates   int   // how many dates it names
	denies  bool
	asks    bool
	soft    bool
	changes bool // it has a word that announces a change
}

// numbered is a number with the stem of its noun.
type numbered struct {
	amount
	noun string
}

// Words that announce that something is no longer so.
var changeWords = wordSet(`now instead changed change changes moved postponed delayed correction actually anymore longer revised updated new reduced increased
	jetzt stattdessen geändert verschoben korrektur doch neu neue neuer statt nunmehr
	désormais maintenant finalement reporté reportée corrigé nouveau nouvelle plutôt
	ahora finalmente aplazado aplazada cambiado corregido nuevo nueva`)

func wordingOf(text string, at time.Time) wording {
	tokens := lex(text)
	c := clauseOf(tokens, false)
	w := wording{about: map[string]bool{}, changes: holdsAny(tokens, changeWords), denies: c.denies, asks: strings.Contains(text, "?")}
	hedge, _ := hedgeOf(tokens)
	w.soft = hedge != ""
	calendar := map[string]bool{}
	for _, t := range tokens {
		if _, is := weekdayNames[t.lower]; is || monthNames[t.lower] != 0 || unitWords[t.lower] != 0 || changeWords[t.lower] {
			calendar[stem(folded(t))] = true
		}
	}
	for k := range c.content {
		if !strings.HasPrefix(k, "#") && !calendar[k] {
			w.about[k] = true
		}
	}
	f := factsOf(text, "", false)
	pieces := piecesOf(tokens, f.numbers)
	for i, p := range pieces {
		if p.amount != nil {
			w.numbers = append(w.numbers, numbered{*p.amount, nounBehind(pieces, i)})
		}
	}
	for _, d := range f.days {
		if d.step != "" && d.weekday == noWeekday && !strings.HasPrefix(d.step, "d") {
			continue // "next year" is a span and no date
		}
		w.dates++
		for _, r := range d.resolve(at) {
			if r.step == "" && r.day > 0 && r.month > 0 && r.year > 0 {
				w.days = append(w.days, r)
			}
		}
	}
	return w
}

// contradictedBy says what a newer statement about the same thing says otherwise, "" when it does not, or when it is not known to be about the same. Two statements are about the
// same when they share at least two longer words that make up half of the older one and a third of the newer one; a word of change ("instead", "now") makes a third enough. A
// question, a doubt and a statement that names the old value too contradict nothing.
func (w wording) contradictedBy(newer wording) string {
	common := shared(w.about, newer.about)
	if newer.asks || newer.soft || w.asks || common < 2 || len(w.about) == 0 {
		return ""
	}
	own, other := float64(common)/float64(len(w.about)), float64(common)/float64(len(newer.about))
	change := newer.changes
	if same := own >= 0.5 && other >= 0.33 || change && own >= 0.34 && other >= 0.2; !same {
		return ""
	}
	if why := w.otherNumber(newer); why != "" {
		return why
	}
	strict := own >= 0.6 && common >= 3 || change && own >= 0.5
	if strict && w.dates == 1 && newer.dates == 1 && len(w.days) > 0 && len(newer.days) > 0 && !slices.ContainsFunc(newer.days, func(d day) bool { return slices.Contains(w.days, d) }) {
		return fmt.Sprintf("a newer statement says %s instead of %s", newer.days[0], w.days[0])
	}
	if own >= 0.7 && other >= 0.6 && common >= 3 && w.denies != newer.denies {
		return "a newer statement says the opposite"
	}
	return ""
}

func folded(t token) string { return strings.Join(crm.Terms(t.text), "") }

// otherNumber compares numbers of one kind: the same unit and the same noun.
func (w wording) otherNumber(newer wording) string {
	for _, c := range w.numbers {
		if c.unit == "" && c.span == 0 && c.noun == "" {
			continue
		}
		like, same := "", false
		for _, x := range newer.numbers {
			if x.covers(c.amount) {
				same = true
			} else if x.unit == c.unit && x.span == c.span && x.noun == c.noun && like == "" {
				like = x.raw
			}
		}
		if like != "" && !same {
			return fmt.Sprintf("a newer statement says %s instead of %s", like, c.raw)
		}
	}
	return ""
}
