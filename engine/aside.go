package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// leftOut: a clause of the quotes says only the name, and that it is otherwise ("…, I don't", "…, Ruben nicht", "…, die Resi schon"), and the statement says of it what was said of others.
func (s said) leftOut() string {
	for _, a := range s.named {
		differs, told := false, false
		for _, q := range s.voices {
			for _, m := range q.mentions(a.terms) {
				near := clauseAround(q.tokens, m.from)
				switch {
				case !m.bare():
					told = true
				case negated(near) && !negated(s.tokens), holdsAny(near, insisting) && negated(s.tokens):
					differs = true
				}
			}
		}
		if differs && !told {
			return fmt.Sprintf("the quotes say the opposite of %q", s.shown(a))
		}
	}
	return ""
}

var insisting = wordSet("schon does do did is are has oui si sí")

// bare: nothing is said there of the name.
func (m mention) bare() bool {
	says := func(w nearby) bool { return w.weight == fullWeight }
	return !slices.ContainsFunc(m.left, says) && !slices.ContainsFunc(m.right, says)
}

// namesSetAside finds a name that every quote sets aside ("Corinna, not Rudolf") and the statement does not, or the other way round.
func (s said) namesSetAside() string {
	for _, a := range s.named {
		own := setAsideAt(s.tokens, a.from)
		like, unlike := false, false
		for _, q := range s.voices {
			for _, m := range q.mentions(a.terms) {
				denied := setAsideAt(q.tokens, m.from)
				like, unlike = like || denied == own, unlike || denied != own
			}
		}
		if unlike && !like && (own || !negated(s.tokens)) {
			return fmt.Sprintf("the quotes say the opposite of %q", s.shown(a))
		}
	}
	return ""
}

// mixed finds a name of two words that the quotes give to two: "Samira Haidari" and "Colin" make no "Colin Haidari".
func (s said) mixed(people []string) string {
	var whole [][]string
	for _, q := range s.voices {
		for i := range q.tokens {
			if next := wordAt(q.tokens, i+1); q.tokens[i].kind == wordToken && capital(q.tokens[i].text) && capital(next.text) && !next.first && !titles[q.tokens[i].lower] && !functionWords[q.tokens[i].lower] {
				whole = append(whole, crm.Terms(q.tokens[i].text+" "+next.text))
			}
		}
	}
	for _, p := range append(slices.Clone(people), s.people...) {
		whole = append(whole, crm.Terms(p))
	}
	whole = append(whole, crm.Terms(s.account))
	addresses := map[string]bool{}
	for _, street := range streetsIn(s.said) {
		for w := range termSet(street.written) {
			addresses[w] = true
		}
	}
	for _, a := range s.named {
		terms := a.terms
		if a.to-a.from != 2 || len(terms) != 2 || acronym(s.tokens[a.from].text) || acronym(s.tokens[a.from+1].text) || addresses[terms[1]] {
			continue
		}
		has := func(w []string, term string) bool {
			return slices.Contains(w, term) || slices.Contains(w, strings.TrimSuffix(term, "s"))
		}
		one := slices.ContainsFunc(whole, func(w []string) bool { return has(w, terms[0]) && has(w, terms[1]) })
		two := slices.ContainsFunc(whole, func(w []string) bool {
			return len(w) > 1 && (w[0] == terms[0] || w[len(w)-1] == terms[1])
		})
		if !one && two {
			return fmt.Sprintf("nobody in the quotes is named %q", s.shown(a))
		}
	}
	return ""
}

// setAsideAt: directly before token i stands that it is not this one.
func setAsideAt(tokens []token, i int) bool {
	for i > 0 && articles[tokens[i-1].lower] {
		i--
	}
	for _, phrase := range numberDenials {
		if n := len(strings.Fields(phrase)); i >= n && phraseAt(tokens, i-n, phrase) && (i == n || !unsureBefore[tokens[i-n-1].lower]) {
			return true
		}
	}
	return false
}
