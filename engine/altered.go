package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// nearShare: a statement of which this share of words stands in a quote in the same order is that quote with something altered, and is held to it word by word.
const nearShare = 0.7

// piece is a word or a number of a text, as two texts are laid side by side: numbers compare equal, whatever their value.
type piece struct {
	key    string // folded word, "#" for a number
	token  token
	amount *amount
	cut    bool // a border of clauses stands before it
}

// piecesOf leaves punctuation out and makes one piece of each number, with its unit.
func piecesOf(tokens []token, numbers []amount) []piece {
	var out []piece
	cut := false
	for i := 0; i < len(tokens); i++ {
		border := tokens[i].kind == markToken && strings.Contains(",;:()", tokens[i].text)
		cut = cut || border || clauseWords[tokens[i].lower]
		k := slices.IndexFunc(numbers, func(a amount) bool { return a.from == i && a.to > i })
		switch {
		case k >= 0:
			out = append(out, piece{key: "#", token: tokens[i], amount: &numbers[k], cut: cut})
			i, cut = numbers[k].to-1, false
		case tokens[i].kind != markToken:
			key := tokens[i].lower
			if terms := crm.Terms(key); len(terms) == 1 {
				key = terms[0]
			}
			out = append(out, piece{key: key, token: tokens[i], cut: cut})
			cut = false
		}
	}
	return out
}

// aligned gives for each piece of a the index of its partner in b, or -1: a longest common subsequence.
func aligned(a, b []piece) ([]int, int) {
	n, m := len(a), len(b)
	best := make([][]int16, n+1)
	for i := range best {
		best[i] = make([]int16, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[i].key == b[j].key {
				best[i][j] = best[i+1][j+1] + 1
			} else {
				best[i][j] = max(best[i+1][j], best[i][j+1])
			}
		}
	}
	with := make([]int, n)
	for i, j := 0, 0; i < n; i++ {
		with[i] = -1
		for j < m && a[i].key != b[j].key && best[i][j+1] >= best[i+1][j] && best[i][j] == best[i][j+1] {
			j++
		}
		if j < m && a[i].key == b[j].key && best[i][j] == best[i+1][j+1]+1 {
			with[i] = j
			j++
		}
	}
	return with, int(best[0][0])
}

// quoted is one quote as the statement is compared with it.
type quoted struct {
	pieces []piece
	near   bool // the statement is this quote with little altered
	with   []int
}

// layBeside lays the statement beside each of its quotes.
func (s *said) layBeside() {
	text := s.unled()
	tokens := lex(text)
	f := factsOf(text, s.lang, false)
	s.pieces = piecesOf(tokens, f.numbers)
	if len(s.pieces) > 400 {
		return
	}
	for _, q := range s.quoteTexts {
		if len(q) > maxStatement*4 {
			continue
		}
		qf := factsOf(q, "", true)
		p := quoted{pieces: piecesOf(lex(q), qf.numbers)}
		var common int
		p.with, common = aligned(s.pieces, p.pieces)
		p.near = len(s.pieces) > 1 && float64(common) >= nearShare*float64(len(s.pieces))
		if p.near && sentenceCount(s.pieces) == 1 {
			p.narrow(s.pieces)
		}
		s.beside = append(s.beside, p)
	}
}

// narrow keeps to the one sentence of the quote that a statement of one sentence follows: "I don't need A. I need B" is no source of "I don't need B", though all its words stand there in order.
func (q *quoted) narrow(own []piece) {
	if sentenceCount(q.pieces) == 1 {
		return
	}
	var best []int
	most, at := 0, 0
	for from := 0; from < len(q.pieces); {
		to := from + 1
		for to < len(q.pieces) && !q.pieces[to].token.first {
			to++
		}
		if with, common := aligned(own, q.pieces[from:to]); common > most {
			best, most, at = with, common, from
		}
		from = to
	}
	if float64(most) < nearShare*float64(len(own)) {
		return
	}
	for i := range best {
		if best[i] >= 0 {
			best[i] += at
		}
	}
	q.with = best
}

func sentenceCount(pieces []piece) int {
	n := 1
	for _, p := range pieces[min(1, len(pieces)):] {
		if p.token.first {
			n++
		}
	}
	return n
}

// near reports that the statement is one of its quotes, altered.
func (s said) near() bool {
	return slices.ContainsFunc(s.beside, func(q quoted) bool { return q.near })
}

// moved says which number of the statement stands at the place of another one of its quotes: both may be quoted, and yet 140 seats at 38 are no 38 seats at 140.
func (s said) moved() string {
	for _, q := range s.beside {
		if !q.near {
			continue
		}
		for i, j := range q.with {
			if j < 0 || s.pieces[i].amount == nil || q.pieces[j].amount == nil {
				continue
			}
			if c := *s.pieces[i].amount; !q.pieces[j].amount.covers(c) && !s.elsewhere(q, i, c) {
				return fmt.Sprintf("the number %s stands at the place of %s", c.raw, q.pieces[j].amount.raw)
			}
		}
	}
	if why := s.misbound(); why != "" {
		return why
	}
	return s.setAside()
}

