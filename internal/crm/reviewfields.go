package crm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The two properties that carry the review into HubSpot. No workflow may write them.
const (
	ReviewStatus   = "ai_review_status"   // written by contextd: one of ReviewStatuses
	ReviewDecision = "ai_review_decision" // set by a person in HubSpot: one of ReviewDecisions; emptied once it was carried out
)

// What ReviewStatus says of a record. A record that never had a suggestion has no value.
const (
	ReviewPending = "pending" // at least one suggestion waits for a decision
	ReviewNone    = "none"    // nothing waits any more
)

// What a person may set ReviewDecision to: it goes for everything that waits on the record.
const (
	ReviewApprove = "approve"
	ReviewReject  = "reject"
)

// ReviewStatuses and ReviewDecisions are the options of the two enumerations in HubSpot, with their labels.
func ReviewStatuses() [][2]string {
	return [][2]string{{ReviewPending, "Waits for a decision"}, {ReviewNone, "Nothing waits"}}
}

// ReviewDecisions lists what a person may choose.
func ReviewDecisions() [][2]string {
	return [][2]string{{ReviewApprove, "Approve what waits"}, {ReviewReject, "Reject what waits"}}
}

// RecordDecision is a person's word in HubSpot about everything that waits on a record, as a signed event told it.
type RecordDecision struct {
	Record  Ref
	Approve bool
	User    string    // HubSpot's user id
	At      time.Time // when it was set there, to the millisecond
}

// Value is what the property holds.
func (d RecordDecision) Value() string {
	if d.Approve {
		return ReviewApprove
	}
	return ReviewReject
}

// Key names the decision as work: "companies/5:approve:9101:1790000000000".
func (d RecordDecision) Key() string {
	return strings.Join([]string{d.Record.Path(), d.Value(), d.User, strconv.FormatInt(d.At.UnixMilli(), 10)}, ":")
}

// ParseRecordDecision reads Key's text; anything else is ErrInvalid.
func ParseRecordDecision(portal PortalID, key string) (d RecordDecision, err error) {
	parts := strings.Split(key, ":")
	if len(parts) == 4 && slices.Contains([]string{ReviewApprove, ReviewReject}, parts[1]) && parts[2] != "" {
		at, err := strconv.ParseInt(parts[3], 10, 64)
		record, err2 := ParsePath(portal, parts[0])
		if err == nil && err2 == nil && record.Type.IsRecord() {
			return RecordDecision{Record: record, Approve: parts[1] == ReviewApprove, User: parts[2], At: time.UnixMilli(at).UTC()}, nil
		}
	}
	return d, fmt.Errorf("decision %q: want record:approve|reject:user:milliseconds: %w", key, ErrInvalid)
}

// DecisionOf reads a change of ReviewDecision that a person made; false for every other event, whoever made it. A value that is no option, an empty one, and a source that
// names no user decide nothing.
func DecisionOf(e Event, byPerson bool) (d RecordDecision, ok bool) {
	user, named := strings.CutPrefix(e.SourceID, "userId:")
	if e.Type != PropertyChange || e.Property != ReviewDecision || !byPerson || !named || !e.Object.Type.IsRecord() || e.OccurredAt.IsZero() {
		return d, false
	}
	if _, err := strconv.ParseUint(user, 10, 64); err != nil || e.Value != ReviewApprove && e.Value != ReviewReject {
		return d, false
	}
	return RecordDecision{Record: e.Object, Approve: e.Value == ReviewApprove, User: user, At: e.OccurredAt.UTC().Truncate(time.Millisecond)}, true
}
