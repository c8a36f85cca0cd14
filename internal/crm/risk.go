package crm

import "fmt"

// Risk is how much harm a wrong value of a field does. It scales what may be wrong of what is written there without a person. The zero value is that of a field that nobody has put
// into a class: RiskMedium.
type Risk string

// The three classes.
const (
	RiskLow    Risk = "low"
	RiskMedium Risk = "medium"
	RiskHigh   Risk = "high"
)

// Risks lists all classes.
func Risks() []Risk { return []Risk{RiskLow, RiskMedium, RiskHigh} }

// ParseRisk reads a class's word; anything else is ErrInvalid.
func ParseRisk(s string) (Risk, error) {
	for _, r := range Risks() {
		if string(r) == s {
			return r, nil
		}
	}
	return RiskMedium, fmt.Errorf("risk %q: want one of %v: %w", s, Risks(), ErrInvalid)
}

// Tolerated is the share of wrong values that a class tolerates where medium risk tolerates so many: half as many again, as many, or half.
func (r Risk) Tolerated(wrong float64) float64 {
	switch r {
	case RiskLow:
		return 1.5 * wrong
	case RiskHigh:
		return wrong / 2
	case RiskMedium:
	}
	return wrong
}
