package prompts

import (
	"slices"
	"strings"
	"time"
)

// UsageProperties stands among a change trigger's properties for those that the configuration lists as measures of usage.
const UsageProperties = "{usage}"

// maxSilence bounds how long a trigger may wait for a silence.
const maxSilence = 3 * 365 * 24 * time.Hour

// unasked checks a trigger by a record's change or by time.
func unasked(t Trigger, w Workflow, where []any, p *problems) {
	here := func(key ...any) []any { return append(where[:len(where):len(where)], key...) }
	if len(t.Kinds) > 0 || t.Transcript || t.MinWords > 0 || t.Direction != "" || t.Imports {
		p.add(here(), "kinds, direction, transcript and min_words belong to activity triggers, imports to record triggers")
	}
	if t.Unseen && t.On != "silence" {
		p.add(here("unseen"), "unseen belongs to silence triggers")
	}
	if t.On != "change" {
		if t.Quiet != 0 || t.Subject != "" && t.Subject != "itself" {
			p.add(here(), "a trigger by time has no quiet period and no subject: it runs the workflow again for the subject of the last run")
		}
		if t.On == "silence" && (t.After < 24*time.Hour || t.After > maxSilence) {
			p.add(here("after"), "after %v: want a day to three years", t.After)
		}
		return
	}
	if len(t.Properties) == 0 {
		p.add(here("properties"), "a change trigger must list its properties")
	}
	for i, name := range t.Properties {
		if strings.HasPrefix(name, "ai_") {
			p.add(here("properties", i), "property %q is written by contextd: a workflow must not run because of what it wrote", name)
		}
	}
	if t.Subject == "itself" != (t.Type == "") {
		p.add(here("type"), "type names whose records change, where they are not the subject")
	}
	if t.Type != "" {
		types(append(w.Subjects[:0:0], t.Type), here("type"), p)
	}
}

// compare checks that the factors that are compared from run to run have names.
func compare(w Workflow, answer map[string]*node, p *problems) {
	moved := slices.ContainsFunc(w.Changes, func(c Change) bool {
		return slices.ContainsFunc(c.Sections, func(s Section) bool { return s.Moved != "" })
	})
	if w.Compare == "" {
		if moved {
			p.add(at("compare"), "sections show what moved, but nothing is compared: want the field of the factors")
		}
		return
	}
	if n := answer[w.Compare]; n == nil || !n.isClaims() || n.Items.Properties["factor"] == nil {
		p.add(at("compare"), "compare %q: want a field of claims with a factor", w.Compare)
	}
}
