package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
)

// DefaultThreshold is the confidence from which a change may be written without a person, until reviews say otherwise.
const DefaultThreshold = 0.85

// GateState is what the run found out beside the change itself.
type GateState struct {
	Stopped   string   // why writing is stopped right now; "" when it is not
	Stale     bool     // the evidence or the record changed since it was read
	Flags     []string // doubts about the run: injection, repair, cut claims …: any of them needs a person
	Overruled bool     // people had the last word at this very place
	Failed    string   // why the last write at this very place came to nothing; "" when it did not
	Human     bool     // the workflow says that a person decides
	Outside   bool     // it stands on the word of a source beside HubSpot
	Preflight string   // why HubSpot would refuse it as things are; "" when nothing speaks against it
	Invalid   string   // why the value may not be written at all; "" when it may

	Proof    calibration.Proof // what outcomes prove about the field; read under a budget alone
	Explored bool              // it is one of those that are shown to people by chance

	Mode       crm.GateMode // the workflow's own, when it has one: the more cautious of it and the policy's holds
	Workflow   string
	Record     crm.Record // that the change is about, as far as it is kept
	Account    string     // its name
	Now        time.Time  // in the portal's zone
	LastHour   int        // writes without a person in the portal in the hour before
	RecordsDay int        // those to the record in the day before
}

// Allowed reports whether contextd may ever write this change: an ai_* property of a record, or a note or task of its own, in the given portal.
func Allowed(c crm.Change, portal crm.PortalID) bool {
	if portal <= 0 {
		return false
	}
	switch c.Kind {
	case crm.PropertyKind:
		return aiProperty(c.Property) && c.Target.Portal == portal && c.Target.Type.IsRecord() && c.Target.ID != ""
	case crm.NoteKind, crm.TaskKind:
		for _, l := range c.Links {
			if l.Portal != portal || !l.Type.IsRecord() || l.ID == "" {
				return false
			}
		}
		return c.Key != "" && len(c.Links) > 0 && c.Target.IsZero() && c.Property == bodyProperty(c.Kind) && ownFields(c)
	}
	return false
}

// Suggestable reports whether a workflow may suggest this change: what contextd may write, without the properties that carry the review itself. A suggestion to approve
// suggestions would be a way around people.
func Suggestable(c crm.Change, portal crm.PortalID) bool {
	return Allowed(c, portal) && c.Property != crm.ReviewStatus && c.Property != crm.ReviewDecision
}

