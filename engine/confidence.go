package engine

import (
	"math"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// FeaturesVersion names the meaning of the features below; outcomes keep it, so that calibration never mixes two.
const FeaturesVersion = 2

// Measured is what confidence is computed from. Counts are of the statements that a change stands on, but Cut, Repairs, Flags and the doubts are of the whole run.
type Measured struct {
	Supported  int
	Cut        int           // statements of the run that failed a check
	Repairs    int           // answers that had to be repaired
	Flags      int           // injection cues and the like
	Sources    int           // quotes
	Activities int           // distinct activities quoted
	Age        time.Duration // of the newest evidence when it was read
	TimeKnown  bool          // every quoted activity has a trustworthy time
	Coverage   float64       // of the questions, 0…1
	Overlap    float64       // the least of the supported statements
	Turned     int           // statements that differ from their quotes in a negation
	Against    int           // statements that newer words of the account contradict
	Jump       bool          // a number moves by more than a fifth of its range
	FocusWhole bool          // the activity in question was read whole
}

// Features is Measured as numbers, as they are stored with the proposal and its outcomes.
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
	return map[string]float64{
		"version": FeaturesVersion, "supported": float64(m.Supported), "cut": float64(m.Cut), "share": share, "repairs": float64(m.Repairs), "flags": float64(m.Flags),
		"sources": float64(m.Sources), "activities": float64(m.Activities), "age_days": m.Age.Hours() / 24, "time_known": one(m.TimeKnown), "coverage": m.Coverage,
		"overlap": m.Overlap, "turned": float64(m.Turned), "contradicted": float64(m.Against), "jump": one(m.Jump), "focus_whole": one(m.FocusWhole),
	}
}

// minOverlap: a statement that shares fewer of its words with its quotes says something of its own.
const minOverlap = 0.25

// doubted is the ceiling of a run about which anything is doubtful: always below the default threshold.
const doubted = 0.84

// Confidence is the estimated chance that a reviewer would accept a change: a logistic with fixed weights, a conservative prior until outcomes fit a better one. With
// every statement supported and no doubt it lies between 0.86 and 0.93; with any cut statement, repair, flag or other doubt it stays below 0.85; without a
// supported statement it is 0. The model's own opinion is not among the features.
func Confidence(m Measured) float64 {
	if m.Supported <= 0 {
		return 0
	}
	z := 1.83 // 0.862
	if m.Activities > 1 {
		z += 0.25
	}
	z += 0.20 * math.Min(float64(m.Sources), 4) / 4
	z += 0.15 * clamp(m.Coverage)
	if m.TimeKnown && m.Age < 90*24*time.Hour {
		z += 0.12
	}
	share := float64(m.Cut) / float64(m.Supported+max(m.Cut, 0))
	doubts := 3*share + 0.8*float64(m.Repairs) + 1.5*math.Min(float64(m.Flags), 2) + 0.7*math.Min(float64(m.Turned), 3) + math.Min(float64(m.Against), 2)
	for _, d := range []struct {
		is     bool
		weight float64
	}{{!m.TimeKnown, 0.3}, {!(m.Overlap >= minOverlap), 1}, {m.Jump, 0.8}, {!m.FocusWhole, 0.4}} {
		if d.is {
			doubts += d.weight
		}
	}
	p := 1 / (1 + math.Exp(-(z - doubts)))
	if m.Cut > 0 || m.Repairs > 0 || m.Flags > 0 || doubts > 0 {
		return math.Min(p, doubted)
	}
	return p
}

func clamp(x float64) float64 {
	if !(x > 0) { // NaN too
		return 0
	}
	return math.Min(x, 1)
}

// evidenceOf fills the part of Measured that follows from statements: which, how many and how old their sources are.
func evidenceOf(claims []Judged, which []int, at time.Time, untimed map[crm.Ref]bool) Measured {
	m := Measured{TimeKnown: true, Overlap: 1}
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
			if !e.Record.IsZero() { // stated as it is now: its age says nothing
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
