package indexer

import (
	"unicode"
	"unicode/utf8"
)

// trimmed is the range without white space at its ends, with its words counted.
func trimmed(text string, start, end int) (piece, bool) {
	for start < end {
		r, size := utf8.DecodeRuneInString(text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		start += size
	}
	for start < end {
		r, size := utf8.DecodeLastRuneInString(text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		end -= size
	}
	return piece{start: start, end: end, words: countWords(text[start:end])}, start < end
}

// countWords counts runs between spaces; of scripts without spaces two runes are a word.
func countWords(s string) int {
	words, inside, unspaced := 0, false, 0
	for _, r := range s {
		switch {
		case r > ' ' && r < 0x7F:
			if !inside {
				words++
			}
			inside = true
		case unicode.IsSpace(r):
			inside = false
		case r >= 0x0E00 && spaceless(r):
			unspaced++
			inside = false
		case !inside:
			inside = true
			words++
		}
	}
	return words + (unspaced+1)/2
}

func spaceless(r rune) bool {
	return (r >= 0x4E00 && r < 0xA000) || (r >= 0x3041 && r < 0x3097) || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// divide cuts a long range at the ends of sentences and lines into pieces of about targetWords; a sentence that is too long by itself is cut between words, a word that is
// too long at a rune boundary.
func divide(text string, whole piece) []piece {
	var out []piece
	start, words := whole.start, 0
	good := -1 // the last end of a sentence in the piece
	space := -1
	emit := func(end int) {
		if p, ok := trimmed(text, start, end); ok {
			out = append(out, p)
		}
		start, words, good, space = end, 0, -1, -1
	}
	inside, odd := false, false
	for i := whole.start; i < whole.end; {
		r, size := utf8.DecodeRuneInString(text[i:whole.end])
		if i+size-start > maxChunkBytes || words > targetWords {
			switch {
			case good > start:
				i = good
				emit(good)
			case space > start:
				i = space
				emit(space)
			default:
				emit(i)
			}
			inside, odd = false, false
			continue
		}
		switch {
		case unicode.IsSpace(r):
			if inside {
				space = i
			}
			inside = false
			if r == '\n' || endsSentence(text[start:i]) {
				good = i
			}
		case r >= 0x0E00 && spaceless(r):
			if odd = !odd; odd {
				words++
			}
			inside = false
			space = i
		case !inside:
			inside = true
			words++
		}
		i += size
		if r == '。' || r == '！' || r == '？' {
			good = i
		}
	}
	emit(whole.end)
	return out
}

// endsSentence looks at the last rune before a space, behind closing quotation marks and brackets.
func endsSentence(s string) bool {
	for n := 0; n < 3 && s != ""; n++ {
		r, size := utf8.DecodeLastRuneInString(s)
		switch r {
		case '.', '!', '?', '…', ';':
			return true
		case '"', '\'', ')', ']', '”', '’', '»', '“':
			s = s[:len(s)-size]
		default:
			return false
		}
	}
	return false
}

// firstWords is the beginning of a text up to n words, cut where a word ends.
func firstWords(text string, n int) string {
	if n <= 0 {
		return ""
	}
	words, inside, odd := 0, false, false
	for i, r := range text {
		switch {
		case unicode.IsSpace(r):
			inside = false
			continue
		case r >= 0x0E00 && spaceless(r):
			inside = false
			if odd = !odd; !odd {
				continue
			}
		case inside:
			continue
		default:
			inside = true
		}
		if words++; words > n {
			return text[:i]
		}
	}
	return text
}

// lastWords is the end of a text from its last n words on.
func lastWords(text string, n int) string {
	words, inside, odd := 0, false, false
	start := len(text)
	for i := len(text); i > 0; {
		r, size := utf8.DecodeLastRuneInString(text[:i])
		i -= size
		switch {
		case unicode.IsSpace(r):
			inside = false
			continue
		case r >= 0x0E00 && spaceless(r):
			inside = false
			if odd = !odd; odd {
				words++
			}
		case !inside:
			inside = true
			words++
		}
		if words > n {
			return text[start:]
		}
		start = i
	}
	return text[start:]
}
