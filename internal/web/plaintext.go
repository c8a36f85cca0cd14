package web

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// PlainText is the readable form of a note's HTML: its words with line breaks, and where links and pictures lead, spelled out. What is not HTML stays as it is.
// It is for reading only; the exact value is shown beside it.
func PlainText(s string) string {
	if !strings.Contains(s, "<") && !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	var links []string
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return tidy(b.String())
		case html.TextToken:
			b.WriteString(z.Token().Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch t.DataAtom {
			case atom.A:
				links = append(links, attribute(t, "href"))
			case atom.Img, atom.Iframe, atom.Script, atom.Link, atom.Object, atom.Embed, atom.Form:
				b.WriteString(" [" + t.Data + " " + attribute(t, "src") + attribute(t, "href") + attribute(t, "data") + attribute(t, "action") + "] ")
			case atom.Li:
				b.WriteString("\n• ")
			case atom.Br, atom.P, atom.Div, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3, atom.H4, atom.Blockquote, atom.Tr, atom.Hr:
				b.WriteString("\n")
			}
		case html.EndTagToken:
			switch t := z.Token(); t.DataAtom {
			case atom.A:
				if n := len(links); n > 0 {
					b.WriteString(" (" + links[n-1] + ")")
					links = links[:n-1]
				}
			case atom.P, atom.Div, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3, atom.H4, atom.Blockquote:
				b.WriteString("\n")
			}
		}
	}
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// tidy trims lines and leaves at most one empty line between two.
func tidy(s string) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimSpace(line)
		if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
