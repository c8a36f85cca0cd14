package builtin

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/contextd/contextd/internal/crm"
)

// An answer must hold this share of the question's idf mass; the other side's own words must hold more.
const (
	minOurs   = .5
	minTheirs = .75
)

// asked are the questions and requests of the focus; with another From, the newest questions of the whole history, which only later words can answer.
func (t *text) asked(f crm.Field) []claim {
	t.questions = nil
	if f.From != "" && f.From != "focus" {
		return t.askedBefore(f)
	}
	compiled := map[string][]cue{}
	for _, l := range languages {
		compiled[l] = compile(f.Cues, l)
	}
	for i := range t.sentences {
		if len(t.questions) == limit(f.Max, 6) {
			break
		}
		s := &t.sentences[i]
		if !s.focus || len(content(s.terms)) < 2 {
			continue
		}
		if !s.question && len(match(compiled[s.language], s.terms)) == 0 {
			continue
		}
		if slices.ContainsFunc(t.questions, func(q *sentence) bool { return alike(q, s) }) {
			continue
		}
		t.questions = append(t.questions, s)
	}
	t.match()
	out := []claim{}
	for _, q := range t.questions {
		out = append(out, say(q))
	}
	return out
}

// askedBefore keeps only what nobody has answered since: an old question with its answer is no news.
func (t *text) askedBefore(f crm.Field) []claim {
	t.later = true
	compiled := map[string][]cue{}
	for _, l := range languages {
		compiled[l] = compile(f.Cues, l)
	}
	for i := range t.sentences {
		s := &t.sentences[i]
		if !s.question || !allowed(f.From, s) || len(content(s.terms)) < 3 || len(match(compiled[s.language], s.terms)) == 0 {
			continue
		}
		if !slices.ContainsFunc(t.questions, func(q *sentence) bool { return alike(q, s) }) {
			t.questions = append(t.questions, s)
		}
	}
	t.match()
	t.questions = slices.DeleteFunc(t.questions, func(q *sentence) bool { return t.answered[q] != nil })
	slices.SortStableFunc(t.questions, func(a, b *sentence) int { return b.time().Compare(a.time()) })
	out := []claim{}
	for _, q := range keep(t.questions, limit(f.Max, 6)) {
		out = append(out, say(q))
	}
	return out
}

// answers are the sentences of the history that answer a question, each once, in the order of the questions.
func (t *text) answers(f crm.Field) []claim {
	var list []*sentence
	for _, q := range t.questions {
		if a := t.answered[q]; a != nil && !slices.ContainsFunc(list, func(o *sentence) bool { return alike(o, a) }) {
			list = append(list, a)
		}
	}
	out := []claim{}
	for _, a := range keep(list, limit(f.Max, 6)) {
		out = append(out, say(a))
	}
	return out
}

// open are the questions that the history does not answer.
func (t *text) open(f crm.Field) []claim {
	out := []claim{}
	for _, q := range t.questions {
		if t.answered[q] == nil {
			out = append(out, say(q))
		}
	}
	return keep(out, limit(f.Max, 6))
}

// match finds for each question the sentence that holds most of what it asks about: weights are idf over all sentences, the newer of equals wins.
func (t *text) match() {
	idf := t.idf()
	for _, q := range t.questions {
		ask := content(q.terms)
		whole := 0.0
		for _, term := range ask {
			whole += idf(term)
		}
		best, score := (*sentence)(nil), 0.0
		for i := range t.sentences {
			s := &t.sentences[i]
			if t.later && !s.time().After(q.time()) || !t.later && !t.shareable(s) || s.question || repeats(s, q) {
				continue
			}
			shared, held := 0, 0.0
			have := t.contentOf(s)
			for _, term := range ask {
				if slices.Contains(have, term) {
					shared++
					held += idf(term)
				}
			}
			need := minOurs
			if s.voice != ourVoice {
				need = minTheirs
			}
			cover := held / whole
			if shared < 2 || cover < need {
				continue
			}
			if cover > score+1e-9 || (math.Abs(cover-score) <= 1e-9 && !s.time().Before(best.time())) {
				best, score = s, cover
			}
		}
		if best != nil {
			t.answered[q] = best
		}
	}
}

// repeats reports whether s only says again what q says: a quoted history that normalisation left in, or a request that was made before.
func repeats(s, q *sentence) bool {
	return strings.Contains(strings.Join(s.terms, " "), strings.Join(q.terms, " "))
}

// shareable says whether a sentence may be told to the customer: said to them or by them before. Notes, tasks, our own record of a call and talks among ourselves
// are internal (their voice is unknown, or nobody of theirs is there) and never reach a draft.
func (t *text) shareable(s *sentence) bool {
	if s.focus || s.question || s.voice == unknownVoice || s.passage.Direction == crm.Forwarded {
		return false
	}
	if !call(s.passage.Kind) {
		return true
	}
	return slices.ContainsFunc(t.sentences, func(o sentence) bool { return o.passage.Activity == s.passage.Activity && o.voice == theirVoice })
}

func (t *text) idf() func(string) float64 {
	df := map[string]int{}
	for i := range t.sentences {
		for _, term := range t.contentOf(&t.sentences[i]) {
			df[term]++
		}
	}
	n := float64(len(t.sentences))
	return func(term string) float64 { return math.Log(1 + n/float64(1+df[term])) }
}

// contentOf keeps what content finds: every question looks at every sentence.
func (t *text) contentOf(s *sentence) []string {
	have, ok := t.contents[s]
	if !ok {
		have = content(s.terms)
		t.contents[s] = have
	}
	return have
}

// content are the distinct telling terms of a sentence, cut to stems of six letters so that word forms meet.
func content(terms []string) []string {
	out := make([]string, 0, len(terms))
	for _, t := range terms {
		if stopWord(t) {
			continue
		}
		if r := []rune(t); len(r) > 6 {
			t = string(r[:6])
		} else if len(r) > 3 {
			t = strings.TrimSuffix(t, "s")
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// phrase is a text of the plan in the focus's language; {name} becomes the correspondent's first name, or goes with the space before it.
func (t *text) phrase(f crm.Field) string {
	texts := f.Cues[t.language]
	if len(texts) == 0 {
		texts = f.Cues["en"]
	}
	text := f.Value
	if len(texts) > 0 {
		text = texts[0]
	}
	first := ""
	if t.focus != nil {
		first, _, _ = strings.Cut(strings.TrimSpace(t.focus.Person), " ")
	}
	if first == "" || strings.ContainsFunc(first, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' && r != '\'' && r != '’' }) {
		return strings.ReplaceAll(cmp.Or(strings.ReplaceAll(text, " {name}", ""), text), "{name}", "")
	}
	return strings.ReplaceAll(text, "{name}", first)
}
