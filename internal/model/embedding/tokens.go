package embedding

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Counter tells how many tokens a text has; where it cannot know, more rather than fewer.
type Counter interface {
	Count(text string) int
}

// Estimate takes two bytes of ASCII for a token and every other rune for two: no known tokenizer needs more, but for strings of symbols.
type Estimate struct{}

// Count is the upper estimate.
func (Estimate) Count(text string) int {
	halves := 0
	for _, r := range text {
		halves++
		if r >= utf8.RuneSelf {
			halves += 3
		}
	}
	return (halves + 1) / 2
}

// WordPieces counts as a WordPiece tokenizer does (llama.cpp, llm_tokenizer_wpm; compared with a real server in the tests of package ollama): every letter without its
// diacritics, lower-cased, split at white space, punctuation and CJK characters, then the longest known piece first; the first piece of a word is marked "▁". A word with
// an unknown piece is one token. Unlike the tokenizer the models were trained with, it leaves marks that are written as runes of their own, and keeps only the first
// sound of a Hangul syllable.
type WordPieces struct {
	Words      []string // those that are whole words, in the model's order: most frequent first
	vocabulary map[string]struct{}
	longest    int // bytes
}

// NewWordPieces is the counter of a vocabulary.
func NewWordPieces(vocabulary []string) *WordPieces {
	w := &WordPieces{vocabulary: make(map[string]struct{}, len(vocabulary))}
	for _, s := range vocabulary {
		w.vocabulary[s] = struct{}{}
		w.longest = max(w.longest, len(s))
		if word, whole := strings.CutPrefix(s, "▁"); whole {
			w.Words = append(w.Words, word)
		}
	}
	return w
}

// Count is the number of pieces, without markers.
func (w *WordPieces) Count(text string) int {
	n := 0
	word := make([]byte, 0, 64)
	end := func() {
		if len(word) > 0 {
			n += w.pieces("▁" + string(word))
			word = word[:0]
		}
	}
	for _, r := range text {
		r = bareLetter(r)
		switch {
		case unicode.IsSpace(r):
			end()
		case r == 0, r == utf8.RuneError, unicode.IsControl(r):
			// dropped by the tokenizer
		case alone(r):
			end()
			word = utf8.AppendRune(word, r)
			end()
		default:
			word = utf8.AppendRune(word, unicode.ToLower(r))
		}
	}
	end()
	return n
}

// Hangul syllables are numbered by their first sound (Unicode 15, §3.12).
const (
	firstSyllable, lastSyllable = 0xAC00, 0xD7A3
	firstSound, perSound        = 0x1100, 588
)

// bareLetter is the first rune of a letter's decomposition.
func bareLetter(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		return r
	case r >= firstSyllable && r <= lastSyllable:
		return firstSound + (r-firstSyllable)/perSound
	}
	var buffer [utf8.UTFMax]byte
	if d := norm.NFD.Properties(buffer[:utf8.EncodeRune(buffer[:], r)]).Decomposition(); d != nil {
		r, _ = utf8.DecodeRune(d)
	}
	return r
}

// alone tells runes that are words of their own.
func alone(r rune) bool {
	return unicode.IsPunct(r) || (r < utf8.RuneSelf && unicode.IsSymbol(r)) || unicode.Is(unicode.Han, r)
}

func (w *WordPieces) pieces(word string) int {
	n := 0
	for at := 0; at < len(word); {
		end := min(len(word), at+w.longest)
		for ; end > at; end-- {
			if _, ok := w.vocabulary[word[at:end]]; ok {
				break
			}
		}
		if end == at {
			return 1
		}
		n++
		at = end
	}
	return n
}

// parts cuts a text into as few pieces of at most most tokens as it can, at white space where there is any, and of about equal length; a text that fits is itself.
func parts(text string, c Counter, most int) []string {
	n := c.Count(text)
	if n <= most || utf8.RuneCountInString(text) < 2 {
		return []string{text}
	}
	pieces := (n + most - 1) / most
	at := cut(text, len(text)*(pieces/2)/pieces)
	if pieces == 1 || at <= 0 || at >= len(text) {
		at = cut(text, len(text)/2)
	}
	return append(parts(text[:at], c, most), parts(text[at:], c, most)...)
}

// cut is the best place near a byte: behind white space within an eighth of the text before it, else the start of the rune.
func cut(text string, near int) int {
	if i := strings.LastIndexFunc(text[:near], unicode.IsSpace); i >= 0 && near-i <= len(text)/8 {
		_, size := utf8.DecodeRuneInString(text[i:])
		return i + size
	}
	for near > 0 && !utf8.RuneStart(text[near]) {
		near--
	}
	if near == 0 {
		_, near = utf8.DecodeRuneInString(text)
	}
	return near
}
