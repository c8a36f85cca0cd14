package prompts

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

var workflowName = expression(`^[a-z][a-z_]{1,39}$`)

// Limits of a workflow: a quiet period or a retrieval budget beyond them is a slip of the pen.
const (
	maxQuiet  = 24 * time.Hour
	maxRest   = 366 * 24 * time.Hour
	minBudget = 200
	maxBudget = 200_000
	maxMonths = 600
	minOutput = 64
	maxOutput = 64_000

	maxSources     = 20
	maxEvidenceAge = 10 * 366 * 24 * time.Hour
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// validate checks what the yaml says against itself and against the answer's schema.
func validate(w Workflow, folder string, answer map[string]*node, p *problems) {
	if !workflowName().MatchString(w.Name) || w.Name != folder {
		p.add(at("name"), "name %q: want lower-case letters and _, equal to the folder %q", w.Name, folder)
	}
	if w.Title == "" || w.Description == "" {
		p.add(at("title"), "title and description are shown to people: neither may be empty")
	}
	if w.Version < 1 {
		p.add(at("prompt"), "prompt %d: versions start at 1", w.Version)
	}
	if len(w.Subjects) == 0 {
		p.add(at("subjects"), "there is no subject type: the workflow would never run")
	}
	types(w.Subjects, at("subjects"), p)
	if len(w.Triggers) == 0 {
		p.add(at("triggers"), "there is no trigger: the workflow would never run")
	}
	for i, t := range w.Triggers {
		trigger(t, w, at("triggers", i), p)
	}
	for i, c := range w.Require {
		condition(c, at("require", i), p)
		if c.Why == "" {
			p.add(at("require", i), "a condition needs a why: the reason that is shown when a subject is skipped")
		}
	}
	retrieve(w.Retrieve, p)
	evidence(w, p)
	shown(w.Payload, p)
	class(w, p)
	if answer != nil {
		plan(w.Plan, answer, p)
	}
	findings(w, p)
	compare(w, answer, p)
	if len(w.Changes) == 0 {
		p.add(at("changes"), "there is no change: the workflow would have no effect")
	}
	for i, c := range w.Changes {
		change(c, w, answer, at("changes", i), p)
	}
	if w.Update != nil {
		update(*w.Update, w, answer, p)
	}
	threshold(w.Policy.Threshold, at("policy", "threshold"), p)
	if e := w.Policy.Expires; e != 0 && (e < time.Hour || e > 366*24*time.Hour) {
		p.add(at("policy", "expires"), "expires: %s is not between 1h and 8784h", e)
	}
	if _, err := crm.ParseGateMode(string(w.Policy.Mode)); w.Policy.Mode != "" && err != nil {
		p.add(at("policy", "mode"), "mode %q: want off, shadow, canary or on", w.Policy.Mode)
	}
}

// class checks what kind of model the workflow asks for, and how much of it.
func class(w Workflow, p *problems) {
	classes := []string{SmallModel, LargeModel}
	if w.Model != "" && !slices.Contains(classes, w.Model) {
		p.add(at("model"), "model %q%s: want small or large; which model that is says the configuration", w.Model, meant(w.Model, classes))
	}
	if slices.Contains(classes, w.Name) {
		p.add(at("name"), "name %q is that of a class of models", w.Name)
	}
	if n := w.Tokens.Input; n != 0 && (n < w.Retrieve.Budget || n > maxBudget) {
		p.add(at("tokens", "input"), "tokens.input %d: want 0 (as much as the model reads) or %d, what is retrieved, to %d", n, w.Retrieve.Budget, maxBudget)
	}
	if n := w.Tokens.Output; n != 0 && (n < minOutput || n > maxOutput) {
		p.add(at("tokens", "output"), "tokens.output %d: want 0 (the model's default) or %d to %d", n, minOutput, maxOutput)
	}
}

func update(u Update, w Workflow, answer map[string]*node, p *problems) {
	if u.Rest < 0 || u.Rest > maxRest {
		p.add(at("update", "rest"), "rest %v: want 0 to %v", u.Rest, maxRest)
	}
	if u.News == "" {
		return
	}
	if field := answer[u.News]; field == nil || !field.isClaims() {
		p.add(at("update", "news"), "news %q is not an array of claims of the schema", u.News)
	}
	planned(u.News, w.Plan, at("update", "news"), p)
}

func types(list []crm.ObjectType, where []any, p *problems) {
	for i, t := range list {
		if _, err := crm.ParseObjectType(string(t)); err != nil {
			p.add(append(where[:len(where):len(where)], i), "%s", strings.TrimSuffix(err.Error(), ": "+crm.ErrInvalid.Error()))
		}
	}
}

func kinds(list []crm.Kind, where []any, p *problems) {
	for i, k := range list {
		if _, err := crm.ParseKind(string(k)); err != nil {
			p.add(append(where[:len(where):len(where)], i), "%s", strings.TrimSuffix(err.Error(), ": "+crm.ErrInvalid.Error()))
		}
	}
}

func direction(d crm.Direction, where []any, p *problems) {
	switch d {
	case "", crm.Incoming, crm.Outgoing:
	default:
		p.add(where, "direction %q: want in, out or nothing", d)
	}
}

func trigger(t Trigger, w Workflow, where []any, p *problems) {
	here := func(key ...any) []any { return append(where[:len(where):len(where)], key...) }
	if t.Quiet < 0 || t.Quiet > maxQuiet {
		p.add(here("quiet"), "quiet %v: want between 0 and %v", t.Quiet, maxQuiet)
	}
	if t.MinWords < 0 {
		p.add(here("min_words"), "min_words %d: want 0 or more", t.MinWords)
	}
	kinds(t.Kinds, here("kinds"), p)
	direction(t.Direction, here("direction"), p)
	switch t.On {
	case "activity":
		if len(t.Kinds) == 0 {
			p.add(here(), "an activity trigger must list its kinds")
		}
		if t.Imports {
			p.add(here("imports"), "imports belong to record triggers")
		}
	case "change", "silence", "date":
		unasked(t, w, where, p)
	case "record":
		if len(t.Kinds) > 0 || t.Transcript || t.MinWords > 0 || t.Direction != "" {
			p.add(here(), "a record trigger has no kinds, direction, transcript or min_words")
		}
	default:
		p.add(here("on"), "on %q: want activity, record, change, silence or date", t.On)
	}
	if t.On != "change" && (len(t.Properties) > 0 || t.Type != "") || t.On != "silence" && t.After != 0 || t.On != "activity" && len(t.Without) > 0 {
		p.add(here(), "properties and type belong to change, after to silence, without to activity")
	}
	types(t.Without, here("without"), p)
	switch t.Subject {
	case "itself", "":
		if t.Subject == "" && t.On != "silence" && t.On != "date" {
			p.add(here("subject"), "a trigger needs a subject: itself, companies, contacts, deals or tickets")
		}
	case string(crm.Contacts), string(crm.Deals), string(crm.Tickets), string(crm.Companies):
		if t.On != "activity" && t.On != "change" {
			p.add(here("subject"), "the subject of this trigger is itself")
		}
		if !slices.Contains(w.Subjects, crm.ObjectType(t.Subject)) {
			p.add(here("subject"), "subject %q is not among the workflow's subjects", t.Subject)
		}
	default:
		p.add(here("subject"), "subject %q: want itself, companies, contacts, deals or tickets", t.Subject)
	}
}

func condition(c Condition, where []any, p *problems) {
	if c.Property == "" || (len(c.Is) == 0) == (len(c.Not) == 0) {
		p.add(where, "a condition has a property and either is or not")
	}
	types(c.Types, append(where[:len(where):len(where)], "types"), p)
}

func retrieve(r Retrieve, p *problems) {
	if r.Budget < minBudget || r.Budget > maxBudget {
		p.add(at("retrieve", "budget"), "budget %d: want %d to %d tokens", r.Budget, minBudget, maxBudget)
	}
	if r.Months < 0 || r.Months > maxMonths {
		p.add(at("retrieve", "months"), "months %d: want 0 (everything) to %d", r.Months, maxMonths)
	}
	if !r.Focus && len(r.Questions) == 0 {
		p.add(at("retrieve"), "nothing would be retrieved: want a focus or questions")
	}
	for i, q := range r.Questions {
		if strings.TrimSpace(q) == "" || strings.Contains(q, "{{") {
			p.add(at("retrieve", "questions", i), "question %q: want plain words", q)
		}
	}
	kinds(r.Kinds, at("retrieve", "kinds"), p)
	kinds(r.FocusKinds, at("retrieve", "focus_kinds"), p)
	direction(r.FocusDirection, at("retrieve", "focus_direction"), p)
}

// evidence checks what a run needs: more than can be retrieved would let none through.
func evidence(w Workflow, p *problems) {
	e := w.Evidence
	if most := w.Retrieve.Budget / 2; w.Retrieve.Budget >= minBudget && (e.MinWords < 0 || e.MinWords > most) {
		p.add(at("evidence", "min_words"), "min_words %d: want 0 (the default) to %d, what %d tokens of passages hold", e.MinWords, most, w.Retrieve.Budget)
	}
	if e.MinSources < 0 || e.MinSources > maxSources {
		p.add(at("evidence", "min_sources"), "min_sources %d: want 0 (the default) to %d", e.MinSources, maxSources)
	}
	if e.MaxAge != 0 && (e.MaxAge < 24*time.Hour || e.MaxAge > maxEvidenceAge) {
		p.add(at("evidence", "max_age"), "max_age %v: want 0 (any) or a day to ten years", e.MaxAge)
	}
}

func threshold(v float64, where []any, p *problems) {
	if math.IsNaN(v) || v < 0 || v > 1 {
		p.add(where, "threshold %v: want 0 to 1", v)
	}
}
