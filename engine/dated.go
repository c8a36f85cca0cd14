package engine

import (
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// stretch ends where a sentence or line does, roughly: a day belongs to the stretch that names it.
var stretch = expression(`[^.!?\n]*(?:[.!?]+[^\s.!?\n]+[^.!?\n]*|\d\.[^.!?\n]*)*[.!?\n]*`)

// datedIn lists the days that passages name, as their authors meant them. Days without a month, and those whose moment of writing is not known, are left out.
func datedIn(ps []crm.Passage, zone *time.Location) []crm.Dated {
	var out []crm.Dated
	for _, p := range ps {
		if p.Time.IsZero() {
			continue
		}
		for _, span := range stretch().FindAllStringIndex(p.Text, -1) {
			for _, d := range daysOf(p.Text[span[0]:span[1]], p.Language, p.Time, zone) {
				out = append(out, crm.Dated{Passage: p.ID, Start: span[0], End: span[1], Day: d})
			}
		}
	}
	return out
}

// daysOf lists the days that a text of a moment names, each once.
func daysOf(text, language string, at time.Time, zone *time.Location) []time.Time {
	if zone != nil {
		at = at.In(zone)
	}
	var out []time.Time
	for _, d := range factsOf(normalise(text).text, language, false).days {
		meant := d.resolve(at)
		if d.step != "" && d.weekday != noWeekday && len(meant) > 2 {
			meant = meant[:2] // "next Friday": the first of the two that it can mean
		}
		for _, m := range meant {
			if m.step != "" || m.year == 0 || m.month == 0 || m.day == 0 {
				continue
			}
			if day := time.Date(m.year, m.month, m.day, 0, 0, 0, 0, time.UTC); !slices.Contains(out, day) {
				out = append(out, day)
			}
		}
	}
	return out
}

// needsDates reports whether the plan or a trigger of the workflow asks for the days that are named.
func (r *run) needsDates() bool {
	for _, f := range r.w.Plan.Fields {
		for _, rule := range f.Rules {
			if rule.Dated != "" {
				return true
			}
		}
	}
	return false
}

func (r *run) zone() *time.Location {
	if r.Zone == nil {
		return nil
	}
	return r.Zone(r.subject.Portal)
}
