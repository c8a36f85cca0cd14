package builtin

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/contextd/contextd/internal/crm"
)

// minWeight is what a sentence must weigh to be selected: about one telling cue.
const minWeight = .75

// weighed is a sentence that may stand in a field: weight says whether it does, rank before which others.
type weighed struct {
	s            *sentence
	weight, rank float64
}

// claims selects the heaviest sentences of a field and gives them in the order in which they were said.
func (t *text) claims(f crm.Field) []claim {
	var list []weighed
	for _, w := range t.weights[f.Name] {
		if t.home[w.s] == f.Name {
			list = append(list, w)
		}
	}
	slices.SortStableFunc(list, func(a, b weighed) int { return cmp.Compare(b.rank, a.rank) })
	var picked []*sentence
	for _, w := range list {
		if len(picked) >= limit(f.Max, 6) {
			break
		}
		if w.weight < minWeight || t.isUsed(w.s) {
			continue
		}
		t.used = append(t.used, w.s)
		picked = append(picked, w.s)
	}
	slices.SortStableFunc(picked, func(a, b *sentence) int {
		return cmp.Or(a.time().Compare(b.time()), cmp.Compare(a.passage.Start, b.passage.Start), cmp.Compare(a.start, b.start))
	})
	out := []claim{}
	for _, s := range picked {
		out = append(out, say(s))
	}
	return out
}

// settle weighs every sentence for each field of claims and gives it to the field where it weighs most; of equals, to the earlier field of the plan.
func (t *text) settle(plan crm.Plan) {
	best := map[*sentence]float64{}
	for _, f := range plan.Fields {
		if f.Kind != "claims" {
			continue
		}
		t.weights[f.Name] = t.weigh(f)
		if len(f.Like) > 0 {
			t.weights[f.Name] = t.likened(f, plan)
		}
		for _, w := range t.weights[f.Name] {
			if f.From == "new" && w.weight >= minWeight {
				w.weight += 100 // what is new stands among the news, whatever else it is
			}
			if old, ok := best[w.s]; !ok || w.weight > old {
				best[w.s], t.home[w.s] = w.weight, f.Name
			}
		}
	}
}

// likened weighs the sentences of a field by the cues of others: what weighs most in one of them.
func (t *text) likened(f crm.Field, plan crm.Plan) []weighed {
	var out []weighed
	at := map[*sentence]int{}
	for _, o := range plan.Fields {
		if !slices.Contains(f.Like, o.Name) {
			continue
		}
		for _, w := range t.weigh(crm.Field{Cues: o.Cues, From: f.From}) {
			if i, ok := at[w.s]; ok {
				if w.weight > out[i].weight {
					out[i] = w
				}
				continue
			}
			at[w.s] = len(out)
			out = append(out, w)
		}
	}
	return out
}

// weigh gives every sentence that may stand in the field its weight: rare cues weigh more than those that the text is full of.
func (t *text) weigh(f crm.Field) []weighed {
	compiled := map[string][]cue{}
	type hit struct {
		s    *sentence
		cues []int
	}
	var hits []hit
	df := map[string]map[int]int{}
	for i := range t.sentences {
		s := &t.sentences[i]
		if !allowed(f.From, s) || f.Days > 0 && t.newest.Sub(s.time()) > time.Duration(f.Days)*24*time.Hour {
			continue
		}
		if compiled[s.language] == nil {
			compiled[s.language] = compile(f.Cues, s.language)
			df[s.language] = map[int]int{}
		}
		if m := match(compiled[s.language], s.terms); len(m) > 0 {
			hits = append(hits, hit{s, m})
			for _, c := range m {
				df[s.language][c]++
			}
		}
	}
	out := make([]weighed, 0, len(hits))
	for _, h := range hits {
		sum := 0.0
		for _, c := range h.cues {
			phrase := 1 + .2*float64(len(compiled[h.s.language][c].terms)-1)
			sum += phrase / math.Sqrt(float64(df[h.s.language][c]))
		}
		weight := math.Sqrt(sum)*1.3 + shape(h.s)
		rank := weight
		if f.From != "focus" && weight > 0 {
			rank *= t.freshness(h.s)
		}
		out = append(out, weighed{h.s, weight, rank})
	}
	return out
}

// freshness halves the rank of a sentence with every 150 days that it is older than the newest passage, to a quarter at most: what was said last goes first.
func (t *text) freshness(s *sentence) float64 {
	if s.time().IsZero() {
		return .25
	}
	return max(.25, math.Pow(.5, float64(t.newest.Sub(s.time()))/float64(fresh)))
}

func allowed(from string, s *sentence) bool {
	switch from {
	case "focus":
		return s.focus
	case "theirs":
		return s.voice == theirVoice
	case "new":
		return s.passage.New
	}
	return true
}

// shape is what a sentence's form says of its worth: figures and the customer's own words are good, questions, scraps and endless sentences are not.
func shape(s *sentence) float64 {
	w := 0.0
	if strings.IndexFunc(s.quote(), unicode.IsDigit) >= 0 || slices.ContainsFunc(s.terms, isNumber) {
		w += .35
	}
	if s.voice == theirVoice {
		w += .25
	}
	if s.question {
		w -= 1.2
	}
	content := 0
	for _, t := range s.terms {
		if !stopWord(t) {
			content++
		}
	}
	switch {
	case content < 3:
		w -= 1
	case len(s.terms) < 6:
		w -= .5
	case content >= 6:
		w += .2
	}
	if len(s.terms) > 45 {
		w -= .5
	}
	return w
}
