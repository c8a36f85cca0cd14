package engine

import (
	"cmp"
	"slices"
	"strings"
)

var negations = wordSet(`not no never none nothing nobody neither nor cannot without hardly barely
	guère apenas
	nicht kein keine keinen keinem keiner keines nie niemals niemand nichts ohne kaum weder keinesfalls keineswegs
	ne pas jamais rien aucun aucune sans ni
	nunca nada nadie ningún ninguna ninguno sin jamás tampoco`)

// Phrases that hold a negation and deny nothing.
var noDenials = []string{"not only", "nicht nur", "pas seulement", "no solo", "no sólo", "no later than", "not later than", "pas plus tard", "no más tarde", "nicht später als", "no more than",
	"not more than", "not more", "nicht mehr als", "pas plus de", "no más de", "no problem", "kein problem", "pas de problème", "sin problema", "no doubt", "sans doute", "sin duda", "no worries", "why not",
	"warum nicht", "pourquoi pas", "por qué no", "or not", "oder nicht", "ou non", "o no", "sí o no", "yes or no", "not sure", "nicht sicher", "pas sûr"}

// Words that deny without a negation: a claim may use them for one, and one for them.
var denialWords = wordSet(`lack lacks lacking unable refuse refuses refused reject rejects rejected decline declines declined fail fails failed miss misses missing missed stop stops stopped cancel cancels
	cancelled canceled instead rather except against unclear unknown unsigned unpaid deny denies denied avoid avoids exclude excludes impossible
	fehlt fehlen fehlte mangelt ablehnt lehnt abgelehnt ablehnen unmöglich absagt abgesagt statt anstatt stattdessen gegen unklar unbekannt verweigert streicht
	manque manquent refuse refusent refusé rejette impossible lieu sauf contre perdu inconnu renonce
	falta faltan rechaza rechazan rechazado imposible lugar salvo contra desconoce niega cancela`)

// negated reports whether a text holds a negation, in any of the four languages.
func negated(tokens []token) bool {
	for _, t := range tokens {
		if negation(t) {
			return true
		}
	}
	return false
}

func negation(t token) bool {
	return negations[t.lower] || strings.HasSuffix(t.lower, "n't") || strings.HasPrefix(t.lower, "n'") && len(t.lower) > 2
}

// denies: a negation stands in the clause, and not as part of a phrase that denies nothing. "ne … que" and "No. 5" are none either.
func denies(tokens []token) bool {
	for i, t := range tokens {
		if !negation(t) || partOf(tokens, i, noDenials) {
			continue
		}
		if (t.lower == "ne" || strings.HasPrefix(t.lower, "n'")) && restricts(tokens[i+1:]) {
			continue
		}
		if t.lower == "no" && i+1 < len(tokens) && (tokens[i+1].kind == numberToken || tokens[i+1].text == ".") {
			continue
		}
		return true
	}
	return false
}

func restricts(behind []token) bool {
	for i, t := range behind {
		if i > 3 {
			break
		}
		if t.lower == "que" || strings.HasPrefix(t.lower, "qu'") {
			return true
		}
		if negations[t.lower] {
			return false
		}
	}
	return false
}

// partOf: the token at i is a word of one of the phrases, which stands there whole.
func partOf(tokens []token, i int, phrases []string) bool {
	from, to := max(0, i-3), min(len(tokens), i+4)
	var b strings.Builder
	for _, t := range tokens[from:to] {
		b.WriteString(" " + t.lower)
	}
	near := b.String() + " "
	for _, p := range phrases {
		if strings.Contains(" "+p+" ", " "+tokens[i].lower+" ") && strings.Contains(near, " "+p+" ") {
			return true
		}
	}
	return false
}

func holdsAny(tokens []token, words map[string]bool) bool {
	for _, t := range tokens {
		if words[t.lower] {
			return true
		}
	}
	return false
}

// besideWith is beside, and what leads the clause before a comma: "I think, we renew".
func besideWith(text string, start, end int) string {
	rest := beside(text, start, end)
	from := strings.LastIndexAny(text[:start], ",") + 1
	if from == 0 || strings.TrimSpace(text[from:start]) != "" {
		return rest
	}
	lead := text[strings.LastIndexAny(text[:from-1], ".,;:!?\n")+1 : from-1]
	if len(strings.Fields(lead)) > 4 {
		return rest
	}
	return normalise(lead).text + " " + rest
}

