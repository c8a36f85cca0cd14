package analysis

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"

	"github.com/contextd/contextd/internal/crm"
)

// stemmers are the programs that the Snowball compiler wrote, as Bleve keeps them: all twelve languages from one source, without cgo. (github.com/kljensen/snowball is
// written by hand and lacks Italian, Portuguese, Dutch, Danish and Finnish.) English is Porter2.
var stemmers = map[string]func(*snowballstem.Env) bool{
	"da": danish.Stem, "de": german.Stem, "en": english.Stem, "es": spanish.Stem, "fi": finnish.Stem, "fr": french.Stem, "it": italian.Stem,
	"nl": dutch.Stem, "no": norwegian.Stem, "pt": portuguese.Stem, "ru": russian.Stem, "sv": swedish.Stem,
}

// maxStem is the longest word in bytes that is stemmed: longer ones are no words of a language.
const maxStem = 40

// Stem is the stem of a word as crm.Terms gives it, in a language as Language gives it: contracts and contract are contract. Words of a language without stemmer, words
// with digits, and pairs of a script without spaces are their own stems. The stem of a stem may be another one.
func Stem(word, language string) string {
	stem := stemmers[language]
	if stem == nil || len(word) < 3 || len(word) > maxStem || !stemmable(word, language == "ru") {
		return word
	}
	return remembered.of(inLanguage{language, word}, func(word string) string {
		env := snowballstem.NewEnv(accented(word, language))
		stem(env)
		return unaccented(env.Current())
	})
}

// stemmable: letters of the language's script only.
func stemmable(word string, cyrillic bool) bool {
	for i := range len(word) {
		switch c := word[i]; {
		case c >= 'a' && c <= 'z':
			if cyrillic {
				return false
			}
		case cyrillic && c >= 0x80:
		default:
			return false
		}
	}
	return true
}

// ending is a folded ending and what it was before its accents were taken away.
type ending struct{ folded, written string }

// endings are those by which a stemmer recognises a suffix and that crm.Terms has robbed of their accents: without them années and négociée keep their last e. Only
// endings that hardly ever stand for something else are restored. Two sets go further than Snowball does, so that Verlängerung meets verlängern and reuniões reunião.
var endings = map[string][]ending{
	"de": {{"erung", "ern"}, {"erungen", "ern"}},
	"es": {{"cion", "ción"}, {"sion", "sión"}, {"logia", "logía"}, {"logias", "logías"}, {"aria", "aría"}, {"abamos", "ábamos"}, {"iamos", "íamos"}},
	"fr": {{"ees", "ées"}, {"ee", "ée"}, {"ites", "ités"}, {"ite", "ité"}, {"erent", "èrent"}},
	"pt": {{"coes", "ção"}, {"oes", "ão"}, {"cao", "ção"}, {"sao", "são"}, {"encia", "ência"}, {"encias", "ências"}, {"logia", "logía"}, {"ariamos", "aríamos"}},
}

func accented(word, language string) string {
	for _, e := range endings[language] {
		if len(word) > len(e.folded)+1 && strings.HasSuffix(word, e.folded) {
			return word[:len(word)-len(e.folded)] + e.written
		}
	}
	return word
}

// unaccented undoes what accented or a stemmer brought in, so that a stem is as folded as a word.
func unaccented(stem string) string {
	for i := range len(stem) {
		if stem[i] >= 0xC3 && stem[i] <= 0xC5 { // the Latin letters with accents
			if t := crm.Terms(stem); len(t) == 1 {
				return t[0]
			}
			return stem
		}
	}
	return stem
}

// Stems counts the stems of words, in the order of first occurrence. Words of a text too short to tell its language are stemmed as English, the likeliest one, so that
// "Two meetings." is found by "meeting".
func Stems(words []string, language string) []crm.TermCount {
	return new(Stemmer).Stems(words, language)
}

// maxKnown bounds what a Stemmer remembers of one language, in words.
const maxKnown = 1 << 14

// Stemmer remembers the stems of words it has met: texts of one portal share most of theirs, and looking one up takes a tenth of the time. The zero value is ready; it is
// for one goroutine at a time.
type Stemmer struct {
	lexicons map[string]*lexicon // by language
}

// lexicon numbers the stems of one language.
type lexicon struct {
	words map[string]int // the number of a word's stem
	ids   map[string]int // the number of a stem
	stems []string
	place []placed
	turn  int
}

// placed says where a stem stands in the list that is being made in this turn.
type placed struct{ turn, at int }

// Stems is what Stems gives.
func (s *Stemmer) Stems(words []string, language string) []crm.TermCount {
	if language == "" {
		language = "en"
	}
	l := s.lexicons[language]
	if l == nil || len(l.words) > maxKnown {
		if s.lexicons == nil {
			s.lexicons = map[string]*lexicon{}
		}
		l = &lexicon{words: map[string]int{}, ids: map[string]int{}}
		s.lexicons[language] = l
	}
	l.turn++
	out := make([]crm.TermCount, 0, len(words))
	for _, w := range words {
		id, ok := l.words[w]
		if !ok {
			id = l.add(w, language)
		}
		p := &l.place[id]
		if p.turn != l.turn {
			*p = placed{l.turn, len(out)}
			out = append(out, crm.TermCount{Term: l.stems[id]})
		}
		if n := &out[p.at].Count; *n < 1<<16-1 {
			*n++
		}
	}
	return out
}

func (l *lexicon) add(word, language string) int {
	word = strings.Clone(word) // it may be a slice of a text, which must not live on
	stem := Stem(word, language)
	id, ok := l.ids[stem]
	if !ok {
		id = len(l.stems)
		l.ids[stem] = id
		l.stems, l.place = append(l.stems, stem), append(l.place, placed{})
	}
	l.words[word] = id
	return id
}
