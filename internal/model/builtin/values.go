package builtin

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// values are claims that each carry the value of a rule whose cue they hold; a rule without a value carries the number that stood for the cue's "#". The newest come
// first, of one moment those of earlier rules; a sentence says each value once, with the effect of the first rule that finds it there.
func (t *text) values(f crm.Field) []claim {
	type valued struct {
		s    *sentence
		made claim
	}
	var list []valued
	for _, r := range f.Rules {
		for _, s := range t.find(withMax(r, mostValued)) {
			if !allowed(f.From, s) || slices.ContainsFunc(list, func(v valued) bool { return v.s == s && (r.Value == "" || v.made.Value == r.Value) }) {
				continue
			}
			c := say(s)
			c.Effect, c.Value = r.Effect, r.Value
			if r.Value == "" {
				n, ok := numberIn(compile(r.Cues, s.language), s)
				if !ok {
					continue
				}
				c.Value = n
			}
			list = append(list, valued{s, c})
		}
	}
	slices.SortStableFunc(list, func(a, b valued) int { return b.s.time().Compare(a.s.time()) })
	out := []claim{}
	for _, v := range keep(list, limit(f.Max, 6)) {
		out = append(out, v.made)
	}
	return out
}

// mostValued is how many sentences of one rule are looked at: the newest ones decide.
const mostValued = 3

func withMax(r crm.Rule, n int) crm.Rule {
	r.Max = cmp.Or(r.Max, n)
	return r
}

var grouped = regexp.MustCompile(`^[0-9]{1,3}([.,][0-9]{3})+$`)

// numberIn is the number in digits that a "#" of the cues stood for. Number words say nothing here: the engine could not find them in the quote.
func numberIn(cues []cue, s *sentence) (float64, bool) {
	for _, c := range cues {
		at := slices.Index(c.terms, "#")
		if at < 0 || c.veto {
			continue
		}
		for from := 0; from+len(c.terms) <= len(s.terms); from++ {
			if !c.in(s.terms[from : from+len(c.terms)]) {
				continue
			}
			digits := s.terms[from+at]
			if i := from + at; i > 0 && strings.ContainsAny(s.terms[i-1], ".,") && strings.NewReplacer(".", "", ",", "").Replace(s.terms[i-1]) == digits && !grouped.MatchString(s.terms[i-1]) {
				continue // "1.5" is no 15
			}
			if n, err := strconv.Atoi(digits); err == nil {
				return float64(n), true
			}
		}
	}
	return 0, false
}