// beside is the rest of the clause around text[start:end], with a mark where the quote stood: what a quote leaves out of it.
func beside(text string, start, end int) string {
	const borders = ".,;:!?()\n\"“”„«»"
	from := strings.LastIndexAny(text[:start], borders) + 1
	to := len(text)
	if quote := strings.TrimRight(text[start:end], " )\"”“»"); strings.HasSuffix(quote, ".") || strings.HasSuffix(quote, "?") || strings.HasSuffix(quote, "!") {
		to = end // the quote has its sentence to the end; what follows is another one
	} else if i := strings.IndexAny(text[end:], borders); i >= 0 {
		to = end + i
	}
	if from > start {
		from = start
	}
	return normalise(strings.ToValidUTF8(text[from:start], " ") + " | " + text[end:to]).text
}

// leavesOutNegation: "we are not going to renew" does not support "going to renew".
func leavesOutNegation(text string, start, end int) bool {
	return negated(lex(beside(text, start, end)))
}

// turned reports that exactly one of statement and quotes holds a negation.
func (s said) turned() bool { return negated(s.tokens) != negated(lex(s.text)) }

// denialChanged: a negation may neither vanish nor appear. A statement that is nearly a quote must have as many as the quote's part that it follows. Of any other, each clause is
// compared with the clauses of the quotes that say the same; clauses that share no word with any other are not judged.
func (s said) denialChanged() string {
	for _, q := range s.beside {
		if q.near {
			if had, has := q.span(0), s.pieces; denials(had) > denials(has) && !holdsAny(besides(s.tokens, tokensOf(had)), denialWords) {
				return "a negation of the quote is missing"
			}
			if had, has := q.span(3), s.pieces; denials(had) < denials(has) && !holdsAny(besides(tokensOf(had), s.tokens), denialWords) {
				return "the quotes do not deny this"
			}
		}
	}
	if why := cmp.Or(s.deniesHere(), s.deniesOther()); why != "" || s.near() {
		return why
	}
	quotes, sentences := clausesOf(s.text, false), clausesOf(s.text, true)
	words := besides(s.tokens, lex(s.text)) // a word that both have stands for no negation
	carried := holdsAny(words, denialWords) || holdsAny(words, limitWords) || negated(s.tokens)
	own := clauseOf(s.tokens, false)
	for _, q := range quotes {
		if n := len(q.content); q.denies && !carried && n > 0 && 5*shared(q.content, own.content) >= 3*n {
			return "a negation of the quote is missing"
		}
	}
	for _, c := range clausesOf(s.unled(), false) {
		best, most := alike(c, quotes)
		all, any := len(best) > 0, len(sentences) == 1 && sentences[0].denies && !s.deniedElsewhere() // "it may cost 48,000, no more" is one thought
		for _, q := range best {
			all = all && q.denies
			any = any || q.denies || holdsAny(besides(q.tokens, s.tokens), denialWords)
		}
		if all && !carried {
			return "a negation of the quote is missing"
		}
		if c.denies && len(best) > 0 && !any && (2*most >= len(c.content) || !negated(lex(s.text)) || s.deniedElsewhere()) {
			return "the quotes do not deny this"
		}
	}
	return ""
}

// deniesHere: the statement follows a quote nearly word for word, and denies in a clause of it that holds nothing negative.
func (s said) deniesHere() string {
	for _, q := range s.beside {
		if !q.near {
			continue
		}
		tokens := tokensOf(s.pieces)
		for i, t := range tokens {
			if !negation(t) || t.lower == "ne" || q.with[i] >= 0 || partOf(tokens, i, noDenials) {
				continue
			}
			j := -1
			for k := i + 1; k < len(tokens) && j < 0 && !s.pieces[k].cut; k++ {
				j = q.with[k]
			}
			for k := i - 1; k >= 0 && j < 0; k-- {
				j = q.with[k]
			}
			if j < 0 {
				continue
			}
			if clause := tokensOf(q.clauseOf(j)); !negated(clause) && !holdsAny(besides(clause, s.tokens), denialWords) && !holdsAny(clause, limitWords) && !q.has(t.lower) {
				return "the quotes do not deny this"
			}
		}
	}
	return ""
}

// has: the quote has this word outside of what the statement follows.
func (q quoted) has(word string) bool {
	for j, p := range q.pieces {
		if p.token.lower == word && !slices.Contains(q.with, j) {
			return true
		}
	}
	return false
}

