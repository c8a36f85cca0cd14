package engine

import (
	"fmt"
	"strings"
)

// oppositeWords are pairs of words of which one says the reverse of the other, in the forms in which they are written. A claim that uses one where its quotes use the other, and not
// the same, says the reverse of what was said.
var oppositeWords = pairsOf(
	"rise rises rose risen rising grow grows grew grown growing increase increases increased increasing climb climbed | fall falls fell fallen falling drop drops dropped dropping decrease decreases decreased decreasing shrink shrinks shrank shrunk",
	"up | down", "goes-up | goes-down", "before | after", "earlier sooner | later", "early | late",
	"start starts started starting begin begins began begun | end ends ended ending expire expires expired finish finishes finished",
	"cheaper | dearer costlier", "over above | under below", "longer | shorter", "bigger larger greater | smaller", "more | less fewer", "faster quicker | slower", "higher | lower",
	"open opens opened opening | close closes closed closing", "win wins won winning | lose loses lost losing", "found | missing",
	"happy satisfied pleased content | unhappy dissatisfied displeased", "like likes liked love loves loved | dislike dislikes disliked hate hates hated",
	"approve approves approved accept accepts accepted | reject rejects rejected refuse refuses refused", "wrong incorrect | right correct", "inside within | outside", "joined hired | left quit",
	"best | worst", "better | worse", "good | bad", "strong stronger | weak weaker", "easy easier | hard harder difficult", "possible | impossible", "buy buys bought | sell sells sold", "always | never",
	"steigt steigen stieg gestiegen wächst wachsen gewachsen | sinkt sinken sank gesunken fällt fallen gefallen schrumpft geschrumpft", "mehr | weniger", "vor | nach", "früher | später", "bis | ab",
	"beginnt beginnen begann startet starten anfangen | endet enden endete ausläuft abläuft aufhören", "teurer | billiger günstiger", "über | unter", "länger | kürzer", "größer größte größter | kleiner kleinste kleinster", "schneller | langsamer",
	"geöffnet eröffnet | geschlossen", "gewonnen gewinnt | verloren verliert", "zufrieden | unzufrieden", "falsch | richtig", "gut | schlecht", "besser | schlechter", "leicht einfach | schwer schwierig", "möglich | unmöglich",
	"lobt loben gelobt | tadelt tadeln kritisiert bemängelt", "zugestimmt zustimmt angenommen genehmigt freigegeben | abgelehnt ablehnt widersprochen gesperrt verweigert", "pflicht verpflichtend | freiwillig", "sparen spart gespart | verlieren verliert verloren",
	"immer | nie niemals", "neue neuen neuer neues | alte alten alter altes", "kaufen kauft gekauft | verkaufen verkauft", "innerhalb | außerhalb", "drinnen drin | draußen")

func pairsOf(lines ...string) (out [][2]map[string]bool) {
	for _, l := range lines {
		a, b, _ := strings.Cut(l, "|")
		out = append(out, [2]map[string]bool{wordSet(a), wordSet(b)})
	}
	return out
}

// opposed finds a word of the statement whose opposite stands in its quotes, where neither text holds the other word, and both deny or neither does.
func (s said) opposed() string {
	quotes := lex(s.text)
	if denies(s.tokens) != denies(quotes) {
		return "" // "not cheaper" is dearer: see denialChanged
	}
	for _, pair := range oppositeWords {
		for i := range pair {
			mine, theirs := pair[i], pair[1-i]
			word := firstOf(s.tokens, mine)
			if word != "" && firstOf(s.tokens, theirs) == "" && firstOf(quotes, mine) == "" {
				if other := firstOf(quotes, theirs); other != "" {
					return fmt.Sprintf("the quotes say %q, not %q", other, word)
				}
			}
		}
	}
	return s.reversed(quotes)
}

// firstOf is the first word of a text that stands in a set and is no part of a phrase that means something else ("no more than").
func firstOf(tokens []token, words map[string]bool) string {
	for i, t := range tokens {
		if t.kind == wordToken && words[t.lower] && !partOf(tokens, i, noDenials) {
			return t.lower
		}
	}
	return ""
}

var (
	fromWords = wordSet("from von de desde")
	toWords   = wordSet("to auf à a")
)

// reversed: the statement goes from one number to another, and its quotes from the other to the one.
func (s said) reversed(quotes []token) string {
	a, b, ok := fromTo(s.tokens)
	x, y, also := fromTo(quotes)
	if ok && also && a != b && a == y && b == x {
		return fmt.Sprintf("the quotes go from %g to %g", x, y)
	}
	return ""
}

// fromTo reads "from 90 a month to 150".
func fromTo(tokens []token) (from, to float64, ok bool) {
	for i, t := range tokens {
		if !fromWords[t.lower] {
			continue
		}
		a, at := numberNear(tokens, i+1, 3)
		if at < 0 {
			continue
		}
		for j := at + 1; j < min(len(tokens), at+6); j++ {
			if !toWords[tokens[j].lower] {
				continue
			}
			if b, end := numberNear(tokens, j+1, 2); end >= 0 {
				return a, b, true
			}
		}
	}
	return 0, 0, false
}

// numberNear is the first number in digits among the next few tokens.
func numberNear(tokens []token, i, reach int) (float64, int) {
	for j := i; j < min(len(tokens), i+reach); j++ {
		if tokens[j].kind == numberToken {
			if v, ok := parseNumber(tokens[j].text); ok {
				return v, j
			}
		}
	}
	return 0, -1
}

// flatDenials are words that deny by themselves, as strongly as a "not".
var flatDenials = wordSet(`refuse refuses refused refusing reject rejects rejected decline declines declined lack lacks lacked dislike dislikes disliked hate hates hated unable deny denies denied oppose opposes opposed ignores
	verweigert verweigern lehnt ablehnt ablehnen abgelehnt unmöglich keinesfalls keineswegs verzichtet verzichten fehlt fehlen mangelt unzufrieden bestreitet
	refuse refusent refusé rejette manque manquent impossible rechaza rechazan rechazado falta faltan niega imposible`)

// flatlyDenied: the statement holds such a word and its quotes nothing at all that could be meant by it.
func (s said) flatlyDenied() string {
	quotes := lex(s.text)
	if negated(quotes) || holdsAny(quotes, denialWords) || holdsAny(quotes, flatDenials) || holdsAny(quotes, limitWords) || negativeSense(quotes) {
		return ""
	}
	if word := firstOf(s.tokens, flatDenials); word != "" {
		return fmt.Sprintf("the quotes hold nothing that %q could be meant by", word)
	}
	return ""
}

// negativeSense: words of complaint and of loss, which a statement may sum up by a denial.
func negativeSense(tokens []token) bool {
	return holdsAny(tokens, wordSet(`wrong bad poor worse worst too expensive broken lost loses down late if unhappy worried problem problems issue issues complaint complain terrible
		falsch schlecht zu teuer kaputt verloren schade leider problem probleme beschwerde falls wenn würde hätte wäre
		mauvais cher trop perdu problème malo caro demasiado perdido problema`))
}
