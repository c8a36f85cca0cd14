package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Inputs are all that the word about one change follows from. They are kept with it, so that anybody can have it repeated.
type Inputs struct {
	Policy     Policy
	Portal     crm.PortalID
	Change     crm.Change // as it was built: what is decided here is not in it yet
	State      GateState
	Measured   Measured
	Thresholds []float64 // the field's and the workflow's own, most specific first; 0 is none
	Dropped    bool      // the workflow drops the change, whatever the gate says
}

// Judgement is that word.
type Judgement struct {
	Verdict    crm.Verdict
	Reasons    []string
	Would      bool // only the gate's mode, that writing is off or stopped, or the chance by which people see some of it made it wait for a person
	Confidence float64
	Threshold  float64
}

// Decide is pure: the same inputs always bring the same word.
func (in Inputs) Decide() Judgement {
	c := in.Change
	c.Confidence = Confidence(in.Measured)
	if in.Policy.Budget.Wrong != 0 && in.State.Proof.Open {
		c.Confidence = in.State.Proof.Curve.Of(in.Measured.Features())
	}
	c.Threshold = in.Policy.raised(Threshold(append(slices.Clone(in.Thresholds), in.Policy.Threshold)...), in.State.Proof)
	j := Judgement{Confidence: c.Confidence, Threshold: c.Threshold}
	if in.Dropped {
		j.Verdict, j.Reasons = crm.Drop, []string{"the workflow drops this change"}
		return j
	}
	j.Verdict, j.Reasons = Gate(in.Policy, in.Portal, c, in.State)
	j.Would = j.Verdict == crm.Review && Would(in.Policy, in.Portal, c, in.State) == crm.Apply
	return j
}

// Same reports whether two words come to the same: how the reasons are put does not count, and NaN is NaN.
func (j Judgement) Same(o Judgement) bool {
	return j.Verdict == o.Verdict && j.Would == o.Would && sameNumber(j.Confidence, o.Confidence) && sameNumber(j.Threshold, o.Threshold)
}

func sameNumber(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// inputsFormat is the version of the text below. Fields may come without another one: where a text has none, they are zero.
const inputsFormat = 1

// keptWord is the text of a word and what it follows from.
type keptWord struct {
	Format    int
	Inputs    Inputs
	Judgement Judgement
}

// KeepInputs writes inputs and the word that followed from them as JSON, with every field that is not zero: rules as they were written, and numbers that JSON has no
// word for as text.
func KeepInputs(in Inputs, j Judgement) (string, error) {
	doc, err := toPlain(keptWord{inputsFormat, in, j})
	if err != nil {
		return "", fmt.Errorf("keep what the gate decided by: %w", err)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return "", fmt.Errorf("keep what the gate decided by: %w", err)
	}
	return string(text), nil
}

// ReadInputs is the inverse of KeepInputs. crm.ErrInvalid for what a newer program has written, or nobody.
func ReadInputs(text string) (Inputs, Judgement, error) {
	var k keptWord
	if err := fromPlain(text, &k); err != nil {
		return Inputs{}, Judgement{}, fmt.Errorf("what the gate decided by cannot be read: %w: %w", err, crm.ErrInvalid)
	}
	if k.Format != inputsFormat {
		return Inputs{}, Judgement{}, fmt.Errorf("what the gate decided by is of format %d, want %d: %w", k.Format, inputsFormat, crm.ErrInvalid)
	}
	return k.Inputs, k.Judgement, nil
}
