package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// payload is what the model is shown of this run: the parts that the workflow names, filled from what the store knows. Of a past moment only what hardly ever changes is
// shown, and of that what is known of then (crm.Record.Before): a stage, an amount or a lifecycle of today would tell the future.
func (r *run) payload() prompts.Payload {
	now := r.asOf.IsZero()
	p := prompts.Payload{Context: prompts.Context{AsOf: r.now().UTC().Format("2006-01-02, Monday"), Account: r.accountName(), Subject: r.subject.Path(),
		Language: languageOf(r.focus, r.passages), People: peopleOf(r.passages), Summary: r.around.summary}, History: append(quotedPassages(r.passages), quotedFindings(r.findings)...)}
	if c := r.around.person; !c.Ref.IsZero() {
		p.Person = prompts.Person{Name: oneLine(c.Name), Title: fact(c, "jobtitle"), Role: fact(c, "hs_buying_role"), Language: fact(c, "hs_language"), Further: r.further(c)}
	}
	if c := r.around.company; !c.Ref.IsZero() {
		p.Company = prompts.Company{Name: oneLine(c.Name), Industry: fact(c, "industry"), Size: fact(c, "numberofemployees"), Country: fact(c, "country"), Further: r.further(c)}
		if now {
			p.Company.Lifecycle = fact(c, "lifecyclestage")
		}
	}
	if d := r.around.deal; !d.Ref.IsZero() {
		p.Deal = prompts.Deal{Name: oneLine(d.Name), Currency: fact(d, "deal_currency_code"), Pipeline: fact(d, "pipeline"), Further: r.further(d)}
		if now {
			p.Deal.Stage, p.Deal.Amount, p.Deal.CloseDate = fact(d, "dealstage"), fact(d, "amount"), dateOnly(fact(d, "closedate"))
		}
	}
	if t := r.around.ticket; !t.Ref.IsZero() {
		p.Ticket = prompts.Ticket{Name: oneLine(t.Name), Further: r.further(t)}
		if now {
			p.Ticket.Stage, p.Ticket.Priority = fact(t, "hs_pipeline_stage"), fact(t, "hs_ticket_priority")
		}
	}
	return p.Only(r.w.Payload)
}

// now is the moment that the run reasons on.
func (r *run) now() time.Time {
	if !r.asOf.IsZero() {
		return r.asOf
	}
	return r.proposal.ReadAt
}

// further are the portal's own properties that the workflow names.
func (r *run) further(rec crm.Record) []prompts.Field {
	var out []prompts.Field
	if !r.asOf.IsZero() { // nobody knows what they were then
		return nil
	}
	for _, name := range r.w.Payload.Properties[rec.Ref.Type] {
		out = append(out, prompts.Field{Name: name, Value: fact(rec, name)})
	}
	return out
}

func fact(rec crm.Record, property string) string { return oneLine(rec.Properties[property]) }

// dateOnly shortens HubSpot's times to their day; other values stay.
func dateOnly(s string) string {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC().Format(time.DateOnly)
	}
	return s
}

// oneLine keeps a value from growing lines of its own in the prompt, and short.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.Map(dropHidden, s)), " ")
	if r := []rune(s); len(r) > 200 {
		return string(r[:200])
	}
	return s
}

func quotedPassages(ps []crm.Passage) []prompts.Quoted {
	out := make([]prompts.Quoted, len(ps))
	for i, p := range ps {
		out[i] = prompts.Quoted{ID: p.ID, Kind: string(p.Kind), Date: dateShown(p.Time), Person: oneLine(p.Person), Direction: string(p.Direction), Subject: oneLine(p.Subject),
			Text: strings.Map(dropUnseen, p.Text), New: p.New}
	}
	return out
}

// quotedFindings shows findings as passages of their own: what is cited under their ids is their whole text.
func quotedFindings(fs []crm.Finding) []prompts.Quoted {
	out := make([]prompts.Quoted, len(fs))
	for i, f := range fs {
		out[i] = prompts.Quoted{ID: f.ID, Kind: f.Kind, Date: dateShown(f.Time), Text: f.Text}
	}
	return out
}

// dropUnseen drops what people cannot see and a model reads, such as tag characters that spell instructions. Joiners stay: scripts and emoji are written with them.
func dropUnseen(r rune) rune {
	if r == '\u200C' || r == '\u200D' || r == '\n' {
		return r
	}
	return dropHidden(r)
}

func dateShown(t time.Time) string {
	if t.IsZero() {
		return "unknown date"
	}
	return t.UTC().Format(time.DateOnly)
}

func peopleOf(ps []crm.Passage) []string {
	var out []string
	for _, p := range ps {
		if name := oneLine(p.Person); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

var languageCode = expression(`^[a-z]{2,3}$`)

// languageOf is the focus's language, else the one that most passages are in, else English. It stands in the instructions, so nothing but a code is let through.
func languageOf(focus crm.Stored, ps []crm.Passage) string {
	if l := focus.Document.Language; languageCode().MatchString(l) {
		return l
	}
	count := map[string]int{}
	for _, p := range ps {
		if languageCode().MatchString(p.Language) {
			count[p.Language]++
		}
	}
	best := "en"
	for l, n := range count {
		if n > count[best] || n == count[best] && cmp.Less(l, best) {
			best = l
		}
	}
	return best
}
