package engine

import (
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// spoken is one quote as names are looked for in it.
type spoken struct {
	tokens  []token
	speaker map[string]bool // words of the names that "I" and "we" stand for
	passive bool
}

func (s said) spoken() (out []spoken) {
	for _, text := range s.quoteTexts {
		x := spoken{tokens: lex(text)}
		x.passive = passive(x.tokens, s.lang)
		for _, e := range s.evidence {
			if normalise(e.Quote).text == text {
				x.speaker = termSet(e.Person, s.account)
			}
		}
		out = append(out, x)
	}
	return out
}

// mentions are the places of a name in a quote, where its speaker is meant, too.
func (x spoken) mentions(terms []string) (out []mention) {
	is := func(t token) bool {
		if t.kind != wordToken {
			return false
		}
		if firstPersons[t.lower] && slices.ContainsFunc(terms, func(w string) bool { return x.speaker[w] }) {
			return true
		}
		words := crm.Terms(t.text)
		return len(words) > 0 && capital(t.text) && slices.ContainsFunc(terms, func(w string) bool { return w == words[0] || w+"s" == words[0] || w == words[0]+"s" })
	}
	for i := 0; i < len(x.tokens); i++ {
		if !is(x.tokens[i]) {
			continue
		}
		to := i + 1
		for to < len(x.tokens) && is(x.tokens[to]) {
			to++
		}
		out = append(out, place(x.tokens, i, to))
		i = to - 1
	}
	return out
}

// fit is how well a name stands at a place, by the best of its places in the quotes; known is false where they do not have it.
func (s said) fit(at mention, terms []string, but map[string]bool) (best float64, known bool) {
	for _, q := range s.voices {
		for _, m := range q.mentions(terms) {
			if s.passive != q.passive {
				m = m.swapped()
			}
			if f := at.fits(m, but); !known || f > best {
				best, known = f, true
			}
		}
	}
	return best, known
}

// asNoun: the quote has the word behind a number, an adjective or an article that people do not have.
func (x spoken) asNoun(m mention) bool {
	before := wordAt(x.tokens, m.from-1)
	return determined(x.tokens, m.from) && !personalArticles[before.lower] && !titles[before.lower]
}

var personalArticles = wordSet("der die dem den")
