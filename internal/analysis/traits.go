package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// Traits are what a text has to offer to a question. Number and time words are known in en, de, fr, es and ja; digits, dates in figures and clock times in all
// languages. HasName is a capitalised word that begins no sentence and is no weekday, month or "I"; German capitalises every noun, so there it takes two capitalised words
// in a row or one behind a title ("Herr Voss"); Japanese has no capitals, so there it takes an honorific or a company's form ("田中さん", "株式会社"). Asks: the last
// sentence, or most of the sentences, are questions.
func Traits(text, language string) crm.Traits {
	if language == "ja" || language == "zh" || language == "ko" {
		return eastTraits(text) | asks(text)
	}
	r := reader{text: text, german: language == "de", words: traitWords()[language], begins: true}
	if r.words == nil {
		r.words = traitWords()["en"]
	}
	r.read()
	return r.found | asks(text)
}

// reader finds the traits of a text in an alphabet, in one pass.
type reader struct {
	text   string
	german bool
	words  map[string]wordClass
	found  crm.Traits

	begins bool // the next word begins a sentence
	before wordClass
	upper  bool // the word before was capitalised and began no sentence
	near   bool // nothing but spaces since the word before
	number bool // the token before was a number of at most four digits
	buf    [24]byte
}

func (r *reader) read() {
	const all = crm.HasNumber | crm.HasTime | crm.HasName
	for i := 0; i < len(r.text) && r.found != all; {
		c := r.text[i]
		switch {
		case c >= '0' && c <= '9':
			i = r.figures(i)
		case c == ' ', c == '\t', c == '"', c == '\'', c == '(', c == '*':
			i++
		case c < utf8.RuneSelf && !asciiLetter(c):
			r.mark(c, i)
			i++
		default:
			first, size := utf8.DecodeRuneInString(r.text[i:])
			if !unicode.IsLetter(first) {
				if first == '…' || first == '？' || first == '！' || first == '¿' || first == '¡' {
					r.begins = true
				}
				r.near = r.near && unicode.IsSpace(first)
				i += size
				continue
			}
			end := letters(r.text, i)
			r.wordAt(i, end, unicode.IsUpper(first))
			i = end
		}
	}
}

// mark is one byte between words. A full stop behind a digit or a single letter ends no sentence ("3. März", "J. Voss").
func (r *reader) mark(c byte, i int) {
	switch c {
	case '.':
		if r.number || r.before&title != 0 || (i > 1 && asciiLetter(r.text[i-1]) && !asciiLetter(r.text[i-2])) {
			return
		}
		r.begins = true
	case '!', '?', '\n', ':', ';':
		r.begins = true
	}
	r.near, r.number, r.before = false, false, 0
}

func asciiLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func letters(text string, i int) int {
	for i < len(text) {
		if c := text[i]; c < utf8.RuneSelf {
			if !asciiLetter(c) && (c != '\'' || i+1 == len(text) || !asciiLetter(text[i+1])) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '’' {
			return i
		}
		i += size
	}
	return i
}

func (r *reader) wordAt(start, end int, capital bool) {
	word := r.text[start:end]
	class := r.classOf(word)
	switch {
	case class&numberWord != 0:
		r.found |= crm.HasNumber
	case class&timeWord != 0,
		class&month != 0 && (capital && !r.begins || r.number || digitAfter(r.text, end)),
		class&unit != 0 && r.before&which != 0,
		class&hours != 0 && r.number,
		class&which != 0 && r.before&unit != 0 && class&after != 0:
		r.found |= crm.HasTime
	}
	if class&shortMonth != 0 && (r.number || digitAfter(r.text, end)) {
		r.found |= crm.HasTime
	}
	name := capital && !r.begins && !(end < len(r.text) && r.text[end] >= '0' && r.text[end] <= '9') && class&(timeWord|month|numberWord|title|nobody) == 0
	switch {
	case name && !r.german,
		name && r.near && (r.upper || r.before&title != 0),
		capital && r.near && r.before&title != 0:
		r.found |= crm.HasName
	}
	r.before, r.upper, r.near, r.number = class, name, true, false
	r.begins = false
}

// classOf looks a word up in lower case.
func (r *reader) classOf(word string) wordClass {
	if len(word) > len(r.buf) {
		return 0
	}
	b := r.buf[:0]
	for i := range len(word) {
		c := word[i]
		if c >= utf8.RuneSelf {
			return r.apart(strings.ToLower(word))
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	class, ok := r.words[string(b)]
	if !ok && strings.IndexByte(word, '\'') > 0 {
		return r.apart(string(b))
	}
	return class
}

// apart looks a word up without what is joined to its front: d'avril.
func (r *reader) apart(word string) wordClass {
	if class, ok := r.words[word]; ok {
		return class
	}
	if i := strings.IndexAny(word, "'’"); i > 0 {
		_, size := utf8.DecodeRuneInString(word[i:])
		return r.words[word[i+size:]]
	}
	return 0
}

func digitAfter(text string, i int) bool {
	for i < len(text) && (text[i] == ' ' || text[i] == '.') {
		i++
	}
	return i < len(text) && text[i] >= '0' && text[i] <= '9'
}

// figures reads a token of digits and what joins digits: a date, a clock time, a year or a number.
func (r *reader) figures(i int) int {
	start, groups, joint := i, 1, byte(0)
	for i < len(r.text) {
		c := r.text[i]
		if c >= '0' && c <= '9' {
			i++
			continue
		}
		if i+1 < len(r.text) && strings.IndexByte(".,:/-h'", c) >= 0 && r.text[i+1] >= '0' && r.text[i+1] <= '9' {
			if joint == 0 || c == joint {
				groups++
			}
			joint = c
			i++
			continue
		}
		break
	}
	token := r.text[start:i]
	r.found |= crm.HasNumber
	switch {
	case joint == ':' || (joint == 'h' && len(token) <= 5),
		groups == 3 && (joint == '/' || joint == '.' || joint == '-') && len(token) <= 10 && len(token) >= 6,
		joint == 0 && len(token) == 4 && (strings.HasPrefix(token, "19") || strings.HasPrefix(token, "20")),
		joint == 0 && len(token) == 1 && token >= "1" && token <= "4" && start > 0 && (r.text[start-1] == 'Q' || r.text[start-1] == 'T') && (start == 1 || r.text[start-2] == ' '):
		r.found |= crm.HasTime
	}
	r.before, r.upper, r.near, r.number, r.begins = 0, false, false, len(token) <= 5, false
	return i
}

// asks: the text's last sentence ends in a question mark, or more than half of its sentences do.
func asks(text string) crm.Traits {
	text = strings.TrimRight(text, " \t\n\r\"')*]”»」）")
	if text == "" {
		return 0
	}
	if last, _ := utf8.DecodeLastRuneInString(text); last == '?' || last == '？' {
		return crm.Asks
	}
	for _, end := range []string{"ですか。", "ますか。", "でしょうか。", "ませんか。", "ましたか。"} {
		if strings.HasSuffix(text, end) {
			return crm.Asks
		}
	}
	questions, sentences := 0, 1
	for i, r := range text {
		switch r {
		case '?', '？':
			questions++
			sentences++
		case '!', '！', '。', '\n':
			sentences++
		case '.':
			if i+1 < len(text) && text[i+1] == ' ' {
				sentences++
			}
		}
	}
	if questions*2 > sentences {
		return crm.Asks
	}
	return 0
}
