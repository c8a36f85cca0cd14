package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// The least by which two names must fit better when they change places, and by which another name must fit better than the one that is stated.
const (
	exchangeMargin = 0.2
	otherMargin    = 0.7

	// In German other nouns look like names.
	otherMarginGerman = 1.2
)

// exchanged finds two names of the statement that have changed places: what stands around each of them stands in the quotes around the other.
func (s said) exchanged() string {
	for i, a := range s.named {
		for _, b := range s.named[i+1:] {
			if s.alikeJoined(a, b) || s.lang == "de" && (s.noun(a) || s.noun(b)) || slices.ContainsFunc(a.terms, func(w string) bool { return slices.Contains(b.terms, w) }) {
				continue
			}
			but := keysBut(s.tokens[a.from:a.to], s.tokens[b.from:b.to])
			aa, known := s.fit(a, a.terms, but)
			bb, also := s.fit(b, b.terms, but)
			ab, _ := s.fit(a, b.terms, but)
			ba, _ := s.fit(b, a.terms, but)
			if (known || also) && ab+ba >= aa+bb+exchangeMargin {
				return fmt.Sprintf("%q and %q have changed places", s.shown(a), s.shown(b))
			}
		}
	}
	return ""
}

// keysBut are the words of two names, which say nothing of where these stand.
func keysBut(a, b []token) map[string]bool {
	out := map[string]bool{}
	for _, t := range slices.Concat(a, b) {
		out[wordKey(t)] = true
	}
	return out
}

// another finds a name of the statement where the quotes have another one, which the statement leaves out: what stands around it stands there around the other.
func (s said) another() string {
	if s.foreign {
		return ""
	}
	own := termSet(s.said)
	for _, a := range s.named {
		if s.echoed(a) || s.lang == "de" && s.noun(a) {
			continue
		}
		for _, q := range s.voices {
			for _, other := range q.others(own, s.lang) {
				if (other.preposition == "") != (a.preposition == "") || len(other.terms) == 0 {
					continue
				}
				if s.onlyOf(a, other.terms) {
					continue
				}
				but := keysBut(s.tokens[a.from:a.to], q.tokens[other.from:other.to])
				mine, _ := s.fit(a, a.terms, but)
				theirs, _ := s.fit(a, other.terms, but)
				margin := otherMargin
				if s.lang == "de" {
					margin = otherMarginGerman
				}
				if theirs >= mine+margin {
					return fmt.Sprintf("the quotes say this of %q, not of %q", shorten(strings.Join(other.terms, " ")), s.shown(a))
				}
			}
		}
	}
	return ""
}

// onlyOf: the quotes say something that the statement says of its name of that name alone.
func (s said) onlyOf(a mention, other []string) bool {
	told := func(terms []string) map[string]bool {
		out := map[string]bool{}
		for _, q := range s.voices {
			for _, m := range q.mentions(terms) {
				for _, w := range slices.Concat(m.left, m.right) {
					out[w.key] = out[w.key] || w.weight == fullWeight
				}
			}
		}
		return out
	}
	own, theirs := told(a.terms), told(other)
	return slices.ContainsFunc(slices.Concat(a.left, a.right), func(w nearby) bool { return own[w.key] && !theirs[w.key] })
}

// others are the names of a quote that are none of the statement's and stand beside none of them.
func (x spoken) others(own map[string]bool, lang string) (out []mention) {
	claimed := func(t token) bool {
		return slices.ContainsFunc(crm.Terms(t.text), func(w string) bool { return covered(w, own) })
	}
	for _, n := range namesIn(x.tokens, lang) {
		t := x.tokens[n[0]]
		switch {
		case t.first && n[1] == n[0]+1 && (!beginsAsName(x.tokens, n[0], lang) || lang == "de" && !germanVerbs[wordAt(x.tokens, n[0]+1).lower]):
			continue
		case slices.ContainsFunc(x.tokens[n[0]:n[1]], claimed), capital(wordAt(x.tokens, n[1]).text) && claimed(x.tokens[n[1]]), capital(wordAt(x.tokens, n[0]-1).text) && claimed(x.tokens[n[0]-1]):
			continue
		}
		other := place(x.tokens, n[0], n[1])
		other.terms = slices.DeleteFunc(other.terms, func(w string) bool { // "Filiale Gotha", where the statement is about "Filiale Suhl"
			return x.leads(w, claimed)
		})
		out = append(out, other)
	}
	return out
}

// leads: the word stands directly in front of a name of the statement, too.
func (x spoken) leads(word string, claimed func(token) bool) bool {
	for i, t := range x.tokens[:max(len(x.tokens)-1, 0)] {
		if next := x.tokens[i+1]; capital(next.text) && claimed(next) && slices.Contains(crm.Terms(t.text), word) {
			return true
		}
	}
	return false
}

// echoed: the quotes say something of the name in a clause that leaves out what ("…, I don't", "…, Ruben nicht"), and the statement denies or does not as that clause does.
func (s said) echoed(a mention) bool {
	for _, q := range s.voices {
		for _, m := range q.mentions(a.terms) {
			if !m.bare() {
				continue
			}
			near := q.tokens[max(0, m.from-1):min(len(q.tokens), m.to+2)]
			if negated(near) == negated(s.tokens) {
				return true
			}
		}
	}
	return false
}

func (s said) shown(m mention) string {
	var words []string
	for _, t := range s.tokens[m.from:m.to] {
		words = append(words, t.text)
	}
	return shorten(strings.Join(words, " "))
}

// noun: the quotes use the word as a German noun.
func (s said) noun(a mention) bool {
	return slices.ContainsFunc(s.voices, func(q spoken) bool {
		return slices.ContainsFunc(q.mentions(a.terms), q.asNoun)
	})
}

// alikeJoined: "A and B", "A with B": what is said of one is said of the other.
func (s said) alikeJoined(a, b mention) bool {
	between := s.tokens[a.to:b.from]
	for i, t := range between {
		if i == 0 && t.text != "," && !pairWords[t.lower] || i > 0 && !pairWords[t.lower] && !articles[t.lower] && !titles[t.lower] && t.text != "." && t.text != "," {
			return false
		}
	}
	return len(between) > 0
}

var pairWords = wordSet("and or und oder et ou y e o with together mit zusammen gemeinsam sowie avec con junto")
