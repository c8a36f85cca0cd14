package crm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Base letters of lower-cased Latin letters by position, '.' for none: U+00C0–U+024F and U+1E00–U+1EFF (the canonical decompositions of UnicodeData.txt).
const (
	latinBase = "aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.yaaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii...jjkk.llllll....nnnnnn...oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzz.................................oo.............uu............................aaiioouuuuuuuuuu.aaaa....ggkkoooo..j...gg..nnaa....aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............................"
	extraBase = "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy......aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......"
)

// fold lower-cases a word, removes its diacritics and narrows full-width forms and foreign digits; at most maxTerm runes remain.
func fold(word string) string {
	var b strings.Builder
	n := 0
	for _, r := range word {
		if n >= maxTerm {
			break
		}
		r = unicode.ToLower(narrow(r))
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		n++
		if r < utf8.RuneSelf {
			b.WriteByte(byte(r))
			continue
		}
		b.WriteString(foldRune(r))
	}
	return b.String()
}

func foldRune(r rune) string {
	switch r {
	case '’':
		return "'"
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ł':
		return "l"
	case 'ħ':
		return "h"
	case 'ı':
		return "i"
	case 'ё':
		return "е"
	case 'ά':
		return "α"
	case 'έ':
		return "ε"
	case 'ή':
		return "η"
	case 'ί', 'ϊ', 'ΐ':
		return "ι"
	case 'ό':
		return "ο"
	case 'ύ', 'ϋ', 'ΰ':
		return "υ"
	case 'ώ':
		return "ω"
	case 'ς':
		return "σ"
	}
	base := byte('.')
	switch {
	case r >= 0xC0 && r < 0xC0+rune(len(latinBase)):
		base = latinBase[r-0xC0]
	case r >= 0x1E00 && r < 0x1E00+rune(len(extraBase)):
		base = extraBase[r-0x1E00]
	}
	if base == '.' {
		return string(r)
	}
	return string(base)
}

// narrow maps full-width forms (U+FF01–U+FF5E) to ASCII and the decimal digits of other scripts to 0–9; decimal digits stand in blocks of ten in code point order.
func narrow(r rune) rune {
	if r < utf8.RuneSelf {
		return r
	}
	if r >= 0xFF01 && r <= 0xFF5E {
		return r - 0xFEE0
	}
	if !unicode.IsDigit(r) {
		return r
	}
	for _, block := range unicode.Nd.R16 {
		if lo, hi := rune(block.Lo), rune(block.Hi); r >= lo && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if lo, hi := rune(block.Lo), rune(block.Hi); r >= lo && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	return r
}
