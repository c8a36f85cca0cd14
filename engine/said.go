package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// said holds what a statement says beside what its quotes and their metadata say.
type said struct {
	claim    facts
	tokens   []token
	lang     string
	quotes   facts
	text     string // of all quotes together
	said     string // the statement itself, normalised
	evidence []crm.Evidence
	findings []string // texts of findings that are quoted, normalised
	people   []string
	account  string // its name
	foreign  bool   // no quote is in the language of the statement
	passive  bool   // what is done is said before who does it
	days     []day  // of the quotes, resolved
	dated    []day  // of their passages: they prove a full date, a month with its year, and a year

	quoteTexts []string  // normalised
	pieces     []piece   // of the statement
	beside     []quoted  // the statement laid beside each quote
	named      []mention // its names, each with what stands around it
	voices     []spoken  // the quotes, as names are looked for in them
}

func statedBy(s Statement, evidence []crm.Evidence, scope Scope) said {
	out := said{evidence: evidence, account: scope.AccountName}
	langs := map[string]bool{}
	for _, q := range s.Quotes {
		src := scope.Sources[q.Passage]
		at := src.Time
		if scope.Zone != nil && !at.IsZero() {
			at = at.In(scope.Zone)
		}
		text := normalise(q.Quote).text
		if found, is := scope.Findings[q.Passage]; is {
			out.findings = append(out.findings, text)
			src.Language = found.Language
		}
		f := factsOf(text, src.Language, true)
		for _, d := range f.days {
			out.days = append(out.days, d.resolve(at)...)
		}
		if !at.IsZero() {
			out.dated = append(out.dated, dayOf(at))
		}
		out.quotes.numbers = append(out.quotes.numbers, f.numbers...)
		out.quotes.clocks = append(out.quotes.clocks, f.clocks...)
		out.quotes.exact = append(out.quotes.exact, f.exact...)
		out.quotes.units = append(append(out.quotes.units, f.units...), unitsBeside(src.Text, text)...)
		out.quoteTexts = append(out.quoteTexts, text)
		out.text += "\n" + text
		langs[src.Language] = true
	}
	for _, e := range evidence {
		out.people = append(out.people, e.Person)
	}
	text := normalise(s.Text).text
	out.said = text
	out.tokens = lex(text)
	out.lang = guess(out.tokens)
	if len(langs) == 1 {
		for l := range langs {
			if out.lang == "" || l != "" && smallWords(out.tokens, out.lang) < smallWords(out.tokens, l)+2 {
				out.lang = l // a single word of another language tells little
			}
		}
	}
	out.foreign = out.lang != "" && !langs[out.lang] && !langs[""] && len(langs) > 0
	out.claim = factsOf(text, out.lang, false)
	out.layBeside()
	out.passive = passive(out.tokens, out.lang)
	for _, n := range namesIn(out.tokens, out.lang) {
		out.named = append(out.named, place(out.tokens, n[0], n[1]))
	}
	out.voices = out.spoken()
	return out
}

// unitsBeside lists the units of time that the rest of the quote's clause names: whoever quotes a price may leave "a year" out.
func unitsBeside(passage, quote string) []byte {
	start, end, ok := normalise(passage).find(quote)
	if !ok {
		return nil
	}
	return unitsNamed(lex(beside(passage, start, end)))
}

// unled is the statement without the name of who said it, where that leads it ("Name: words").
func (s said) unled() string {
	for _, e := range s.evidence {
		if own, ok := strings.CutPrefix(s.said, normalise(e.Person).text+": "); ok && e.Person != "" {
			return own
		}
	}
	return s.said
}

// repeats: the statement is nothing but words of one of its quotes, led at most by the name of who said just those.
func (s said) repeats() bool {
	if slices.Contains(s.findings, s.said) {
		return true
	}
	for _, e := range s.evidence {
		own := strings.TrimRight(s.said, ".!?… ")
		if e.Person != "" {
			own = strings.TrimPrefix(own, normalise(e.Person).text+": ")
		}
		if start, end, ok := normalise(e.Quote).find(own); ok && !leavesOutNegation(e.Quote, start, end) && leavesOutDoubt(e.Quote, start, end) == "" {
			return true
		}
	}
	return false
}

// misattributed: the statement gives the words of a quote to somebody else ("Name: words").
func (s said) misattributed() string {
	lead, rest, led := strings.Cut(strings.TrimRight(s.said, ".!?… "), ": ")
	if !led || rest == "" {
		return ""
	}
	for _, e := range s.evidence {
		if _, _, ok := normalise(e.Quote).find(rest); !ok {
			continue
		}
		have := termSet(e.Person)
		if e.Person == "" {
			have = termSet(e.Quote)
		}
		for _, t := range crm.Terms(lead) {
			if !have[t] && (e.Person != "" || capital(lead)) {
				return "these are the words of " + cmp.Or(shorten(e.Person), "somebody else")
			}
		}
	}
	return ""
}

