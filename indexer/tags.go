package indexer

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// Limits of the element stack: tags beyond maxDepth are counted but not kept, and an end tag looks for its start at most maxSearch elements up.
const (
	maxDepth  = 4096
	maxSearch = 256
)

func (w *htmlWriter) open(tag atom.Atom, name string, attr map[string]string) {
	switch tag {
	case atom.Br:
		w.breaks++
		return
	case atom.Hr:
		if token(attr["id"]) == "stopspelling" {
			w.history = true
		}
		if !w.top().skip && !w.top().look.unseen() {
			w.rule()
		}
		return
	case atom.Body:
		w.top().skip = false
	}
	if void(tag) {
		return
	}
	w.implied(tag)
	e := w.child(tag, name, attr)
	if !e.skip {
		w.openBlock(&e, attr)
	}
	if len(w.stack) >= maxDepth {
		w.beyond++
		return
	}
	w.stack = append(w.stack, e)
	if e.tag == atom.Li && !e.skip {
		w.startItem()
	}
}

// child derives a new element's state from its parent and attributes.
func (w *htmlWriter) child(tag atom.Atom, name string, attr map[string]string) element {
	parent := w.top()
	e := element{tag: tag, name: name, look: parent.look, depth: parent.depth, hint: parent.hint, skip: parent.skip || skipped(tag), pre: parent.pre || tag == atom.Pre,
		cell: tag == atom.Td || tag == atom.Th || (parent.cell && tag != atom.Table), item: -1}
	if attr == nil && tag != atom.Blockquote && tag != atom.Ol {
		return e
	}
	css := declarations(attr["style"])
	if tag != atom.Table && tag != atom.Body && tag != atom.Td && tag != atom.Font && tag != atom.Tr && tag != atom.Th {
		attr = without(attr, "background", "bgcolor")
	}
	was := e.look.hidden
	e.look = e.look.apply(css, attr)
	if e.look.hidden && !was {
		w.endHidden()
	}
	e.hint |= containerHint(attr)
	if strings.HasPrefix(css["white-space"], "pre") {
		e.pre = true
	}
	if tag == atom.Ol {
		e.item = max(1, int(number(attr["start"])))
	}
	if e.hint&startsHistory != 0 {
		w.history = true
		e.hint &^= startsHistory
	}
	if tag == atom.Blockquote && !indentation(attr, css) {
		e.depth++
	}
	if border, ok := css["border-top"]; ok && strings.Contains(border, "solid") && !e.skip && tag == atom.Div && strings.HasPrefix(css["border"], "none") {
		w.rule() // Outlook's line above the header of the older message
	}
	return e
}

func without(attr map[string]string, names ...string) map[string]string {
	for _, n := range names {
		delete(attr, n)
	}
	return attr
}

// indentation tells a paragraph that a person moved to the right from a quotation: both are blockquotes, the former without a border.
func indentation(attr, css map[string]string) bool {
	if attr["type"] == "cite" || attr["cite"] != "" || attr["class"] != "" {
		return false
	}
	if _, bordered := css["border-left"]; bordered {
		return false
	}
	return css["border"] == "none" || css["border"] == "0" || css["border"] == "0px" || css["border"] == "none 0px"
}

// openBlock breaks the line where browsers do.
func (w *htmlWriter) openBlock(e *element, attr map[string]string) {
	switch e.tag {
	case atom.P:
		if e.cell || strings.HasPrefix(attr["class"], "Mso") || strings.HasPrefix(attr["class"], "x_Mso") {
			w.block(1) // Outlook's paragraphs are lines: their margin is 0. Those of a cell share its row
		} else {
			w.block(2)
		}
	case atom.Td, atom.Th:
		if w.rowText && w.breaks <= 1 && !w.tall {
			w.breaks, w.cell = 0, true
		} else if w.rowText {
			w.block(1)
		}
		w.cellFresh, w.tall = true, false
	case atom.Tr:
		w.cell, w.rowText, w.tall = false, false, false
		w.block(1)
	case atom.Table, atom.Ul, atom.Ol:
		w.cell, w.rowText, w.tall = false, false, false
		w.block(1)
	default:
		if n := blockBreaks(e.tag); n > 0 {
			w.block(n)
		}
	}
}

func (w *htmlWriter) close(tag atom.Atom, name string) {
	if w.beyond > 0 && !void(tag) {
		w.beyond--
		return
	}
	if tag == atom.P || tag == atom.Br {
		if i := w.find(tag, name); i < 0 {
			w.block(1)
			return
		}
	}
	i := w.find(tag, name)
	if i <= 0 {
		return
	}
	for len(w.stack) > i {
		w.pop()
	}
}

func (w *htmlWriter) pop() {
	e := w.stack[len(w.stack)-1]
	w.stack = w.stack[:len(w.stack)-1]
	if e.look.hidden && !w.top().look.hidden {
		w.endHidden()
	}
	if e.skip {
		return
	}
	switch e.tag {
	case atom.P, atom.Table, atom.Ul, atom.Ol:
		w.cell = false
		if e.tag == atom.P && e.cell {
			w.block(1)
			return
		}
		w.block(min(2, max(1, blockBreaks(e.tag))))
	case atom.Tr:
		w.cell, w.rowText, w.tall = false, false, false
		w.block(1)
	case atom.Td, atom.Th:
		w.cellFresh = false
	case atom.Li:
		w.bullet = ""
		w.block(1)
	default:
		if n := blockBreaks(e.tag); n > 0 {
			w.block(n)
		}
	}
}

// find looks up the start of an end tag; inline tags do not reach across blocks, and nothing but table parts reaches out of a cell.
func (w *htmlWriter) find(tag atom.Atom, name string) int {
	inline := blockBreaks(tag) == 0 && !tablePart(tag)
	for i := len(w.stack) - 1; i > 0 && i >= len(w.stack)-maxSearch; i-- {
		e := &w.stack[i]
		if e.tag == tag && (tag != 0 || e.name == name) {
			return i
		}
		if inline && blockBreaks(e.tag) > 0 {
			return -1
		}
		if (e.tag == atom.Td || e.tag == atom.Th) && !tablePart(tag) {
			return -1
		}
		if e.tag == atom.Table && tag != atom.Table {
			return -1
		}
	}
	return -1
}

// implied closes what HTML lets authors leave open: a paragraph before a block, an item before the next, a cell and a row before the next.
func (w *htmlWriter) implied(tag atom.Atom) {
	var ends, bounds []atom.Atom
	switch {
	case tag == atom.Li:
		ends, bounds = []atom.Atom{atom.Li}, []atom.Atom{atom.Ul, atom.Ol, atom.Td, atom.Th}
	case tag == atom.Td || tag == atom.Th:
		ends, bounds = []atom.Atom{atom.Td, atom.Th}, []atom.Atom{atom.Tr, atom.Table}
	case tag == atom.Tr:
		ends, bounds = []atom.Atom{atom.Tr}, []atom.Atom{atom.Table}
	case blockBreaks(tag) > 0:
		ends = []atom.Atom{atom.P}
	default:
		return
	}
	for i := len(w.stack) - 1; i > 0 && i >= len(w.stack)-64; i-- {
		e := w.stack[i].tag
		for _, end := range ends {
			if e == end {
				for len(w.stack) > i {
					w.pop()
				}
				return
			}
		}
		if tag != atom.Li && tag != atom.Td && tag != atom.Th && tag != atom.Tr && blockBreaks(e) > 0 {
			return
		}
		for _, bound := range bounds {
			if e == bound {
				return
			}
		}
	}
}
