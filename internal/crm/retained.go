package crm

// Retained is a kind of text that is kept for a time that each portal sets. Its hash stays in the audit when it is gone.
type Retained string

// The four kinds.
const (
	RetainedPrompts Retained = "prompts"
	RetainedReplies Retained = "replies"
	RetainedInputs  Retained = "inputs" // what the gate decided by
	RetainedBodies  Retained = "bodies" // of deliveries, raw
)

// RetainedTexts lists all kinds.
func RetainedTexts() []Retained {
	return []Retained{RetainedPrompts, RetainedReplies, RetainedInputs, RetainedBodies}
}
