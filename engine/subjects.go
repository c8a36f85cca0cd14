package engine

import (
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Who does something is named with an article, or is somebody: a noun that may stand without one is a mass ("usage", "Geld") or has the form of an abstract word.

// Verbs in the singular that follow their subject at once; those of open may follow a plural, too.
var (
	singularVerbs = wordSet("has is was does wants holds")
	openVerbs     = wordSet("will would can could must should may might did had")
	germanVerbs   = wordSet("hat ist war wird will möchte kann muss darf soll bleibt kommt geht braucht übernimmt entscheidet unterschreibt verlangt erwartet rechnet zahlt")
)

// Nouns without an article that are nobody, and other words that begin a sentence before a verb.
var massNouns = wordSet(`price cost budget money data feedback interest progress work time demand growth revenue support trial finance procurement staff training nobody everybody everyone somebody anybody someone everything something nothing
	none one half part growth health month length strength both truth
	 next today tomorrow yesterday who what which where how why later here now then there compliance security churn risk silence software hardware access english contact payment invoice only
	geld budget zeit personal interesse bedarf niemand jeder jemand alles nichts etwas keiner einer umsatz software zugang druck lob kritik support schluss ziel grund wert preis wichtig offen neu gut schlecht klar
	derzeit damit dort heute sonst leider bisher zudem außerdem inzwischen aktuell vielleicht auch bald dann danach dabei daher deshalb jetzt nun noch nur schon hier so trotzdem insgesamt momentan morgen gestern künftig weiterhin
	wahrscheinlich offenbar laut wer was wann wo wie weiter später zuerst zuletzt ansprechpartner ansprechpartnerin zuständig`)

// bareSubject: an English sentence begins with somebody who is said to do something.
func bareSubject(t, next token) bool {
	if massNouns[t.lower] || englishBare[t.lower] || abstract(t.lower) {
		return false
	}
	plural := strings.HasSuffix(t.lower, "s")
	third := len(next.lower) > 3 && strings.HasSuffix(next.lower, "s") && !strings.HasSuffix(next.lower, "ss") && !capital(next.text)
	return singularVerbs[next.lower] || !plural && (openVerbs[next.lower] || third)
}

// abstract: the endings of nouns that stand without an article.
func abstract(w string) bool {
	for _, ending := range []string{"ing", "ment", "tion", "sion", "age", "ity", "ness", "ance", "ence", "ency", "ics", "ware", "ship", "ism", "ly", "ed"} {
		if strings.HasSuffix(w, ending) {
			return true
		}
	}
	return false
}

// bareGerman: a German sentence begins with somebody who is said to do something. Behind the verb stands no other subject, and the word is no participle or infinitive, with which sentences begin, too.
func bareGerman(tokens []token, i int) bool {
	t, next := tokens[i], wordAt(tokens, i+1)
	if functionWords[t.lower] || massNouns[t.lower] || !germanVerbs[next.lower] || endsLikeNoun(t.lower) {
		return false
	}
	for _, ending := range []string{"en", "ern", "eln", "t", "e", "er"} {
		if strings.HasSuffix(t.lower, ending) {
			return false
		}
	}
	behind := wordAt(tokens, i+2)
	return behind.text == "" || !capital(behind.text) && !functionWords[behind.lower] && !germanPronouns[behind.lower] || prepositions[behind.lower]
}

var (
	germanPronouns = wordSet("sie er es wir ihr ich man der die das ein eine einer einen kein keine sein seine ihre unser unsere dieser diese dieses jeder jede alle")
	prepositions   = wordSet("im in am an bei für von mit zu nach vor seit auf aus bis ab um")
)

// abbreviatedTitle: "Dr. Weber".
func abbreviatedTitle(tokens []token, i int) bool {
	return i > 1 && tokens[i-1].text == "." && titles[tokens[i-2].lower] && len(tokens[i-2].text) <= 4
}

var placing = wordSet("in aus nach")

// misplaced finds a German place: behind the same preposition, without an article, the quotes have another name.
func (s said) misplaced(have map[string]bool) string {
	if s.lang != "de" {
		return ""
	}
	quotes, own := lex(s.text), termSet(s.said)
	for i, t := range s.tokens {
		to := wordAt(s.tokens, i+1)
		if !placing[t.lower] || !capital(to.text) || ordinaryCapital(to) {
			continue
		}
		terms := crm.Terms(to.text)
		if len(terms) != 1 || covered(terms[0], have) {
			continue
		}
		for j, q := range quotes {
			was := wordAt(quotes, j+1)
			if q.lower == t.lower && capital(was.text) && !ordinaryCapital(was) {
				if w := crm.Terms(was.text); len(w) == 1 && !covered(w[0], own) {
					return fmt.Sprintf("the name %q is not in the quotes", shorten(terms[0]))
				}
			}
		}
	}
	return ""
}
