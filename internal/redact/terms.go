package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// terms are names and words that are found as whole words, by the word that they begin with. The zero value holds none.
type terms struct {
	first map[string][]term // folded
	means map[string]string // what a written name means, folded: the person's full name
}

type term struct {
	text  string
	kind  Kind
	exact bool // capitals count: "Will" is a name, "will" is not
}

// add adds a term; means is what it is another way to write.
func (t *terms) add(text, means string, kind Kind, exact bool) {
	text = strings.TrimLeftFunc(strings.Join(strings.Fields(text), " "), func(r rune) bool { return !wordRune(r) })
	word := text[:wordEnd(text, 0)]
	if word == "" {
		return
	}
	if t.first == nil {
		t.first, t.means = map[string][]term{}, map[string]string{}
	}
	key := strings.ToLower(word)
	t.first[key] = append(t.first[key], term{text, kind, exact})
	if _, has := t.means[strings.ToLower(text)]; !has {
		t.means[strings.ToLower(text)] = strings.ToLower(means)
	}
}

// person adds a name in full and each word of it that is one.
func (t *terms) person(name string) {
	name = strings.Join(strings.Fields(name), " ")
	if strings.Contains(name, "@") || utf8.RuneCountInString(name) < 2 {
		return
	}
	t.add(name, name, Person, false)
	words := strings.Fields(name)
	if len(words) == 1 {
		return
	}
	for _, w := range words {
		w = strings.Trim(w, ".,;()\"'")
		r, _ := utf8.DecodeRuneInString(w)
		if utf8.RuneCountInString(w) >= 2 && !unicode.IsLower(r) { // "van" and "de" are no names alone
			t.add(w, name, Person, true)
		}
	}
}

// of is what a written name means.
func (t *terms) of(written string) string {
	key := strings.ToLower(strings.Join(strings.Fields(written), " "))
	if m := t.means[key]; m != "" {
		return m
	}
	return key
}

// find lists the places of terms, the longest at each.
func (t *terms) find(text string) (out []Span) {
	if len(t.first) == 0 {
		return nil
	}
	for i := 0; i < len(text); {
		end := wordEnd(text, i)
		if end == i {
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		longest := Span{}
		for _, x := range t.first[strings.ToLower(text[i:end])] {
			if to := x.at(text, i); to > longest.End {
				longest = Span{i, to, x.kind}
			}
		}
		if longest.End > 0 {
			out = append(out, longest)
			end = longest.End
		}
		i = end
	}
	return out
}

// at is the end of the term at i; 0 when it is not there. A blank of the term is any white space of the text.
func (x term) at(text string, i int) int {
	for _, want := range x.text {
		got, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case i >= len(text):
			return 0
		case want == ' ':
			if !unicode.IsSpace(got) {
				return 0
			}
			i += len(text[i:]) - len(strings.TrimLeftFunc(text[i:], unicode.IsSpace))
			continue
		case got != want && (x.exact || unicode.ToLower(got) != unicode.ToLower(want)):
			return 0
		}
		i += size
	}
	last, _ := utf8.DecodeLastRuneInString(x.text)
	if next, _ := utf8.DecodeRuneInString(text[i:]); wordRune(last) && wordRune(next) {
		return 0
	}
	return i
}

func wordEnd(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !wordRune(r) {
			break
		}
		i += size
	}
	return i
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
