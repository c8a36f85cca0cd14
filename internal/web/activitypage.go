package web

import (
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

type activityPage struct {
	frame
	Ref, Kind, Subject   string
	Time                 moment
	People               []string
	Links                []string
	TextVersion          string
	Current              bool // the shown version is the present one
	Ours                 bool
	Before, Quote, After string
	Lost                 bool // a quote was asked for and is not there
}

// activityPage shows the stored text of an activity with the quote at start:end marked.
func (s *server) activityPage(c *gin.Context) {
	q := queryOf(c, "version", "start", "end")
	ref, err := activityOf(c)
	q.keep(err)
	if q.err != nil {
		s.failPage(c, q.err)
		return
	}
	a, present, err := s.versionOf(c, ref, q.text("version"))
	if err != nil {
		s.failPage(c, err)
		return
	}
	page := activityPage{
		Ref: ref.Path(), Kind: words(string(ref.Type.Kind())), Subject: a.Subject, People: each(a.People, personWords), Links: each(a.Links.All(), crm.Ref.Path),
		TextVersion: a.Document.Version, Current: present, Ours: a.Ours, Before: a.Document.Text,
	}
	if !a.TimeUnknown {
		page.Time = momentOf(a.Time)
	}
	page.frame = s.frame(c, page.Kind+" "+page.Ref)
	if q.text("start") != "" || q.text("end") != "" {
		var ok bool
		page.Before, page.Quote, page.After, ok = cutQuote(a.Document.Text, q.text("start"), q.text("end"))
		page.Lost = !ok
	}
	s.show(c, http.StatusOK, "activity", page)
}

// cutQuote splits text at byte offsets. Offsets that do not name a piece of it, or cut a character, give the whole text and false.
func cutQuote(text, start, end string) (before, quote, after string, ok bool) {
	i, err1 := strconv.Atoi(start)
	j, err2 := strconv.Atoi(end)
	if err1 != nil || err2 != nil || i < 0 || j <= i || j > len(text) {
		return text, "", "", false
	}
	if !utf8.RuneStart(text[i]) || j < len(text) && !utf8.RuneStart(text[j]) {
		return text, "", "", false
	}
	return text[:i], text[i:j], text[j:], true
}

func personWords(p crm.Person) string {
	name := p.Name
	if name == "" {
		name = p.Email
	} else if p.Email != "" {
		name += " <" + p.Email + ">"
	}
	if p.Role != "" {
		name += " (" + p.Role + ")"
	}
	return name
}
