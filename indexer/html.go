package indexer

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlLines turns HTML into the lines a reader sees, and returns apart what is there but cannot be seen. It works on the token stream with a stack of its own:
// a tree builder recurses or stops at a depth that mail written to break it exceeds. Time is linear in the input.
func htmlLines(body string) (lines []line, hidden []string) {
	w := &htmlWriter{}
	w.stack = append(w.stack, element{look: visible()})
	z := html.NewTokenizer(strings.NewReader(strings.ToValidUTF8(body, "\uFFFD")))
	for {
		switch z.Next() {
		case html.ErrorToken: // the only error of a string reader is its end
			w.flush()
			w.endHidden()
			return w.lines, w.hidden
		case html.TextToken:
			w.textToken(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			name, hasAttr := z.TagName()
			tag, raw := atom.Lookup(name), string(name)
			w.open(tag, raw, attributes(z, hasAttr))
		case html.EndTagToken:
			name, _ := z.TagName()
			w.close(atom.Lookup(name), string(name))
		}
	}
}

func attributes(z *html.Tokenizer, more bool) map[string]string {
	if !more {
		return nil
	}
	out := map[string]string{}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if _, dup := out[string(key)]; !dup && len(out) < 64 {
			out[string(key)] = string(value)
		}
	}
	return out
}

// element is one open tag.
type element struct {
	tag   atom.Atom
	name  string
	look  look
	depth int
	hint  hint
	skip  bool
	pre   bool
	cell  bool // inside a table cell
	item  int  // in an ordered list: the next number; -1 in an unordered one
}

// htmlWriter collects text into lines. Breaks are lazy: they take effect when the next visible text arrives.
type htmlWriter struct {
	stack  []element
	beyond int // open tags that were not pushed because the stack is full

	lines   []line
	hidden  []string
	current strings.Builder
	started bool // the current line has a line entry's hint and depth
	depth   int
	hint    hint

	breaks    int
	space     bool
	cell      bool // a table cell boundary lies between the last text and the next
	cellFresh bool // no text since the cell began
	rowText   bool // the row has text already
	tall      bool // the cell has more than one line
	bullet    string
	history   bool // the next line begins older history
	concealed strings.Builder
}

func (w *htmlWriter) top() *element { return &w.stack[len(w.stack)-1] }

// block asks for at least n line breaks before the next text.
func (w *htmlWriter) block(n int) {
	if w.cell && w.cellFresh {
		return
	}
	w.breaks = max(w.breaks, n)
}

func (w *htmlWriter) textToken(raw string) {
	top := w.top()
	if top.skip || raw == "" {
		return
	}
	text := html.UnescapeString(raw)
	if top.look.unseen() {
		if strings.TrimSpace(clean(text)) != "" {
			w.concealed.WriteString(text)
			w.concealed.WriteByte(' ')
		}
		return
	}
	if top.pre {
		for i, part := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
			if i > 0 {
				w.breaks++
			}
			if part != "" {
				w.write(part)
			}
		}
		return
	}
	w.flow(text)
}

// flow writes text with white space collapsed as browsers do; a non-breaking space alone makes an empty line.
func (w *htmlWriter) flow(text string) {
	words := strings.FieldsFunc(text, isHTMLSpace)
	if len(words) == 0 {
		w.space = w.space || text != ""
		return
	}
	joined := strings.Join(words, " ")
	if strings.Trim(joined, " \u00a0") == "" {
		if w.breaks > 0 {
			w.breaks = max(w.breaks, 2)
		}
		w.space = true
		return
	}
	w.space = w.space || isHTMLSpace(rune(text[0]))
	w.write(joined)
	w.space = isHTMLSpace(rune(text[len(text)-1]))
}

func isHTMLSpace(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' }

func (w *htmlWriter) write(text string) {
	top := w.top()
	switch {
	case w.breaks > 0:
		w.tall = w.tall || !w.cellFresh
		w.flush()
		if w.breaks > 1 && len(w.lines) > 0 {
			w.lines = append(w.lines, line{depth: min(top.depth, w.depth)})
		}
	case w.cell && w.rowText && w.current.Len() > 0:
		w.current.WriteString(" | ")
	case w.space && w.current.Len() > 0:
		w.current.WriteByte(' ')
	}
	if !w.started {
		w.started, w.depth, w.hint = true, top.depth, top.hint
		if w.history {
			w.hint |= startsHistory
			w.history = false
		}
	}
	w.current.WriteString(w.bullet)
	w.current.WriteString(text)
	w.bullet, w.breaks, w.space, w.cell, w.cellFresh, w.rowText = "", 0, false, false, false, true
}

func (w *htmlWriter) flush() {
	if !w.started {
		return
	}
	for part := range strings.SplitSeq(clean(w.current.String()), "\n") {
		w.lines = append(w.lines, line{text: strings.TrimRight(part, " "), depth: w.depth, hint: w.hint})
	}
	w.current.Reset()
	w.started = false
}

func (w *htmlWriter) rule() {
	w.flush()
	w.lines = append(w.lines, line{depth: w.top().depth, hint: isRule})
	w.breaks = max(w.breaks, 1)
}

func (w *htmlWriter) endHidden() {
	if text := tidy(strings.Split(clean(w.concealed.String()), "\n")); strings.TrimSpace(text) != "" {
		w.hidden = append(w.hidden, strings.Join(strings.Fields(text), " "))
	}
	w.concealed.Reset()
}

// startItem prepares the bullet or number that the next text of a list item gets.
func (w *htmlWriter) startItem() {
	indent := -1
	list := -1
	for i := len(w.stack) - 1; i >= 0 && i > len(w.stack)-64; i-- {
		if w.stack[i].tag == atom.Ul || w.stack[i].tag == atom.Ol {
			if list < 0 {
				list = i
			}
			indent++
		}
	}
	w.bullet = strings.Repeat("  ", max(0, min(indent, 8)))
	if list >= 0 && w.stack[list].item >= 0 {
		w.bullet += strconv.Itoa(w.stack[list].item) + ". "
		w.stack[list].item++
		return
	}
	w.bullet += "- "
}
