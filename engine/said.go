package engine

import (
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
	people   []string
	days     []day // of the quotes, resolved, and of their passages
}

func statedBy(s Statement, evidence []crm.Evidence, scope Scope) said {
	out := said{evidence: evidence}
	langs := map[string]bool{}
	for _, q := range s.Quotes {
		src := scope.Sources[q.Passage]
		at := src.Time
		if scope.Zone != nil && !at.IsZero() {
			at = at.In(scope.Zone)
		}
		text := normalise(q.Quote).text
		f := factsOf(text, src.Language, true)
		for _, d := range f.days {
			out.days = append(out.days, d.resolve(at)...)
		}
		if !at.IsZero() {
			out.days = append(out.days, dayOf(at))
		}
		out.quotes.numbers = append(out.quotes.numbers, f.numbers...)
		out.quotes.clocks = append(out.quotes.clocks, f.clocks...)
		out.quotes.exact = append(out.quotes.exact, f.exact...)
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
	if out.lang == "" && len(langs) == 1 {
		for l := range langs {
			out.lang = l
		}
	}
	out.claim = factsOf(text, out.lang, false)
	return out
}

// repeats: the statement is nothing but words of one of its quotes, led at most by the name of who said just those.
func (s said) repeats() bool {
	for _, e := range s.evidence {
		own := strings.TrimRight(s.said, ".!?… ")
		if e.Person != "" {
			own = strings.TrimPrefix(own, normalise(e.Person).text+": ")
		}
		if start, end, ok := normalise(e.Quote).find(own); ok && !leavesOutNegation(e.Quote, start, end) {
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
		if _, _, ok := normalise(e.Quote).find(rest); !ok || e.Person == "" {
			continue
		}
		have := termSet(e.Person)
		for _, t := range crm.Terms(lead) {
			if !have[t] {
				return "these are the words of " + shorten(e.Person)
			}
		}
	}
	return ""
}

func (s said) numbersMissing() string {
	for _, c := range s.claim.numbers {
		has := slices.ContainsFunc(s.quotes.numbers, func(a amount) bool { return a.covers(c) })
		if y, ok := yearOf(c.raw); !has && ok && c.unit == "" {
			has = slices.ContainsFunc(s.days, func(d day) bool { return d.year == y })
		}
		if !has {
			return fmt.Sprintf("the number %s is not in the quotes", strings.TrimSpace(strconv.FormatFloat(c.value, 'f', -1, 64)+" "+c.unit))
		}
	}
	return ""
}

func (s said) datesMissing() string {
	for _, c := range s.claim.days {
		if !slices.ContainsFunc(s.days, func(d day) bool { return d.covers(c) }) {
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
	known := termSet(scope.AccountName)
	for _, src := range scope.Sources {
		for _, t := range crm.Terms(src.Person) {
			known[t] = len(t) > 2 && !functionWords[t]
		}
	}
	for _, name := range nameTerms(s.tokens, s.lang, known) {
		if !covered(name, have) {
			return fmt.Sprintf("the name %q is not in the quotes", shorten(name))
		}
	}
	return ""
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
