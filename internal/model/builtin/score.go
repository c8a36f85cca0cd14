package builtin

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Evidence older than this, counted from the newest passage, counts half.
const fresh = 150 * 24 * time.Hour

// evidence is a sentence that a rule stands on, and the points that it brought.
type evidence struct {
	s      *sentence
	points float64
	factor string // the rule's name
}

// number adds up the rules' points on the field's base. Each rule counts its newest distinct sentences, at most Max of them.
func (t *text) number(f crm.Field) float64 {
	sum := f.Base
	for _, r := range f.Rules {
		for _, s := range t.find(r) {
			points := r.Points * t.weightOf(s)
			sum += points
			t.evidence[f.Name] = append(t.evidence[f.Name], evidence{s, points, r.Name})
		}
	}
	return soften(sum)
}

// Scores above the knee approach 100 and never reach it: no amount of evidence makes a purchase certain.
const knee = 80

func soften(v float64) float64 {
	if v <= knee {
		return v
	}
	return knee + (100-knee)*(1-math.Exp(-(v-knee)/40))
}

func (t *text) weightOf(s *sentence) float64 {
	if s.finding != nil { // which is stated of today
		return 1
	}
	if s.time().IsZero() || t.newest.Sub(s.time()) > fresh {
		return .5
	}
	return 1
}

// find lists the newest distinct sentences that hold a cue of the rule, newest first, as many as the rule counts. What our own people say in calls and mails is no evidence of what the
// other side has or wants; what they wrote down in notes is, unless the rule wants the other side's own words.
func (t *text) find(r crm.Rule) []*sentence {
	if r.Given != "" && !slices.ContainsFunc(t.findings, func(s sentence) bool { return s.finding.Name == r.Given && between(s.finding.Number, r) }) {
		return nil
	}
	if r.Finding != "" {
		return t.stated(r)
	}
	compiled := map[string][]cue{}
	var out []*sentence
	for i := range t.sentences {
		s := &t.sentences[i]
		if !heard(r, s) || !t.inTime(r, s) {
			continue
		}
		if len(r.Cues) == 0 {
			out = append(out, s)
			continue
		}
		cues, ok := compiled[s.language]
		if !ok {
			cues = compile(r.Cues, s.language)
			compiled[s.language] = cues
		}
		if len(match(cues, s.terms)) > 0 {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b *sentence) int {
		return cmp.Or(b.time().Compare(a.time()), cmp.Compare(b.voice, a.voice), cmp.Compare(a.start, b.start))
	})
	var distinct []*sentence
	for _, s := range out {
		if len(distinct) == limit(r.Max, 1) {
			break
		}
		if !slices.ContainsFunc(distinct, func(o *sentence) bool { return alike(o, s) }) {
			distinct = append(distinct, s)
		}
	}
	return distinct
}

// heard reports whether a rule listens to whoever speaks.
func heard(r crm.Rule, s *sentence) bool {
	switch {
	case s.passage.Kind == crm.Task:
		return false
	case r.Ours:
		return s.voice == ourVoice && !s.question
	case s.voice == ourVoice, r.Theirs && s.voice != theirVoice:
		return false
	}
	return !s.question || s.voice == theirVoice
}

// factors are the sentences that a number or choice stands on, the weightiest first; each sentence once, with the sum of what it brought, as the factor that brought most.
func (t *text) factors(f crm.Field, p schema) []claim {
	var list []evidence
	var most []float64
	for _, e := range t.evidence[f.From] {
		at := slices.IndexFunc(list, func(o evidence) bool { return alike(o.s, e.s) })
		if at < 0 {
			list, most = append(list, e), append(most, math.Abs(e.points))
			continue
		}
		list[at].points += e.points
		if n := math.Abs(e.points); n > most[at] {
			list[at].factor, most[at] = e.factor, n
		}
	}
	slices.SortStableFunc(list, func(a, b evidence) int { return cmp.Compare(math.Abs(b.points), math.Abs(a.points)) })
	out := []claim{}
	for _, e := range keep(list, limit(f.Max, 8)) {
		c := say(e.s)
		if p.has("effect") {
			c.Effect = "raises"
			if e.points < 0 {
				c.Effect = "lowers"
			}
		}
		if p.has("factor") {
			c.Factor = e.factor
		}
		out = append(out, c)
	}
	return out
}

// given adds the findings that a rule was given to what the choice stands on.
func (t *text) given(f crm.Field, r crm.Rule) {
	for i := range t.findings {
		if s := &t.findings[i]; r.Given != "" && s.finding.Name == r.Given && between(s.finding.Number, r) {
			t.evidence[f.Name] = append(t.evidence[f.Name], evidence{s, 0, r.Name})
		}
	}
}

// choice is the value of the first rule that holds: a number at least so high, or a recent sentence or finding, or both where the rule says both. What it found is the
// evidence of the field.
func (t *text) choice(f crm.Field, p schema) string {
	for _, r := range f.Rules {
		if r.AtLeast != nil && t.numbers[r.Of] < *r.AtLeast {
			continue
		}
		if r.AtMost != nil && t.numbers[r.Of] > *r.AtMost {
			continue
		}
		if !r.Looks() {
			return r.Value
		}
		for _, s := range t.find(r) {
			if t.weightOf(s) == 1 {
				t.evidence[f.Name] = append(t.evidence[f.Name], evidence{s, 1, r.Name})
			}
		}
		if len(t.evidence[f.Name]) > 0 {
			t.given(f, r)
			return r.Value
		}
	}
	if f.Value == "" && len(p.Enum) > 0 {
		return p.Enum[0]
	}
	return f.Value
}
