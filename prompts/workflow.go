// Package prompts holds the workflows as data: one folder each with its workflow.yaml, numbered prompt versions, output schema and golden cases. The built-in ones
// are embedded and hashed; everything is validated once, at load, with sentences that name file and line.
package prompts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"text/template"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Workflow is one folder, validated. The yaml keys are the contract for people who add one.
type Workflow struct {
	Name        string           `yaml:"name"` // [a-z_]+, the folder's name
	Title       string           `yaml:"title"`
	Description string           `yaml:"description"`
	Subjects    []crm.ObjectType `yaml:"subjects"`
	Triggers    []Trigger        `yaml:"triggers"`
	Require     []Condition      `yaml:"require"` // checked when the run starts: a subject that fails one is skipped, with the reason in the audit
	Retrieve    Retrieve         `yaml:"retrieve"`
	Evidence    Evidence         `yaml:"evidence"` // what a run needs before a model is asked
	Payload     Shown            `yaml:"payload"`  // which fields of the records the model is shown
	Findings    []Finding        `yaml:"findings"` // what claims may cite beside the passages
	Compare     string           `yaml:"compare"`  // a field of factors: what moved them since the suggestion before is worked out
	Model       string           `yaml:"model"`    // class of the model that it needs: small or large; the configuration says which that is. "": whichever there is
	Tokens      Tokens           `yaml:"tokens"`   // of one run
	Version     int              `yaml:"prompt"`   // which prompt@N.md is used until another one is promoted
	Plan        crm.Plan         `yaml:"plan"`     // for the built-in writer
	Changes     []Change         `yaml:"changes"`
	Policy      Policy           `yaml:"policy"`
	Update      *Update          `yaml:"update"` // nil: every run stands for itself

	Prompt *template.Template `yaml:"-"` // parsed prompt@Version.md; its data is Input
	Schema json.RawMessage    `yaml:"-"` // output.schema.json
	SHA256 string             `yaml:"-"` // of every file that a run with Version depends on
	golden func() []Golden    // read when somebody asks

	Versions  []Version `yaml:"-"` // every prompt@N.md of the folder, ascending
	GoldenSHA string    `yaml:"-"` // of the golden cases: figures are compared only between equal ones
	Origin    string    `yaml:"-"` // the directory that it was read from, "" for a built-in one
}

// Version is one numbered prompt of a workflow.
type Version struct {
	Number int
	Text   string
	SHA256 string // as Workflow.SHA256
	Prompt *template.Template
}

// At is the workflow with another version of its prompt; crm.ErrNotFound when the folder has none of that number.
func (w Workflow) At(number int) (Workflow, error) {
	for _, v := range w.Versions {
		if v.Number == number {
			w.Version, w.Prompt, w.SHA256 = v.Number, v.Prompt, v.SHA256
			return w, nil
		}
	}
	return w, fmt.Errorf("workflow %s has no prompt@%d.md: %w", w.Name, number, crm.ErrNotFound)
}

// Tokens bounds what one run may take.
type Tokens struct {
	Input  int `yaml:"input"`  // the whole prompt: passages of least value are left out until it fits; 0: as much as the model reads
	Output int `yaml:"output"` // the answer; 0: the model's default
}

// Model classes that a workflow may ask for.
const (
	SmallModel = "small" // picks and sorts: short answers from little context
	LargeModel = "large" // writes: long answers, many passages
)

// Trigger says which change makes a subject of this workflow dirty. Only the live lane triggers, and imports where the trigger asks for them.
type Trigger struct {
	// activity: new or changed text of an activity · record: a record was created (or imported) · change: one of Properties of a record changed · silence: nothing was heard
	// for After · date: a day that the passages of the last run name has passed
	On         string           `yaml:"on"`
	Properties []string         `yaml:"properties"` // change: which
	Type       crm.ObjectType   `yaml:"type"`       // change: of records of this type, when they are not the subject
	After      time.Duration    `yaml:"after"`      // silence: how long
	Without    []crm.ObjectType `yaml:"without"`    // activity: only those that are linked to no record of these types
	Kinds      []crm.Kind       `yaml:"kinds"`      // activity: which kinds
	Direction  crm.Direction    `yaml:"direction"`  // activity: "" or in, out
	Transcript bool             `yaml:"transcript"` // activity: only with a transcript
	MinWords   int              `yaml:"min_words"`  // activity: shorter texts do not trigger
	Subject    string           `yaml:"subject"`    // activity: itself, contacts, deals, tickets (the linked ones); record: itself
	Unseen     bool             `yaml:"unseen"`     // silence: those that no run has looked at are looked at once, too: who is silent already would never be seen otherwise
	Imports    bool             `yaml:"imports"`    // record: imported records too, once per subject, in the backfill lane
	Quiet      time.Duration    `yaml:"quiet"`      // wait until the subject was left alone for that long
}