func (s said) numbersMissing() string {
	words := map[string]bool{}
	for _, t := range s.tokens {
		words[t.lower] = true
	}
	rules := sums{words: words, quoted: s.quotes.numbers, periods: s.claim.periods, units: s.quotes.units}
	derived := false
	for _, c := range s.claim.numbers {
		has := slices.ContainsFunc(s.quotes.numbers, func(a amount) bool { return a.covers(c) })
		if y, ok := yearOf(c.raw); !has && ok && c.unit == "" {
			has = slices.ContainsFunc(s.days, func(d day) bool { return d.year == y }) || slices.ContainsFunc(s.dated, func(d day) bool { return d.year == y })
		}
		if !has && rules.follows(c) {
			has, derived = true, true
		}
		if !has {
			return fmt.Sprintf("the number %s is not in the quotes", strings.TrimSpace(strconv.FormatFloat(c.value, 'f', -1, 64)+" "+c.unit))
		}
	}
	if why := s.moved(); why != "" && !derived {
		return why
	}
	return s.periodsMissing(derived)
}

// periodsMissing: what is so much a month is not so much a year. A period that a number was converted to is its own proof.
func (s said) periodsMissing(derived bool) string {
	for _, p := range s.claim.periods {
		if slices.Contains(s.quotes.units, p) || derived {
			continue
		}
		return "the quotes do not say that per " + spanNames[p]
	}
	return ""
}

var spanNames = map[byte]string{'n': "minute", 'h': "hour", 'd': "day", 'w': "week", 'm': "month", 'q': "quarter", 'y': "year"}

func (s said) datesMissing() string {
	for _, c := range s.claim.days {
		if !slices.ContainsFunc(s.days, func(d day) bool { return d.covers(c) }) && !s.spans(c) && !s.when(c) {
			return "a date is not in the quotes: " + c.String()
		}
	}
	for _, c := range s.claim.clocks {
		if !slices.Contains(s.quotes.clocks, c) {
			return "the time " + c + " is not in the quotes"
		}
	}
	return ""
}

// when: the claim says when its passage was written or said. A month or weekday alone is too little to tell that from what was said.
func (s said) when(c day) bool {
	whole := c.day > 0 && c.month > 0 || c.year > 0
	return whole && slices.ContainsFunc(s.dated, func(d day) bool { return d.covers(c) })
}

// spans: "in three weeks" follows where three weeks are quoted.
func (s said) spans(c day) bool {
	v, u, ok := c.length()
	return ok && slices.ContainsFunc(s.quotes.numbers, func(a amount) bool { return a.covers(amount{value: v, span: u}) })
}

func (s said) exactMissing() string {
	all := strings.ToLower(s.text + "\n" + strings.Join(s.people, "\n"))
	for _, c := range s.claim.exact {
		if !slices.Contains(s.quotes.exact, c) && !holdsWhole(all, c) {
			return fmt.Sprintf("%q is not in the quotes", shorten(c))
		}
	}
	return ""
}

// holdsWhole finds c in text where it is not part of a longer word.
func holdsWhole(text, c string) bool {
	_, _, ok := normalise(text).find(c)
	return ok
}

func (s said) namesMissing(scope Scope) string {
	have := termSet(s.text, scope.AccountName)
	for _, p := range s.people {
		for _, t := range crm.Terms(p) {
			have[t] = true
		}
	}
	for _, street := range streetsIn(s.said) { // "Rd" is no name where the quote says "Road"
		if slices.Contains(s.quotes.exact, street.spelled) {
			for t := range termSet(street.written) {
				have[t] = true
			}
		}
	}
	var everybody []string
	known := termSet(scope.AccountName)
	for _, src := range scope.Sources {
		for _, person := range src.speakers() {
			everybody = append(everybody, person)
			for _, t := range crm.Terms(person) {
				known[t] = len(t) > 2 && !functionWords[t]
			}
		}
	}
	for _, name := range nameTerms(s.tokens, s.lang, known) {
		if !covered(name, have) {
			return fmt.Sprintf("the name %q is not in the quotes", shorten(name))
		}
	}
	if word := uncased(s.tokens, have); word != "" {
		return fmt.Sprintf("%q is not in the quotes", shorten(word))
	}
	heard := counterpartsOf(have)
	if name := s.unheard(heard); name != "" {
		return fmt.Sprintf("the name %q is not in the quotes", shorten(name))
	}
	return cmp.Or(s.replaced(heard), s.misplaced(have), s.mixed(everybody))
}

func termSet(texts ...string) map[string]bool {
	set := map[string]bool{}
	for _, text := range texts {
		for _, t := range crm.Terms(text) {
			set[t] = true
		}
	}
	return set
}
