package redact

import (
	"strings"
	"unicode/utf8"
)

// numbers finds everything that is made of digits: bank, card and phone numbers, addresses of machines, identifiers.
func (f *Finder) numbers(text string) (out []Span) {
	word := 0 // where the run of letters and digits that i lies in begins
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(text[i:])
			i += size
			if !wordRune(r) {
				word = i
			}
			continue
		case isLetter(c) || isDigit(c) || c == ':' || c == '+' || c == '(':
			if s, ok := f.numberAt(text, i, word == i); ok {
				out = append(out, s)
				i, word = s.End, s.End
				continue
			}
			if isDigit(c) && word == i { // what begins inside of a number is no number
				i = numberRun(text, i)
				word = i
				if i < len(text) && isLetter(text[i]) {
					word = -1
				}
				continue
			}
		}
		i++
		if !isLetter(c) && !isDigit(c) {
			word = i
		}
	}
	return out
}

// numberRun skips digits.
func numberRun(text string, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}

// numberAt is what begins at i; starts says that no letter or digit stands before.
func (f *Finder) numberAt(text string, i int, starts bool) (Span, bool) {
	c := text[i]
	if !starts && c != '+' && c != '(' {
		return Span{}, false
	}
	if f.kinds[IBAN] && isLetter(c) {
		if end := ibanAt(text, i); end > 0 {
			return Span{i, end, IBAN}, true
		}
	}
	if f.kinds[IP] {
		if isDigit(c) {
			if end := ip4At(text, i); end > 0 {
				return Span{i, end, IP}, true
			}
		}
		if isDigit(c) || c == ':' || c|0x20 >= 'a' && c|0x20 <= 'f' {
			if end := ip6At(text, i); end > 0 {
				return Span{i, end, IP}, true
			}
		}
	}
	if f.kinds[ID] && (isLetter(c) || isDigit(c)) {
		if end := idAt(text, i); end > 0 {
			return Span{i, end, ID}, true
		}
	}
	if c == '+' || c == '(' || isDigit(c) && !goesOn(text, i) {
		return f.grouped(text, i)
	}
	return Span{}, false
}

// goesOn: the digits at i go on with a number that began before and was nothing.
func goesOn(text string, i int) bool {
	return i > 1 && strings.IndexByte("-./:,", text[i-1]) >= 0 && isDigit(text[i-2])
}

// grouped reads digits with separators and judges them.
func (f *Finder) grouped(text string, i int) (Span, bool) {
	n := read(text, i)
	if len(n.groups) == 0 {
		return Span{}, false
	}
	most := n.digits(len(n.groups))
	if most < fewestDigits {
		return Span{}, false
	}
	called := Kind("")
	if most >= 9 && (f.kinds[Card] || f.kinds[SSN]) {
		called = cue(text, i)
	}
	for k := len(n.groups); k > 0; k-- {
		switch {
		case n.sign || n.bracket:
		case f.kinds[Card] && card(n.groups[:k], called == Card):
			return Span{i, n.ends[k-1], Card}, true
		case f.kinds[SSN] && ssn(n.groups[:k], n.separators, called == SSN):
			return Span{i, n.ends[k-1], SSN}, true
		}
	}
	if f.kinds[Phone] {
		if end := phone(text, i, n); end > 0 {
			return unbracketed(text, Span{i, end, Phone}), true
		}
	}
	return Span{}, false
}

// unbracketed leaves out a bracket whose other one is not in the span.
func unbracketed(text string, s Span) Span {
	open, shut := strings.Count(text[s.Start:s.End], "("), strings.Count(text[s.Start:s.End], ")")
	if text[s.End-1] == ')' && shut > open {
		s.End--
		shut--
	}
	if text[s.Start] == '(' && (open > shut || shut == 1 && text[s.End-1] == ')') {
		s.Start++
		s.End -= shut
	}
	return s
}

// number is digits in groups, as they stand at one place.
type number struct {
	sign       bool // + before it
	bracket    bool // it begins with a bracket, behind the sign if there is one
	groups     []string
	ends       []int    // of the groups in the text, with a bracket that closes behind one
	separators []string // between groups: separators[i] stands behind groups[i]; every dash is "-", every blank " "
}

var typewriter = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2010", "-", "\u2011", "-", "\u2013", "-")

// The most digits and groups that are read as one number.
const (
	mostDigits = 32
	mostGroups = 8
)

// read takes the groups of digits from i on. Between two of them stand at most three of blank, dash, dot, slash and brackets, no blank twice.
func read(text string, i int) (n number) {
	if strings.HasPrefix(text[i:], "(+") {
		n.bracket = true
		i++
	}
	if text[i] == '+' {
		n.sign = true
		i++
		if i < len(text) && text[i] == ' ' {
			i++
		}
	}
	if i < len(text) && text[i] == '(' {
		n.bracket = true
		i++
	}
	for digits := 0; i < len(text) && digits < mostDigits && len(n.groups) < mostGroups; {
		end := numberRun(text, i)
		if end == i {
			break
		}
		n.groups = append(n.groups, text[i:end])
		digits += end - i
		from := end
		end, next := separator(text, end)
		n.ends = append(n.ends, end)
		if next < 0 {
			break
		}
		n.separators = append(n.separators, typewriter.Replace(text[from:next]))
		i = next
	}
	return n
}

// separator is where a group ends with the bracket that closes behind it, and where the next begins; -1 when none does.
func separator(text string, i int) (end, next int) {
	end = i
	blanks, marks := 0, 0
	for ; i < len(text) && marks+blanks <= 3; i++ {
		switch c := text[i]; {
		case isDigit(c):
			if marks+blanks == 0 {
				return end, -1
			}
			return end, i
		case c == ' ':
			if blanks++; blanks > 2 {
				return end, -1
			}
		case c == ')':
			marks++
			if i == end {
				end++
			}
		case c == '-' || c == '.' || c == '/' || c == '(':
			marks++
		case strings.HasPrefix(text[i:], "\u00a0"):
			blanks++
			i += len("\u00a0") - 1
		case strings.HasPrefix(text[i:], "\u202f"), strings.HasPrefix(text[i:], "\u2013"), strings.HasPrefix(text[i:], "\u2011"), strings.HasPrefix(text[i:], "\u2010"):
			marks++
			i += len("\u2013") - 1
		default:
			return end, -1
		}
	}
	return end, -1
}
