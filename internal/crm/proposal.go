package crm

import (
	"fmt"
	"time"
)

// Verdict is what the gate decides about a change. The zero value is Review: whatever is forgotten goes to a person.
type Verdict int

// The three verdicts, from cautious to bold to none.
const (
	Review Verdict = iota // a person decides
	Apply                 // written without asking
	Drop                  // recorded with its reason, never shown as pending
)

// String is the verdict as it is stored and shown.
func (v Verdict) String() string {
	//exhaustive:enforce
	switch v {
	case Review:
		return "review"
	case Apply:
		return "apply"
	case Drop:
		return "drop"
	}
	return "unknown"
}

// ParseVerdict reads String's words; anything else is ErrInvalid.
func ParseVerdict(s string) (Verdict, error) {
	for _, v := range []Verdict{Review, Apply, Drop} {
		if v.String() == s {
			return v, nil
		}
	}
	return Review, fmt.Errorf("verdict %q: want review, apply or drop: %w", s, ErrInvalid)
}

// MarshalText stores a verdict by name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verdict by name.
func (v *Verdict) UnmarshalText(b []byte) (err error) {
	*v, err = ParseVerdict(string(b))
	return err
}

// State is where a suggestion or one of its changes stands.
type State string

// States of suggestions and changes. Conflict is final: a new pending suggestion follows it.
const (
	Pending    State = "pending"
	Approved   State = "approved" // decided, the write is under way
	Applied    State = "applied"  // written and read back
	Rejected   State = "rejected"
	Dropped    State = "dropped"
	Expired    State = "expired"
	Superseded State = "superseded"
	Conflicted State = "conflict"
	Failed     State = "failed"
	Undone     State = "undone"
)

// States lists all states.
func States() []State {
	return []State{Pending, Approved, Applied, Rejected, Dropped, Expired, Superseded, Conflicted, Failed, Undone}
}

// ParseState reads a state's word; anything else is ErrInvalid.
func ParseState(s string) (State, error) {
	for _, st := range States() {
		if string(st) == s {
			return st, nil
		}
	}
	return "", fmt.Errorf("state %q: want one of %v: %w", s, States(), ErrInvalid)
}

// ChangeKind is what a change does in HubSpot.
type ChangeKind string

// The three kinds of change.
const (
	PropertyKind ChangeKind = "property" // an ai_* property of a record
	NoteKind     ChangeKind = "note"     // a note of ours
	TaskKind     ChangeKind = "task"     // a task of ours
)

// Evidence is one verbatim quote. Of an activity, Start and End are byte offsets in the text of that version; Quote is that slice as shown. Of a record, Quote is the
// whole value of Property and Time is when it was set, as far as HubSpot says; the fields of an activity are then empty. Of a source beside HubSpot ("http:" and its host), Record is the
// company that it was asked about, Property the field, and Start and End are offsets in the answer as it is kept, whose hash is Version.
type Evidence struct {
	Activity Ref       `json:"-"`
	Version  string    `json:"version"`
	Kind     Kind      `json:"kind"`
	Time     time.Time `json:"time,omitzero"`
	Person   string    `json:"person"`
	Quote    string    `json:"quote"`
	Start    int       `json:"start"`
	End      int       `json:"end"`
	Record   Ref       `json:"-"`
	Property string    `json:"property,omitempty"`
	Source   string    `json:"source,omitempty"`
}

// How a factor of a score stands to the suggestion before.
const (
	MovedNew      = "new"
	MovedStronger = "stronger" // more speaks for it than before
	MovedWeaker   = "weaker"
	MovedGone     = "gone" // a statement of the suggestion before that does not count any more
)

// Moves lists the words of ClaimText.Moved.
func Moves() []string { return []string{MovedNew, MovedStronger, MovedWeaker, MovedGone} }

