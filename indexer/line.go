package indexer

import "strings"

// line is one line of a body before it is decided what it is.
type line struct {
	text  string
	depth int  // enclosing quotation elements (HTML) plus leading > marks are counted apart: see quoteMarks
	hint  hint // what the mark-up says about it
}

// hint is what HTML containers of mail programs tell about their lines.
type hint uint8

const (
	inSignature   hint = 1 << iota // inside a signature container
	isAttribution                  // the mail program says: "On … wrote:"
	startsHistory                  // the mail program says: the older message begins here
	isRule                         // a horizontal rule or a bordered separator; text is empty
)

func (l line) blank() bool { return strings.TrimSpace(l.text) == "" }

// plainLines splits a plain body.
func plainLines(s string) []line {
	var out []line
	for text := range strings.SplitSeq(clean(s), "\n") {
		out = append(out, line{text: strings.TrimRight(text, " \t")})
	}
	return out
}

func texts(lines []line) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.text
	}
	return out
}
