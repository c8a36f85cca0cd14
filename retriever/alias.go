package retriever

import (
	"slices"

	"github.com/contextd/contextd/internal/analysis"
)

// greetings are the words that a name follows when somebody is spoken to.
var greetings = map[string]bool{"hi": true, "hey": true, "hello": true, "thanks": true, "morning": true, "evening": true, "afternoon": true, "night": true, "bye": true, "dear": true,
	"hallo": true, "danke": true, "liebe": true, "lieber": true, "bonjour": true, "salut": true, "merci": true, "cher": true, "chere": true, "hola": true, "gracias": true, "buenos": true,
	"you": true, "wow": true}

const (
	calledTimes  = 3    // how often a name must be heard behind a greeting
	calledShare  = 0.25 // of all its uses that must be such
	calledByThem = 0.85 // share of its uses that are by the other side: nobody calls himself by name
)

// calls finds what speakers are called by those who talk to them, where two talk: "Hey Mel" said to Melanie, or "Hi Kate" to somebody whose account says Emi.
func (a *account) calls(list []string) {
	pairs := a.twosomes()
	if len(pairs) == 0 {
		return
	}
	uses := a.greeted(list, pairs)
	if len(uses) == 0 {
		return
	}
	heard := make([]bool, len(list))
	for key := range uses {
		heard[key[0]] = true
	}
	for i := range a.at {
		pair, ok := pairs[a.session[i]]
		if !ok || a.speaker[i] == none {
			continue
		}
		to := pair[0] + pair[1] - a.speaker[i]
		for _, w := range a.said(int32(i)) {
			if !heard[w] {
				continue
			}
			if u := uses[[2]int32{int32(w), to}]; u != nil {
				u.by++
				u.all++
			}
			if u := uses[[2]int32{int32(w), a.speaker[i]}]; u != nil {
				u.all++
			}
		}
	}
	for key, u := range uses {
		if u.greeted >= calledTimes && float64(u.greeted) >= calledShare*float64(u.by) && float64(u.by) >= calledByThem*float64(u.all) {
			s := &a.speakers[key[1]]
			s.called = append(s.called, list[key[0]])
		}
	}
	for i := range a.speakers {
		slices.Sort(a.speakers[i].called)
	}
}

// use is how often a word was heard: behind a greeting, from the other side, from anybody.
type use struct{ greeted, by, all int }

// greeted are the words that stand behind a greeting, with who was spoken to.
func (a *account) greeted(list []string, pairs map[int32][2]int32) map[[2]int32]*use {
	uses := map[[2]int32]*use{}
	greets := make([]bool, len(list))
	for w, word := range list {
		greets[w] = greetings[word]
	}
	for i := range a.at {
		pair, ok := pairs[a.session[i]]
		if !ok || a.speaker[i] == none {
			continue
		}
		words := a.said(int32(i))
		for k := 1; k < min(8, len(words)); k++ {
			if w := words[k]; greets[words[k-1]] && a.mayName(list[w]) {
				key := [2]int32{int32(w), pair[0] + pair[1] - a.speaker[i]}
				if uses[key] == nil {
					uses[key] = &use{}
				}
				uses[key].greeted++
			}
		}
	}
	return uses
}

// mayName: no function word, and nobody's own name.
func (a *account) mayName(w string) bool {
	if len(w) < 2 || greetings[w] || everybody[w] || analysis.QuestionWords(w, a.languages[0]) {
		return false
	}
	return !slices.ContainsFunc(a.speakers, func(s person) bool { return slices.Contains(s.words, w) })
}

// twosomes are the sessions in which exactly two speak.
func (a *account) twosomes() map[int32][2]int32 {
	in := map[int32][]int32{}
	for i, s := range a.speaker {
		if session := a.session[i]; s != none && !slices.Contains(in[session], s) {
			in[session] = append(in[session], s)
		}
	}
	out := map[int32][2]int32{}
	for session, who := range in {
		if len(who) == 2 {
			out[session] = [2]int32{who[0], who[1]}
		}
	}
	return out
}

// spelled reports whether two names differ by a slip: one letter in four or five, two in longer ones.
func spelled(a, b string) bool {
	most := 1
	switch short := min(len(a), len(b)); {
	case short < 4:
		return false
	case short > 6:
		most = 2
	}
	return distance(a, b, most) <= most
}

// distance is the number of bytes to insert, delete, replace or swap with their neighbour; above most, anything above it.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// everybody is called so.
var everybody = map[string]bool{"guys": true, "all": true, "everyone": true, "everybody": true, "folks": true, "team": true, "man": true, "dude": true, "bro": true, "friend": true,
	"buddy": true, "love": true, "again": true, "alle": true, "zusammen": true, "leute": true, "tous": true, "toutes": true, "todos": true, "equipo": true}
