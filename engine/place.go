package engine

import (
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// mention is a place in a text where a name stands, with what stands around it: the words of its clause on either side, and the preposition in front of it.
type mention struct {
	from, to    int
	terms       []string
	left, right []nearby
	preposition string
}

// nearby is a word of the surroundings: its stem, how far away it stands, and how much it tells.
type nearby struct {
	key    string
	far    int
	weight float64
}

// What a word tells of a place: a noun or a verb, and an auxiliary verb or a preposition.
const (
	fullWeight  = 1
	lightWeight = 0.4
)

// aroundWords is how many words of a clause on one side of a place are looked at.
const aroundWords = 6

var (
	// Words that tell something of a place, and less than a verb or a noun.
	lightWords = wordSet(`is are was were be been has have had will would can could must should may do does did than like as
		ist sind war waren hat haben hatte wird werden wurde kann muss soll will als wie
		est sont était a ont avait sera doit peut comme es son era está están ha han será debe puede como`)
	// Prepositions tell the place of a name where they stand directly in front of it.
	namePrepositions = wordSet(`to from by with for of in at on into onto out near via against after before behind under between than instead like without
		an von vom zu zum zur mit für in im bei beim aus nach vor hinter unter zwischen über gegen ohne statt durch als
		à a au aux de d' du chez avec pour par sur dans en sous sans avant après contre
		con para por del al ante bajo tras sin hacia desde hasta`)
	agentPrepositions = wordSet("by von vom durch par por")
	passiveVerbs      = wordSet("is are was were be been being wird werden wurde wurden worden est sont été fut es son fue fueron sido ser")
	articles          = wordSet("the a an der die das den dem des ein eine einen einem einer le la les l un une el los las lo una unos unas our your my his her their unser unsere unserem ihr ihre sein seine notre nos votre vos son sa ses leur su sus nuestro nuestra mr mrs ms herr herrn frau dr m mme señor señora don doña")
	firstPersons      = wordSet("i we me us i'd i'm i'll i've we'd we're we'll we've ich wir mir mich uns je j nous moi yo nosotros nosotras")
	pronouns          = wordSet("he she it they him her them you this that these those there what something anything nothing er sie es ihn ihm ihnen ihr man dies das sich etwas nichts il elle ils elles lui leur eux se ce ça cela rien ellos ella ellas le les lo se esto eso algo nada")
	relatives         = wordSet("who which that whose der die das dem den dessen deren qui que dont où quien que cuyo")
	conjunctions      = wordSet("and und et y e but aber mais pero sondern sino while während tandis mientras when wenn quand cuando because weil")
)

// place reads the surroundings of tokens [from, to), but the words that skip names.
func place(tokens []token, from, to int) mention {
	m := mention{from: from, to: to}
	for _, t := range tokens[from:to] {
		m.terms = append(m.terms, crm.Terms(t.text)...)
	}
	at := from
	for at > 0 && articles[tokens[at-1].lower] && tokens[at-1].kind == wordToken {
		at--
	}
	for at > 2 && pairWords[tokens[at-1].lower] && capital(tokens[at-2].text) && namePrepositions[tokens[at-3].lower] { // "between A and B"
		at -= 2
	}
	if at > 0 && namePrepositions[tokens[at-1].lower] {
		m.preposition = tokens[at-1].lower
	}
	m.left, m.right = side(tokens, from-1, -1), side(tokens, to, 1)
	return m
}

// side reads what stands on one side, to the end of the clause.
func side(tokens []token, i, step int) (out []nearby) {
	far := 0
	for ; i >= 0 && i < len(tokens) && !endsClause(tokens, i, step) && len(out) < aroundWords; i += step {
		if conjunctions[tokens[i].lower] && (len(out) > 0 || clauseWords[tokens[i].lower]) {
			break
		}
		key, weight := telling(tokens[i])
		if weight == 0 {
			continue
		}
		out = append(out, nearby{key, far, weight})
		if weight == fullWeight {
			far++
		}
	}
	return out
}

func endsClause(tokens []token, i, step int) bool {
	t := tokens[i]
	if t.kind != markToken {
		return false
	}
	switch t.text {
	case ".":
		return i+1 >= len(tokens) || tokens[i+1].first
	case ",":
		return step < 0 || i+1 >= len(tokens) || !relatives[tokens[i+1].lower]
	}
	return strings.ContainsAny(t.text, "!?;:()\"")
}

// telling gives a word's key and how much it tells of a place.
func telling(t token) (string, float64) {
	switch {
	case t.kind == numberToken || t.kind == codeToken:
		return t.lower, fullWeight
	case t.kind != wordToken || articles[t.lower] || negation(t) || firstPersons[t.lower] || conjunctions[t.lower] || pronouns[t.lower]:
		return "", 0
	case lightWords[t.lower] || namePrepositions[t.lower]:
		return t.lower, lightWeight
	case functionWords[t.lower] || germanPronouns[t.lower]:
		return "", 0
	}
	return wordKey(t), fullWeight
}

// wordKey is the stem by which a word is known again in another form; the "ge" of German participles is none of it.
func wordKey(t token) string {
	w := strings.Join(crm.Terms(t.text), "")
	if rest, ok := strings.CutPrefix(w, "ge"); ok && len(rest) > 3 && (strings.HasSuffix(w, "t") || strings.HasSuffix(w, "en")) {
		w = rest
	}
	if r := []rune(w); len(r) > 4 {
		return string(r[:4])
	}
	return w
}

// fits says how well the surroundings of two places agree, but for the words not meant.
func (m mention) fits(x mention, but map[string]bool) float64 {
	sum := sideFits(m.left, x.left, but) + sideFits(m.right, x.right, but) + acrossShare*(sideFits(m.left, x.right, but)+sideFits(m.right, x.left, but))
	switch {
	case m.preposition == x.preposition && m.preposition != "":
		sum += 1
	case m.preposition != x.preposition && (m.preposition == "" || x.preposition == ""):
		sum -= 0.5
	}
	return sum
}

// acrossShare is what a word counts that stands on the other side: verbs change sides in German and in questions.
const acrossShare = 0.4

func sideFits(a, b []nearby, but map[string]bool) (sum float64) {
	for _, x := range a {
		best := 0.0
		for _, y := range b {
			if x.key == y.key && !but[x.key] {
				best = max(best, x.weight*4/float64(4+abs(x.far-y.far)+min(x.far, y.far)))
			}
		}
		sum += best
	}
	return sum
}

func abs(n int) int { return max(n, -n) }

// swapped is the place seen from a sentence in the other voice.
func (m mention) swapped() mention {
	m.left, m.right = m.right, m.left
	if agentPrepositions[m.preposition] {
		m.preposition = ""
	}
	return m
}

// passive: the text names who does something behind "by".
func passive(tokens []token, lang string) bool {
	return holdsAny(tokens, passiveVerbs) && slices.ContainsFunc(namesIn(tokens, lang), func(n [2]int) bool { return agentPrepositions[place(tokens, n[0], n[1]).preposition] })
}

// namesIn lists the names of a statement: runs of capitalised words that are no ordinary ones.
func namesIn(tokens []token, lang string) (out [][2]int) {
	for i := 0; i < len(tokens); i++ {
		if !mayName(tokens, i, lang) {
			continue
		}
		to := i + 1
		for to < len(tokens) && mayName(tokens, to, lang) && !tokens[to].first {
			to++
		}
		out = append(out, [2]int{i, to})
		i = to - 1
	}
	return out
}

func mayName(tokens []token, i int, lang string) bool {
	t := tokens[i]
	if t.kind != wordToken || !capital(t.text) || ordinaryCapital(t) || ordinaryWord(t.lower, lang) {
		return false
	}
	return lang != "de" || !determined(tokens, i)
}
