package crm

import "time"

// PromptEvaluation is what one version of a workflow's prompt reached on the golden cases with one model. SHA256 is of everything that a run depends on, Golden of the
// cases: where either has changed, it says nothing any more. Measures are by name, each the better the higher.
type PromptEvaluation struct {
	Portal   PortalID
	Workflow string
	Version  int
	SHA256   string
	Golden   string
	Model    string
	Cases    int
	Measures map[string]float64
	At       time.Time
	By       Actor
}

// PromptLive is which version of a workflow's prompt runs in a portal by somebody's word. Version 0: the one that the workflow's folder names.
type PromptLive struct {
	Workflow string
	Version  int
	At       time.Time
	By       Actor
	Back     bool // by a rollback
}
