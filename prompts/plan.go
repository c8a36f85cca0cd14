package prompts

import (
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// fits says whether a kind of plan field is known and fills a field of that schema.
func fits(kind string, n *node) (known, ok bool) {
	switch kind {
	case "claims", "questions", "answers", "open", "factors":
		return true, n.isClaims()
	case "values":
		return true, n.isClaims() && n.Items.Properties["value"] != nil
	case "number":
		return true, n.Type == "number" || n.Type == "integer"
	case "choice", "text", "language":
		return true, n.Type == "string"
	}
	return false, false
}

// plan checks the built-in writer's extraction plan: it must fill every field of the schema, and nothing else.
func plan(pl crm.Plan, answer map[string]*node, p *problems) {
	seen := map[string]string{}
	for i, f := range pl.Fields {
		where := at("plan", "fields", i)
		if _, twice := seen[f.Name]; twice {
			p.add(where, "field %q is planned twice", f.Name)
		}
		seen[f.Name] = f.Kind
		n := answer[f.Name]
		if n == nil {
			p.add(where, "field %q is not in the schema", f.Name)
			continue
		}
		if known, ok := fits(f.Kind, n); !known {
			p.add(at("plan", "fields", i, "kind"), "kind %q: want claims, values, factors, number, choice, text, language, questions, answers or open", f.Kind)
		} else if !ok {
			p.add(at("plan", "fields", i, "kind"), "kind %q does not fit the schema of %q", f.Kind, f.Name)
		}
		if f.Days < 0 || f.Days > 0 && f.Kind != "claims" {
			p.add(at("plan", "fields", i, "days"), "days %d: want 0 or more, for a field of claims", f.Days)
		}
		if f.Max < 0 {
			p.add(at("plan", "fields", i, "max"), "max %d: want 0 or more", f.Max)
		}
		if f.Kind == "choice" && len(n.Enum) > 0 && !slices.Contains(n.Enum, f.Value) {
			p.add(at("plan", "fields", i, "default"), "default %q is not one of the schema's %v", f.Value, n.Enum)
		}
		cues(f.Cues, at("plan", "fields", i, "cues"), p)
		rules(f, n, at("plan", "fields", i, "rules"), p)
		for j, name := range f.Like {
			if f.Kind != "claims" || !slices.ContainsFunc(pl.Fields, func(o crm.Field) bool { return o.Name == name && o.Kind == "claims" && len(o.Like) == 0 }) {
				p.add(at("plan", "fields", i, "like", j), "like %q: want the names of fields of claims, for a field of claims", name)
			}
		}
		factorNames(f, pl, n, at("plan", "fields", i), p)
		from(f, pl, i, p)
	}
	for _, name := range sortedKeys(answer) {
		if _, ok := seen[name]; !ok {
			p.add(at("plan", "fields"), "field %q of the schema is not in the plan", name)
		}
	}
}

// languages are those that the built-in writer tells apart.
var languages = []string{"en", "de", "fr", "es"}

// cues checks that each can be found: under a language that is looked for, and with something to find.
func cues(by map[string][]string, where []any, p *problems) {
	for _, language := range sortedKeys(by) {
		here := append(where[:len(where):len(where)], language)
		if !slices.Contains(languages, language) {
			p.add(here, "cues in %q%s: want en, de, fr or es", language, meant(language, languages))
		}
		for i, text := range by[language] {
			if len(crm.Terms(strings.ReplaceAll(text, "#", "10"))) == 0 {
				p.add(append(here[:len(here):len(here)], i), "cue %q holds no word", text)
			}
		}
	}
}

// from checks where a field's sentences come from; factors name the number whose evidence they are.
func from(f crm.Field, pl crm.Plan, i int, p *problems) {
	if f.Kind == "factors" {
		if !slices.ContainsFunc(pl.Fields[:i], func(o crm.Field) bool { return o.Name == f.From && (o.Kind == "number" || o.Kind == "choice") }) {
			p.add(at("plan", "fields", i, "from"), "factors %q: from must name a number field or a choice before it, not %q", f.Name, f.From)
		}
		return
	}
	if !slices.Contains([]string{"", "focus", "theirs", "new"}, f.From) {
		p.add(at("plan", "fields", i, "from"), "from %q: want focus, theirs, new or nothing", f.From)
	}
}

func rules(f crm.Field, n *node, where []any, p *problems) {
	for j, r := range f.Rules {
		here := append(where[:len(where):len(where)], j)
		if f.Kind != "number" && f.Kind != "choice" && f.Kind != "values" {
			p.add(here, "only numbers, choices and values have rules")
			return
		}
		if r.Name == "" {
			p.add(here, "a rule needs a name")
		}
		cues(r.Cues, append(here[:len(here):len(here)], "cues"), p)
		if !r.Looks() && r.AtLeast == nil && r.AtMost == nil {
			p.add(here, "rule %q needs cues, a finding, dated, at_least or at_most", r.Name)
		}
		if r.Given != "" && len(r.Cues) == 0 && r.Finding == "" && r.Dated == "" {
			p.add(here, "rule %q: given says when it counts, but there is nothing to count", r.Name)
		}
		if (r.Over != nil || r.Under != nil) && r.Finding == "" && r.Given == "" {
			p.add(here, "rule %q: over and under go with finding or given", r.Name)
		}
		if !slices.Contains([]string{"", "past", "future"}, r.Dated) || r.Days < 0 {
			p.add(here, "rule %q: dated %q, days %d: want past, future or nothing, and 0 or more", r.Name, r.Dated, r.Days)
		}
		if r.Ours && r.Theirs {
			p.add(here, "rule %q: ours and theirs exclude each other", r.Name)
		}
		if (r.AtLeast == nil && r.AtMost == nil) != (r.Of == "") {
			p.add(here, "rule %q: of goes with at_least and at_most", r.Name)
		}
		if f.Kind == "choice" && len(n.Enum) > 0 && !slices.Contains(n.Enum, r.Value) {
			p.add(here, "rule %q picks %q, which is not one of the schema's %v", r.Name, r.Value, n.Enum)
		}
		if f.Kind == "values" {
			carried(r, n, here, p)
		}
		if f.Kind == "number" && r.Points == 0 {
			p.add(here, "rule %q has no points", r.Name)
		}
	}
}

// carried checks a rule whose claims carry a value: it must be one that the schema allows, as the effect beside it.
func carried(r crm.Rule, n *node, where []any, p *problems) {
	if !n.isClaims() || n.Items.Properties["value"] == nil {
		return // named already
	}
	value := n.Items.Properties["value"]
	switch counts := value.Type == "number" || value.Type == "integer"; {
	case counts && r.Value != "":
		p.add(where, "rule %q: a number is what stood for the cue's #", r.Name)
	case !counts && r.Value == "", len(value.Enum) > 0 && !slices.Contains(value.Enum, r.Value):
		p.add(where, "rule %q carries %q, which the schema does not allow", r.Name, r.Value)
	}
	if effect := n.Items.Properties["effect"]; effect == nil && r.Effect != "" || effect != nil && !slices.Contains(effect.Enum, r.Effect) {
		p.add(where, "rule %q has the effect %q, which the schema does not allow", r.Name, r.Effect)
	}
}

// factorNames checks that the schema knows each rule that can be a factor, if it lists them.
func factorNames(f crm.Field, pl crm.Plan, n *node, where []any, p *problems) {
	if f.Kind != "factors" || n.Items == nil || n.Items.Properties["factor"] == nil {
		return
	}
	known := n.Items.Properties["factor"].Enum
	for _, o := range pl.Fields {
		for _, r := range o.Rules {
			if o.Name == f.From && len(known) > 0 && !slices.Contains(known, r.Name) {
				p.add(where, "rule %q of %q is none of the schema's factors %v", r.Name, o.Name, known)
			}
		}
	}
}
