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
	Subject   crm.Ref
	Facts     map[string]string // what the CRM record says, as the prompt shows it
	Plan      Plan
	MaxTokens int // of the answer; 0: the provider's default
}

// Plan is the extraction plan of a workflow: what the built-in writer selects for each field of the answer.
type Plan struct {
	Fields []Field `yaml:"fields" json:"fields"`
}

// Field says which sentences answer one field. Cues are lower-case words or phrases per language ("en", "de", "fr", "es"); a sentence's rank is the weight of its
// cues, its position and kind. Kind "claims" fills an array of claims, "number", "choice" and "text" fill scalars from rules.
type Field struct {
	Name  string              `yaml:"name" json:"name"`
	Kind  string              `yaml:"kind" json:"kind"`
	Cues  map[string][]string `yaml:"cues" json:"cues"`
	From  string              `yaml:"from" json:"from"` // focus: only the triggering activity; theirs: only the other side's words; "": all
	Max   int                 `yaml:"max" json:"max"`
	Rules []Rule              `yaml:"rules" json:"rules"`
	Base  float64             `yaml:"base" json:"base"`       // of a number
	Value string              `yaml:"default" json:"default"` // of a choice or text
}

// Rule adds Points to a number, or picks Value for a choice, for each distinct passage sentence that holds one of its cues. Name labels the factor.
type Rule struct {
	Name    string              `yaml:"name" json:"name"`
	Cues    map[string][]string `yaml:"cues" json:"cues"`
	Points  float64             `yaml:"points" json:"points"`
	Value   string              `yaml:"value" json:"value"`
	Theirs  bool                `yaml:"theirs" json:"theirs"`     // only the other side's words count
	Max     int                 `yaml:"max" json:"max"`           // how often it may count; 0: once
	AtLeast *float64            `yaml:"at_least" json:"at_least"` // choice by the number field named Of
	Of      string              `yaml:"of" json:"of"`
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
}

// Completer is a chat model. Errors wrap crm.ErrTemporary (try again), crm.ErrForbidden (a person must act) or crm.ErrInvalid (our request is wrong).
type Completer interface {
	// Name is provider/model, as audit entries show it.
	Name() string
	Complete(ctx context.Context, r Request) (Response, error)
}
