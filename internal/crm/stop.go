package crm

import (
	"fmt"
	"time"
)

// Stop says that a person has stopped all writing to HubSpot in a portal (0: in every one), until somebody ends it.
type Stop struct {
	Portal PortalID  `json:"portal"`
	At     time.Time `json:"at"`
	By     Actor     `json:"by"`
	Reason string    `json:"reason"`
}

// Err is the stop as what refuses a write: ErrStopped, with who, when and why.
func (s Stop) Err() error {
	where := "in this portal"
	if s.Portal == 0 {
		where = "everywhere"
	}
	return fmt.Errorf("%s stopped writing %s at %s (%s): contextd resume ends it: %w", s.By, where, s.At.UTC().Format(time.RFC3339), s.Reason, ErrStopped)
}
