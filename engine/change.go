package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// plainFields are the free sentences that sections show as text, as far as they hold no fact.
func (r *run) plainFields() map[string]string {
	plain := map[string]string{}
	for _, c := range r.w.Changes {
		for _, s := range c.Sections {
			if _, done := plain[s.Field]; s.Style != "text" || done {
				continue
			}
			text := r.answer.Text(s.Field)
			why := PlainProblem(text, r.namesAllowed()...)
			r.checks = append(r.checks, Check{Claim: text, Check: "plain", OK: why == "", Why: why})
			plain[s.Field] = ""
			if why == "" {
				plain[s.Field] = text
			}
		}
	}
	return plain
}

func (r *run) namesAllowed() []string {
	names := []string{r.correspondent()}
	for _, p := range r.focus.People {
		if p.Role == "owner" || p.Role == "from" {
			names = append(names, p.Name)
		}
	}
	for _, p := range r.passages {
		if p.Activity == r.focus.Ref {
			names = append(names, p.Person)
		}
	}
	return names
}

type changeState struct {
	invalid string
	jump    float64
}

// change builds one change; skip says why it is not proposed at all.
func (r *run) change(ctx context.Context, pos int, wc prompts.Change, plain map[string]string) (c crm.Change, s changeState, skip string, err error) {
	c = crm.Change{Kind: wc.Kind}
	c.After, c.Claims = r.claimsOf(wc)
	name := wc.Property
	if wc.Kind != crm.PropertyKind {
		name = string(wc.Kind)
	}
	if len(c.Claims) == 0 {
		return c, s, fmt.Sprintf("%s: no supported claim stands behind it", name), nil
	}
	if wc.Kind == crm.PropertyKind {
		return r.propertyChange(c, wc)
	}
	c.Key = ActivityKey(r.subject.Portal, r.w.Name, r.subject)
	if n := r.earlier(pos, wc.Kind); n > 0 { // a second note of one workflow needs a key of its own
		c.Key = hashOf(32, c.Key, n)
	}
	if wc.UnlessOpen {
		open, err := r.Proposals.OpenTasks(ctx, r.subject)
		if err != nil {
			return c, s, "", fmt.Errorf("look for open tasks: %w", err)
		}
		if len(open) > 0 {
			return c, s, fmt.Sprintf("%s: an open task of ours is there already: %s", name, open[0].Path()), nil
		}
	}
	c.Property, c.Fields = bodyProperty(wc.Kind), r.bodyFields(wc, c.Claims)
	for _, l := range r.links.All() {
		if slices.Contains(wc.Links, l.Type) && l.Portal == r.subject.Portal && (l.Type != r.subject.Type || l == r.subject) {
			c.Links = append(c.Links, l)
		}
	}
	if len(c.Links) == 0 {
		return c, s, fmt.Sprintf("%s: there is no record to put it on", name), nil
	}
	c.After, err = RenderBody(r.w, wc, r.title(wc), r.proposal.Model, c.Key, languageOf(r.focus, r.passages), r.judged, plain)
	return c, s, "", err
}

func (r *run) earlier(pos int, kind crm.ChangeKind) (n int) {
	for _, c := range r.w.Changes[:pos] {
		if c.Kind == kind {
			n++
		}
	}
	return n
}

// standsOn lists the supported statements of the change's fields.
func (r *run) standsOn(wc prompts.Change) []int {
	var out []int
	for i, j := range r.judged {
		gone := j.Moved == crm.MovedGone && !slices.ContainsFunc(wc.Sections, func(s prompts.Section) bool { return s.Moved == crm.MovedGone })
		if j.Supported && !gone && slices.Contains(wc.Claims, j.Field) {
			out = append(out, i)
		}
	}
	return out
}

func (r *run) propertyChange(c crm.Change, wc prompts.Change) (crm.Change, changeState, string, error) {
	var s changeState
	c.Target, c.Property = r.record.Ref, wc.Property
	if v := r.record.Properties[wc.Property]; v != "" {
		c.Before = &v
	}
	rules := RulesOf(r.w, wc)
	ok := c.After != ""
	switch {
	case wc.Values != "": // of claims, and so checked with them
	case len(wc.Sections) > 0:
		c.After = RenderText(wc, languageOf(r.focus, r.passages), r.judged)
		ok = c.After != ""
	default:
		c.After, ok = r.answer.Scalar(wc.Value)
	}
	value := c.After
	switch {
	case !ok:
		s.invalid = fmt.Sprintf("the answer has no value for %s", wc.Property)
	case rules.Type == "string" && wc.Value != "":
		s.invalid = PlainProblem(value, r.namesAllowed()...) // a free sentence in a property is held to the same rule as one in a note
	}
	if s.invalid == "" {
		s.invalid = rules.Problem(value)
	}
	s.jump = rules.jump(c.Before, value)
	if s.invalid == "" && c.Before != nil && sameValue(*c.Before, value) {
		return c, s, fmt.Sprintf("%s: already %s", wc.Property, shorten(value)), nil
	}
	return c, s, "", nil
}

func (r *run) bodyFields(wc prompts.Change, claims []int) map[string]string {
	f := map[string]string{"hs_timestamp": r.proposal.ReadAt.UTC().Format(time.RFC3339)}
	if r.owner != "" && !strings.ContainsFunc(r.owner, func(x rune) bool { return x < '0' || x > '9' }) {
		f[ownerProperty] = r.owner
	}
	if wc.Kind == crm.TaskKind {
		f["hs_timestamp"] = r.due(wc, claims).Format(time.RFC3339)
		f["hs_task_status"], f["hs_task_type"] = "NOT_STARTED", "TODO"
		f["hs_task_subject"] = r.title(wc)
		if n := oneLine(r.proposal.RecordName); n != "" {
			f["hs_task_subject"] += ": " + n
		}
	}
	return f
}

// title is what a note or task is called; of a task with titles, the one for the answer's value.
func (r *run) title(wc prompts.Change) string {
	value := r.answer.Text(wc.By)
	for _, t := range wc.Titles {
		if t.Value == value {
			return prompts.In(t.Title, languageOf(r.focus, r.passages))
		}
	}
	if wc.Title == "" {
		return r.w.Title
	}
	return wc.Title
}

// A stated day is taken for a task's due date if it is not farther away than this.
const farthestDue = 60

// due is when a task is due: on the next day that its evidence names, where the workflow goes by that, else so many days from now. Mornings (UTC) stand for days.
func (r *run) due(wc prompts.Change, claims []int) time.Time {
	at := r.now().UTC()
	due := at.AddDate(0, 0, wc.DueDays)
	if !wc.DueStated {
		return due
	}
	var stated time.Time
	for _, i := range claims {
		if r.states(r.judged[i].Text) { // its quote is where a silence began
			continue
		}
		for _, e := range r.judged[i].Evidence {
			if !e.Record.IsZero() || e.Time.IsZero() {
				continue
			}
			for _, day := range daysOf(e.Quote, languageOf(r.focus, r.passages), e.Time, r.zone()) {
				if d := day.Add(morning); d.After(at) && daysBetween(at, d) <= farthestDue && (stated.IsZero() || d.Before(stated)) {
					stated = d
				}
			}
		}
	}
	if stated.IsZero() {
		return due
	}
	return stated
}
