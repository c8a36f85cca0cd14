package prompts

import (
	"regexp"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Property names are ours only with the prefix ai_: the engine never writes any other. Names are as HubSpot allows them: lower case, digits, _, at most 100.
var aiProperty = regexp.MustCompile(`^ai_[a-z0-9_]{1,96}$`)

// change checks one change against the schema and the plan.
func change(c Change, w Workflow, answer map[string]*node, where []any, p *problems) {
	here := func(key ...any) []any { return append(where[:len(where):len(where)], key...) }
	threshold(c.Threshold, here("threshold"), p)
	switch c.Kind {
	case crm.PropertyKind:
		property(c, answer, here, p)
	case crm.NoteKind, crm.TaskKind:
		body(c, w, answer, here, p)
	default:
		p.add(here("kind"), "kind %q: want property, note or task", c.Kind)
	}
	if len(c.Claims) == 0 {
		p.add(here(), "a change must name the claims that it stands on")
	}
	for i, name := range c.Claims {
		field := answer[name]
		if field == nil || !field.isClaims() {
			p.add(here("claims", i), "claims %q is not an array of claims of the schema", name)
		}
		planned(name, w.Plan, here("claims", i), p)
	}
}

func planned(name string, plan crm.Plan, where []any, p *problems) {
	if !slices.ContainsFunc(plan.Fields, func(f crm.Field) bool { return f.Name == name }) {
		p.add(where, "field %q is not in the plan", name)
	}
}

func property(c Change, answer map[string]*node, here func(...any) []any, p *problems) {
	if !aiProperty.MatchString(c.Property) {
		p.add(here("property"), "property %q: want a name that starts with ai_", c.Property)
	}
	if c.Title != "" || len(c.Sections) > 0 || len(c.Links) > 0 || c.DueDays != 0 {
		p.add(here(), "title, sections, links and due_days belong to notes and tasks")
	}
	if c.Label == "" {
		p.add(here("property"), "property %q needs a label", c.Property)
	}
	field := answer[c.Value]
	if field == nil {
		p.add(here("value"), "value %q is not a field of the schema", c.Value)
		return
	}
	want, known := map[string][]any{"number": {"number", "integer"}, "enumeration": {"string"}, "string": {"string"}, "datetime": {"string"}}[c.Type]
	if !known || !slices.Contains(want, field.Type) {
		p.add(here("type"), "type %q does not fit field %q of type %v: want number, enumeration, string or datetime", c.Type, c.Value, field.Type)
	}
	if (c.Type == "enumeration") != (len(c.Options) > 0) {
		p.add(here("options"), "an enumeration, and nothing else, has options")
	}
	for _, v := range field.Enum {
		if c.Type == "enumeration" && !slices.Contains(c.Options, v) {
			p.add(here("options"), "the schema allows %q, the options do not", v)
		}
	}
}

func body(c Change, w Workflow, answer map[string]*node, here func(...any) []any, p *problems) {
	if c.Property != "" || c.Type != "" || c.Value != "" || len(c.Options) > 0 {
		p.add(here(), "property, type, value and options belong to property changes")
	}
	if c.Title == "" || len(c.Sections) == 0 {
		p.add(here(), "a note or task needs a title and sections")
	}
	if c.DueDays < 0 || (c.DueDays > 0 && c.Kind != crm.TaskKind) {
		p.add(here("due_days"), "due_days %d: want 0 or more, and only for a task", c.DueDays)
	}
	if len(c.Links) == 0 {
		p.add(here(), "a note or task needs links: records that it is put on")
	}
	for i, l := range c.Links {
		if !slices.Contains(crm.RecordTypes(), l) {
			p.add(here("links", i), "link %q: want companies, contacts, deals or tickets", l)
		}
	}
	for i, s := range c.Sections {
		section(s, c, w, answer, here("sections", i), p)
	}
}

func section(s Section, c Change, w Workflow, answer map[string]*node, where []any, p *problems) {
	here := func(key ...any) []any { return append(where[:len(where):len(where)], key...) }
	if s.Style != "text" && strings.TrimSpace(s.Heading["en"]) == "" {
		p.add(here("heading"), "the section needs a heading in English (en)")
	}
	planned(s.Field, w.Plan, here("field"), p)
	field := answer[s.Field]
	switch {
	case field == nil:
		p.add(here("field"), "field %q is not in the schema", s.Field)
	case s.Style == "text":
		if field.Type != "string" {
			p.add(here("style"), "style text wants a string field, %q is not one", s.Field)
		}
	case s.Style == "" || s.Style == "list" || s.Style == "prose":
		if !field.isClaims() {
			p.add(here("field"), "field %q holds no claims: use style text", s.Field)
		} else if !slices.Contains(c.Claims, s.Field) {
			p.add(here("field"), "section %q shows claims that the change does not name", s.Field)
		}
	default:
		p.add(here("style"), "style %q: want list, prose or text", s.Style)
	}
}
