package calibration

import (
	"cmp"
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Sample is what became of one change that a person looked at. Right says that they took it as it was: what they edited, rejected or undid was wrong.
type Sample struct {
	ID         string // of proposal and change
	Workflow   string
	Field      string
	Features   map[string]float64
	Confidence float64 // as it was when the change was proposed
	Right      bool
	At         time.Time // of the last word
}

// Samples are the changes of a log of outcomes, each with the last word on it, in the order of those words. A change that was only ever undone was written without a person
// and is none: of such writes only the bad ones come back, which says nothing about their share (Drift counts them). Outcomes of other features are left out.
func Samples(log []crm.Outcome) []Sample {
	log = slices.DeleteFunc(slices.Clone(log), func(o crm.Outcome) bool { return o.FeaturesVersion != FeaturesVersion })
	var out []Sample
	for _, o := range lastWords(log) {
		out = append(out, Sample{ID: o.Proposal + "/" + o.Change, Workflow: o.Workflow, Field: o.Field, Features: o.Features, Confidence: o.Confidence, Right: o.Decision == "approve", At: o.At})
	}
	slices.SortFunc(out, func(a, b Sample) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return out
}

// looked tells whether a decision is that of a person who looked at a change.
func looked(decision string) bool {
	return decision == "approve" || decision == "edit" || decision == "reject"
}

// lastWords are the last outcomes of the changes of a log that a person has looked at, one for each, in no order.
func lastWords(log []crm.Outcome) (out []crm.Outcome) {
	type change struct{ proposal, id string }
	last, seen := map[change]crm.Outcome{}, map[change]bool{}
	for _, o := range log {
		key := change{o.Proposal, o.Change}
		if looked(o.Decision) {
			seen[key] = true
		} else if o.Decision != "undo" {
			continue
		}
		last[key] = o
	}
	for key := range seen {
		out = append(out, last[key])
	}
	return out
}

func counts(samples []Sample) (n, wrong int) {
	for _, s := range samples {
		if !s.Right {
			wrong++
		}
	}
	return len(samples), wrong
}
