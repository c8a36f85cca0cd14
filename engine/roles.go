package engine

import (
	"slices"
	"strings"
	"unicode"

	"github.com/contextd/contextd/internal/crm"
)

// holding is what a sentence says of who holds a role: "our new contact is Hanna Vogel", "Hanna Vogel takes over as project lead". It is read narrowly: a role that is listed, a present or future
// verb of being, and a name directly at it. Qualifiers tell two roles of one kind apart ("contact for billing"), and whose tells "your contact" from every other one.
type holding struct {
	role       string
	qualifiers string   // sorted
	yours      bool     // of whom the sentence speaks to
	name       []string // folded
	shown      string
	over       bool // they no longer hold it; a role that is "" means every one: they have left
}

// roleWords are the roles that one person or company holds at a time, by their last word where they have several.
var roleWords = map[string]string{
	"contact": "contact", "ansprechpartner": "contact", "ansprechpartnerin": "contact", "ansprechperson": "contact", "interlocuteur": "contact", "interlocutrice": "contact", "contacto": "contact", "interlocutor": "contact", "interlocutora": "contact",
	"ceo": "ceo", "geschäftsführer": "ceo", "geschäftsführerin": "ceo", "cfo": "cfo", "finanzchef": "cfo", "finanzchefin": "cfo", "coo": "coo", "cto": "cto", "cio": "cio", "ciso": "ciso",
	"projektleiter": "project lead", "projektleiterin": "project lead", "einkaufsleiter": "purchasing", "einkaufsleiterin": "purchasing", "betriebsleiter": "operations", "betriebsleiterin": "operations", "bürgermeister": "mayor",
	"supplier": "supplier", "vendor": "supplier", "provider": "supplier", "lieferant": "supplier", "anbieter": "supplier", "dienstleister": "supplier", "fournisseur": "supplier", "prestataire": "supplier", "proveedor": "supplier",
	"owner": "owner", "inhaber": "owner", "inhaberin": "owner", "sponsor": "sponsor", "buyer": "buyer", "einkäufer": "buyer", "einkäuferin": "buyer", "decider": "decider", "entscheider": "decider", "signatory": "signatory",
}

// rolePhrases are roles of several words.
var rolePhrases = map[string]string{
	"project manager": "project lead", "project lead": "project lead", "project leader": "project lead", "chef de projet": "project lead", "jefe de proyecto": "project lead", "jefa de proyecto": "project lead",
	"account manager": "account manager", "managing director": "ceo", "directeur général": "ceo", "directrice générale": "ceo", "director general": "ceo", "directora general": "ceo", "decision maker": "decider",
	"operations manager": "operations", "operations director": "operations", "it manager": "it", "it director": "it", "finance director": "cfo", "directeur financier": "cfo", "directrice financière": "cfo", "director financiero": "cfo",
	"point of contact": "contact", "contact person": "contact", "purchasing manager": "purchasing", "procurement manager": "purchasing", "responsable des achats": "purchasing", "responsable de compras": "purchasing",
	"head of purchasing": "purchasing", "head of procurement": "purchasing", "head of it": "it", "head of operations": "operations", "head of finance": "cfo",
}

var (
	beingWords = wordSet("is becomes remains ist wird bleibt est devient reste sera es será pasa")
	// What may stand between the verb and the name, or between the verb and the role, without changing either.
	fillerWords = wordSet("now again instead be become still currently already the their his her our my its new main first next current sole only single primary going to on forward from as jetzt nun ab künftig weiter weiterhin wieder unser unsere unserer der die das neue neuer neuen neues " +
		"désormais maintenant toujours la le les notre nos nouveau nouvelle nouvel son sa leur ahora el la nuestro nuestra nuevo nueva a ser su sus principal erste erster alleiniger your ihr ihre ihrem deine dein votre vos vuestro vuestra tu")
	yourWords   = wordSet("your ihr ihre ihrem ihren dein deine votre vos vuestro vuestra tu tus su sus")
	articleOne  = wordSet("a an ein eine einer un une una another one ein-")
	whoWords    = wordSet("who what which whose wer was welche welcher qui quel quelle quién quien qué cuál")
	leavingWord = wordSet("left leaves verlassen verlässt quitté quitte dejado deja")
)

