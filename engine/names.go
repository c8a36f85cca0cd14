package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// nameTerms lists the words of a claim that look like names, folded as in the keyword index. Capitals decide:
//
//   - a capitalised word inside a sentence, except the words that a language always writes so (I, months, weekdays, currencies);
//   - at the beginning of a sentence, a word that is a known name, that is followed by another capitalised word, or that says, wants or asks something;
//   - an acronym or a word with a capital inside, everywhere;
//   - and one that is the subject of a verb in the singular without an article, where it has not the form of a word that needs none ("usage", "planning");
//   - in German, where every noun has a capital, only acronyms, known names, what stands behind a title, pairs of capitalised words, and such subjects.
//
// known holds the folded words of all people and accounts that the run has seen.
func nameTerms(tokens []token, lang string, known map[string]bool) []string {
	var out []string
	for i, t := range tokens {
		if _, name, ok := strings.Cut(t.text, "'"); ok && !capital(t.text) && capital(name) { // "d'Étienne"
			out = append(out, crm.Terms(name)...)
			continue
		}
		if t.kind != wordToken || !capital(t.text) || ordinaryCapital(t) {
			continue
		}
		next := wordAt(tokens, i+1)
		prev := wordAt(tokens, i-1)
		adjacent := next.text != "" && capital(next.text) && !ordinaryCapital(next)
		var is bool
		switch {
		case acronym(t.text), knownWord(t.lower, known):
			is = true
		case lang == "de":
			is = titles[prev.lower] || abbreviatedTitle(tokens, i) || adjacent && knownWord(next.lower, known) && !germanRoles[t.lower] && !functionWords[t.lower] || t.first && bareGerman(tokens, i) || !t.first && adjacent && !capital(prev.text) && !endsLikeNoun(t.lower) || firstNamed(tokens, i, known)
		case t.first:
			is = !functionWords[t.lower] && (adjacent || sayingVerbs[next.lower] || bareSubject(t, next))
		default:
			is = true
		}
		if is {
			out = append(out, crm.Terms(t.text)...)
		}
	}
	return out
}

// What may stand before a surname in German without being a first name.
var germanRoles = wordSet("chef chefin monteur monteurin techniker technikerin kollege kollegin kollegen geschäftsführer geschäftsführerin leiter leiterin meister betriebsrat einkäufer einkäuferin familie firma kunde kundin laut gemäß nach wegen seit danke hallo liebe lieber")

// uncased finds a word of a script without capitals (Han, Kana, Hangul, Thai, Arabic, Hebrew, Indic …) that does not stand in a set. No capital tells a name there, so that a
// statement in such a script is held to the words of its quotes; scripts without spaces are compared by pairs of characters.
func uncased(tokens []token, have map[string]bool) string {
	for _, t := range tokens {
		r, _ := utf8.DecodeRuneInString(t.text)
		if t.kind != wordToken || !unicode.In(r, unicode.Lo) || unicode.In(r, unicode.Latin) {
			continue
		}
		for _, term := range crm.Terms(t.text) {
			if !have[term] {
				return term
			}
		}
	}
	return ""
}

// covered reports whether a folded name stands in a set, also with the ending of a genitive or plural.
func covered(name string, have map[string]bool) bool {
	return have[name] || have[strings.TrimSuffix(name, "s")] || have[name+"s"]
}

func capital(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

func acronym(s string) bool {
	upper := 0
	for i, r := range s {
		if i > 0 && unicode.IsUpper(r) {
			upper++
		}
	}
	return upper > 0
}

func wordAt(tokens []token, i int) token {
	if i < 0 || i >= len(tokens) || tokens[i].kind != wordToken {
		return token{}
	}
	return tokens[i]
}

func knownWord(lower string, known map[string]bool) bool {
	terms := crm.Terms(lower)
	return len(terms) > 0 && covered(terms[0], known)
}

// firstNamed: the second of two capitalised words of which the first is a known name is a surname.
func firstNamed(tokens []token, i int, known map[string]bool) bool {
	prev := wordAt(tokens, i-1)
	return prev.text != "" && capital(prev.text) && knownWord(prev.lower, known)
}

func endsLikeNoun(w string) bool {
	for _, ending := range []string{"ung", "heit", "keit", "schaft", "tion", "ment", "tät"} {
		if strings.HasSuffix(w, ending) {
			return true
		}
	}
	return false
}

func ordinaryCapital(t token) bool {
	_, month := monthNames[t.lower]
	_, short := shortMonths[t.lower]
	_, weekday := weekdayNames[t.lower]
	return month || weekday || short && len(t.lower) > 3 || currencies[t.lower] != "" || titles[t.lower] || ordinaryWords[t.lower] || strings.HasPrefix(t.lower, "i'")
}

var titles = wordSet("mr mrs ms miss dr prof herr herrn frau doktor professor dipl ing monsieur madame mme mlle m señor señora sr sra don doña")

// Words that are written with a capital without being a name.
var ordinaryWords = wordSet("i sie ihr ihre ihren ihrem ihrer ihnen english german french spanish deutsch deutsche englisch französisch spanisch")

// Words that begin sentences without being names.
var functionWords = wordSet(`the a an this that these those it they we you he she there here our their his her its my your in on at by for from with to of if when while as
	because since after before until during and or but so not no yes both all each every some any most many few several other another new customers customer client the
	hi hello dear hey thanks thank please good regards best kind hallo guten liebe lieber sehr danke bitte vielen bonjour merci cher chère hola gracias estimado estimada
	der die das ein eine einen wir ihr er es man im am bei für von mit zu nach vor seit wenn weil da und oder aber nicht kein keine alle jeder
	le la les un une des nous vous il elle ils elles on ce cette ces en au aux dans pour par avec sans si quand et ou mais pas
	el los las una unos unas nosotros usted ustedes ellos ellas se en del al para por con sin si cuando y o pero no`)

var sayingVerbs = wordSet(`said says say told tells asked asks wants wanted confirmed confirms approved approves mentioned mentions agreed agrees promised promises signed signs prefers
	expects insists thinks believes explained explains offered offers proposes proposed needs refused refuses rejected rejects wrote writes
	a dit demande veut confirme propose dice dijo quiere pide confirma confirmó`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
