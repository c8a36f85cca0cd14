package engine

import (
	"html"
	"strings"
	"unicode/utf8"
)

var (
	anyTag     = expression(`<[^>]*>?`)
	allowedTag = expression(`^(</?(p|strong|em|ul|ol|li)>|<br ?/?>|<a href="https://[^"<>\s]+">|</a>)$`)
)

// BodyProblem says why HTML may not go into a note or task: only p, br, strong, em, ul, ol, li without attributes and a with an https link are let through. A text
// without any tag is fine.
func BodyProblem(body string) string {
	if strings.TrimSpace(body) == "" {
		return "the text is empty"
	}
	if !utf8.ValidString(body) {
		return "the text is not UTF-8"
	}
	if hidesAnything(html.UnescapeString(body)) {
		return "the text holds invisible characters"
	}
	for _, tag := range anyTag().FindAllString(body, -1) {
		if !allowedTag().MatchString(tag) {
			return "only p, br, strong, em, ul, ol, li and https links are allowed"
		}
	}
	return ""
}

// textOf is what a reader sees of HTML: tags are white space, entities their characters, white space runs one space. HubSpot rewrites mark-up, so bodies are
// compared by it.
func textOf(body string) string {
	return strings.Join(strings.Fields(html.UnescapeString(anyTag().ReplaceAllString(body, " "))), " ")
}