// holdings reads every role that a normalised sentence gives to somebody.
func holdings(tokens []token) []holding {
	var out []holding
	lang := guess(tokens)
	for i := range tokens {
		role, n := roleAt(tokens, i)
		if n == 0 {
			continue
		}
		h := holding{role: role}
		from := h.before(tokens, i)
		h.over = overAt(tokens, max(from-4, 0), min(i+n+4, len(tokens)))
		if from < 0 {
			continue
		}
		start, end := nameBehind(tokens, h.behind(tokens, i+n), lang)
		if end <= start {
			start, end = nameBefore(tokens, from, lang)
			h.trailing(tokens[i+n:])
		}
		if near := tokens[max(from-4, 0):min(i+n+4, len(tokens))]; !h.over && negated(near) {
			continue // "Hanna is not our contact" says nothing of who is
		}
		if h.named(tokens, start, end) {
			out = append(out, h)
		}
	}
	return append(out, replacements(tokens, lang)...)
}

func roleAt(tokens []token, i int) (string, int) {
	for n := 3; n > 1; n-- {
		if i+n <= len(tokens) {
			words := make([]string, n)
			for k := range words {
				words[k] = tokens[i+k].lower
			}
			if role, ok := rolePhrases[strings.Join(words, " ")]; ok {
				return role, n
			}
		}
	}
	if role, ok := roleWords[tokens[i].lower]; ok {
		if i > 0 { // the last word of a phrase has been read with it
			for n := 2; n <= 3 && i-n+1 >= 0; n++ {
				if _, taken := roleAt(tokens, i-n+1); taken == n {
					return "", 0
				}
			}
		}
		return role, 1
	}
	return "", 0
}

func namesRole(text string) bool {
	tokens := lex(text)
	return slices.ContainsFunc(tokens, func(t token) bool { return roleWords[t.lower] != "" })
}

// before walks from the role back over what belongs to it, and gives where that begins; -1 where it is one of several ("a contact").
func (h *holding) before(tokens []token, i int) int {
	var own []string
	definite := roleNeedsNoArticle(tokens[i])
	for i > 0 && tokens[i-1].kind == wordToken {
		t := tokens[i-1]
		switch {
		case articleOne[t.lower]:
			return -1
		case yourWords[t.lower]:
			h.yours, definite = true, true
		case fillerWords[t.lower]:
			definite = true
		case negations[t.lower], t.lower == "longer", t.lower == "mehr":
		case t.lower == "over" || t.lower == "will", beingWords[t.lower] || capital(t.text) && !t.first || functionWords[t.lower] || len(own) == 2:
			return h.qualified(own, definite, i)
		default:
			own = append(own, t.lower)
		}
		i--
	}
	return h.qualified(own, definite, i)
}

func roleNeedsNoArticle(t token) bool { return acronym(t.text) || t.first }

func (h *holding) qualified(own []string, definite bool, i int) int {
	if !definite && len(own) > 0 && i > 0 {
		return -1
	}
	h.add(own)
	return i
}

func (h *holding) add(words []string) {
	all := append(strings.Fields(h.qualifiers), words...)
	slices.Sort(all)
	h.qualifiers = strings.Join(all, " ")
}

// behind walks over "for billing" or "at the Cork branch" behind the role to its verb or colon, and gives where the name must begin; -1 where there is none.
func (h *holding) behind(tokens []token, i int) int {
	var own []string
	for ; i < len(tokens) && len(own) < 5; i++ {
		t := tokens[i]
		switch {
		case t.lower == "will" || beingWords[t.lower], t.text == ":":
			h.add(own)
			i++
			for i < len(tokens) && (fillerWords[tokens[i].lower] || titles[tokens[i].lower] || tokens[i].text == "." && i > 0 && titles[tokens[i-1].lower]) {
				i++
			}
			return i
		case t.kind == markToken:
			return -1
		case !functionWords[t.lower] && !titles[t.lower]:
			own = append(own, t.lower)
		}
	}
	return -1
}