// Update says that a suggestion is kept current: a run that finds nothing new in the history leaves the one before as it is.
type Update struct {
	News string        `yaml:"news"` // the field of claims that holds only what is new since the last suggestion that was written; "": none
	Rest time.Duration `yaml:"rest"` // so long after a suggestion triggers start no further run; a person may ask at any time
}

// Condition is a simple test on the subject's record: property Is one of the values, or Not any of them. An absent property is "".
type Condition struct {
	Property string           `yaml:"property"`
	Is       []string         `yaml:"is"`
	Not      []string         `yaml:"not"`
	Types    []crm.ObjectType `yaml:"types"` // only for subjects of these types; empty: all
	Why      string           `yaml:"why"`   // the reason that is shown
}

// Retrieve is the retrieval plan: the subject activity whole (Focus), and what is asked of the account's history.
type Retrieve struct {
	Focus          bool          `yaml:"focus"`       // an activity subject, or the newest triggering activity of a record subject, is always included
	FocusKinds     []crm.Kind    `yaml:"focus_kinds"` // record subject: which kinds can be the focus
	FocusDirection crm.Direction `yaml:"focus_direction"`
	Questions      []string      `yaml:"questions"` // templates may not be used here: plain questions
	Kinds          []crm.Kind    `yaml:"kinds"`
	Budget         int           `yaml:"budget"` // tokens of all passages together
	Months         int           `yaml:"months"` // how far back; 0: everything
}

// Evidence is how much a run must have to work from; with less it ends before a model is asked. Zeros: a sentence of one source, of any age.
type Evidence struct {
	MinWords   int           `yaml:"min_words"`   // from or about the customer: those of our own mails and speakers do not count; the activity in question counts whole
	MinSources int           `yaml:"min_sources"` // activities that these words come from, and findings of records, usage and silence
	MaxAge     time.Duration `yaml:"max_age"`     // of the newest of these activities; 0: any
}

// Change says how one field of the answer becomes a change in HubSpot.
type Change struct {
	Kind       crm.ChangeKind   `yaml:"kind"`
	Property   string           `yaml:"property"` // property kind: an ai_* property of the subject record
	Type       string           `yaml:"type"`     // property kind: number, enumeration, string, datetime
	Options    []string         `yaml:"options"`  // enumeration
	Label      string           `yaml:"label"`
	Value      string           `yaml:"value"`      // property kind: field of the answer that holds the scalar; or
	Values     string           `yaml:"values"`     // field of claims that each carry a value: the newest supported one is taken; or sections
	List       bool             `yaml:"list"`       // values: all of them, not only the newest
	Without    string           `yaml:"without"`    // values: the effect of a claim that says that its value is given up
	Limit      int              `yaml:"limit"`      // sections of a property: characters at most
	Claims     []string         `yaml:"claims"`     // fields of the answer (arrays of claims) that the change stands on
	Title      string           `yaml:"title"`      // note, task: the heading
	Sections   []Section        `yaml:"sections"`   // note, task, property of type string: the text, built by code from supported claims only
	Links      []crm.ObjectType `yaml:"links"`      // note, task: on which of the subject's related records it is put
	DueDays    int              `yaml:"due_days"`   // task
	DueStated  bool             `yaml:"due_stated"` // task: due on the first day to come that the evidence names; without one, by due_days
	Titles     []Titled         `yaml:"titles"`     // task: the title by the value of field By, in place of Title
	By         string           `yaml:"by"`
	UnlessOpen bool             `yaml:"unless_open"` // task: not while an open task of ours about the subject is there
	Verdict    *crm.Verdict     `yaml:"verdict"`     // review: always a person
	Threshold  float64          `yaml:"threshold"`   // 0: the policy's or the configuration's
	Risk       crm.Risk         `yaml:"risk"`        // low, medium or high: how much harm a wrong value does; "": medium. The configuration's word goes before it
}

