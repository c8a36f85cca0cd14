package crm

import "time"

// Calibration is what is known about how far the confidences of one field may be trusted, as it is stored: the state and the fits are texts that their package reads.
type Calibration struct {
	Portal   PortalID
	Workflow string
	Field    string
	Rev      int64  // raised with every change; 0: nothing is stored yet
	State    string // JSON
	At       time.Time
}

// CalibrationFit is one version of what was learned; it never changes.
type CalibrationFit struct {
	Version int
	At      time.Time
	Body    string // JSON
}

// AutomaticWrite is one write that nobody was asked about.
type AutomaticWrite struct {
	At     time.Time // when it was read back
	Undone bool      // somebody has undone it since
}

// CalibrateKey is the key of CalibrateWork for a field.
func CalibrateKey(workflow, field string) string { return workflow + ":" + field }