// trailing takes the qualifiers behind a role that ends its clause: "is our contact for billing from Monday".
func (h *holding) trailing(rest []token) {
	var own []string
	for _, t := range rest {
		if t.kind == markToken || clauseWords[t.lower] || joinWords[t.lower] && t.lower != "to" && t.lower != "a" || len(own) == 4 {
			break
		}
		if !functionWords[t.lower] && !fillerWords[t.lower] && !ordinaryCapital(t) && unitWords[t.lower] == 0 && t.kind == wordToken && !negations[t.lower] && !restWords[t.lower] {
			own = append(own, t.lower)
		}
	}
	h.add(own)
}

// What may follow a role without telling it from another one.
var restWords = wordSet("anymore longer more mehr plus too also here then auch hier aussi ici también aquí today tomorrow heute morgen hoy mañana")

// named takes the name at a place.
func (h *holding) named(tokens []token, from, to int) bool {
	if from < 0 || to <= from {
		return false
	}
	var words []string
	for _, t := range tokens[from:to] {
		words = append(words, t.text)
	}
	h.shown = strings.Join(words, " ")
	h.name = crm.Terms(h.shown)
	return len(h.name) > 0
}

// nameBehind gives the range of a name that begins at token i. In German, where every noun has a capital, a name has two words or a title.
func nameBehind(tokens []token, i int, lang string) (from, to int) {
	if i < 0 {
		return -1, -1
	}
	to = i
	for to < len(tokens) && to < i+3 && nameWord(tokens[to]) {
		to++
	}
	titled := i > 0 && (titles[tokens[i-1].lower] || tokens[i-1].text == "." && i > 1 && titles[tokens[i-2].lower])
	if lang == "de" && to-i < 2 && !titled {
		return -1, -1
	}
	return i, to
}

// nameBefore finds the name in front of the verb that ends before token i: "Hanna Vogel is our contact", "Hanna Vogel takes over as contact".
func nameBefore(tokens []token, i int, lang string) (from, to int) {
	if i < 1 {
		return -1, -1
	}
	verb := i - 1
	for verb > 0 && (fillerWords[tokens[verb].lower] || negations[tokens[verb].lower] || tokens[verb].lower == "longer" || tokens[verb].lower == "mehr") {
		verb--
	}
	switch lower := tokens[verb].lower; {
	case beingWords[lower]:
	case lower == "over" && verb > 0 && (tokens[verb-1].lower == "takes" || tokens[verb-1].lower == "taken"):
		verb--
		if tokens[verb].lower == "taken" && verb > 0 && (tokens[verb-1].lower == "has" || tokens[verb-1].lower == "have") {
			verb--
		}
	case lower == "will":
	default:
		return -1, -1
	}
	for verb > 0 && (tokens[verb-1].lower == "will" || tokens[verb-1].lower == "now" || tokens[verb-1].lower == "n'") {
		verb--
	}
	to = verb
	from = to
	for from > 0 && to-from < 3 && nameWord(tokens[from-1]) {
		from--
	}
	titled := from > 0 && (titles[tokens[from-1].lower] || tokens[from-1].text == ".")
	if lang == "de" && to-from < 2 && !titled {
		return -1, -1
	}
	return from, to
}

func nameWord(t token) bool {
	return t.kind == wordToken && capital(t.text) && !ordinaryCapital(t) && !functionWords[t.lower] && roleWords[t.lower] == "" && !whoWords[t.lower] && !strings.ContainsFunc(t.text, unicode.IsDigit)
}