// ClaimText is one statement of a proposal. Supported is set by code, never by a model; Why says what was missing when it is false. Unsupported claims are kept for
// the record and never written anywhere. Of a score's factors, Factor is the name, Effect whether it raises or lowers the score, and Moved what became of it since the
// suggestion before.
type ClaimText struct {
	Text      string     `json:"text"`
	Supported bool       `json:"supported"`
	Why       string     `json:"why,omitempty"`
	Factor    string     `json:"factor,omitempty"`
	Effect    string     `json:"effect,omitempty"`
	Moved     string     `json:"moved,omitempty"`
	Evidence  []Evidence `json:"evidence"`

	Contradictions []Contradiction `json:"contradictions,omitempty"` // newest first: newer words of the account that say otherwise
}

// Contradiction is a newer statement of the account about what a claim says, with another number, date or sign. Why says which.
type Contradiction struct {
	Evidence
	Why string `json:"why"`
}

// PromptRef names the exact prompt that a proposal came from.
type PromptRef struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256"`
}

// Change is the unit of verdict, approval, effect and undo. Before is what the evidence saw in HubSpot; nil when nothing was there. After is the absolute new
// value (the HTML body for notes and tasks). Links are the records a note or task is put on; Target is the record whose property changes, zero for notes and tasks
// until they exist.
type Change struct {
	ID         string
	Kind       ChangeKind
	Target     Ref
	Property   string // property kind: its name; note and task: the body's property
	Before     *string
	After      string
	Fields     map[string]string // further fixed fields of a note or task (subject, due, owner)
	Key        string            // ai_ctx_key of a note or task: hash of portal, workflow, subject
	Links      []Ref
	Claims     []int // indexes into the proposal's claims that this change stands on
	Confidence float64
	Features   map[string]float64 `json:",omitempty"` // what Confidence was computed from; none of a change that was proposed before they were kept
	Threshold  float64
	Risk       Risk `json:",omitempty"` // class of the field by which the gate decided; "" of a change from before there were classes
	Verdict    Verdict
	Reasons    []string // why the gate decided so
	Would      bool     `json:",omitempty"` // only the gate's mode, that writing is off or stopped, or the chance by which people see some of it made it wait for a person
	Preflight  string   `json:",omitempty"` // why HubSpot would have refused the value when it was decided, "" when nothing spoke against it
	State      State
	Failure    string `json:",omitempty"` // why the last write of it, or the last undoing, came to nothing: HubSpot's words, or who changed what when; "" when it did not
}

// Proposal is what one run of a workflow wants to change, with its evidence. A suggestion is a proposal as people see it.
type Proposal struct {
	ID          string // hash of portal, workflow, subject, prompt version and the run's sequence number: the same run proposes once
	Portal      PortalID
	Workflow    string
	Prompt      PromptRef
	Model       string
	Subject     Ref // the call, contact, deal … that was considered
	Record      Ref // the record it is shown on
	RecordName  string
	Account     Ref
	Claims      []ClaimText
	Changes     []Change
	Features    map[string]float64 // of the whole run; confidence is computed from those of each change
	Confidence  float64            // lowest of the changes
	Verdict     Verdict            // most cautious of the changes
	State       State
	Reasons     []string // flags and reasons of the whole run: dropped because …
	Usage       Usage
	Fingerprint string    // hash of the evidence and the values: an equal one is not suggested again after a rejection
	ReadAt      time.Time // when the record and evidence were read
	Known       int64     // Stored.Seq of the newest text of the account then; only of workflows that are kept current
	Confirms    string    // id of the earlier suggestion that this run leaves as it is, because nothing is new; "": what is pending is superseded. Not stored
	Policy      string    // hash of the policy that the gate decided by; kept in the audit only
	CreatedAt   time.Time
	DecidedAt   time.Time
	DecidedBy   Actor
	Assignee    string
	SnoozedTill time.Time
	Cause       Claim     // the work that ran it: its Seq ties the events it covers
	Rev         int64     // raised by the store with every change of the suggestion
	Previous    string    // the suggestion that its factors were compared with; "": none
	Look        int64     // LookWorth in thousandths, as of the last change of the suggestion; set by the store
	LookAgain   time.Time // when the run is to be repeated though nothing happens until then; zero: never
}

