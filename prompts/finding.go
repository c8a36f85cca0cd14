package prompts

import (
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Kinds of findings.
const (
	OfRecord  = "record"  // properties of the subject's record, or of its account's
	OfRecords = "records" // the same of each record of a type that belongs to the account
	OfChange  = "change"  // a property that has another value than the first that is known of it
	OfUsage   = "usage"   // each property that the configuration lists as a measure of usage, with what it was before
	OfSilence = "silence" // since when nobody has written or spoken
	OfSource  = "source"  // what the configured source beside HubSpot says of the account, a finding per value
)

// Finding is something that code states beside the passages, so that a claim can cite it: properties of records, or a silence. Text is a sentence per language in which
// {property} stands for a value; a finding with a value that is missing is not stated. Its number, which rules compare, is
//
//   - of a record: the first property's value; of a date, the days until it (negative once it has passed);
//   - of records: days since the record was created;
//   - of change: by how much the value moved from the first one: days of a date (later is more), percent of a number, 0 of words; {value}, {since}, {before} are known;
//   - of usage: by how much percent the value moved from the highest of the half year before (-60: it fell by three fifths); {property}, {value}, {since}, {before} are known;
//   - of silence: days since the last activity, whose day is {date}; {usual} is how many days lay between two of them as a rule, in the year before;
//   - of a source: its value, where that is a number; {value} and {source} are known.
type Finding struct {
	Name      string            `yaml:"name"`
	Kind      string            `yaml:"kind"`
	Of        string            `yaml:"of"`        // record, change: subject (default) or account; source: industry, employees, country or tool
	Property  string            `yaml:"property"`  // change: of which property
	Type      crm.ObjectType    `yaml:"type"`      // records: of which type
	Where     []Condition       `yaml:"where"`     // record, records: only such ones
	Direction crm.Direction     `yaml:"direction"` // silence: of mails and messages that way; meetings, and calls that took place, break every silence
	After     time.Duration     `yaml:"after"`     // silence: a shorter one is not stated
	Times     float64           `yaml:"times"`     // silence: nor one that is not that many times as long as what was usual before; an account without a habit has none
	Max       int               `yaml:"max"`       // records, usage: at most so many; 0: 5
	Text      map[string]string `yaml:"text"`      // by language, "en" required
}

var placeholder = expression(`\{([a-z][a-z0-9_]*)\}`)

// Placeholders lists what a text leaves open, each once, in their order.
func Placeholders(text string) []string {
	var out []string
	for _, m := range placeholder().FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// Fill puts values into the places of a text.
func Fill(text string, values map[string]string) string {
	return placeholder().ReplaceAllStringFunc(text, func(s string) string { return values[strings.Trim(s, "{}")] })
}

// In is the text in a language, else in English.
func In(texts map[string]string, language string) string {
	if t := texts[language]; t != "" {
		return t
	}
	return texts["en"]
}

// finding checks one finding.
func finding(f Finding, where []any, p *problems) {
	here := func(key ...any) []any { return append(where[:len(where):len(where)], key...) }
	if !workflowName().MatchString(f.Name) {
		p.add(here("name"), "name %q: want lower-case letters and _", f.Name)
	}
	if strings.TrimSpace(f.Text["en"]) == "" {
		p.add(here("text"), "a finding needs a text in English (en)")
	}
	if f.After < 0 || f.Max < 0 {
		p.add(here(), "after %v, max %d: want 0 or more", f.After, f.Max)
	}
	if f.Times != 0 && (f.Kind != OfSilence || f.Times < 1) {
		p.add(here("times"), "times %g: want 1 or more, and only for a silence", f.Times)
	}
	direction(f.Direction, here("direction"), p)
	var known []string
	if f.Of != "" && f.Of != "subject" && f.Of != "account" && f.Kind != OfSource {
		p.add(here("of"), "of %q: want subject or account", f.Of)
	}
	if (f.Kind == OfChange) != (f.Property != "") || strings.HasPrefix(f.Property, "ai_") {
		p.add(here("property"), "property %q: a change names a property of HubSpot's own, and nothing else does", f.Property)
	}
	switch f.Kind {
	case OfRecord:
	case OfChange:
		known = []string{"value", "since", "before"}
	case OfRecords:
		types([]crm.ObjectType{f.Type}, here("type"), p)
	case OfUsage:
		known = []string{"property", "value", "since", "before"}
	case OfSilence:
		if known = []string{"date"}; f.Times > 0 {
			known = append(known, "usual")
		}
	case OfSource:
		known = []string{"value", "source"}
		if !slices.Contains(crm.OutsideFields(), f.Of) {
			p.add(here("of"), "of %q%s: want one of %s", f.Of, meant(f.Of, crm.OutsideFields()), strings.Join(crm.OutsideFields(), ", "))
		}
	default:
		p.add(here("kind"), "kind %q: want record, records, change, usage, silence or source", f.Kind)
	}
	for i, c := range f.Where {
		condition(c, here("where", i), p)
	}
	for _, l := range sortedKeys(f.Text) {
		open := Placeholders(f.Text[l])
		if len(open) == 0 {
			p.add(here("text", l), "the text names no {property}: it would state nothing")
		}
		for _, name := range open {
			if strings.HasPrefix(name, "ai_") {
				p.add(here("text", l), "{%s} is our own word, which is no evidence of anything", name)
			}
			if known != nil && !slices.Contains(known, name) {
				p.add(here("text", l), "{%s}: want %s", name, strings.Join(known, ", "))
			}
		}
	}
}

// findings checks all of them, and that rules speak of findings that exist.
func findings(w Workflow, p *problems) {
	names := map[string]bool{}
	for i, f := range w.Findings {
		if names[f.Name] {
			p.add(at("findings", i), "finding %q is there twice", f.Name)
		}
		names[f.Name] = true
		finding(f, at("findings", i), p)
	}
	for i, f := range w.Plan.Fields {
		for j, r := range f.Rules {
			for _, name := range []string{r.Finding, r.Given} {
				if name != "" && !names[name] {
					p.add(at("plan", "fields", i, "rules", j), "rule %q: there is no finding %q", r.Name, name)
				}
			}
		}
	}
}