// overAt: between two places the sentence says that something has come to an end.
func overAt(tokens []token, from, to int) bool {
	for k := from; k < to; k++ {
		next := wordAt(tokens, k+1).lower
		switch tokens[k].lower {
		case "no":
			if next == "longer" {
				return true
			}
		case "nicht":
			if next == "mehr" {
				return true
			}
		case "plus":
			if k > 0 && negations[tokens[max(k-2, 0)].lower] || k > 0 && strings.HasPrefix(tokens[k-1].lower, "n'") {
				return true
			}
		case "ya":
			if next == "no" {
				return true
			}
		case "anymore":
			return true
		}
	}
	return false
}

// Verbs between who comes and who goes.
var replacing = []string{"replaces", "is replacing", "will replace", "has replaced", "takes over from", "has taken over from", "will take over from", "succeeds", "ersetzt", "übernimmt von", "löst", "remplace", "a remplacé", "remplacera",
	"sustituye a", "reemplaza a", "ha sustituido a"}

// replacements reads "Hanna Vogel replaces Mira Kovac" and "Mira Kovac has left the company": whatever Mira Kovac was, she is it no more.
func replacements(tokens []token, lang string) []holding {
	var out []holding
	gone := func(from, to int) {
		h := holding{over: true}
		if h.named(tokens, from, to) {
			out = append(out, h)
		}
	}
	for i := range tokens {
		for _, verb := range replacing {
			if n := len(strings.Fields(verb)); i+n < len(tokens) && phraseAt(tokens, i, verb) {
				at := i + n
				for at < len(tokens) && (titles[tokens[at].lower] || tokens[at].text == ".") {
					at++
				}
				if _, to := nameBehind(tokens, i-1, "en"); to > i-1 { // somebody replaces them: a name stands directly before the verb
					gone(nameBehind(tokens, at, lang))
				}
			}
		}
		if leavingWord[tokens[i].lower] && i > 1 {
			switch prev := tokens[i-1].lower; {
			case prev == "has", prev == "a", prev == "ha":
				from := i - 1
				for from > 0 && i-1-from < 3 && nameWord(tokens[from-1]) {
					from--
				}
				if rest := wordAt(tokens, i+1).lower; rest == "" || rest == "us" || rest == "the" || rest == "nous" || rest == "la" || rest == "l'entreprise" || rest == "our" {
					if company := wordAt(tokens, i+2).lower; rest != "the" && rest != "la" && rest != "our" || company == "company" || company == "business" || company == "société" || company == "empresa" || company == "team" {
						gone(from, i-1)
					}
				}
			}
		}
	}
	return out
}

func phraseAt(tokens []token, i int, phrase string) bool {
	for k, w := range strings.Fields(phrase) {
		if i+k >= len(tokens) || tokens[i+k].lower != w {
			return false
		}
	}
	return true
}

// otherHolder says that a newer sentence gives a role of an older one to somebody else, or takes it from who held it. people are full names that are known: of one person, two sentences may each give
// another part.
func otherHolder(older, newer []holding, people []string) string {
	for _, a := range older {
		if a.over || a.role == "" {
			continue
		}
		for _, b := range newer {
			same := alikeNames(a.name, b.name, people)
			switch {
			case b.over && same && (b.role == "" || b.role == a.role):
				return "a newer statement says that " + a.shown + " is that no more"
			case b.over || same || a.role != b.role || a.qualifiers != b.qualifiers || a.yours != b.yours:
			case slices.ContainsFunc(newer, func(c holding) bool { return !c.over && c.role == a.role && alikeNames(a.name, c.name, people) }): // both are named
			default:
				return "a newer statement names " + b.shown + " instead of " + a.shown
			}
		}
	}
	return ""
}

// alikeNames: two names share a word, or are parts of the name of one known person.
func alikeNames(a, b, people []string) bool {
	if slices.ContainsFunc(a, func(w string) bool { return slices.Contains(b, w) }) {
		return true
	}
	return slices.ContainsFunc(people, func(p string) bool {
		have := termSet(p)
		in := func(w string) bool { return have[w] }
		return slices.ContainsFunc(a, in) && slices.ContainsFunc(b, in)
	})
}
