package indexer

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// blockBreaks is the number of line breaks around an element; 0 for inline ones.
func blockBreaks(tag atom.Atom) int {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Pre, atom.Dl:
		return 2
	case atom.Div, atom.Ul, atom.Ol, atom.Li, atom.Table, atom.Tr, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Address, atom.Aside, atom.Main,
		atom.Nav, atom.Center, atom.Form, atom.Fieldset, atom.Figure, atom.Figcaption, atom.Dt, atom.Dd, atom.Body, atom.Html, atom.Details, atom.Summary, atom.Caption:
		return 1
	}
	return 0
}

func tablePart(tag atom.Atom) bool {
	switch tag {
	case atom.Table, atom.Tbody, atom.Thead, atom.Tfoot, atom.Tr, atom.Td, atom.Th:
		return true
	}
	return false
}

func void(tag atom.Atom) bool {
	switch tag {
	case atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Param, atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}

// skipped elements hold no text for readers.
func skipped(tag atom.Atom) bool {
	switch tag {
	case atom.Script, atom.Style, atom.Title, atom.Template, atom.Svg, atom.Math, atom.Iframe, atom.Object, atom.Noframes, atom.Audio, atom.Video, atom.Canvas, atom.Select:
		return true
	}
	return false
}

// token is a class or id as the mail program wrote it: webmails prefix names of mails they show with "x_".
func token(s string) string {
	s = strings.ToLower(s)
	for strings.HasPrefix(s, "x_") {
		s = s[2:]
	}
	return s
}

// containerHint reads what class and id names of mail programs say: Gmail, Outlook (desktop, web, phone), Apple Mail, Thunderbird, Yahoo, Zoho, Proton, Tutanota,
// Roundcube, Front and whoever uses the same words.
func containerHint(attr map[string]string) hint {
	var h hint
	if token(attr["data-smartmail"]) == "gmail_signature" {
		h |= inSignature
	}
	for _, source := range []string{attr["class"], attr["id"], attr["name"]} {
		if source == "" || len(source) > 400 {
			continue
		}
		for word := range strings.FieldsSeq(source) {
			h |= nameHint(token(word))
		}
	}
	return h
}

func nameHint(name string) hint {
	switch name {
	case "gmail_attr", "moz-cite-prefix", "reply-intro":
		return isAttribution
	case "divrplyfwdmsg", "appendonsend", "olk_src_body_section", "zmail_extra", "moz-forward-container", "moz-email-headers-table", "lotus_quote":
		return startsHistory
	case "gmail_quote", "gmail_quote_container", "gmail_extra":
		return 0 // holds the attribution, the quotation, and sometimes the answer below it
	}
	switch {
	case strings.Contains(name, "signature") && !strings.Contains(name, "signature-req"):
		return inSignature
	case strings.Contains(name, "reference-message"), strings.Contains(name, "yahoo_quoted"), strings.HasSuffix(name, "_quote"), strings.HasSuffix(name, "quoted-text"):
		return startsHistory
	}
	return 0
}
