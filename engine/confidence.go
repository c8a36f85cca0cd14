package engine

import (
	"math"
	"time"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
)

// Measured is what confidence is computed from. Counts are of the statements that a change stands on, but Cut, Repairs, Flags and the doubts are of the whole run. Fields that come
// with later versions of the features are zero in what was kept before, and zero means that nothing speaks for or against the change: so old words can be repeated.
type Measured struct {
	Supported  int
	Cut        int           // statements of the run that failed a check
	Repairs    int           // answers that had to be repaired
	Flags      int           // injection cues and the like
	Sources    int           // quotes
	Records    int           // those of them that are values of a record
	Activities int           // distinct activities quoted
	Age        time.Duration // of the newest evidence when it was read
	TimeKnown  bool          // every quoted activity has a trustworthy time
	Coverage   float64       // of the questions, 0…1
	Overlap    float64       // the least of the supported statements
	Turned     int           // statements that differ from their quotes in a negation
	Against    int           // statements that newer words of the account contradict
	Jump       float64       // how far a number moves, as a share of its range; 0 of anything else
	FocusWhole bool          // the activity in question was read whole

	Kinds    map[string]int    // quotes by the kind of their source: of an activity, "record", or "outside" for a source beside HubSpot
	Margin   float64           // how clearly the best candidates of retrieval stood out, over the questions, 0…1
	Replaces bool              // another value stands at the place
	LeftOut  float64           // share of the passages that the model's window had no room for
	Masked   int               // quotes that hold something the model was shown a pseudonym of
	Field    calibration.Track // past changes of the workflow's field in the portal, as known before the run
	Source   calibration.Track // those of the workflow that quoted the same kind of source; of several kinds, the worst
	Unsure   float64           // the model's own word: 1 for "low", 0.5 for "medium", else 0, so that it only ever lowers confidence
}

// quotedKinds are the kinds of sources that quotes are counted by.
func quotedKinds() []string {
	out := []string{quotedRecord, quotedOutside}
	for _, k := range crm.Kinds() {
		out = append(out, string(k))
	}
	return out
}

// Kinds of sources that are no activities.
const (
	quotedRecord  = "record"
	quotedOutside = "outside"
)

// quotedKind is the kind of source of a quote.
func quotedKind(e crm.Evidence) string {
	switch {
	case e.Source != "":
		return quotedOutside
	case !e.Record.IsZero():
		return quotedRecord
	}
	return string(e.Kind)
}

// Features is Measured as numbers, as they are stored with each change and its outcomes. Another list of names, or another meaning of one, is another calibration.FeaturesVersion.
func (m Measured) Features() map[string]float64 {
	one := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	total := m.Supported + m.Cut
	share := 0.0
	if total > 0 {
		share = float64(m.Supported) / float64(total)
	}
	out := map[string]float64{
		"version": calibration.FeaturesVersion, "supported": float64(m.Supported), "cut": float64(m.Cut), "share": share, "repairs": float64(m.Repairs), "flags": float64(m.Flags),
		"sources": float64(m.Sources), "records": float64(m.Records), "activities": float64(m.Activities), "age_days": m.Age.Hours() / 24, "time_known": one(m.TimeKnown), "coverage": m.Coverage,
		"overlap": m.Overlap, "turned": float64(m.Turned), "contradicted": float64(m.Against), "jump": m.Jump, "focus_whole": one(m.FocusWhole),
		"margin": m.Margin, "replaces": one(m.Replaces), "left_out": m.LeftOut, "masked": float64(m.Masked), "unsure": m.Unsure, "field_right": float64(m.Field.Right),
		"field_decided": float64(m.Field.Decided), "source_right": float64(m.Source.Right), "source_decided": float64(m.Source.Decided),
	}
	for _, k := range quotedKinds() {
		out[calibration.QuotesOf+k] = float64(m.Kinds[k])
	}
	return out
}

// maxJump: a number that moves by more than a fifth of its range is looked at.
const maxJump = 0.2

// minOverlap: a statement that shares fewer of its words with its quotes says something of its own.
const minOverlap = 0.25

// Confidence is the estimated chance that a reviewer would accept a change before outcomes have taught better: with every statement supported and no doubt it lies between
// 0.86 and 0.93; with any cut statement, repair, flag or other doubt it stays below 0.85; without a supported statement it is 0. Light doubts (a value that is replaced, passages
// left out, masked quotes, a model that says it is unsure) lower it by so little that good evidence outweighs them.
func Confidence(m Measured) float64 { return calibration.Prior().Of(m.Features()) }

// evidenceOf fills the part of Measured that follows from statements: which, how many and how old their sources are.
func evidenceOf(claims []Judged, which []int, at time.Time, untimed map[crm.Ref]bool) Measured {
	m := Measured{TimeKnown: true, Overlap: 1, Kinds: map[string]int{}}
	activities := map[crm.Ref]bool{}
	var newest time.Time
	for _, i := range which {
		c := claims[i]
		if !c.Supported {
			continue
		}
		m.Supported++
		m.Overlap = math.Min(m.Overlap, c.Overlap)
		if c.Turned {
			m.Turned++
		}
		if len(c.Contradictions) > 0 {
			m.Against++
		}
		for _, e := range c.Evidence {
			m.Sources++
			m.Kinds[quotedKind(e)]++
			if !e.Record.IsZero() { // stated as it is now: its age says nothing
				m.Records++
				activities[e.Record] = true
				continue
			}
			activities[e.Activity] = true
			m.TimeKnown = m.TimeKnown && !e.Time.IsZero() && !untimed[e.Activity]
			if e.Time.After(newest) {
				newest = e.Time
			}
		}
	}
	m.Activities = len(activities)
	if !newest.IsZero() {
		m.Age = max(at.Sub(newest), 0)
	}
	return m
}
