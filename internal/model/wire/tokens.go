package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Estimate is about how many tokens a prompt has: three bytes of ASCII, or one other rune, are one. English and most tokenizers stay below.
func Estimate(texts ...string) int {
	thirds := 0
	for _, t := range texts {
		for _, r := range t {
			if thirds++; r >= utf8.RuneSelf {
				thirds += 2
			}
		}
	}
	return (thirds + 2) / 3
}

// Least is fewer tokens than any tokenizer makes of the texts: no token spans two words, and ten letters are more than one holds on average. White space and repeated
// signs, of which a token can hold many, do not count. A server that read fewer tokens than this has not read everything.
func Least(texts ...string) int {
	words, signs := 0, 0
	for _, t := range texts {
		words += len(strings.Fields(t))
		last := rune(-1)
		for _, r := range t {
			if r != last && !unicode.IsSpace(r) && r < utf8.RuneSelf {
				signs++
			}
			last = r
		}
	}
	return max(words*15/16, signs/10)
}
