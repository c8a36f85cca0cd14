package indexer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean makes text safe to store, show and compare: valid UTF-8, NFC, bare \n, plain spaces, no control characters, and nothing that is there without being seen
// (zero-width characters, bidi controls, variation selectors, tag characters): those carry hidden instructions and break verbatim quotes.
func clean(s string) string {
	if isPlain(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s {
		switch {
		case r >= ' ' && r < 0x7F, r >= 0xC0 && r < 0x250, r >= 0x4E00 && r < 0xA000: // most of all texts, in a comparison or two
			b.WriteRune(r)
		case r == '\r':
			if i+1 >= len(s) || s[i+1] != '\n' {
				b.WriteByte('\n')
			}
		case r == '\n', r == '\t':
			b.WriteRune(r)
		case r == '\v', r == '\f', r == '\u0085', r == '\u2028', r == '\u2029':
			b.WriteByte('\n')
		case unicode.Is(unicode.Zs, r), r == '\u2800':
			b.WriteByte(' ')
		case unicode.IsControl(r), invisible(r):
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || (c < ' ' && c != '\n' && c != '\t') || c == 0x7F {
			return false
		}
	}
	return true
}

// invisible lists what has no glyph of its own: Unicode's format characters (Cf), variation selectors, and letters that are drawn as nothing.
func invisible(r rune) bool {
	switch r {
	case '\u034F', '\u115F', '\u1160', '\u17B4', '\u17B5', '\u3164', '\uFFA0', '\uFFFC':
		return true
	}
	return unicode.Is(unicode.Cf, r) || (r >= '\uFE00' && r <= '\uFE0F') || (r >= 0xE0000 && r <= 0xE0FFF) || (r >= 0x180B && r <= 0x180F)
}

// tidy joins lines into a text: trailing spaces go, at most one empty line stays between two others, none at the ends.
func tidy(lines []string) string {
	var b strings.Builder
	empty := 0
	for _, l := range lines {
		l = strings.TrimRight(l, " \t")
		if l == "" {
			empty++
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
			if empty > 0 {
				b.WriteByte('\n')
			}
		}
		empty = 0
		b.WriteString(l)
	}
	return b.String()
}
