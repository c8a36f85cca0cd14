package crm

import "time"

// WorkKind is the closed set of things that can be dirty.
type WorkKind string

// Kinds of work and what their key names.
const (
	RecordWork    WorkKind = "record"    // "contacts/7": read a record again, keep it and its memberships
	IndexWork     WorkKind = "index"     // "calls/9101": make the index agree with an activity
	ConsiderWork  WorkKind = "consider"  // "call_summary:calls/9101": run a workflow for a subject
	ApplyWork     WorkKind = "apply"     // an effect id: write it to HubSpot and settle it
	BackfillWork  WorkKind = "backfill"  // an object type: list everything of it, resumable
	EraseWork     WorkKind = "erase"     // "contacts/7": forget it for good
	CalibrateWork WorkKind = "calibrate" // "lead_score:ai_lead_score": learn from what people decided about a field
	DecisionWork  WorkKind = "decision"  // a RecordDecision's key: carry out what a person decided in HubSpot
	BuildWork     WorkKind = "build"     // "g2": fill a generation of the index with what the store has of the portal, resumable
)

// WorkKinds lists all kinds.
func WorkKinds() []WorkKind {
	return []WorkKind{RecordWork, IndexWork, ConsiderWork, ApplyWork, BackfillWork, EraseWork, DecisionWork, CalibrateWork, BuildWork}
}

// Lane orders work that competes for the HubSpot quota and the model; lower goes first.
type Lane int

// The three lanes. A row that is marked in two lanes keeps the more urgent one until it is done.
const (
	LiveLane Lane = iota
	ReviewLane
	BackfillLane
)

// String is the lane's stored and shown name.
func (l Lane) String() string {
	//exhaustive:enforce
	switch l {
	case LiveLane:
		return "live"
	case ReviewLane:
		return "review"
	case BackfillLane:
		return "backfill"
	}
	return "unknown"
}

// Lanes lists all lanes, most urgent first.
func Lanes() []Lane { return []Lane{LiveLane, ReviewLane, BackfillLane} }

// Mark makes one subject dirty: it raises the row's wanted number. Quiet asks that the run waits until nothing was marked for that long (coalescing a burst);
// a later mark moves the moment, but never beyond five quiet periods after the first one, so that a steady stream cannot starve the subject.
type Mark struct {
	Portal PortalID
	Kind   WorkKind
	Key    string
	Lane   Lane
	Quiet  time.Duration
}

// Claim is a leased piece of work. Seq is the wanted number read at the claim: finishing sets done to it, so a change during the run is never absorbed. Only the
// holder of the newest Fence can finish.
type Claim struct {
	Portal   PortalID
	Kind     WorkKind
	Key      string
	Lane     Lane
	Seq      int64
	Fence    int64
	Attempts int       // failures so far
	MarkedAt time.Time // when the oldest change that this claim covers was marked
}

// WorkRow is one row as operators see it.
type WorkRow struct {
	Claim
	State     string // ready, waiting, running, buried or done
	NotBefore time.Time
	LastError string
}
