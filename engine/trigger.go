package engine

import (
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// Triggers says which workflows are to be considered because an activity's text is new or changed (the caller knows). It is pure. Only the live lane triggers,
// and nothing that contextd or another machine wrote ever does. deals are those that the activity concerns, linked to it or not (see indexer.Indexer): a workflow that reads the
// account's memory is considered for them. One that answers to an activity of its subject (Retrieve.Focus) is considered for the linked ones only: it would find another activity there.
func Triggers(workflows []prompts.Workflow) func(a crm.Activity, d crm.Document, deals []crm.Record, lane crm.Lane) []crm.Mark {
	return func(a crm.Activity, d crm.Document, deals []crm.Record, lane crm.Lane) []crm.Mark {
		if lane != crm.LiveLane || a.Ours || a.Generated {
			return nil
		}
		var out []crm.Mark
		for _, w := range workflows {
			for _, t := range w.Triggers {
				if t.On != "activity" || !firedBy(t, a, d) {
					continue
				}
				subjects := triggered(t, a)
				if t.Subject == "deals" && !w.Retrieve.Focus {
					subjects = takenBy(w, deals)
				}
				for _, subject := range subjects {
					out = addMark(out, w, subject, crm.LiveLane, t)
				}
			}
		}
		return out
	}
}

// LooksAtAll reports whether a workflow looks once at every subject that no run has looked at, though nothing happens there.
func LooksAtAll(w prompts.Workflow) bool {
	return slices.ContainsFunc(w.Triggers, func(t prompts.Trigger) bool { return t.Unseen })
}

// LooksAtImports reports whether a workflow looks once at every record that was imported.
func LooksAtImports(w prompts.Workflow) bool {
	return slices.ContainsFunc(w.Triggers, func(t prompts.Trigger) bool { return t.Imports })
}

// Takes reports whether a workflow would not skip a record.
func Takes(w prompts.Workflow, rec crm.Record) bool {
	return slices.Contains(w.Subjects, rec.Ref.Type) && !slices.ContainsFunc(w.Require, func(c prompts.Condition) bool { return !holds(c, rec) })
}

// takenBy are the records that a workflow would not skip; those of which nothing but the Ref is known are left to the run.
func takenBy(w prompts.Workflow, records []crm.Record) (out []crm.Ref) {
	for _, rec := range records {
		if rec.Properties == nil || Takes(w, rec) {
			out = append(out, rec.Ref)
		}
	}
	return out
}

func firedBy(t prompts.Trigger, a crm.Activity, d crm.Document) bool {
	return slices.Contains(t.Kinds, a.Ref.Type.Kind()) &&
		(t.Direction == "" || t.Direction == a.Direction) &&
		(!t.Transcript || len(d.Turns) > 0 || len(a.Turns) > 0) &&
		(t.MinWords == 0 || wordsOf(d.Text) >= t.MinWords) &&
		!slices.ContainsFunc(a.Links.All(), func(r crm.Ref) bool { return slices.Contains(t.Without, r.Type) })
}

func triggered(t prompts.Trigger, a crm.Activity) []crm.Ref {
	switch t.Subject {
	case "itself", "":
		return []crm.Ref{a.Ref}
	case "contacts":
		return a.Links.Contacts
	case "deals":
		return a.Links.Deals
	case "tickets":
		return a.Links.Tickets
	case "companies":
		return a.Links.Companies
	}
	return nil
}

// RecordTriggers says which workflows are to be considered because a record is new, or has changed from what was stored of it before (nil: it is new; the caller knows). It is pure. Records of an import, by HubSpot's word
// or because they come in bulk, are marked in the backfill lane, and only for triggers that ask for imports; changes in bulk trigger nothing.
func RecordTriggers(workflows []prompts.Workflow) func(rec crm.Record, before *crm.Record, lane crm.Lane) []crm.Mark {
	return func(rec crm.Record, before *crm.Record, lane crm.Lane) []crm.Mark {
		if rec.Archived {
			return nil
		}
		bulk := lane == crm.BackfillLane || before == nil && Imported(rec)
		var out []crm.Mark
		for _, w := range workflows {
			for _, t := range w.Triggers {
				switch {
				case t.On == "change" && !bulk && changed(t, rec, before):
					for _, subject := range changedSubjects(t, rec) {
						out = addMark(out, w, subject, crm.LiveLane, t)
					}
				case t.On != "record" || before != nil:
				case !bulk:
					out = addMark(out, w, rec.Ref, crm.LiveLane, t)
				case t.Imports:
					out = addMark(out, w, rec.Ref, crm.BackfillLane, t)
				}
			}
		}
		return out
	}
}

// changed: one of the trigger's properties has another value than before. A new record of another type than the subject's is a change, too: a ticket was opened.
func changed(t prompts.Trigger, rec crm.Record, before *crm.Record) bool {
	if t.Type != "" && t.Type != rec.Ref.Type {
		return false
	}
	if before == nil {
		return t.Type != ""
	}
	return slices.ContainsFunc(t.Properties, func(name string) bool { return rec.Properties[name] != before.Properties[name] })
}

func changedSubjects(t prompts.Trigger, rec crm.Record) []crm.Ref {
	switch t.Subject {
	case "contacts":
		return rec.Links.Contacts
	case "deals":
		return rec.Links.Deals
	case "tickets":
		return rec.Links.Tickets
	case "companies":
		return rec.Links.Companies
	}
	return []crm.Ref{rec.Ref}
}

// Imported reports whether a record came in by an import: HubSpot says where it came from in hs_object_source_label or hs_object_source.
func Imported(rec crm.Record) bool {
	return strings.EqualFold(rec.Properties["hs_object_source_label"], "IMPORT") || strings.EqualFold(rec.Properties["hs_object_source"], "IMPORT")
}

// addMark adds a mark for a subject type that the workflow takes, once per workflow and subject; the more urgent lane and the shorter wait win.
func addMark(marks []crm.Mark, w prompts.Workflow, subject crm.Ref, lane crm.Lane, t prompts.Trigger) []crm.Mark {
	if !slices.Contains(w.Subjects, subject.Type) || subject.ID == "" {
		return marks
	}
	key := ConsiderKey(w.Name, subject)
	for i, m := range marks {
		if m.Key == key && m.Portal == subject.Portal {
			marks[i].Lane, marks[i].Quiet = min(m.Lane, lane), min(m.Quiet, t.Quiet)
			return marks
		}
	}
	return append(marks, crm.Mark{Portal: subject.Portal, Kind: crm.ConsiderWork, Key: key, Lane: lane, Quiet: t.Quiet})
}
