package indexer

import (
	"html"
	"os"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func mailActivity(body string, format crm.Format) crm.Activity {
	return crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Emails, ID: "1"}, Body: body, Format: format}
}

func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }

const (
	newText = "Thanks for the numbers.\n\nWe can live with 4 % if the term is 24 months, but procurement wants the cap in writing before Friday."
	oldText = "Here are the numbers you asked for.\n\nThe uplift would be 7 % from May on.\nDana"
)

// openingCases reads testdata/openings.txt: the lines that mail programs put above an older message, by program.
func openingCases(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("testdata/openings.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for block := range strings.SplitSeq(string(raw), "\n\n") {
		name, opening, ok := strings.Cut(strings.Trim(block, "\n"), "\n")
		if !ok {
			continue
		}
		out[strings.TrimPrefix(name, "# ")] = opening
	}
	return out
}

func TestOlderMessagesAreCutInEveryLayout(t *testing.T) {
	cases := openingCases(t)
	if len(cases) < 80 {
		t.Fatalf("only %d openings were read", len(cases))
	}
	marked := "> " + strings.ReplaceAll(oldText, "\n", "\n> ")
	for name, opening := range cases {
		lines := strings.Split(html.EscapeString(opening), "\n")
		for layout, a := range map[string]crm.Activity{
			"marked":          mailActivity(newText+"\n\n"+opening+"\n\n"+marked+"\n", crm.PlainText),
			"marked, tight":   mailActivity(newText+"\n"+opening+"\n"+marked+"\n", crm.PlainText),
			"crlf":            mailActivity(strings.ReplaceAll(newText+"\n\n"+opening+"\n"+marked, "\n", "\r\n"), crm.PlainText),
			"unmarked":        mailActivity(newText+"\n\n"+opening+"\n\n"+oldText+"\n", crm.PlainText),
			"html blockquote": mailActivity("<div>"+strings.ReplaceAll(newText, "\n", "<br>")+"</div><br><div>"+strings.Join(lines, "<br>")+"</div><blockquote type=\"cite\"><p>"+oldText+"</p></blockquote>", crm.HTML),
			"html paragraphs": mailActivity("<p>"+strings.ReplaceAll(newText, "\n\n", "</p><p>")+"</p><p class=MsoNormal>&nbsp;</p><p><b>"+strings.Join(lines, "</b><br><b>")+"</b></p><p>"+oldText+"</p>", crm.HTML),
		} {
			d := Normalise(a)
			if got := collapse(d.Text); got != collapse(newText) {
				t.Errorf("%s, %s:\n got %q\nwant %q", name, layout, got, collapse(newText))
			}
			if len(d.Cuts) == 0 || d.Cuts[0].Kind != "quote" {
				t.Errorf("%s, %s: the older message is not kept as a cut: %v", name, layout, d.Cuts)
			}
		}
	}
}

// mailCases reads a file of "=== name [html]" bodies and "--- want" texts.
func mailCases(t *testing.T, path string) map[string][2]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][2]string{}
	for block := range strings.SplitSeq("\n"+string(raw), "\n=== ") {
		name, rest, ok := strings.Cut(block, "\n")
		if !ok || name == "" {
			continue
		}
		body, want, ok := strings.Cut(rest, "\n--- want")
		if !ok {
			t.Fatalf("%s: case %q has no text", path, name)
		}
		out[name] = [2]string{body, strings.Trim(want, "\n")}
	}
	return out
}

func TestMails(t *testing.T) {
	for name, c := range mailCases(t, "testdata/mails.txt") {
		format := crm.PlainText
		if strings.HasSuffix(name, "[html]") {
			format = crm.HTML
		}
		if got := Normalise(mailActivity(c[0], format)).Text; got != c[1] {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c[1])
		}
	}
}
