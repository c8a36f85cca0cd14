package engine

import (
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// unheard finds a word of the statement that has no counterpart in what proves it (heard) and that stands where only names stand: without an article, and not in the list of those that may. Inside a
// sentence capitals tell names in most languages (see nameTerms); what is left are German words, all of which may be nouns, and words that begin a sentence.
func (s said) unheard(heard counterparts) string {
	if s.foreign {
		return "" // no word of another language has a counterpart
	}
	for i, t := range s.tokens {
		if t.kind != wordToken || !capital(t.text) || ordinaryCapital(t) || behindHyphen(s.tokens, i) || elided(t) || ordinaryWord(t.lower, s.lang) {
			continue
		}
		is := false
		switch {
		case t.first:
			is = beginsAsName(s.tokens, i, s.lang)
		case s.lang == "de":
			is = !determined(s.tokens, i)
		}
		if !is {
			continue
		}
		for _, term := range crm.Terms(t.text) {
			if !heard.hold(term) {
				return term
			}
		}
	}
	return ""
}

// elided: "L'offre", where the capital is the article's.
func elided(t token) bool {
	before, behind, ok := strings.Cut(t.text, "'")
	return ok && len(before) <= 2 && !capital(behind)
}

func behindHyphen(tokens []token, i int) bool {
	return i > 0 && !tokens[i].gap && tokens[i-1].text == "-"
}

// counterparts are the words of what proves a statement, by their beginnings, too.
type counterparts struct {
	words map[string]bool
	all   []string
}

func counterpartsOf(words map[string]bool) counterparts {
	c := counterparts{words: words}
	for w := range words {
		if len(w) >= minPart {
			c.all = append(c.all, w)
		}
	}
	return c
}

// minPart is how many letters of a word are enough to know it again inside another one.
const minPart = 5

// hold reports whether a folded word stands there, in another form, or as a part of a longer word, or the other way round ("Betriebsratssitzung", "Sitzung").
func (c counterparts) hold(w string) bool {
	if covered(w, c.words) {
		return true
	}
	for _, ending := range []string{"n", "en", "e", "es", "t"} {
		if short := strings.TrimSuffix(w, ending); len(short) > 2 && c.words[short] || c.words[w+ending] {
			return true
		}
	}
	if len(w) < minPart {
		return false
	}
	return slices.ContainsFunc(c.all, func(have string) bool {
		return strings.HasSuffix(have, w) || strings.HasSuffix(w, have) || strings.Contains(have, w) && len(w) > minPart || sameWord(have, w)
	})
}

// sameWord: two words have one beginning and end as forms of one word do.
func sameWord(a, b string) bool {
	a, b = strings.TrimPrefix(a, "ge"), strings.TrimPrefix(b, "ge")
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n >= minPart-1 && (a[n:] == "" || inflections[a[n:]]) && (b[n:] == "" || inflections[b[n:]])
}

var inflections = wordSet("e en er ern es em n s t te ten st ung ungen ig lich d ed ing ion ions a o an as os ar er ir are ent ons ez is ns")

// beginsAsName: the word begins a sentence, and what follows is said of it.
func beginsAsName(tokens []token, i int, lang string) bool {
	w, next, behind := tokens[i].lower, wordAt(tokens, i+1), wordAt(tokens, i+2)
	switch {
	case next.text == "":
		return i+1 < len(tokens) && tokens[i+1].text == "," && (articles[behind.lower] || relatives[behind.lower]) && lang == "en" // "Moira, the buyer, …"
	case lang == "en" && strings.HasSuffix(w, "'s"), joinWords[next.lower] && lang != "de" && capital(behind.text):
		return true
	case capital(next.text):
		return lang == "de" && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "es") // "Tannheims Frau"
	}
	switch lang {
	case "de":
		return !adjective(w) && (!germanPronouns[next.lower] || germanVerbs[next.lower])
	case "fr":
		return !strings.HasSuffix(w, "ment") && (!romanceLinks[next.lower] || next.lower == "a")
	case "es":
		return spanishLeads[next.lower] || verbEnding(next.lower) && !romanceLinks[next.lower] && (romanceLinks[behind.lower] || behind.text != "" && capital(behind.text))
	case "en":
		return bareSubject(tokens[i], next) || !englishPlural(w) && !abstract(w) && (openVerbs[next.lower] || irregularPasts[next.lower] || strings.HasSuffix(next.lower, "ed") || strings.HasSuffix(next.lower, "ly") || next.lower == "no")
	}
	return false
}

// adjective: as German adjectives end that begin sentences ("Erreichbar ist …").
func adjective(w string) bool {
	return strings.HasSuffix(w, "bar") || strings.HasSuffix(w, "haft") || strings.HasSuffix(w, "lich") || strings.HasSuffix(w, "los") || strings.HasSuffix(w, "isch")
}

// englishPlural: as plurals of English nouns end, and names seldom do.
func englishPlural(w string) bool {
	for _, ending := range []string{"ers", "ors", "ions", "ments", "ings", "ies", "ists", "ants", "ents", "ages", "ives", "ures", "als", "ons", "ees", "ces", "ses", "hes", "xes", "ics", "ols", "cts"} {
		if strings.HasSuffix(w, ending) {
			return true
		}
	}
	return false
}

var (
	irregularPasts = wordSet(`chose took gave sent bought sold told said wrote left came went got made held kept won lost met paid knew thought saw found ran began became brought built fell rose grew led spoke drove put set let
		cannot can't won't didn't doesn't isn't wasn't hasn't never now still already also always only just then usually often does did shall has is was`)
	romanceLinks = wordSet("le la les l un une des de du d à au aux en et ou que qui dans pour par avec sans sur el los las lo uno una unos unas del al a y o con sin por para su sus más menos más nos les")
	spanishLeads = wordSet("no se ha han es son está están fue fueron era eran tiene tienen tenía quiere quieren puede pueden debe deben ya también nunca sigue siguen lo le les me nos va van pidió dijo")
)

