package hubsim

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"html"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// record is an object as the API shows it.
type record struct {
	ID         string                `json:"id"`
	Properties map[string]*string    `json:"properties"`
	History    map[string][]pastView `json:"propertiesWithHistory,omitempty"`
	CreatedAt  string                `json:"createdAt"`
	UpdatedAt  string                `json:"updatedAt"`
	Archived   bool                  `json:"archived"`
	ArchivedAt string                `json:"archivedAt,omitempty"`
	Links      map[string]any        `json:"associations,omitempty"`
	URL        string                `json:"url,omitempty"`
	TraceID    string                `json:"objectWriteTraceId,omitempty"`
	New        *bool                 `json:"new,omitempty"`
	Warnings   []warning             `json:"warnings,omitempty"`
}

type pastView struct {
	Value      string `json:"value"`
	Timestamp  string `json:"timestamp"`
	SourceType string `json:"sourceType"`
	SourceID   string `json:"sourceId,omitempty"`
	Label      string `json:"sourceLabel,omitempty"`
	User       int64  `json:"updatedByUserId,omitempty"`
}

// defaults are the properties returned when none are asked for (search and read guides); ids and dates always come on top.
func defaults(t crm.ObjectType) []string {
	switch t {
	case crm.Contacts:
		return []string{"firstname", "lastname", "email"}
	case crm.Companies:
		return []string{"name", "domain"}
	case crm.Deals:
		return []string{"dealname", "amount", "closedate", "pipeline", "dealstage"}
	case crm.Tickets:
		return []string{"content", "subject", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_category", "hs_ticket_priority"}
	}
	return nil
}

func createName(t crm.ObjectType) string {
	if t.IsActivity() {
		return "hs_createdate"
	}
	return "createdate"
}

func modifiedName(t crm.ObjectType) string {
	if t == crm.Contacts {
		return "lastmodifieddate"
	}
	return "hs_lastmodifieddate"
}

// render shows an object with the named properties: unknown names are left out, known and empty ones are null.
func (s *Server) render(o *object, props, history []string) *record {
	r := &record{
		ID: o.key(), Properties: make(map[string]*string, len(props)+3), CreatedAt: stamp(o.created), UpdatedAt: stamp(o.updated), Archived: o.archived,
		URL: fmt.Sprintf("https://app.hubspot.com/contacts/%d/record/%s/%d", s.opt.Portal, hubspot.TypeID(o.typ), o.id),
	}
	if o.archived {
		r.ArchivedAt = stamp(o.archivedAt)
	}
	if len(props) == 0 {
		props = defaults(o.typ)
	}
	tb := s.tables[o.typ]
	for _, list := range [][]string{props, {"hs_object_id", createName(o.typ), modifiedName(o.typ)}} {
		for _, name := range list {
			def := tb.props[name]
			if def == nil || !s.readable(o.typ, def) {
				continue
			}
			if v := s.shownValue(o, name); v != "" {
				r.Properties[name] = &v
			} else {
				r.Properties[name] = nil
			}
		}
	}
	for _, name := range history {
		if def := tb.props[name]; def != nil && s.readable(o.typ, def) {
			if r.History == nil {
				r.History = map[string][]pastView{}
			}
			r.History[name] = past(o.values[name])
		}
	}
	return r
}

// readable hides sensitive properties and the content of e-mails from apps without the scope for them.
func (s *Server) readable(t crm.ObjectType, p *property) bool {
	switch {
	case p.sensitive():
		return s.granted("crm.objects." + string(t) + ".sensitive.read")
	case t == crm.Emails && (strings.HasPrefix(p.Name, "hs_email_") || strings.HasPrefix(p.Name, "hs_body_preview")):
		return s.granted("sales-email-read")
	}
	return true
}

func past(versions []version) []pastView {
	out := make([]pastView, 0, len(versions))
	for _, v := range slices.Backward(versions) { // newest first
		out = append(out, pastView{Value: v.value, Timestamp: stamp(v.at), SourceType: v.source, SourceID: v.sourceID, User: v.user})
	}
	return out
}

// shownValue is a stored value, or one that HubSpot calculates.
func (s *Server) shownValue(o *object, name string) string {
	switch name {
	case "hs_object_id":
		return o.key()
	case createName(o.typ):
		return stamp(o.created)
	case modifiedName(o.typ):
		return stamp(o.updated)
	case "hs_all_owner_ids":
		return o.raw("hubspot_owner_id")
	case "hs_body_preview":
		return preview(o)
	case "hs_is_closed", "hs_is_closed_won", "hs_deal_stage_probability":
		return s.stageValue(o, name)
	case "notes_last_contacted", "notes_last_updated", "num_notes", "hs_last_sales_activity_timestamp":
		return s.activityValue(o, name)
	case "num_associated_contacts":
		return strconv.Itoa(len(s.liveLinks(o, crm.Contacts, 0)))
	case "num_associated_deals":
		return strconv.Itoa(len(s.liveLinks(o, crm.Deals, 0)))
	}
	return o.raw(name)
}

func (s *Server) stageValue(o *object, name string) string {
	st := s.portal.stage(o.typ, o.raw("dealstage"))
	switch {
	case st == nil:
		return ""
	case name == "hs_is_closed":
		return strconv.FormatBool(st.Closed)
	case name == "hs_is_closed_won":
		return strconv.FormatBool(st.Closed && st.Probability == "1.0")
	}
	return st.Probability
}

// activityValue sums up the activities of a record: how many, and when the last one (or the last contact with the person) was.
func (s *Server) activityValue(o *object, name string) string {
	n, last, now := 0, time.Time{}, s.now()
	for _, t := range crm.ActivityTypes() {
		contact := t != crm.Notes && t != crm.Tasks
		for _, id := range s.liveLinks(o, t, 0) {
			n++
			at, known := parseTime(s.tables[t].rows[id].raw("hs_timestamp"))
			if known && (contact || name == "notes_last_updated") && !at.After(now) && at.After(last) {
				last = at
			}
		}
	}
	if name == "num_notes" {
		return strconv.Itoa(n)
	}
	if last.IsZero() {
		return ""
	}
	return stamp(last)
}

var (
	tag    = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// preview is the plain-text excerpt that HubSpot keeps of a body.
func preview(o *object) string {
	body := ""
	for _, name := range []string{"hs_note_body", "hs_call_body", "hs_meeting_body", "hs_task_body", "hs_communication_body", "hs_email_html", "hs_email_text"} {
		body = cmp.Or(body, o.raw(name))
	}
	text := strings.TrimSpace(spaces.ReplaceAllString(html.UnescapeString(tag.ReplaceAllString(body, " ")), " "))
	if r := []rune(text); len(r) > 200 {
		return string(r[:200])
	}
	return text
}

// inline adds the first page of associations to a record, as list and get do.
func (s *Server) inline(r *record, o *object, types []crm.ObjectType) {
	for _, t := range types {
		ids := s.liveLinks(o, t, 0)
		if len(ids) == 0 {
			continue
		}
		page := map[string]any{}
		if len(ids) > 100 {
			ids = ids[:100]
			after := cursor(ids[99])
			page["paging"] = map[string]any{"next": map[string]string{"after": after, "link": fmt.Sprintf("https://api.hubapi.com/crm/v3/objects/%s/%s/associations/%s?after=%s", o.typ, r.ID, t, after)}}
		}
		name := hubspot.Singular(o.typ) + "_to_" + hubspot.Singular(t)
		results := []any{}
		for _, id := range ids {
			primary, key := hubspot.PrimaryType(o.typ, t), strconv.FormatInt(id, 10)
			for _, typeID := range o.links[t].types[id] {
				kind := name
				if primary != 0 && typeID != primary {
					kind += "_unlabeled"
				}
				results = append(results, map[string]string{"id": key, "type": kind})
			}
		}
		page["results"] = results
		if r.Links == nil {
			r.Links = map[string]any{}
		}
		r.Links[string(t)] = page
	}
}
