package crm

import "time"

// ReviewStats says what waits for people and what became of what they saw.
type ReviewStats struct {
	Since         time.Time          `json:"since,omitzero"`
	Pending       int                `json:"pending"` // suggestions, snoozed ones included
	Snoozed       int                `json:"snoozed"`
	Oldest        time.Time          `json:"oldest_pending,omitzero"`
	MedianSeconds map[string]float64 `json:"median_seconds"` // from shown to decided, by workflow, where it is known
	Weeks         []ReviewWeek       `json:"weeks"`          // oldest first
}

// ReviewWeek counts changes of one workflow in the week that begins on a Monday (UTC). Wrong are those that were undone, or rejected as wrong_fact or wrong_record.
type ReviewWeek struct {
	Workflow  string         `json:"workflow"`
	Week      string         `json:"week"` // 2006-01-02
	Written   int            `json:"written"`
	Automatic int            `json:"automatic"` // of those written: without a person
	Approved  int            `json:"approved"`
	Edited    int            `json:"edited"`
	Rejected  int            `json:"rejected"`
	Undone    int            `json:"undone"`
	Wrong     int            `json:"wrong"`
	Reasons   map[string]int `json:"reasons"` // of rejections
}
