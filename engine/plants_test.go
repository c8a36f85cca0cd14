package engine

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// plant is one way to make a true claim false. make gives ok false where the claim has nothing to change; it may change the scope's passages instead of the claim.
type plant struct {
	kind string
	make func(set *plantedSet, rnd *rand.Rand, s Statement, scope *Scope) (Statement, bool)
}

var plants = []plant{
	{"number", plantNumber}, {"date", plantDate}, {"name", plantName}, {"negation", plantNegation}, {"foreign quote", plantForeign}, {"invented quote", plantInvented},
	{"paraphrase as quote", plantParaphrase}, {"doubt dropped", plantDoubt}, {"unit", plantUnit}, {"numbers swapped", plantSwap},
}

// body splits off the speaker's name, which is part of a claim and not of what was said.
func body(s Statement, set *plantedSet) (lead, rest string) {
	if name, rest, ok := strings.Cut(s.Text, ": "); ok && len(name) < 40 && capital(name) && strings.Contains(name, " ") {
		return name + ": ", rest
	}
	return "", s.Text
}

var (
	digits   = expression(`\d[\d.,' ]*\d|\d`)
	numerals = map[string][]string{
		"en": {"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "fourteen", "fifteen", "twenty", "thirty", "forty", "fifty", "sixty", "hundred", "thousand"},
		"de": {"zwei", "drei", "vier", "fünf", "sechs", "zehn", "zwölf", "vierzehn", "zwanzig", "dreißig", "vierzig", "achtundachtzig"},
		"fr": {"deux", "trois", "quatre", "cinq", "huit", "dix", "douze", "quinze", "vingt", "trente"},
		"es": {"tres", "cuatro", "cinco", "seis", "ocho", "diez", "doce", "quince", "veinte", "treinta"},
	}
)

// facts of quotes and the change of one word, with its place
func replaceWord(text, old, new string) (string, bool) {
	i, ok := wholeWord(text, old)
	if !ok {
		return text, false
	}
	return text[:i] + new + text[i+len(old):], true
}

// wholeWord finds a word that is no part of a longer one.
func wholeWord(text, word string) (int, bool) {
	inner := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '\'' || r == '-' }
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return 0, false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		if !inner(before) && !inner(after) {
			return i, true
		}
		from = i + 1
	}
}

func quoteText(s Statement) string {
	var b strings.Builder
	for _, q := range s.Quotes {
		b.WriteString(q.Quote + "\n")
	}
	return b.String()
}

// plantNumber changes a number, in digits or words, to one that the quotes do not have. Days of dates and times are left to plantDate.
func plantNumber(set *plantedSet, rnd *rand.Rand, s Statement, _ *Scope) (Statement, bool) {
	lead, text := body(s, set)
	have := factsOf(normalise(quoteText(s)).text, "", true)
	dated := factsOf(normalise(text).text, set.passages[s.Quotes[0].Passage].Language, false)
	free := func(v float64) bool {
		return !slices.ContainsFunc(have.numbers, func(a amount) bool { return a.value == v }) && !slices.ContainsFunc(have.days, func(d day) bool { return float64(d.day) == v || float64(d.year) == v })
	}
	if all := digits().FindAllStringIndex(text, -1); len(all) > 0 {
		at := all[rnd.IntN(len(all))]
		old := text[at[0]:at[1]]
		v, ok := parseNumber(old)
		around := text[max(0, at[0]-1):min(len(text), at[1]+1)]
		inDate := slices.ContainsFunc(dated.days, func(d day) bool { return float64(d.day) == v || float64(d.year) == v || float64(d.month) == v })
		if ok && !inDate && !strings.ContainsAny(around, ":/-") && (at[0] == 0 || !isWord(rune(text[at[0]-1]))) {
			changed := []byte(old)
			i := rnd.IntN(len(changed))
			for !isDigit(changed[i]) {
				i = rnd.IntN(len(changed))
			}
			changed[i] = '1' + (changed[i]-'0'+byte(rnd.IntN(7)))%9
			if n, ok := parseNumber(string(changed)); ok && n != v && free(n) {
				s.Text = lead + text[:at[0]] + string(changed) + text[at[1]:]
				return s, true
			}
		}
		return s, false
	}
	words := numerals[set.passages[s.Quotes[0].Passage].Language]
	for _, old := range words {
		other := words[rnd.IntN(len(words))]
		v, n, _ := spelled(lex(other), set.passages[s.Quotes[0].Passage].Language)
		if n == 0 || other == old || !free(v) {
			continue
		}
		if changed, ok := replaceWord(text, old, other); ok && len(dated.days) == 0 {
			s.Text = lead + changed
			return s, true
		}
	}
	return s, false
}

