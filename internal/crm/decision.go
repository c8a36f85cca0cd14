package crm

import "time"

// UndoFor is how long a write can be undone.
const UndoFor = 30 * 24 * time.Hour

// Comment is what a person wrote about a suggestion.
type Comment struct {
	Actor Actor     `json:"by"`
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
}

// Raw is the erasable text of a run, kept under its hash: the rendered prompt and the model's reply, and by what its changes were decided. Calls are the questions to
// models that led to it.
type Raw struct {
	Prompt   string
	Reply    string
	Calls    []ModelCall
	Passages []string          // chunks that the prompt showed
	Answers  []string          // of sources beside HubSpot, as OutsideAnswer.Text
	Inputs   map[string]string // by change: what the gate decided by
}

// Decision is a person's word on a suggestion.
type Decision struct {
	Portal   PortalID
	Proposal string
	Changes  []string          // ids; empty: all pending ones
	Approve  bool              // else reject
	Edits    map[string]string // change id → corrected After, kept as what the model should have said
	Reason   string            // one of RejectReasons, for a rejection
	Comment  string
	Actor    Actor
	Seen     string // ETag
	Seconds  float64
	At       time.Time
}
