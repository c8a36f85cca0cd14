package crm

// Plan is the extraction plan of a workflow: what the built-in writer selects for each field of the answer.
type Plan struct {
	Fields []Field `yaml:"fields" json:"fields"`
}

// Field says which sentences answer one field. Cues are lower-case words or phrases per language ("en", "de", "fr", "es"); a sentence's rank is the weight of its
// cues, its position and kind. Kind "claims" fills an array of claims; "number" and "choice" fill scalars from rules, "factors" holds the evidence of the number
// or choice named by From; "values" are claims that each carry a value: that of a rule whose cue they hold, or the number that stood for the cue's "#"; "questions" are the focus's questions, "answers" what the history says to them and "open" those without an answer; "language" is the focus's
// language and "text" the phrase that Cues has for it. In cues "word*" is a beginning, "#" a number from ten, and "!phrase" rules a sentence out.
type Field struct {
	Name  string              `yaml:"name" json:"name"`
	Kind  string              `yaml:"kind" json:"kind"`
	Cues  map[string][]string `yaml:"cues" json:"cues"`
	From  string              `yaml:"from" json:"from"` // focus: only the triggering activity; theirs: only the other side's words; new: only texts that the last suggestion did not know; "": all; of factors: a field
	Like  []string            `yaml:"like" json:"like"` // of claims: other fields whose cues these sentences are weighed by
	Days  int                 `yaml:"days" json:"days"` // of claims: only what was said so many days before the newest passage, or later; 0: everything
	Max   int                 `yaml:"max" json:"max"`
	Rules []Rule              `yaml:"rules" json:"rules"`
	Base  float64             `yaml:"base" json:"base"`       // of a number
	Value string              `yaml:"default" json:"default"` // of a choice or text
}

// Rule adds Points to a number, or picks Value for a choice, for each distinct passage sentence that holds one of its cues. Name labels the factor. With Finding it counts
// the workflow's findings of that name instead: those with one of the cues, if it has any, and a number between Over and Under, if they are set.
type Rule struct {
	Name    string              `yaml:"name" json:"name"`
	Cues    map[string][]string `yaml:"cues" json:"cues"`
	Points  float64             `yaml:"points" json:"points"`
	Value   string              `yaml:"value" json:"value"`
	Effect  string              `yaml:"effect" json:"effect"`     // of values: the further word that the claim carries
	Theirs  bool                `yaml:"theirs" json:"theirs"`     // only the other side's words count
	Max     int                 `yaml:"max" json:"max"`           // how often it may count; 0: once
	AtLeast *float64            `yaml:"at_least" json:"at_least"` // choice by the number field named Of
	AtMost  *float64            `yaml:"at_most" json:"at_most"`   // likewise; with Cues, both must hold
	Of      string              `yaml:"of" json:"of"`
	Finding string              `yaml:"finding" json:"finding"`
	Over    *float64            `yaml:"over" json:"over"`   // of a finding's number: only more than that
	Under   *float64            `yaml:"under" json:"under"` // only less than that
	Ours    bool                `yaml:"ours" json:"ours"`   // only the words of the portal's own people count
	Dated   string              `yaml:"dated" json:"dated"` // past: only sentences that name a day before today; future: today or later
	Days    int                 `yaml:"days" json:"days"`   // only what was said in so many days; with Dated, a day at most so far away
	Given   string              `yaml:"given" json:"given"` // it counts only given a finding of that name (whose number Over and Under then limit)
}

// Looks reports whether the rule needs a sentence or finding to hold; otherwise it goes by numbers alone.
func (r Rule) Looks() bool {
	return len(r.Cues) > 0 || r.Finding != "" || r.Dated != "" || r.Given != ""
}
