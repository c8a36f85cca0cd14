package web

import (
	"unicode"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// piece is a part of a text: what the other text has too, or not.
type piece struct {
	Text    string
	Changed bool
}

// Texts of fewer characters are read as a whole; texts of more words are not compared; and of texts that have less than this share of their words in common the differences
// would be crumbs.
const (
	shortText   = 60
	mostWords   = 20000
	leastCommon = 0.3
)

// wordDiff says word by word what a text loses and what the new one adds; nil where that shows less than both of them.
func wordDiff(before, after string) (removed, added []piece) {
	if len([]rune(before)) < shortText || len([]rune(after)) < shortText {
		return nil, nil
	}
	numbers, words := map[string]rune{}, []string{""} // the library compares letters: a number for each word
	number := func(text string) (out []rune) {
		for _, w := range wordsOf(text) {
			n, known := numbers[w]
			if !known {
				n = rune(len(words))
				numbers[w], words = n, append(words, w)
			}
			out = append(out, n)
		}
		return out
	}
	from, to := number(before), number(after)
	if len(words) > mostWords {
		return nil, nil
	}
	d := diffmatchpatch.New()
	d.DiffTimeout = 0 // no clock: the texts are small
	common := 0
	for _, x := range d.DiffCleanupSemantic(d.DiffMainRunes(from, to, false)) {
		text, n := "", 0
		for _, r := range x.Text {
			text, n = text+words[r], n+1
		}
		switch x.Type {
		case diffmatchpatch.DiffEqual:
			common += n
			removed, added = append(removed, piece{text, false}), append(added, piece{text, false})
		case diffmatchpatch.DiffDelete:
			removed = append(removed, piece{text, true})
		case diffmatchpatch.DiffInsert:
			added = append(added, piece{text, true})
		}
	}
	if float64(common) < leastCommon*float64(max(len(from), len(to))) {
		return nil, nil
	}
	return removed, added
}

// wordsOf splits a text into words, each with the spaces behind it.
func wordsOf(text string) (out []string) {
	start, space := 0, false
	for i, r := range text {
		if space && !unicode.IsSpace(r) {
			out, start = append(out, text[start:i]), i
		}
		space = unicode.IsSpace(r)
	}
	return append(out, text[start:])
}
