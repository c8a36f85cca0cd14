package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	wordToken tokenKind = iota
	numberToken
	codeToken // letters with digits in them: Q1, B2B
	markToken // one punctuation mark or symbol
)

// token is a piece of a normalised text. Gap says that white space stands before it; First that a sentence begins with it.
type token struct {
	kind  tokenKind
	text  string // as written
	lower string
	gap   bool
	first bool
}

// lex splits a normalised text. Digits with separators between them are one token; letters keep inner apostrophes; a hyphen is a mark of its own.
func lex(text string) []token {
	var out []token
	first, gap := true, false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if unicode.IsSpace(r) {
			gap = true
			i += size
			continue
		}
		kind, end := markToken, i+size
		switch {
		case unicode.IsDigit(r):
			kind, end = numberToken, numberEnd(text, i)
		case isWord(r):
			behindNumber := !gap && len(out) > 0 && out[len(out)-1].kind == numberToken // "48k", "9h30": what is attached to a number is no code
			kind, end = wordEnd(text, i, behindNumber)
		}
		t := token{kind: kind, text: text[i:end], lower: strings.ToLower(text[i:end]), gap: gap, first: first}
		out = append(out, t)
		gap = false
		first = kind == markToken && (strings.ContainsAny(t.text, ".!?:•\"") || (first && !unicode.IsLetter(r)))
		i = end
	}
	return out
}

// numberEnd takes digits with .,' between them, and French groups: one to three digits, then groups of exactly three behind single spaces.
func numberEnd(text string, i int) int {
	end := digitsEnd(text, i)
	spaced := end-i <= 3
	for end < len(text) && strings.ContainsRune(".,'", rune(text[end])) && end+1 < len(text) && isDigit(text[end+1]) {
		end = digitsEnd(text, end+1)
		spaced = false
	}
	for spaced && end+1 < len(text) && text[end] == ' ' && digitsEnd(text, end+1)-end-1 == 3 && !glued(text, end+4) {
		end += 4
		if end+1 < len(text) && text[end] == ',' && isDigit(text[end+1]) {
			return digitsEnd(text, end+1)
		}
	}
	return end
}

// glued reports that what looks like a group goes on: "511 555-01" or "100 200x" are no thousands.
func glued(text string, i int) bool {
	if i >= len(text) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	if strings.ContainsRune(".:/-", r) {
		return i+1 < len(text) && isDigit(text[i+1])
	}
	return isWord(r)
}

func digitsEnd(text string, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	if i < len(text) {
		for r, size := utf8.DecodeRuneInString(text[i:]); unicode.IsDigit(r); r, size = utf8.DecodeRuneInString(text[i:]) {
			i += size
		}
	}
	return i
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func wordEnd(text string, i int, lettersOnly bool) (tokenKind, int) {
	kind := wordToken
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == '\'' {
			next, _ := utf8.DecodeRuneInString(text[i+size:])
			if !unicode.IsLetter(next) {
				break
			}
		} else if !isWord(r) {
			break
		}
		if unicode.IsDigit(r) {
			if lettersOnly {
				break
			}
			kind = codeToken
		}
		i += size
	}
	return kind, i
}