var calendars = [][]string{
	{"January", "February", "March", "April", "June", "July", "August", "September", "October", "November", "December"},
	{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
	{"Januar", "Februar", "März", "April", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
	{"Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"},
	{"janvier", "février", "avril", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
	{"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"},
	{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "septiembre", "octubre", "noviembre", "diciembre"},
	{"lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"},
	{"tomorrow", "yesterday", "today"}, {"morgen", "gestern", "übermorgen"}, {"demain", "aujourd'hui"}, {"ayer", "hoy"},
	{"2025", "2026", "2027", "2028", "2029", "2031"},
}

var dayAndMonth = expression(`\b(\d{1,2})(\.?\s+(?:of\s+|de\s+)?(?:Jan|Feb|Mar|Mär|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez|janv|févr|mars|avril|mai|juin|juil|août|sept|oct|nov|déc|ener|febr|marz|abri|mayo|juni|juli|agos|sept|octu|novi|dici))|((?:January|February|March|April|June|July|August|September|October|November|December)\s+)(\d{1,2})\b`)

// plantDate moves a date: its day, month, weekday, year or relative word, to one that neither the quotes nor their passages' dates have.
func plantDate(set *plantedSet, rnd *rand.Rand, s Statement, scope *Scope) (Statement, bool) {
	lead, text := body(s, set)
	quotes := strings.ToLower(quoteText(s))
	var at []string
	for _, q := range s.Quotes {
		at = append(at, strings.ToLower(scope.Sources[q.Passage].Time.Format("Monday 2 January 2006")))
	}
	quotes += strings.Join(at, " ")
	if m := dayAndMonth().FindStringSubmatchIndex(text); m != nil && rnd.IntN(2) == 0 {
		from, to := m[2], m[3]
		if from < 0 {
			from, to = m[8], m[9]
		}
		old, err := strconv.Atoi(text[from:to])
		for range 20 {
			d := 1 + rnd.IntN(28)
			if err == nil && d != old && !strings.Contains(quotes, strconv.Itoa(d)) {
				s.Text = lead + text[:from] + strconv.Itoa(d) + text[to:]
				return s, true
			}
		}
	}
	for _, words := range calendars {
		for _, old := range words {
			if _, ok := replaceWord(text, old, ""); !ok {
				continue
			}
			for range 20 {
				other := words[rnd.IntN(len(words))]
				if other == old || strings.Contains(quotes, strings.ToLower(other)) {
					continue
				}
				changed, _ := replaceWord(text, old, other)
				if sameDays(set, s, text, changed) {
					continue
				}
				s.Text = lead + changed
				return s, true
			}
		}
	}
	return s, false
}

// sameDays: the change means the same date, seen from the passages.
func sameDays(set *plantedSet, s Statement, before, after string) bool {
	src := set.passages[s.Quotes[0].Passage]
	var resolved []day
	for _, q := range s.Quotes {
		for _, d := range factsOf(normalise(q.Quote).text, set.passages[q.Passage].Language, true).days {
			resolved = append(resolved, d.resolve(set.passages[q.Passage].Time)...)
		}
	}
	resolved = append(resolved, dayOf(src.Time))
	a, b := factsOf(normalise(before).text, src.Language, false).days, factsOf(normalise(after).text, src.Language, false).days
	if len(b) == 0 && len(a) == 0 {
		return true // "may" and the like: no date at all
	}
	for _, d := range b {
		if !slices.ContainsFunc(resolved, func(r day) bool {
			return d.step == "" && r.step == "" && d.year == r.year && d.month == r.month && d.day == r.day && d.weekday == r.weekday || d.covers(r) && d.step == "" && r.covers(d)
		}) {
			for _, r := range resolved {
				for _, x := range d.resolve(src.Time) {
					if x.step == "" && r.step == "" && x.day > 0 && x.day == r.day && x.month == r.month && x.year == r.year {
						return true
					}
				}
			}
			return false
		}
	}
	return true
}

// plantName puts another person's or company's name in the place of one.
func plantName(set *plantedSet, rnd *rand.Rand, s Statement, scope *Scope) (Statement, bool) {
	var own []string
	for _, q := range s.Quotes {
		own = append(own, q.Quote, scope.Sources[q.Passage].Person)
		for _, turn := range scope.Sources[q.Passage].Turns {
			if strings.Contains(s.Text, turn.Speaker) {
				own = append(own, turn.Speaker)
			}
		}
	}
	have := termSet(append(own, scope.AccountName)...)
	var inside []string
	for _, t := range lex(normalise(s.Text).text) {
		if t.kind == wordToken && slices.Contains(set.people, t.text) && !slices.Contains(inside, t.text) {
			inside = append(inside, t.text)
		}
	}
	if len(inside) == 0 {
		return s, false
	}
	old := inside[rnd.IntN(len(inside))]
	for range 50 {
		other := set.people[rnd.IntN(len(set.people))]
		if terms := crm.Terms(other); len(terms) != 1 || covered(terms[0], have) {
			continue
		}
		if changed, ok := replaceWord(s.Text, old, other); ok {
			s.Text = changed
			return s, true
		}
	}
	return s, false
}

var (
	drops = map[string][][2]string{
		"en": {{" not ", " "}, {"don't ", "do "}, {"can't ", "can "}, {"won't ", "will "}, {"isn't ", "is "}, {"hasn't ", "has "}, {"doesn't ", "does "}, {"No ", "Some "}, {" no ", " some "}, {" never ", " always "}, {" without ", " with "}},
		"de": {{" nicht ", " "}, {" nicht.", "."}, {" keine ", " "}, {" kein ", " ein "}, {" keinen ", " einen "}, {"Ohne ", "Mit "}, {" ohne ", " mit "}, {" nie ", " immer "}},
		"fr": {{" ne le ", " le "}, {" ne ", " "}, {" sans ", " avec "}, {" pas ", " "}},
		"es": {{" no ", " "}, {"No ", "Sí "}, {" sin ", " con "}, {" nunca ", " siempre "}},
	}
	inserts = map[string][][2]string{
		"en": {{" is ", " is not "}, {" are ", " are not "}, {" has ", " has not "}, {" have ", " don't have "}, {" will ", " will not "}, {" can ", " cannot "}, {" was ", " was not "}, {" need ", " don't need "}, {" needs ", " does not need "}, {" want ", " don't want "}, {" pay ", " do not pay "}, {" pays ", " does not pay "}},
		"de": {{" ist ", " ist nicht "}, {" sind ", " sind nicht "}, {" hat ", " hat nicht "}, {" haben ", " haben nicht "}, {" wird ", " wird nicht "}, {" kostet ", " kostet nicht "}, {" unterschreibt ", " unterschreibt nicht "}, {" gehen ", " gehen nicht "}},
		"fr": {{" est ", " n'est pas "}, {" sont ", " ne sont pas "}, {" a ", " n'a pas "}, {" veut ", " ne veut pas "}, {" je veux ", " je ne veux pas "}, {" passent ", " ne passent pas "}},
		"es": {{" es ", " no es "}, {" son ", " no son "}, {" está ", " no está "}, {" tiene ", " no tiene "}, {" quiere ", " no quiere "}, {" queda ", " no queda "}, {" Tengo ", " No tengo "}},
	}
)

// plantNegation takes a negation out of a claim or puts one in.
func plantNegation(set *plantedSet, rnd *rand.Rand, s Statement, _ *Scope) (Statement, bool) {
	lead, text := body(s, set)
	lang := set.passages[s.Quotes[0].Passage].Language
	if !denies(lex(normalise(text).text)) {
		for _, p := range inserts[lang] {
			if strings.Count(text, p[0]) == 1 && !strings.Contains(text, "?") {
				s.Text = lead + strings.Replace(text, p[0], p[1], 1)
				return s, true
			}
		}
		return s, false
	}
	for _, p := range drops[lang] {
		if strings.Contains(text, p[0]) {
			changed := strings.Replace(text, p[0], p[1], 1)
			if lang == "fr" {
				changed = strings.NewReplacer(" pas ", " ", " pas.", ".").Replace(changed)
			}
			if denies(lex(normalise(changed).text)) {
				return s, false // another one is left
			}
			s.Text = lead + changed
			return s, true
		}
	}
	return s, false
}

// plantForeign cites another account: its words under a passage of this one, or its passage.
func plantForeign(set *plantedSet, rnd *rand.Rand, s Statement, scope *Scope) (Statement, bool) {
	for range 50 {
		other := set.verbatim[rnd.IntN(len(set.verbatim))]
		quote := other.Quotes[0]
		if set.account(other) == set.account(s) || strings.Contains(normalise(scope.Sources[s.Quotes[0].Passage].Text).text, normalise(quote.Quote).text) || !longEnough(normalise(quote.Quote)) {
			continue
		}
		s.Text, s.Quotes = other.Text, []Quote{quote}
		switch rnd.IntN(3) {
		case 0:
			s.Quotes = []Quote{{Passage: set.accounts[scope.Account.Path()][0], Quote: quote.Quote}}
			return s, !strings.Contains(normalise(scope.Sources[s.Quotes[0].Passage].Text).text, normalise(quote.Quote).text)
		case 1: // the other account's passage slips in under an id of this run
			scope.Sources[quote.Passage] = set.passages[quote.Passage]
		}
		return s, true
	}
	return s, false
}

// plantInvented quotes words that stand nowhere: those of the passage, shuffled.
func plantInvented(_ *plantedSet, rnd *rand.Rand, s Statement, scope *Scope) (Statement, bool) {
	q := s.Quotes[0]
	words := strings.Fields(q.Quote)
	if len(words) < 4 {
		words = strings.Fields(scope.Sources[q.Passage].Text)
	}
	words = slices.Clone(words)
	rnd.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	text := strings.Join(words[:min(len(words), 14)], " ")
	if strings.Contains(normalise(scope.Sources[q.Passage].Text).text, normalise(text).text) || !longEnough(normalise(text)) {
		return s, false
	}
	s.Quotes = []Quote{{q.Passage, text}}
	return s, true
}

// plantParaphrase gives as a quote what is only nearly one: a word is left out, doubled or replaced.
func plantParaphrase(_ *plantedSet, rnd *rand.Rand, s Statement, scope *Scope) (Statement, bool) {
	q := s.Quotes[0]
	words := strings.Fields(q.Quote)
	if len(words) < 5 {
		return s, false
	}
	i := 1 + rnd.IntN(len(words)-2)
	switch rnd.IntN(3) {
	case 0:
		words = slices.Delete(slices.Clone(words), i, i+1)
	case 1:
		words = slices.Insert(slices.Clone(words), i, "really")
	default:
		words = slices.Clone(words)
		words[i] = "something"
	}
	text := strings.Join(words, " ")
	if strings.Contains(normalise(scope.Sources[q.Passage].Text).text, normalise(text).text) {
		return s, false
	}
	s.Quotes = []Quote{{q.Passage, text}}
	return s, true
}

var doubts = map[string][]string{"en": {"Maybe ", "Perhaps ", "I think ", "Hopefully ", "We believe "}, "de": {"Vielleicht ", "Möglicherweise ", "Ich glaube, ", "Hoffentlich "},
	"fr": {"Peut-être que ", "Sans doute que ", "Je crois que ", "Probablement "}, "es": {"Quizás ", "Tal vez ", "Creo que ", "Probablemente "}}

// plantDoubt leaves the claim and makes its evidence doubtful: it is said flatly of what was said with a perhaps. Half of the quotes leave the word out, too.
func plantDoubt(set *plantedSet, rnd *rand.Rand, s Statement, scope *Scope) (Statement, bool) {
	_, text := body(s, set)
	q := s.Quotes[0]
	src := scope.Sources[q.Passage]
	words := doubts[src.Language]
	if word, _ := hedgeOf(lex(normalise(text + " " + q.Quote).text)); len(s.Quotes) > 1 || len(words) == 0 || word != "" || softenedAtAll(text) || strings.ContainsAny(q.Quote, "?:") || clauses(q.Quote) > 1 {
		return s, false
	}
	i := strings.Index(src.Text, q.Quote)
	if i < 0 || i > 0 && !strings.ContainsAny(src.Text[max(0, i-2):i], ".\n:!") {
		return s, false
	}
	word := words[rnd.IntN(len(words))]
	src.Text = src.Text[:i] + word + src.Text[i:]
	src.Stored, src.Start, src.End, src.Turns = src.Text, 0, len(src.Text), nil
	if lead, _ := body(s, set); lead != "" {
		src.Person = strings.TrimSuffix(lead, ": ")
	}
	scope.Sources[q.Passage] = src
	if rnd.IntN(2) == 0 {
		s.Quotes = []Quote{{q.Passage, word + q.Quote}}
	}
	return s, true
}

func softenedAtAll(text string) bool { return softened(lex(normalise(text).text), true, false) }

func clauses(text string) int { return len(clausesOf(normalise(text).text, true)) }

var units = [][]string{{" EUR", " USD"}, {"€", "$"}, {"$", "£"}, {"£", "€"}, {" euros", " dollars"}, {" Euro", " Dollar"}, {" pounds", " dollars"}, {" dollars", " euros"}, {"CHF", "EUR"},
	{" months", " weeks"}, {" weeks", " months"}, {" wks", " months"}, {" years", " months"}, {" days", " weeks"}, {" hours", " days"}, {" minutes", " hours"}, {" a month", " a week"}, {" a day", " a month"},
	{" a year", " a month"}, {"/Jahr", "/Monat"}, {" im Jahr", " im Monat"}, {" im Monat", " im Jahr"}, {" Monate", " Wochen"}, {" Monaten", " Tagen"}, {" Tagen", " Wochen"}, {" Wochen", " Monate"},
	{" Stunden", " Tage"}, {" mois", " ans"}, {" minutes", " heures"}, {" heures", " jours"}, {"/an", "/mois"}, {" par trimestre", " par mois"}, {" años", " meses"}, {" meses", " años"}, {" horas", " días"},
	{" días", " horas"}, {"%", " EUR"}, {" percent", " euros"}, {" Prozent", " Euro"}, {" pour cent", " euros"}}

// plantUnit changes a currency or a unit of time.
func plantUnit(set *plantedSet, _ *rand.Rand, s Statement, _ *Scope) (Statement, bool) {
	lead, text := body(s, set)
	quotes := strings.ToLower(quoteText(s))
	for _, p := range units {
		i := strings.Index(text, p[0])
		if i < 1 || strings.Contains(quotes, strings.ToLower(strings.TrimSpace(p[1]))) || i+len(p[0]) < len(text) && isWord(rune(text[i+len(p[0])])) && isWord(rune(p[0][len(p[0])-1])) {
			continue
		}
		if nums := factsOf(normalise(text[:i]+" x").text, "", true); len(nums.numbers) == 0 && !strings.ContainsAny(p[0], "$£€C") {
			continue // "some days": no number stands with it
		}
		s.Text = lead + text[:i] + p[1] + text[i+len(p[0]):]
		return s, true
	}
	return s, false
}

// plantSwap exchanges two numbers of the claim.
func plantSwap(set *plantedSet, _ *rand.Rand, s Statement, _ *Scope) (Statement, bool) {
	lead, text := body(s, set)
	dated := factsOf(normalise(text).text, set.passages[s.Quotes[0].Passage].Language, false)
	if len(dated.days)+len(dated.clocks) > 0 {
		return s, false
	}
	type place struct{ from, to int }
	var at []place
	for _, m := range digits().FindAllStringIndex(text, -1) {
		at = append(at, place{m[0], m[1]})
	}
	if len(at) < 2 {
		at = nil
		for _, w := range numerals[set.passages[s.Quotes[0].Passage].Language] {
			if from, ok := wholeWord(text, w); ok {
				at = append(at, place{from, from + len(w)})
			}
		}
		slices.SortFunc(at, func(a, b place) int { return a.from - b.from })
	}
	if len(at) < 2 {
		return s, false
	}
	a, b := at[0], at[len(at)-1]
	between := strings.ToLower(strings.TrimSpace(text[a.to:b.from]))
	if text[a.from:a.to] == text[b.from:b.to] || joinWords[between] && between != "to" || between == "," || strings.ContainsAny(text[max(0, a.from-1):min(len(text), b.to+1)], ":/") {
		return s, false // "35 or 90" says the same either way
	}
	s.Text = lead + text[:a.from] + text[b.from:b.to] + text[a.to:b.from] + text[a.from:a.to] + text[b.to:]
	return s, true
}