// Section is one part of a note, task or text property: a heading and either the claims of a field (as a list with their sources) or the plain text of a scalar field.
type Section struct {
	Heading map[string]string `yaml:"heading"` // by language, "en" required
	Field   string            `yaml:"field"`
	Effect  string            `yaml:"effect"` // only factors that are said to have it: raises, lowers
	Moved   string            `yaml:"moved"`  // only factors that moved so: new, stronger, weaker, gone; without it, all but those that are gone
	Style   string            `yaml:"style"`  // list (default): claims with sources · prose: claims as paragraphs, sources below · text: scalar
}

// Titled is a task's title for one value of a field, by language, "en" required.
type Titled struct {
	Value string            `yaml:"value"`
	Title map[string]string `yaml:"title"`
}

// Policy is what an administrator sets per workflow.
type Policy struct {
	Threshold float64       `yaml:"threshold"` // 0: gate.threshold of the configuration
	Expires   time.Duration `yaml:"expires"`   // how long a suggestion may wait for a person; 0: DefaultExpiry
	Mode      crm.GateMode  `yaml:"mode"`      // off, shadow, canary or on; "": gate.mode of the configuration, and the more cautious of the two in any case
}

// DefaultExpiry is how long a suggestion waits for a person unless its workflow says otherwise: what it quotes is then no news any more.
const DefaultExpiry = 30 * 24 * time.Hour

// Expiry is how long a suggestion of this workflow may wait.
func (p Policy) Expiry() time.Duration { return cmp.Or(p.Expires, DefaultExpiry) }

// Golden are the cases that the workflow must get right.
func (w Workflow) Golden() []Golden {
	if w.golden == nil { // it was not read from a folder
		return nil
	}
	return w.golden()
}

// WithGolden is the workflow with other cases.
func (w Workflow) WithGolden(cases []Golden) Workflow {
	w.golden = func() []Golden { return cases }
	return w
}

// Golden is one case that the workflow must get right: passages in, what the answer must and must not hold.
type Golden struct {
	Name     string                `yaml:"name"`
	Subject  string                `yaml:"subject"`
	Facts    map[string]string     `yaml:"facts"`
	Now      time.Time             `yaml:"now"`      // when the run takes place; zero: right after the newest passage
	Findings []GoldenFinding       `yaml:"findings"` // for the writer alone; a run states its own, from the facts, the records and the passages
	Dated    []GoldenDated         `yaml:"dated"`    // likewise: the days that a run reads in the passages
	Records  []GoldenRecord        `yaml:"records"`
	Usage    []string              `yaml:"usage"` // properties of the company that measure usage
	Passages []GoldenPassage       `yaml:"passages"`
	Must     map[string][]string   `yaml:"must"` // field → substrings that some claim or the scalar must contain
	MustNot  map[string][]string   `yaml:"must_not"`
	Range    map[string][2]float64 `yaml:"range"`   // number field → allowed range
	Thin     bool                  `yaml:"thin"`    // there is too little to work from: the run must end before a model is asked
	Nothing  bool                  `yaml:"nothing"` // the run may as well come to nothing: then nothing is missing
	Outcome  map[string]float64    `yaml:"outcome"` // number field → what became of it, such as 1 for a purchase and 0 for none: numbers should be in that order across the cases
}

// GoldenPassage is a passage of a golden case; the first one is the focus.
type GoldenPassage struct {
	Kind      crm.Kind      `yaml:"kind"`
	Time      time.Time     `yaml:"time"`
	Person    string        `yaml:"person"`
	Direction crm.Direction `yaml:"direction"`
	Subject   string        `yaml:"subject"`
	Text      string        `yaml:"text"`
	Language  string        `yaml:"language"`
	New       bool          `yaml:"new"` // the last suggestion did not know it
}

// GoldenRecord is a record of the account beside the subject, whose properties are the facts; of type companies, the account itself.
type GoldenRecord struct {
	Type       crm.ObjectType         `yaml:"type"`
	Created    time.Time              `yaml:"created"`
	Properties map[string]string      `yaml:"properties"`
	History    map[string][]crm.Value `yaml:"history"` // newest first
}

// GoldenDated is a day that a sentence of a passage names.
type GoldenDated struct {
	Text string    `yaml:"text"`
	Day  time.Time `yaml:"day"`
}

// GoldenFinding is a finding as a run would have stated it.
type GoldenFinding struct {
	Name   string  `yaml:"name"`
	Text   string  `yaml:"text"`
	Number float64 `yaml:"number"`
}
