package prompts

import (
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Property names are ours only with the prefix ai_: the engine never writes any other. Names are as HubSpot allows them: lower case, digits, _, at most 100.
var aiProperty = expression(`^ai_[a-z0-9_]{1,96}$`)

// change checks one change against the schema and the plan.
func change(c Change, w Workflow, answer map[string]*node, where []any, p *problems) {
	here := func(key ...any) []any { return append(where[:len(where):len(where)], key...) }
	threshold(c.Threshold, here("threshold"), p)
	if _, err := crm.ParseRisk(string(c.Risk)); c.Risk != "" && err != nil {
		p.add(here("risk"), "risk %q: want low, medium or high", c.Risk)
	}
	switch c.Kind {
	case crm.PropertyKind:
		property(c, w, answer, here, p)
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

func property(c Change, w Workflow, answer map[string]*node, here func(...any) []any, p *problems) {
	if c.Property == crm.ReviewStatus || c.Property == crm.ReviewDecision {
		p.add(here("property"), "property %q carries the review of suggestions: no workflow writes it", c.Property)
	}
	if !aiProperty().MatchString(c.Property) {
		p.add(here("property"), "property %q: want a name that starts with ai_", c.Property)
	}
	if c.Title != "" || len(c.Links) > 0 || c.DueDays != 0 || c.DueStated || c.By != "" || len(c.Titles) > 0 || c.UnlessOpen {
		p.add(here(), "title, titles, by, links, due_days, due_stated and unless_open belong to notes and tasks")
	}
	if c.Label == "" {
		p.add(here("property"), "property %q needs a label", c.Property)
	}
	if (c.Type == "enumeration") != (len(c.Options) > 0) {
		p.add(here("options"), "an enumeration, and nothing else, has options")
	}
	switch ways := count(c.Value != "", c.Values != "", len(c.Sections) > 0); {
	case ways != 1:
		p.add(here(), "property %q takes its value from one of value, values and sections", c.Property)
	case c.Value != "":
		valueOf(c, c.Value, answer[c.Value], here("value"), here, p)
	case c.Values != "":
		valuesOf(c, w, answer, here, p)
	default:
		textOf(c, w, answer, here, p)
	}
	if c.Values == "" && (c.List || c.Without != "") {
		p.add(here(), "list and without belong to values")
	}
	if len(c.Sections) == 0 && c.Limit != 0 {
		p.add(here("limit"), "a limit belongs to sections")
	}
}

func count(all ...bool) (n int) {
	for _, is := range all {
		if is {
			n++
		}
	}
	return n
}

// valueOf checks the field that holds a value against the type of the property.
func valueOf(c Change, name string, field *node, where []any, here func(...any) []any, p *problems) {
	if field == nil {
		p.add(where, "value %q is not a field of the schema", name)
		return
	}
	want, known := map[string][]any{"number": {"number", "integer"}, "enumeration": {"string"}, "string": {"string"}, "datetime": {"string"}}[c.Type]
	if !known || !slices.Contains(want, field.Type) {
		p.add(here("type"), "type %q does not fit field %q of type %v: want number, enumeration, string or datetime", c.Type, name, field.Type)
	}
	for _, v := range field.Enum {
		if c.Type == "enumeration" && !slices.Contains(c.Options, v) {
			p.add(here("options"), "the schema allows %q, the options do not", v)
		}
	}
}

// valuesOf checks a property that takes what its claims carry.
func valuesOf(c Change, w Workflow, answer map[string]*node, here func(...any) []any, p *problems) {
	field := answer[c.Values]
	if field == nil || !field.isClaims() {
		p.add(here("values"), "values %q is not an array of claims of the schema", c.Values)
		return
	}
	valueOf(c, c.Values+"[].value", field.Items.Properties["value"], here("values"), here, p)
	planned(c.Values, w.Plan, here("values"), p)
	if !slices.Equal(c.Claims, []string{c.Values}) {
		p.add(here("claims"), "the property stands on the claims that carry its value: want claims: [%s]", c.Values)
	}
	if c.List && c.Type != "string" {
		p.add(here("list"), "a list of values is of type string")
	}
	effect := field.Items.Properties["effect"]
	if c.Without != "" && (effect == nil || !slices.Contains(effect.Enum, c.Without)) {
		p.add(here("without"), "without %q is no effect that the schema allows to the claims of %q", c.Without, c.Values)
	}
}

// maxText is the longest text of a property that people still read on a record.
const maxText = 10_000

// textOf checks a property whose text is built from claims.
func textOf(c Change, w Workflow, answer map[string]*node, here func(...any) []any, p *problems) {
	if c.Type != "string" {
		p.add(here("type"), "sections make a text: want type string, not %q", c.Type)
	}
	if c.Limit < 100 || c.Limit > maxText {
		p.add(here("limit"), "limit %d: want 100 to %d characters", c.Limit, maxText)
	}
	for i, s := range c.Sections {
		if s.Style == "text" {
			p.add(here("sections", i, "style"), "a property shows claims only")
		}
		section(s, c, w, answer, here("sections", i), p)
	}
}

func body(c Change, w Workflow, answer map[string]*node, here func(...any) []any, p *problems) {
	if c.Property != "" || c.Type != "" || c.Value != "" || c.Values != "" || c.List || c.Without != "" || c.Limit != 0 || len(c.Options) > 0 {
		p.add(here(), "property, type, value, values, limit and options belong to property changes")
	}
	if (c.Title == "") == (len(c.Titles) == 0) || len(c.Sections) == 0 {
		p.add(here(), "a note or task needs a title, or titles, and sections")
	}
	titles(c, answer, here, p)
	if (c.DueStated || c.UnlessOpen) && c.Kind != crm.TaskKind {
		p.add(here(), "due_stated and unless_open belong to tasks")
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

// titles checks the titles by the value of a field: one for each that the schema allows.
func titles(c Change, answer map[string]*node, here func(...any) []any, p *problems) {
	if len(c.Titles) == 0 && c.By == "" {
		return
	}
	field := answer[c.By]
	if c.Kind != crm.TaskKind || field == nil || len(field.Enum) == 0 {
		p.add(here("by"), "by %q: want a string field of the schema with an enum, and titles of a task", c.By)
		return
	}
	for i, t := range c.Titles {
		if !slices.Contains(field.Enum, t.Value) || strings.TrimSpace(t.Title["en"]) == "" {
			p.add(here("titles", i), "title for %q: want one of %v, and a text in English (en)", t.Value, field.Enum)
		}
	}
}

func section(s Section, c Change, w Workflow, answer map[string]*node, where []any, p *problems) {
	here := func(key ...any) []any { return append(where[:len(where):len(where)], key...) }
	if s.Style != "text" && strings.TrimSpace(s.Heading["en"]) == "" {
		p.add(here("heading"), "the section needs a heading in English (en)")
	}
	if s.Effect != "" && s.Effect != "raises" && s.Effect != "lowers" {
		p.add(here("effect"), "effect %q: want raises or lowers", s.Effect)
	}
	if s.Moved != "" && !slices.Contains(crm.Moves(), s.Moved) {
		p.add(here("moved"), "moved %q: want one of %v", s.Moved, crm.Moves())
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
