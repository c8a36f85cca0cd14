package crm

import (
	"fmt"
	"slices"
)

// GateMode is how far the gate may go by itself. The zero value is off.
type GateMode string

// The four modes, from cautious to bold.
const (
	GateOff    GateMode = "off"    // every change waits for a person
	GateShadow GateMode = "shadow" // decided, and the decision is kept with the change, but a person decides
	GateCanary GateMode = "canary" // as on for a share of the records, as shadow for the others
	GateOn     GateMode = "on"     // what the policy lets through is written
)

// GateModes lists all modes, from cautious to bold.
func GateModes() []GateMode { return []GateMode{GateOff, GateShadow, GateCanary, GateOn} }

// ParseGateMode reads a mode's word; anything else is ErrInvalid.
func ParseGateMode(s string) (GateMode, error) {
	for _, m := range GateModes() {
		if string(m) == s {
			return m, nil
		}
	}
	return GateOff, fmt.Errorf("mode %q: want one of %v: %w", s, GateModes(), ErrInvalid)
}

// Within is the more cautious of two modes. One that is no mode counts as off.
func (m GateMode) Within(other GateMode) GateMode {
	all := GateModes()
	return all[max(0, min(slices.Index(all, m), slices.Index(all, other)))]
}