// verbEnding: as Spanish verbs of the third person end.
func verbEnding(w string) bool {
	for _, ending := range []string{"a", "e", "ó", "an", "en", "ió", "rá", "rán", "ía", "ían"} {
		if strings.HasSuffix(w, ending) {
			return len(w) > 3
		}
	}
	return false
}

// determined: in front of a German noun stands an article, a possessive, a number or an adjective.
func determined(tokens []token, i int) bool {
	if i == 0 {
		return false
	}
	prev := tokens[i-1]
	switch {
	case prev.kind == numberToken || prev.kind == codeToken || prev.text == "%":
		return true
	case prev.kind != wordToken:
		return false
	case germanArticle(prev.lower):
		return true
	case capital(prev.text) && (!prev.first || germanRoles[prev.lower] || germanPlaces[prev.lower] || strings.HasSuffix(prev.lower, "er")): // "Betriebsleiter Thaler"
		return ordinaryCapital(prev) && !titles[prev.lower]
	}
	return attribute(tokens, i-1)
}

// germanArticle: what only nouns have in front of them. Names have "der" and "die" where people speak of people, so that these are told by what they replace.
func germanArticle(w string) bool {
	if germanContracted[w] || germanNumerals[w] {
		return true
	}
	for _, stem := range []string{"ein", "kein", "mein", "dein", "sein", "ihr", "unser", "euer", "eur", "dies", "jed", "jen", "welch", "manch", "solch", "all", "viel", "wenig", "einig", "mehrer", "beid", "ander", "weiter", "der", "die", "das", "den", "dem", "des", "etlich", "sämtlich", "irgendein"} {
		if rest, ok := strings.CutPrefix(w, stem); ok && (rest == "" || germanEndings[rest]) {
			return true
		}
	}
	return false
}

var (
	germanContracted = wordSet("im am zum zur beim vom ins ans fürs aufs durchs ums übers unterm deren dessen wessen")
	germanNumerals   = wordSet("zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig hundert tausend halb halbe halben paar mehr genug etwas nichts")
	germanEndings    = wordSet("e en em er es")
)

// attribute: a German adjective in front of its noun, by its ending. Verbs and small words end so, too: those are told by lists and by what stands in front of them.
func attribute(tokens []token, i int) bool {
	t := tokens[i]
	w := t.lower
	if len(w) < 4 || notAttributes[w] {
		return false
	}
	before := wordAt(tokens, i-1).lower
	led := germanArticle(before) || prepositions[before] || germanPrepositions[before]
	switch {
	case strings.HasSuffix(w, "en"):
		return led
	case strings.HasSuffix(w, "te"):
		return led || lastingTe[w] || strings.HasPrefix(w, "ge")
	case strings.HasSuffix(w, "er"), strings.HasSuffix(w, "es"), strings.HasSuffix(w, "em"), strings.HasSuffix(w, "e"):
		return true
	}
	return false
}

// germanPlaces stand in front of the name of what they are.
var germanPlaces = wordSet("filiale zentrale niederlassung marke messe gemeinde klinik halle schule bäckerei brauerei molkerei druckerei kanzlei apotheke gruppe straße brücke insel plattform kasse")

var (
	germanPrepositions = wordSet("ohne durch gegen über unter zwischen neben hinter vor seit wegen trotz statt während gemäß laut pro je per als wie außer bis ab um samt mitsamt dank und oder")
	notAttributes      = wordSet(`aber oder wieder weder über unter hinter außer immer später früher sicher leider nieder einander bisher daher vorher nachher woher mehr sogar sehr hatte würde hätte wäre könnte dürfte möchte müsste sollte wollte
		konnte musste durfte werde habe gerne heute ohne beide gegenüber ihrer seiner seitdem außerdem zudem trotzdem indem nachdem vordem alles etwas nichts bereits anders besonders nirgends erstens zweitens bevor je wie sowie eines
		bittet jetzt nutzt wolle könne solle müsse dürfe sei habe zwischen neben gegen wegen hinten vorne zusammen lange ungefähre circa wurde wurden waren haben werden sollen wollen können müssen dürfen mögen sind dieser jeder`)
	lastingTe = wordSet("erste letzte nächste beste meiste gute alte neueste gesamte bekannte zweite dritte vierte weite breite harte kalte leichte schlechte späte feste echte rechte fertige bunte laute")
)

// ordinaryWord: a word that may stand without an article, or begin a sentence, and names nobody.
func ordinaryWord(w, lang string) bool {
	if functionWords[w] || massNouns[w] || sentenceLeads[w] || germanRoles[w] {
		return true
	}
	switch lang {
	case "de":
		if len(w) > 6 && germanAbstract(w) {
			return true
		}
		for at := range w {
			if tail := w[at:]; bareNouns[tail] && (at == 0 || at > 3 && len(tail) > 4) {
				return true
			}
		}
		return false
	case "en":
		return englishBare[w]
	}
	return false
}

func germanAbstract(w string) bool {
	w = strings.TrimSuffix(strings.TrimSuffix(w, "en"), "s")
	for _, ending := range []string{"ung", "heit", "keit", "schaft", "tion", "sion", "ität", "ismus", "nis", "niss", "nisse", "inn", "tum", "ment", "erei", "ierer", "logie", "grafie"} {
		if strings.HasSuffix(w, ending) {
			return true
		}
	}
	return false
}
