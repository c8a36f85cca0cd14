// Package model holds the values that every chat model speaks: a request with passages and an output schema, and a response whose text is untrusted. Providers are
// leaf packages below; none of them retries.
package model

import (
	"context"
	"encoding/json"

	"github.com/contextd/contextd/internal/crm"
)

// Request is one call. Prompt is the whole rendered prompt, with the passages inside as quoted data; Passages are the same passages as values, which the
// built-in writer reads instead of the prompt; Plan tells it what to select.
type Request struct {
	Workflow  string
	System    string
	Prompt    string
	Schema    json.RawMessage // JSON schema of the answer
	Passages  []crm.Passage
	Findings  []crm.Finding // what a claim may cite beside the passages; each is quoted whole
	Dated     []crm.Dated   // the days that the passages name; only for a plan that asks for them
	Subject   crm.Ref
	Facts     map[string]string // what the CRM record says, as the prompt shows it
	Plan      crm.Plan
	MaxTokens int // of the answer; 0: the provider's default

	Template crm.PromptRef // the prompt's version and its workflow's hash
	Repair   bool          // the run's second question, after an answer that could not be used
	Sources  []crm.Ref     // every activity and record whose words may stand in Prompt: erasing one of them erases what is kept of the answer
}

// Finish says why a model stopped.
type Finish string

// The reasons that matter: only Stop is a usable answer.
const (
	Stop    Finish = "stop"
	Length  Finish = "length"
	Refusal Finish = "refusal"
)

// Response is what a model answered. Text is untrusted and has not been parsed.
type Response struct {
	Text   []byte
	Model  string
	Finish Finish
	Usage  crm.Usage
	Masked []string       // what of the request the model was shown pseudonyms of, each once, in no order that matters; nil from a provider itself
	Call   *crm.ModelCall // for the ledger, to be stored with the run; nil from a provider itself
}

// Completer is a chat model. Errors wrap crm.ErrTemporary (try again), crm.ErrForbidden (a person must act) or crm.ErrInvalid (our request is wrong).
type Completer interface {
	// Name is provider/model, as audit entries show it.
	Name() string
	Complete(ctx context.Context, r Request) (Response, error)
}