// aiProperty: ai_ and then lower-case letters, digits and _, as HubSpot's internal names are.
func aiProperty(name string) bool {
	rest, ok := strings.CutPrefix(name, "ai_")
	return ok && rest != "" && len(name) <= 100 && !strings.ContainsFunc(rest, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

func ownFields(c crm.Change) bool {
	for name := range c.Fields {
		if !slices.Contains(bodyFields(c.Kind), name) {
			return false
		}
	}
	return true
}

// Gate decides about one change of a portal. It is pure, and this list is its whole policy:
//
//   - outside the allow-list, never to be touched, or a value that HubSpot would refuse: Drop;
//   - writing off or stopped, a policy that waits for approval, stale evidence, a place where people had the last word or the last write failed, what HubSpot would refuse as things are, any flag, a property or workflow for people, a confidence that is NaN or below the threshold, a threshold that is not in
//     (0, 1], an error budget that is none or not proved for the field, being one of those that people see by chance, a cap that is reached (one below 0 always is), a rule that does not hold or cannot be judged, a mode that leaves it to people: Review;
//   - else Apply. A confidence equal to the threshold passes. A change's own threshold goes before the workflow's, that before the configuration's; under a budget the one that
//     outcomes prove holds where it is higher.
func Gate(p Policy, portal crm.PortalID, c crm.Change, s GateState) (crm.Verdict, []string) {
	name := c.Property
	if c.Kind != crm.PropertyKind {
		name = string(c.Kind)
	}
	switch {
	case !Suggestable(c, portal):
		return crm.Drop, []string{fmt.Sprintf("%s is not on the allow-list", name)}
	case slices.Contains(p.Never, name):
		return crm.Drop, []string{fmt.Sprintf("the policy never touches %s", name)}
	case s.Invalid != "":
		return crm.Drop, []string{s.Invalid}
	}
	var why []string
	add := func(is bool, format string, args ...any) {
		if is {
			why = append(why, fmt.Sprintf(format, args...))
		}
	}
	add(!p.Write, "writing to HubSpot is off")
	add(p.Unapproved != "", "%s", p.Unapproved)
	add(s.Stopped != "", "writing is stopped: %s", s.Stopped)
	add(s.Stale, "the record or the evidence changed since it was read")
	add(s.Overruled, "a person changed or undid what was written here: it is theirs until they release it")
	add(s.Failed != "", "the last write here failed: %s", s.Failed)
	add(s.Preflight != "", "%s", s.Preflight)
	add(s.Human, "the workflow leaves this to a person")
	add(s.Outside, "it stands on the word of a source beside HubSpot")
	add(slices.Contains(p.HumanOnly, name) || slices.Contains(CoreFields(), name), "the policy leaves %s to a person", name)
	for _, f := range s.Flags {
		add(true, "%s", f)
	}
	unproved := p.unproved(s.Proof)
	add(unproved != "", "%s", unproved)
	threshold := p.raised(Threshold(c.Threshold, p.Threshold), s.Proof)
	valid := threshold > 0 && threshold <= 1
	add(!valid, "the threshold %v is not between 0 and 1", threshold)
	add(math.IsNaN(c.Confidence), "the confidence is unknown")
	add(valid && c.Confidence < threshold, "confidence %.2f is below %.4g", c.Confidence, threshold)
	add(c.Confidence > 1, "the confidence %v is no probability", c.Confidence)
	add(p.MaxPerHour != 0 && s.LastHour >= p.MaxPerHour, "%d were written without a person in an hour: no more than %d may be", s.LastHour, p.MaxPerHour)
	add(p.MaxPerRecordPerDay != 0 && s.RecordsDay >= p.MaxPerRecordPerDay, "%d were written to the record without a person in a day: no more than %d may be", s.RecordsDay, p.MaxPerRecordPerDay)
	for _, r := range p.Rules {
		problem := r.problem(ruleFacts(c, s))
		add(problem != "", "%s", problem)
	}
	add(s.Explored, "people see a share of what would be written, chosen by chance, so that calibration does not learn from itself: this is one of it")
	withheld := p.withheld(s)
	add(withheld != "", "%s", withheld)
	if len(why) > 0 {
		return crm.Review, why
	}
	return crm.Apply, []string{fmt.Sprintf("confidence %.2f reaches %.4g", c.Confidence, threshold)}
}

// Threshold is the first that is set (not 0) of those given, most specific first, else DefaultThreshold. NaN counts as set, and no confidence reaches it.
func Threshold(set ...float64) float64 {
	for _, t := range set {
		if t != 0 {
			return t
		}
	}
	return DefaultThreshold
}

// Cautious is the more cautious of two verdicts: Review before Apply before Drop, because a person must see what is pending.
func Cautious(a, b crm.Verdict) crm.Verdict {
	for _, v := range []crm.Verdict{crm.Review, crm.Apply} {
		if a == v || b == v {
			return v
		}
	}
	return crm.Drop
}

// bodyProperty is the property that holds the body of a note or task of ours.
func bodyProperty(k crm.ChangeKind) string {
	switch k {
	case crm.NoteKind:
		return "hs_note_body"
	case crm.TaskKind:
		return "hs_task_body"
	case crm.PropertyKind:
	}
	return ""
}

// bodyFields are the further fields that a note or task of ours may set.
func bodyFields(k crm.ChangeKind) []string {
	switch k {
	case crm.NoteKind:
		return []string{"hs_timestamp", "hubspot_owner_id"}
	case crm.TaskKind:
		return []string{"hs_timestamp", "hubspot_owner_id", "hs_task_subject", "hs_task_status", "hs_task_type", "hs_task_priority"}
	case crm.PropertyKind:
	}
	return nil
}
