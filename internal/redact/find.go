package redact

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Span is a place in a text, in bytes.
type Span struct {
	Start, End int
	Kind       Kind
}

// Finder finds data of the chosen kinds. It is safe for concurrent use.
type Finder struct {
	kinds map[Kind]bool
	terms terms
	sign  string
}

// New makes a finder for kinds and for terms: names and words of the configuration, which are found as whole words, in any case.
func New(kinds []Kind, words []string) *Finder {
	f := &Finder{kinds: map[Kind]bool{}}
	for _, k := range kinds {
		f.kinds[k] = true
	}
	for _, w := range words {
		f.terms.add(w, w, Term, false)
	}
	chosen := slices.DeleteFunc(Kinds(), func(k Kind) bool { return !f.kinds[k] })
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	f.sign = fmt.Sprintf("%d:%s", rules, strings.ReplaceAll(List(chosen), ", ", "+"))
	if len(words) > 0 {
		f.sign += ":" + hex.EncodeToString(sum[:4])
	}
	return f
}

// rules is the version of what is found: vectors of masked texts are of the rules that masked them.
const rules = 1

// Signature names kinds, terms and rules, as the fingerprint of an embedder of masked texts holds it. It says nothing about the terms but a hash.
func (f *Finder) Signature() string { return f.sign }

// String lists the kinds, and that there are terms, as a person reads them.
func (f *Finder) String() string {
	chosen := slices.DeleteFunc(Kinds(), func(k Kind) bool { return !f.kinds[k] })
	if len(f.terms.first) > 0 {
		chosen = append(chosen, Term)
	}
	return List(chosen)
}

// Find lists what stands in text, in order and without overlaps.
func (f *Finder) Find(text string) []Span { return f.find(text, nil) }

func (f *Finder) find(text string, people *terms) []Span {
	var out []Span
	out = tokens(text, out)
	if f.kinds[Mail] {
		out = free(out, mails(text, nil))
	}
	out = free(out, f.numbers(text))
	if people != nil {
		out = free(out, people.find(text))
	}
	return free(out, f.terms.find(text))
}

// free adds the spans that lie in nothing found before.
func free(have, more []Span) []Span {
	if len(more) == 0 {
		return have
	}
	first := len(have)
	for _, s := range more {
		i, _ := slices.BinarySearchFunc(have[:first], s.Start, func(a Span, at int) int { return cmp.Compare(a.End, at+1) })
		if i == first || have[i].Start >= s.End {
			have = append(have, s)
		}
	}
	slices.SortFunc(have, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	return have
}
