package prompts

import (
	"maps"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Shown names the fields of the payload that a workflow needs: nothing else of the records reaches its model. A part that is not named is not read.
type Shown struct {
	Person     []string                    `yaml:"person"`     // name, title, role, language
	Company    []string                    `yaml:"company"`    // name, industry, size, country, lifecycle
	Deal       []string                    `yaml:"deal"`       // name, stage, amount, currency, close_date, pipeline
	Ticket     []string                    `yaml:"ticket"`     // name, stage, priority
	Context    []string                    `yaml:"context"`    // people
	History    []string                    `yaml:"history"`    // person, direction, subject: of each passage, beside its kind, date and text
	Summary    string                      `yaml:"summary"`    // the workflow whose last text about the account is shown; "": none
	Properties map[crm.ObjectType][]string `yaml:"properties"` // further properties of the portal's records: companies, contacts, deals, tickets
}

// Wants reports whether any field of a part is shown.
func (s Shown) Wants(t crm.ObjectType) bool {
	return len(map[crm.ObjectType][]string{crm.Contacts: s.Person, crm.Companies: s.Company, crm.Deals: s.Deal, crm.Tickets: s.Ticket}[t])+len(s.Properties[t]) > 0
}

// Only is the payload with nothing but what the workflow asks for.
func (p Payload) Only(s Shown) Payload {
	out := Payload{Context: p.Context, History: slices.Clone(p.History)}
	out.Person = Person{Name: p.Person.Name, Title: p.Person.Title, Role: p.Person.Role, Language: p.Person.Language, Further: further(p.Person.Further, s.Properties[crm.Contacts])}
	blank(s.Person, []named{{"name", &out.Person.Name}, {"title", &out.Person.Title}, {"role", &out.Person.Role}, {"language", &out.Person.Language}})
	out.Company = p.Company
	out.Company.Further = further(p.Company.Further, s.Properties[crm.Companies])
	blank(s.Company, []named{{"name", &out.Company.Name}, {"industry", &out.Company.Industry}, {"size", &out.Company.Size}, {"country", &out.Company.Country}, {"lifecycle", &out.Company.Lifecycle}})
	out.Deal = p.Deal
	out.Deal.Further = further(p.Deal.Further, s.Properties[crm.Deals])
	blank(s.Deal, []named{{"name", &out.Deal.Name}, {"stage", &out.Deal.Stage}, {"amount", &out.Deal.Amount}, {"currency", &out.Deal.Currency}, {"close_date", &out.Deal.CloseDate}, {"pipeline", &out.Deal.Pipeline}})
	out.Ticket = p.Ticket
	out.Ticket.Further = further(p.Ticket.Further, s.Properties[crm.Tickets])
	blank(s.Ticket, []named{{"name", &out.Ticket.Name}, {"stage", &out.Ticket.Stage}, {"priority", &out.Ticket.Priority}})
	if !slices.Contains(s.Context, "people") {
		out.Context.People = nil
	}
	if s.Summary == "" {
		out.Context.Summary = Summary{}
	}
	for i := range out.History {
		q := &out.History[i]
		blank(s.History, []named{{"person", &q.Person}, {"direction", &q.Direction}, {"subject", &q.Subject}})
	}
	return out
}

type named struct {
	name  string
	value *string
}

// blank empties the fields that are not wanted.
func blank(wanted []string, fields []named) {
	for _, f := range fields {
		if !slices.Contains(wanted, f.name) {
			*f.value = ""
		}
	}
}

func further(fields []Field, wanted []string) []Field {
	var out []Field
	for _, f := range fields {
		if slices.Contains(wanted, f.Name) {
			out = append(out, f)
		}
	}
	return out
}

// payloadFields are the names that each part of `payload` may hold.
func payloadFields() map[string][]string {
	return map[string][]string{
		"person": {"name", "title", "role", "language"}, "company": {"name", "industry", "size", "country", "lifecycle"},
		"deal": {"name", "stage", "amount", "currency", "close_date", "pipeline"}, "ticket": {"name", "stage", "priority"},
		"context": {"people"}, "history": {"person", "direction", "subject"},
	}
}

var propertyName = expression(`^[a-z][a-z0-9_]{0,99}$`)

// shown checks what a workflow asks of the payload.
func shown(s Shown, p *problems) {
	known := payloadFields()
	for part, list := range map[string][]string{"person": s.Person, "company": s.Company, "deal": s.Deal, "ticket": s.Ticket, "context": s.Context, "history": s.History} {
		for i, name := range list {
			if !slices.Contains(known[part], name) {
				p.add(at("payload", part, i), "payload.%s: no field %q%s: want %s", part, name, meant(name, known[part]), strings.Join(known[part], ", "))
			}
			if slices.Index(list, name) < i {
				p.add(at("payload", part, i), "field %q is named twice", name)
			}
		}
	}
	for _, t := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(crm.RecordTypes(), t) {
			p.add(at("payload", "properties", string(t)), "properties of %q: want companies, contacts, deals or tickets", t)
		}
		for i, name := range s.Properties[t] {
			switch {
			case !propertyName().MatchString(name):
				p.add(at("payload", "properties", string(t), i), "property %q: want HubSpot's internal name", name)
			case strings.HasPrefix(name, "ai_"):
				p.add(at("payload", "properties", string(t), i), "property %q is our own word, which is no evidence of anything", name)
			}
		}
	}
	if s.Summary != "" && !workflowName().MatchString(s.Summary) {
		p.add(at("payload", "summary"), "summary %q: want the name of a workflow", s.Summary)
	}
}
