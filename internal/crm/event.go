package crm

import "time"

// EventType is what HubSpot says happened, without its object prefix.
type EventType string

// The event types contextd acts on; any other is stored and ignored with its name as the reason.
const (
	Creation          EventType = "creation"
	Deletion          EventType = "deletion"
	Merge             EventType = "merge"
	PropertyChange    EventType = "propertyChange"
	Restore           EventType = "restore"
	AssociationChange EventType = "associationChange"
	PrivacyDeletion   EventType = "privacyDeletion"
)

// Event is one entry of a webhook delivery. It only says what to look at again: the record is always re-read.
type Event struct {
	Portal     PortalID
	Key        string // dedupe key: hash of what happened, without attempt and event id
	Type       EventType
	Object     Ref // zero for association changes
	From, To   Ref // association changes only
	Removed    bool
	Property   string
	Value      string
	Source     string // changeSource, such as CRM_UI, IMPORT, INTEGRATION
	SourceID   string
	MergedIDs  []string
	NewID      string
	OccurredAt time.Time
}

// Ignored reasons: why an event caused no work. They are counted and shown.
const (
	IgnoredEcho        = "echo"        // our own write came back
	IgnoredUnsupported = "unsupported" // an event or object type that contextd does not act on
	IgnoredForeign     = "foreign"     // a portal that is not configured
)

// Delivery is one verified webhook request as it arrived; the body is kept until its events are decoded and beyond HubSpot's 24 hours of retries.
type Delivery struct {
	ID         int64
	Body       []byte
	ReceivedAt time.Time
}

// Decoded is one event with what must be looked at because of it. Ignored names the reason when Marks is empty.
type Decoded struct {
	Event   Event
	Marks   []Mark
	Ignored string
}
