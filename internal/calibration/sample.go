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
	last := map[string]Sample{}
	looked := map[string]bool{}
	for _, o := range log {
		if o.FeaturesVersion != FeaturesVersion {
			continue
		}
		key := o.Proposal + "\x00" + o.Change
		switch o.Decision {
		case "approve", "edit", "reject":
			looked[key] = true
		case "undo":
		default:
			continue
		}
		last[key] = Sample{ID: o.Proposal + "/" + o.Change, Workflow: o.Workflow, Field: o.Field, Features: o.Features, Confidence: o.Confidence, Right: o.Decision == "approve", At: o.At}
	}
	var out []Sample
	for key, s := range last {
		if looked[key] {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Sample) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
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
