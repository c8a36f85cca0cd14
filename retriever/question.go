package retriever

import (
	"math"
	"slices"
	"time"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

// question is a question made ready for one account.
type question struct {
	language string
	terms    []term
	mass     float32 // Σ idf of the terms
	masses   masses
	rarest   float32 // highest idf of a term
	bigrams  []bigram
	pairMass float32 // Σ idf of the words of all bigrams
	speakers []int32 // of the account, whom the question names
	people   []crm.Ref
	dates    []span
	wants    crm.Traits // HasNumber, HasTime, HasName
	history  []term     // words of the conversation so far that are not among the terms
	vector   []float32  // the sum of its word vectors, unit length; nil without
}

// term is one word of the question: the stems that it has in the languages of the account. One that the account does not know has no stems and still its idf: it is
// part of what the question asks for.
type term struct {
	word  string
	id    uint32 // of the word in the account's postings, noWord when it is not there
	stems []int32
	idf   float32
}

const noWord = 1<<32 - 1

// bigram is two telling words of the question, one behind the other: adjacent when nothing stands between them.
type bigram struct {
	a, b     int // indexes of terms
	adjacent bool
}

// mostTerms is how many words of a question count: each has a bit in a mask. The rest of a longer text is read for its vector only.
const mostTerms = 64

// ask reads the question for an account.
func (a *account) ask(q crm.Question, now time.Time, stats statistics, names []Name) *question {
	words := crm.Terms(q.Text)
	language := a.languageOf(q.Text)
	if !asking(q.Text, words) {
		language = keywords
	}
	out := &question{language: language, wants: wants(words), dates: datesOf(words, language, now, a.earliest, a.latest)}
	skip := a.named(out, words)
	resolve(out, words, names)
	out.terms, out.bigrams = a.terms(words, skip, language, stats)
	if len(out.terms) == 0 {
		out.terms, out.bigrams = a.terms(words, nil, language, stats) // nothing but names and function words: then these count
	}
	for _, t := range out.terms {
		out.mass += t.idf
		out.rarest = max(out.rarest, t.idf)
	}
	if out.mass > 0 {
		out.masses = massesOf(out.terms, out.mass)
	}
	for _, b := range out.bigrams {
		out.pairMass += out.terms[b.a].idf + out.terms[b.b].idf
	}
	if len(q.History) > 0 {
		out.history = a.past(q.History, language, out.terms, stats)
	}
	if static := a.vocabulary.static; static != nil {
		out.vector = sum(static, words, skip)
	}
	return out
}

// languageOf is the language of a question: its own, else that of the account's text, since questions are short.
func (a *account) languageOf(text string) string {
	if l := analysis.Language(text); l != "" {
		return l
	}
	if len(a.languages) > 0 {
		return a.languages[0]
	}
	return ""
}

// named finds the speakers whom the question names, by their full name or a part of it that no other speaker has, and says which words are those names.
func (a *account) named(out *question, words []string) (skip []bool) {
	skip = make([]bool, len(words))
	for i, w := range words {
		// What neither the account nor the language knows may be a name with a slip.
		slip := a.stemOf(w) == none && !analysis.QuestionWords(w, "en")
		for id := range a.speakers {
			n := a.nameAt(int32(id), words[i:], slip)
			for j := range n {
				skip[i+j] = true
			}
			if n > 0 && !slices.Contains(out.speakers, int32(id)) {
				out.speakers = append(out.speakers, int32(id))
			}
		}
	}
	return skip
}

// nameAt says how many words from here are the speaker's name: all of it, or one word of it that is nobody else's.
func (a *account) nameAt(id int32, words []string, slip bool) int {
	p := &a.speakers[id]
	if len(words) >= len(p.words) && slices.Equal(words[:len(p.words)], p.words) {
		return len(p.words)
	}
	if slices.Contains(p.called, words[0]) {
		return 1
	}
	part := slices.Contains(p.words, words[0])
	if !part && slip {
		part = slices.ContainsFunc(p.words, func(w string) bool { return spelled(w, words[0]) })
	}
	if !part || len(words[0]) < 3 {
		return 0
	}
	for other, o := range a.speakers {
		if int32(other) != id && slices.Contains(o.words, words[0]) {
			return 0
		}
	}
	return 1
}

// terms are the question's words that carry meaning, each once by its stem, and the pairs of them that stand side by side.
func (a *account) terms(words []string, skip []bool, language string, stats statistics) ([]term, []bigram) {
	var out []term
	var pairs []bigram
	before, adjacent := none, false
	for i, w := range words {
		if skip != nil && (skip[i] || analysis.QuestionWords(w, language)) {
			adjacent = false
			continue
		}
		t := a.term(w, stats)
		at := slices.IndexFunc(out, func(o term) bool { return o.word == t.word || (len(t.stems) > 0 && slices.Equal(o.stems, t.stems)) })
		if at < 0 {
			if len(out) == mostTerms {
				break
			}
			at = len(out)
			out = append(out, t)
		}
		if b := (bigram{before, at, adjacent}); before != none && before != at && !slices.Contains(pairs, b) {
			pairs = append(pairs, b)
		}
		before, adjacent = at, true
	}
	return out, pairs
}

func (a *account) term(w string, stats statistics) term {
	t := term{word: w, id: a.vocabulary.id(w)}
	for _, l := range a.languages {
		if id := a.vocabulary.stem(analysis.Stem(w, l)); id != none && len(a.postings(id)) > 0 && !slices.Contains(t.stems, id) {
			t.stems = append(t.stems, id)
		}
	}
	switch {
	case len(t.stems) > 0:
		t.idf = a.rarity(t.stems[0], stats)
		for _, s := range t.stems[1:] {
			t.idf = min(t.idf, a.rarity(s, stats))
		}
	case stats != nil && stats.Chunks >= len(a.shapes):
		t.idf = idf(stats.Chunks, min(stats.With[w], stats.Chunks))
	default:
		t.idf = idf(len(a.shapes), 0)
	}
	return t
}

// past are the telling words of the conversation so far, the latest first, without those that the question itself has.
func (a *account) past(history []string, language string, own []term, stats statistics) []term {
	var out []term
	for i := len(history) - 1; i >= 0 && len(out) < mostTerms; i-- {
		for _, w := range crm.Terms(history[i]) {
			if analysis.QuestionWords(w, language) || len(out) == mostTerms {
				continue
			}
			t := a.term(w, stats)
			same := func(o term) bool { return o.word == w || (len(t.stems) > 0 && slices.Equal(o.stems, t.stems)) }
			if len(t.stems) > 0 && !slices.ContainsFunc(out, same) && !slices.ContainsFunc(own, same) {
				out = append(out, t)
			}
		}
	}
	return out
}

// sum is the direction of the words' vectors together, without those to skip; nil when none has a meaning.
func sum(static Static, words []string, skip []bool) []float32 {
	out := make([]float32, static.Dimension())
	any := false
	for i, w := range words {
		if skip != nil && skip[i] {
			continue
		}
		if v := static.Word(w); len(v) > 0 {
			vek32.Add_Inplace(out, v)
			any = true
		}
	}
	if !any {
		return nil
	}
	unit(out)
	for _, x := range out {
		if math.IsNaN(float64(x)) {
			return nil
		}
	}
	return out
}
