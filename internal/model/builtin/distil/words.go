package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// words.txt is our own list of words that business people write and that the encyclopaedia and the novels behind the model's vocabulary have too rarely.
//
//go:embed words.txt
var extra string

// word is a word to distil and its place in a list by frequency, from 1.
type word struct {
	text string
	rank int
}

// extraRank is the frequency that our own words are taken to have: that of the vocabulary's middle. Digits stand in the vocabulary in their own order.
const (
	extraRank = 8000
	digitRank = 50
)

// choose takes our own words and fills up with the vocabulary's, most frequent first, in ascending order of the words. Only what crm.Terms leaves as it is can ever be looked
// up; single letters mean nothing.
func choose(vocabulary []string, own string, most int) ([]word, error) {
	out := map[string]int{}
	rank := 0
	for _, w := range vocabulary {
		switch {
		case !usable(w) || len(out) == most:
		case len(w) == 1:
			out[w] = digitRank
		default:
			rank++
			out[w] = rank
		}
	}
	if len(out) < 1000 {
		return nil, fmt.Errorf("the model's vocabulary has %d usable words: it is not made of word pieces", len(out))
	}
	for w := range strings.FieldsSeq(own) {
		if !usable(w) {
			return nil, fmt.Errorf("words.txt: %q is no single word", w)
		}
		if out[w] == 0 {
			out[w] = extraRank
		}
	}
	list := make([]word, 0, len(out))
	for w, rank := range out {
		list = append(list, word{w, rank})
	}
	slices.SortFunc(list, func(a, b word) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return strings.Compare(a.text, b.text)
	})
	list = list[:min(len(list), most)]
	slices.SortFunc(list, func(a, b word) int { return strings.Compare(a.text, b.text) })
	return list, nil
}

func usable(w string) bool {
	terms := crm.Terms(w)
	if len(terms) != 1 || terms[0] != w {
		return false
	}
	for _, r := range w {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return len(w) > 1 || (w[0] >= '0' && w[0] <= '9')
}