// besides are the tokens whose words the others do not have: a word that both texts have stands for no other one.
func besides(tokens, others []token) []token {
	return slices.DeleteFunc(slices.Clone(tokens), func(t token) bool {
		return slices.ContainsFunc(others, func(o token) bool { return o.lower == t.lower })
	})
}

// deniedElsewhere: what the quotes deny is nothing that the statement speaks of.
func (s said) deniedElsewhere() bool {
	own, theirs := keysOf(s.tokens), denied(lex(s.text))
	for k := range theirs {
		if own[k] {
			return false
		}
	}
	return len(theirs) > 0
}

// clauseOf are the pieces of the quote's clause that holds piece j.
func (q quoted) clauseOf(j int) []piece {
	from, to := j, j+1
	for from > 0 && !q.pieces[from].cut && !q.pieces[from].token.first {
		from--
	}
	for to < len(q.pieces) && !q.pieces[to].cut && !q.pieces[to].token.first {
		to++
	}
	return q.pieces[from:to]
}

// deniesOther: what the statement denies stands in the quotes, and what these deny is something that the statement leaves out ("not on 3 July", where "on 3 July must not fail" was said).
func (s said) deniesOther() string {
	own := keysOf(s.tokens)
	mine, any := denied(s.tokens), false
	if len(mine) == 0 {
		return ""
	}
	for _, text := range s.quoteTexts {
		tokens := lex(text)
		theirs, all := denied(tokens), keysOf(tokens)
		for k := range theirs {
			any = true
			if own[k] {
				return ""
			}
		}
		for k := range mine {
			if !all[k] {
				return ""
			}
		}
	}
	if !any {
		return "" // see denialChanged
	}
	return "the quotes deny something else"
}

func keysOf(tokens []token) map[string]bool {
	out := map[string]bool{}
	for _, t := range tokens {
		if key, weight := telling(t); weight == fullWeight {
			out[key] = true
		}
	}
	return out
}

// denied are the words that a text's negations stand with: the next one of their clause that tells something, or the last one before.
func denied(tokens []token) map[string]bool {
	out := map[string]bool{}
	for i, t := range tokens {
		if !negation(t) || partOf(tokens, i, noDenials) {
			continue
		}
		m := place(tokens, i, i+1)
		for _, side := range [][]nearby{m.right, m.left} {
			if k := slices.IndexFunc(side, func(w nearby) bool { return w.weight == fullWeight }); k >= 0 {
				out[side[k].key] = true
				break
			}
		}
	}
	return out
}

// limitWords may stand for a negation, and say nothing negative by themselves.
var limitWords = wordSet("only just under below less most nur höchstens unter weniger seulement moins maximum solo sólo menos máximo")

// denials counts the negations among pieces; "ne … pas" is one.
func denials(pieces []piece) (n int) {
	tokens := tokensOf(pieces)
	for i, t := range tokens {
		if negation(t) && t.lower != "ne" && !strings.HasPrefix(t.lower, "n'") && !partOf(tokens, i, noDenials) {
			n++
		}
	}
	return n
}

func tokensOf(pieces []piece) []token {
	out := make([]token, len(pieces))
	for i, p := range pieces {
		out[i] = p.token
	}
	return out
}

// span is the part of the quote that the statement follows: from its first common word to the last and so many beyond, and what directly denies either end.
func (q quoted) span(beyond int) []piece {
	from, to := len(q.pieces), 0
	for _, j := range q.with {
		if j >= 0 {
			from, to = min(from, j), max(to, j+1)
		}
	}
	if from > to {
		return nil
	}
	for n := 0; n < beyond && to < len(q.pieces) && !q.pieces[to].cut; n++ {
		to++
	}
	for from > 0 && negation(q.pieces[from-1].token) && !q.pieces[from].token.first && !q.pieces[from].cut {
		from--
	}
	for to < len(q.pieces) && negation(q.pieces[to].token) && !q.pieces[to].token.first && !q.pieces[to].cut {
		to++
	}
	return q.followed(from, to)
}

// followed leaves out whole clauses between from and to of which the statement holds no word: "Can't complain. So, we have 120" denies nothing of the 120.
func (q quoted) followed(from, to int) []piece {
	held := map[int]bool{}
	for _, j := range q.with {
		held[j] = true
	}
	var out []piece
	for i := from; i < to; {
		end, any := i, false
		for end < to && (end == i || !q.pieces[end].token.first && !q.pieces[end].cut) {
			any = any || held[end]
			end++
		}
		if any || end == to {
			out = append(out, q.pieces[i:end]...)
		}
		i = end
	}
	return out
}