// ETag names exactly what a reader was shown of the suggestion: it changes with every decision, edit and write.
func (p Proposal) ETag() string { return fmt.Sprintf(`"%s.%d"`, p.ID, p.Rev) }

// EffectState is where one write stands. Settled states are verified, conflict, failed and superseded.
type EffectState string

// States of an effect. Unknown is resolved by reading back after the old request's deadline, never by a blind repeat of a create.
const (
	EffectNew      EffectState = "new"
	EffectSending  EffectState = "sending"
	EffectUnknown  EffectState = "unknown"
	EffectVerified EffectState = "verified"
	EffectConflict EffectState = "conflict"
	EffectFailed   EffectState = "failed"

	EffectSuperseded EffectState = "superseded" // a newer decision writes to the same place: this one was not sent any more
)

// EffectErased is the LastError of an effect whose words were erased.
const EffectErased = "erased"

// Effect is one absolute write to HubSpot. It is created in the transaction of the decision that allowed it.
type Effect struct {
	ID        string // hash of portal, run, workflow, prompt version, field
	Portal    PortalID
	Proposal  string
	Change    Change
	Workflow  string
	Subject   Ref
	ReadAt    time.Time // a person's change of the target after this moment is a conflict
	Approver  Actor
	Proposer  Actor
	State     EffectState
	Fence     int64
	Deadline  time.Time   // of the request that may still be in flight, also of a settled effect: one that was sent before the last one; zero: none can
	FirstEnd  EffectState // how it had ended before a request that arrived late made another end of it; "": it has ended once at most
	Object    Ref         // what was written, once known
	Attempts  int
	LastError string
	UndoOf    string // the effect that this one undoes
	CreatedAt time.Time
	SettledAt time.Time
}

// Receipt is what a write brought: the object, what stood there before, the value read back (of a conflict: what stands there instead), and whether HubSpot
// already had it.
type Receipt struct {
	Object  Ref
	Before  *string
	After   string
	Repeat  bool
	WroteAt time.Time

	Written []string `json:",omitempty"` // ids that HubSpot gave to the requests of this attempt that wrote
	Read    []string `json:",omitempty"` // and to those that read, the last ones back
}

// Outcome is one line of the immutable log that calibration learns from.
type Outcome struct {
	Seq             int64 // place in the log, given by the store
	Portal          PortalID
	Change          string
	Proposal        string
	Workflow        string
	Field           string
	Decision        string // approve, edit, reject, undo
	Reason          string // one of RejectReasons for reject
	Actor           Actor
	Features        map[string]float64
	FeaturesVersion int
	Confidence      float64
	Seconds         float64 // from shown to decided, 0 when unknown
	At              time.Time
}

// RejectReasons lists the six reasons a reviewer can give.
func RejectReasons() []string {
	return []string{"wrong_fact", "not_useful", "wrong_record", "out_of_date", "tone_or_policy", "other"}
}

// AuditEntry is one thing that happened: ids and hashes only, so that erasing texts never touches the audit. Seq is assigned by the store.
type AuditEntry struct {
	Seq     int64             `json:"seq"`
	Time    time.Time         `json:"time"`
	Action  string            `json:"action"` // delivery.decoded, run.done, gate.apply, review.approve, effect.verified, …
	Actors  []Actor           `json:"actors"`
	Portal  PortalID          `json:"portal"`
	Subject string            `json:"subject"` // a reference or an id
	IDs     map[string]string `json:"ids"`
	Hashes  map[string]string `json:"hashes"`
}

// Current is a property as HubSpot has it now.
type Current struct {
	Value    string
	At       time.Time // of the newest change; zero when never set
	ByPerson bool      // the newest change was made in HubSpot's own pages, by a workflow or an import: not by an integration of ours
	Source   string    // sourceType:sourceId as HubSpot says, for the audit

	Changes []PastValue // as far back as HubSpot tells, newest first; the first one is the above
}

// PastValue is one entry of a property's history.
type PastValue struct {
	Value    string
	At       time.Time
	ByPerson bool
	Source   string
}
