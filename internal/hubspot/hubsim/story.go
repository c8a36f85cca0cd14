package hubsim

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// storyFile is one company's situation as written down in demo/stories.
type storyFile struct {
	Name       string         `yaml:"story"`
	Situation  string         `yaml:"situation"`
	Language   string         `yaml:"language"`
	Companies  []storyRecord  `yaml:"companies"`
	Contacts   []storyContact `yaml:"contacts"`
	Deals      []storyRecord  `yaml:"deals"`
	Tickets    []storyRecord  `yaml:"tickets"`
	Activities []storyItem    `yaml:"activities"`
	Facts      []Fact         `yaml:"facts"`
	Questions  []Question     `yaml:"questions"`
	Decisions  []Decision     `yaml:"decisions"`
}

// storyRecord is a company, deal or ticket; properties that are not named here go to HubSpot under their own names.
type storyRecord struct {
	Key      string         `yaml:"key"`
	Owner    string         `yaml:"owner"`
	Created  time.Time      `yaml:"created"`
	Replay   bool           `yaml:"replay"`
	Company  string         `yaml:"company"`
	Contacts []string       `yaml:"contacts"`
	Currency string         `yaml:"currency"`
	Stage    string         `yaml:"stage"`
	Priority string         `yaml:"priority"`
	Later    []storyChange  `yaml:"later"`
	Other    map[string]any `yaml:",inline"`
}

// storyChange sets properties of a record after it was made: what it had until then stays in its history. Without an owner, the record's own does it.
type storyChange struct {
	At    time.Time      `yaml:"at"`
	Owner string         `yaml:"by"`
	Other map[string]any `yaml:",inline"`
}

type storyContact struct {
	Key      string    `yaml:"key"`
	Owner    string    `yaml:"owner"`
	Created  time.Time `yaml:"created"`
	Replay   bool      `yaml:"replay"`
	Company  string    `yaml:"company"`
	Language string    `yaml:"language"`
	Was      []struct {
		Company string    `yaml:"company"`
		Until   time.Time `yaml:"until"`
	} `yaml:"was"`
	Other map[string]any `yaml:",inline"`
}

// storyItem is an activity.
type storyItem struct {
	Key        string    `yaml:"key"`
	Type       string    `yaml:"type"`
	At         time.Time `yaml:"at"`
	Owner      string    `yaml:"owner"`
	Title      string    `yaml:"title"`
	Companies  []string  `yaml:"companies"`
	Contacts   []string  `yaml:"contacts"`
	Deals      []string  `yaml:"deals"`
	Tickets    []string  `yaml:"tickets"`
	Direction  string    `yaml:"direction"`
	Minutes    int       `yaml:"minutes"`
	Transcript string    `yaml:"transcript"`
	Text       string    `yaml:"text"`
	HTML       string    `yaml:"html"`
	From       string    `yaml:"from"`
	To         []string  `yaml:"to"`
	CC         []string  `yaml:"cc"`
	Thread     string    `yaml:"thread"`
	Channel    string    `yaml:"channel"`
	Status     string    `yaml:"status"`
	Priority   string    `yaml:"priority"`
	Created    time.Time `yaml:"created"`
	Replay     bool      `yaml:"replay"`
	Later      laters    `yaml:"later"`
}

// laters is what happens to an activity after it was logged: one change, or several.
type laters []later

type later struct {
	At     time.Time  `yaml:"at"`
	Delete bool       `yaml:"delete"`
	Move   *storyMove `yaml:"move"`
	Edit   *storyEdit `yaml:"edit"`
}

type storyMove struct {
	Companies []string `yaml:"companies"`
	Contacts  []string `yaml:"contacts"`
	Deals     []string `yaml:"deals"`
	Tickets   []string `yaml:"tickets"`
}

type storyEdit struct {
	Title      string `yaml:"title"`
	Text       string `yaml:"text"`
	HTML       string `yaml:"html"`
	Transcript string `yaml:"transcript"`
}

// UnmarshalYAML accepts one change in place of a list.
func (l *laters) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]later)(l))
	}
	var one later
	if err := n.Decode(&one); err != nil {
		return err
	}
	*l = laters{one}
	return nil
}

// Story is what an evaluation needs to know of a loaded story: references are "type/id" of the portal it was loaded into.
type Story struct {
	Name      string            `json:"name"`
	Situation string            `json:"situation"`
	Language  string            `json:"language"`
	Refs      map[string]string `json:"refs"` // "companies/KEY", "calls/KEY", … → "companies/40000000001"
	Facts     []Fact            `json:"facts"`
	Questions []Question        `json:"questions"`
	Decisions []Decision        `json:"decisions"`
}

// Fact is something a careful reader knows. Quote stands byte for byte in the text of Activity.
type Fact struct {
	ID       string    `yaml:"id" json:"id"`
	Text     string    `yaml:"text" json:"text"`
	Activity string    `yaml:"activity" json:"activity"`
	Quote    string    `yaml:"quote" json:"quote"`
	From     time.Time `yaml:"from" json:"from,omitzero"`
	Until    time.Time `yaml:"until" json:"until,omitzero"`
}

// Question is one that the facts answer; Evidence are the activities that prove the answer.
type Question struct {
	Ask          string    `yaml:"ask" json:"ask"`
	Answer       string    `yaml:"answer" json:"answer"`
	Evidence     []string  `yaml:"evidence" json:"evidence"`
	AsOf         time.Time `yaml:"as_of" json:"as_of,omitzero"`
	Unanswerable bool      `yaml:"unanswerable" json:"unanswerable,omitempty"`
}

// Decision is the expected outcome of one workflow run.
type Decision struct {
	Workflow string         `yaml:"workflow" json:"workflow"`
	Subject  string         `yaml:"subject" json:"subject"`
	Verdict  string         `yaml:"verdict" json:"verdict"`
	Because  string         `yaml:"because" json:"because"`
	Expect   map[string]any `yaml:"expect" json:"expect,omitempty"`
}
