package crm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTerm is the longest term in runes; the rest of a longer word (base64, a URL's token) is dropped, so that no key grows without bound.
const maxTerm = 64

// Terms splits text into the words that the keyword index knows, in order, with repetitions. The indexer and the retriever use this one function, or they would
// not find each other. Words are runs of letters, marks and digits as in UAX 29, in lower case, without diacritics and in narrow forms. Scripts written without
// spaces become overlapping pairs of runes. "John's" is john, "don't" is dont, "l'offre" is l and offre. A number with separators is kept and repeated without
// them: "48,000" is 48,000 and 48000. No stop word is removed and nothing is stemmed.
func Terms(text string) []string {
	out := make([]string, 0, len(text)/6+1)
	for i := 0; i < len(text); {
		if end := plainEnd(text, i); end > i {
			out = append(out, lower(text[i:min(end, i+maxTerm)]))
			i = end
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch classOf(r) {
		case unspacedClass:
			end := runEnd(text, i, unspacedClass)
			out = appendPairs(out, text[i:end])
			i = end
		case digitClass, letterClass:
			end := wordEnd(text, i)
			out = appendWord(out, text[i:end])
			i = end
		default:
			i += size
		}
	}
	return out
}

// plainEnd finds the end of a word of ASCII letters and digits that stands alone, which most words are; i when the word at i needs the full rules (an apostrophe,
// a separator between digits, anything beyond ASCII).
func plainEnd(text string, i int) int {
	end := i
	for end < len(text) && text[end] < utf8.RuneSelf && classOf(rune(text[end])) != otherClass {
		end++
	}
	if end == i || end == len(text) {
		return end
	}
	switch next := text[end]; {
	case next == '\'', next >= utf8.RuneSelf, (next == '.' || next == ',') && text[end-1] >= '0' && text[end-1] <= '9':
		return i
	}
	return end
}

// lower is strings.ToLower for ASCII without a copy where nothing changes.
func lower(word string) string {
	for i := range len(word) {
		if c := word[i]; c >= 'A' && c <= 'Z' {
			return strings.ToLower(word)
		}
	}
	return word
}

// CountTerms counts terms, in the order of first occurrence. Counts stop at 65,535.
func CountTerms(terms []string) []TermCount {
	out := make([]TermCount, 0, len(terms))
	at := make(map[string]int, len(terms))
	for _, t := range terms {
		i, ok := at[t]
		if !ok {
			i = len(out)
			at[t] = i
			out = append(out, TermCount{Term: t})
		}
		if out[i].Count < 1<<16-1 {
			out[i].Count++
		}
	}
	return out
}

type runeClass int

const (
	otherClass runeClass = iota
	letterClass
	digitClass
	unspacedClass
)

func classOf(r rune) runeClass {
	switch {
	case r < utf8.RuneSelf:
		switch {
		case r >= '0' && r <= '9':
			return digitClass
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_':
			return letterClass
		}
		return otherClass
	case unicode.IsDigit(r):
		return digitClass
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar), r == 'ー':
		return unspacedClass
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.Is(unicode.Nl, r):
		return letterClass
	}
	return otherClass
}

func runEnd(text string, i int, class runeClass) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if classOf(r) != class {
			break
		}
		i += size
	}
	return i
}

// wordEnd finds the end of a word of letters and digits. Separators stay inside between digits ("3.5", "48,000"), apostrophes between letters.
func wordEnd(text string, i int) int {
	last := otherClass
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		class := classOf(r)
		if class == letterClass || class == digitClass {
			last, i = class, i+size
			continue
		}
		next, nextSize := utf8.DecodeRuneInString(text[i+size:])
		joins := (last == digitClass && (r == '.' || r == ',' || r == '\'' || r == '’') && classOf(next) == digitClass) ||
			(last == letterClass && (r == '\'' || r == '’') && classOf(next) == letterClass)
		if !joins {
			break
		}
		last = classOf(next)
		i += size + nextSize
	}
	return i
}

func appendPairs(out []string, run string) []string {
	runes := []rune(run)
	for i, r := range runes {
		runes[i] = unicode.ToLower(narrow(r))
	}
	if len(runes) == 1 {
		return append(out, string(runes))
	}
	for i := 0; i+1 < len(runes); i++ {
		out = append(out, string(runes[i:i+2]))
	}
	return out
}

func appendWord(out []string, word string) []string {
	w := fold(word)
	if w == "" {
		return out
	}
	if plain, ok := plainNumber(w); ok {
		if plain != w {
			out = append(out, w)
		}
		return append(out, plain)
	}
	if !strings.Contains(w, "'") {
		return append(out, w)
	}
	parts := strings.Split(w, "'")
	for i := 0; i < len(parts); i++ {
		term := parts[i]
		if i+1 < len(parts) {
			switch parts[i+1] {
			case "s":
				i++
			case "t", "re", "ve", "ll", "d", "m":
				term += parts[i+1]
				i++
			}
		}
		if term != "" {
			out = append(out, term)
		}
	}
	return out
}

// plainNumber tells numbers with separators from words and gives the form without thousands separators: "48,000", "48.000" and "48'000" are 48000,
// "1.234,56" is 1234.56. What only looks like one ("3.5", "10.12.2026") stays as it is.
func plainNumber(w string) (string, bool) {
	separators := 0
	for _, r := range w {
		if (r < '0' || r > '9') && r != '.' && r != ',' && r != '\'' {
			return "", false
		}
		if r < '0' || r > '9' {
			separators++
		}
	}
	if separators == 0 {
		return w, true
	}
	last := strings.LastIndexAny(w, ".,'")
	whole, fraction := w, ""
	if mark := w[last : last+1]; len(w)-last-1 != 3 || (separators > 1 && strings.Count(w, mark) == 1) {
		whole, fraction = w[:last], "."+w[last+1:]
	}
	if fraction != "" && strings.Contains(whole, w[last:last+1]) {
		return w, true // a version or a date
	}
	groups := strings.FieldsFunc(whole, func(r rune) bool { return r < '0' || r > '9' })
	if len(groups) == 1 && fraction != "" {
		return w, true // one separator and not three digits behind it: a decimal, as written
	}
	for i, g := range groups {
		if (i == 0 && len(g) > 3) || (i > 0 && len(g) != 3) {
			return w, true
		}
	}
	return strings.Join(groups, "") + fraction, true
}

// WordStatistics says how common words are in the chunks of one portal, never of several: With counts the chunks that hold a word (as Terms gives it) among Chunks
// chunks. A sample of the portal is as good as all of it. It is shared and never changed.
type WordStatistics struct {
	Chunks int
	With   map[string]int
}
