package hubsim

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/contextd/contextd/internal/crm"
)

// searchable are the properties that a query without filters looks at (search guide, default searchable properties).
func searchable(t crm.ObjectType) []string {
	switch t {
	case crm.Contacts:
		return []string{"firstname", "lastname", "email", "phone", "hs_additional_emails", "company"}
	case crm.Companies:
		return []string{"name", "domain", "website", "phone"}
	case crm.Deals:
		return []string{"dealname", "pipeline", "dealstage", "description", "dealtype"}
	case crm.Tickets:
		return []string{"subject", "content", "hs_pipeline_stage", "hs_ticket_category", "hs_object_id"}
	case crm.Calls:
		return []string{"hs_call_title", "hs_body_preview"}
	case crm.Meetings:
		return []string{"hs_meeting_title", "hs_meeting_body"}
	case crm.Emails:
		return []string{"hs_email_subject"}
	case crm.Notes:
		return []string{"hs_note_body"}
	case crm.Tasks:
		return []string{"hs_task_body", "hs_task_subject"}
	}
	return []string{"hs_communication_body"}
}

// mentions is true when every word of the query begins a word of some searchable property.
func (s *Server) mentions(o *object, query string, seen time.Time) bool {
	var text []string
	for _, name := range searchable(o.typ) {
		text = append(text, words(s.indexed(o, name, seen))...)
	}
	for _, w := range words(query) {
		if !slices.ContainsFunc(text, func(t string) bool { return strings.HasPrefix(t, w) }) {
			return false
		}
	}
	return true
}

func words(s string) []string {
	return strings.FieldsFunc(lower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// containsToken looks for one token; * at either end stands for anything.
func containsToken(value, token string) bool {
	token = lower(token)
	core := strings.Trim(token, "*")
	pre, post := strings.HasPrefix(token, "*"), strings.HasSuffix(token, "*")
	if len(words(core)) > 1 { // an address or a phrase: all its words
		return !slices.ContainsFunc(words(core), func(w string) bool { return !containsToken(value, w) })
	}
	core = strings.Join(words(core), "")
	return core != "" && slices.ContainsFunc(words(value), func(w string) bool {
		switch {
		case pre && post:
			return strings.Contains(w, core)
		case pre:
			return strings.HasSuffix(w, core)
		case post:
			return strings.HasPrefix(w, core)
		}
		return w == core
	})
}
