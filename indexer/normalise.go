package indexer

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

// maxBody bounds what is read of one body, in bytes: HubSpot's own limit is 65,536 characters for most and a few hundred kB for the HTML of mails.
const maxBody = 16 << 20

// Normalise turns an activity into the text that is indexed and quoted: HTML becomes lines, what cannot be seen is taken out, and of a mail only what the person
// newly wrote stays. Everything taken out of the sight of readers stands in Cuts (quote, signature, footer, hidden). A transcript becomes "Speaker: text" lines with
// a Span each, the line without its break; the turns of a message that holds a whole conversation are Spans of its own text, which keeps its time stamps. It is pure, total and linear in the size of the body.
func Normalise(a crm.Activity) crm.Document {
	d := crm.Document{Ref: a.Ref}
	if len(a.Turns) > 0 {
		d.Text, d.Turns = turnsText(a.Turns)
		return finish(d)
	}
	lines, hidden := bodyLines(a)
	kind := a.Ref.Type.Kind()
	if kind == crm.Email {
		d.Text, d.Cuts = mailText(lines, a.Direction == crm.Forwarded || forwardSubject(a.Subject))
	} else if turns := transcript(kind, lines); turns != nil {
		d.Text, d.Turns = turnsText(turns)
	} else {
		d.Text = tidy(texts(lines))
		if kind == crm.Message {
			d.Turns = conversation(d.Text)
		}
	}
	for _, h := range hidden {
		d.Cuts = append(d.Cuts, crm.Cut{Kind: "hidden", Text: h})
	}
	return finish(d)
}

func bodyLines(a crm.Activity) (lines []line, hidden []string) {
	body := a.Body
	if len(body) > maxBody {
		body = body[:maxBody]
	}
	if a.Format == crm.HTML {
		return htmlLines(body)
	}
	return plainLines(body), nil
}

func finish(d crm.Document) crm.Document {
	d.Version = version(d.Text)
	d.Language = analysis.Language(d.Text)
	return d
}

// version names a text by its content.
func version(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// forwardSubject: the mail itself was sent on ("Fwd: …", "WG: …"), not an answer to one that was ("Re: Fwd: …").
func forwardSubject(subject string) bool {
	prefix, _, ok := strings.Cut(clean(subject), ":")
	if !ok {
		prefix, _, ok = strings.Cut(clean(subject), "：")
	}
	if !ok {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(prefix)) {
	case "fw", "fwd", "wg", "tr", "rv", "enc", "pd", "vb", "i", "doorst", "vl", "转发", "轉寄", "転送", "전달", "fs", "ilt", "továbbítás":
		return true
	}
	return false
}

// Normalised is what the command line shows of a Document.
type Normalised struct {
	Text  string     `json:"text"`
	Cut   []crm.Cut  `json:"cut"`
	Turns []crm.Span `json:"turns"`
}

// Show is the Document in the command line's shape; empty lists are [].
func Show(d crm.Document) Normalised {
	n := Normalised{Text: d.Text, Cut: d.Cuts, Turns: d.Turns}
	if n.Cut == nil {
		n.Cut = []crm.Cut{}
	}
	if n.Turns == nil {
		n.Turns = []crm.Span{}
	}
	return n
}