// setAside finds a number that the statement gives as so and every quote as not so ("57, not 60"), or the other way round.
func (s said) setAside() string {
	for i, p := range s.pieces {
		if p.amount == nil {
			continue
		}
		own, like, unlike := deniedNumber(s.pieces, i), false, false
		for _, q := range s.beside {
			for j, x := range q.pieces {
				if x.amount != nil && x.amount.covers(*p.amount) {
					denied := deniedNumber(q.pieces, j)
					like, unlike = like || denied == own, unlike || denied != own
				}
			}
		}
		if unlike && !like {
			return fmt.Sprintf("the quotes say the opposite of the number %s", p.amount.raw)
		}
	}
	return ""
}

var numberDenials = []string{"not", "nicht", "pas", "y no", "instead of", "rather than", "statt", "anstatt", "au lieu de", "plutôt que", "en vez de", "en lugar de"}

// deniedNumber: directly before the number stands that it is not this one.
func deniedNumber(pieces []piece, i int) bool {
	for _, phrase := range numberDenials {
		words := strings.Fields(phrase)
		from := i - len(words)
		if from < 0 {
			continue
		}
		is := !pieces[i].token.first
		for k, w := range words {
			is = is && pieces[from+k].token.lower == w
		}
		if is && (from == 0 || !unsureBefore[pieces[from-1].token.lower]) {
			return true
		}
	}
	return false
}

// "57, if not 60" and "why not 60" deny nothing.
var unsureBefore = wordSet("if why or wenn warum oder si pourquoi ou")

// elsewhere: another quote has the number at this place.
func (s said) elsewhere(not quoted, i int, c amount) bool {
	for _, q := range s.beside {
		if q.near && q.with[i] >= 0 && q.with[i] != not.with[i] {
			if a := q.pieces[q.with[i]].amount; a != nil && a.covers(c) {
				return true
			}
		}
	}
	return false
}

// misbound finds a number whose noun belongs to another number in every quote that has the noun: "8 phones" where 8 technicians and 7 phones are quoted.
func (s said) misbound() string {
	for i, p := range s.pieces {
		noun := nounBehind(s.pieces, i)
		if p.amount == nil || noun == "" {
			continue
		}
		own, other := false, ""
		for _, q := range s.beside {
			for j, x := range q.pieces {
				if x.amount == nil || nounBehind(q.pieces, j) != noun {
					continue
				}
				if x.amount.covers(*p.amount) {
					own = true
				} else {
					other = x.amount.raw
				}
			}
		}
		quotedBare := slices.ContainsFunc(s.quotes.numbers, func(a amount) bool { return a.covers(*p.amount) })
		if other != "" && !own && quotedBare {
			return fmt.Sprintf("the number %s is said of something else: here it is %s", p.amount.raw, other)
		}
	}
	return ""
}

// nounBehind is the stem of the word that directly follows a number, as far as it means something.
func nounBehind(pieces []piece, i int) string {
	if i+1 >= len(pieces) || pieces[i].amount == nil || pieces[i+1].amount != nil {
		return ""
	}
	next := pieces[i+1]
	if next.token.kind != wordToken || len(next.key) < 4 || functionWords[next.token.lower] || negations[next.token.lower] {
		return ""
	}
	return stem(next.key)
}

// replaced lists capitalised words of an altered quote that the quote does not have: in German, where every noun has a capital, this is how a changed name is found.
func (s said) replaced(heard counterparts) string {
	for _, q := range s.beside {
		if !q.near {
			continue
		}
		for i, j := range q.with {
			t := s.pieces[i].token
			if j >= 0 || t.kind != wordToken || !capital(t.text) || ordinaryCapital(t) || functionWords[t.lower] || t.first && len(s.pieces) > i+1 && !s.replaces(q, i) {
				continue
			}
			for _, term := range crm.Terms(t.text) {
				if !heard.hold(term) {
					return fmt.Sprintf("the name %q is not in the quotes", shorten(term))
				}
			}
		}
	}
	return ""
}

// replaces: the piece stands exactly where the quote has another word, between the same neighbours.
func (s said) replaces(q quoted, i int) bool {
	before, after := -1, len(q.pieces)
	if i > 0 {
		if before = q.with[i-1]; before < 0 {
			return false
		}
	}
	if i+1 < len(q.with) {
		if after = q.with[i+1]; after < 0 {
			return false
		}
	}
	if after-before < 2 {
		return false
	}
	was := q.pieces[before+1]
	return capital(was.token.text) && !functionWords[was.token.lower] && was.key[:1] != s.pieces[i].key[:1] // another form of the same verb begins alike
}
