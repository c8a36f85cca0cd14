package redact

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// pseudonym is what stands for a value: its kind and number, and a letter where one value is written in several ways. It is made of characters that no JSON encoder
// escapes and that models copy.
var pseudonym = expression(`\[(?:mail|phone|iban|card|ssn|ip|id|person|term|text)-[0-9]+[a-z]?\]`)

// tokens finds text that looks like a pseudonym: it gets one of its own.
func tokens(text string, out []Span) []Span {
	if !strings.Contains(text, "[") {
		return out
	}
	for _, m := range pseudonym().FindAllStringIndex(text, -1) {
		out = append(out, Span{m[0], m[1], Token})
	}
	return out
}

// book is what the pseudonyms of one request stand for. They are numbered in the order in which their values first stand in it, so that an equal request gets equal ones.
type book struct {
	finder *Finder
	people *terms
	value  map[string]string // pseudonym → bytes
	names  map[written]string
	number map[written]int // of a value, however it is written
	forms  map[written]int // how many ways of writing it there are
	count  map[Kind]int
}

// written is a value of a kind, as it is written or as it is meant.
type written struct {
	kind Kind
	text string
}

func newBook(f *Finder, people *terms) *book {
	return &book{finder: f, people: people, value: map[string]string{}, names: map[written]string{}, number: map[written]int{}, forms: map[written]int{}, count: map[Kind]int{}}
}

// replace puts pseudonyms into a text.
func (b *book) replace(text string) string {
	found := b.finder.find(text, b.people)
	if len(found) == 0 {
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	at := 0
	for _, s := range found {
		out.WriteString(text[at:s.Start])
		out.WriteString(b.name(s.Kind, text[s.Start:s.End]))
		at = s.End
	}
	out.WriteString(text[at:])
	return out.String()
}

// name is the pseudonym of a value: the same for the same bytes, and with a letter more for another way to write it, as long as there are letters.
func (b *book) name(kind Kind, value string) string {
	as := written{kind, value}
	if n, has := b.names[as]; has {
		return n
	}
	meant := written{kind, b.meant(kind, value)}
	if b.number[meant] == 0 || b.forms[meant] > 'z'-'b' {
		b.count[kind]++
		b.number[meant], b.forms[meant] = b.count[kind], 0
	}
	n := fmt.Sprintf("[%s-%d]", kind, b.number[meant])
	if form := b.forms[meant]; form > 0 {
		n = fmt.Sprintf("[%s-%d%c]", kind, b.number[meant], 'a'+form)
	}
	b.forms[meant]++
	b.names[as], b.value[n] = n, value
	return n
}

// masked are the values that have a pseudonym, in the order of their bytes. What only looked like a pseudonym is none of them.
func (b *book) masked() (out []string) {
	for w := range b.names {
		if w.kind != Token {
			out = append(out, w.text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// meant is what is the same however a value is written.
func (b *book) meant(kind Kind, value string) string {
	switch kind {
	case Phone, Card, SSN, IBAN:
		return strings.ToUpper(strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) || unicode.IsLetter(r) {
				return r
			}
			return -1
		}, value))
	case Person:
		return b.people.of(value)
	case Token:
		return value
	}
	return strings.ToLower(value)
}

// restore puts values back into an answer, which is JSON as far as it is anything: they are written as the inside of a string. What was not given out stays as it is.
func (b *book) restore(answer []byte) []byte {
	return pseudonym().ReplaceAllFunc(answer, func(p []byte) []byte {
		value, has := b.value[string(p)]
		if !has {
			return p
		}
		return quoted(value)
	})
}

// quoted is a value as it stands inside a JSON string.
func quoted(value string) []byte {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return []byte(strconv.Quote(value)) // strings always encode
	}
	text := strings.TrimSuffix(out.String(), "\n")
	return []byte(text[1 : len(text)-1])
}

// Mask puts the kind alone in the place of each value: the same words for all, so that a text's vector does not depend on whose number it holds.
func (f *Finder) Mask(text string) string {
	found := f.Find(text)
	if len(found) == 0 {
		return text
	}
	var out strings.Builder
	at := 0
	for _, s := range found {
		if s.Kind == Token {
			continue
		}
		out.WriteString(text[at:s.Start])
		out.WriteString("[" + string(s.Kind) + "]")
		at = s.End
	}
	out.WriteString(text[at:])
	return out.String()
}
