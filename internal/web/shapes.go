package web

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// The JSON shapes of the API. Field names are part of the product's surface: they are added to, never changed. Inside one portal a reference is "type/id"; lists
// and maps are never null; an unknown time is null.

type suggestionJSON struct {
	ID         string        `json:"id"`
	Workflow   string        `json:"workflow"`
	Prompt     crm.PromptRef `json:"prompt"`
	Model      string        `json:"model"`
	Subject    string        `json:"subject"`
	Record     recordJSON    `json:"record"`
	Account    string        `json:"account"`
	State      crm.State     `json:"state"`
	Confidence float64       `json:"confidence"`
	Verdict    crm.Verdict   `json:"verdict"`
	Previous   string        `json:"previous,omitempty"` // the suggestion that the factors were compared with
	Reasons    []string      `json:"reasons"`
	Changes    []changeJSON  `json:"changes"`
	Claims     []claimJSON   `json:"claims"`
	Usage      crm.Usage     `json:"usage"`
	Assignee   *string       `json:"assignee"`
	Snoozed    *time.Time    `json:"snoozed_until"`
	CreatedAt  *time.Time    `json:"created_at"`
	DecidedAt  *time.Time    `json:"decided_at"`
	DecidedBy  *string       `json:"decided_by"`
	ETag       string        `json:"etag"`
}

type recordJSON struct {
	Type crm.ObjectType `json:"type"`
	ID   string         `json:"id"`
	Name string         `json:"name"`
}

type changeJSON struct {
	ID         string            `json:"id"`
	Kind       crm.ChangeKind    `json:"kind"`
	Target     string            `json:"target"`
	Property   string            `json:"property"`
	Before     *string           `json:"before"`
	After      string            `json:"after"`
	Fields     map[string]string `json:"fields"`
	Links      []string          `json:"links"`
	Claims     []int             `json:"claims"`
	Confidence float64           `json:"confidence"`
	Threshold  float64           `json:"threshold"`
	Risk       crm.Risk          `json:"risk,omitempty"` // class of the field: low, medium or high
	Verdict    crm.Verdict       `json:"verdict"`
	Reasons    []string          `json:"reasons"`
	Would      bool              `json:"would_apply,omitempty"` // only the gate's mode, or that writing is off or stopped, made it wait
	Preflight  string            `json:"preflight,omitempty"`   // why HubSpot would have refused it when it was decided
	State      crm.State         `json:"state"`
	Failure    string            `json:"failure,omitempty"` // why the last write of it, or the last undoing, came to nothing
}

type claimJSON struct {
	Text      string         `json:"text"`
	Supported bool           `json:"supported"`
	Why       string         `json:"why,omitempty"`
	Factor    string         `json:"factor,omitempty"` // of a score: the name of what the claim is an instance of
	Effect    string         `json:"effect,omitempty"` // raises or lowers
	Moved     string         `json:"moved,omitempty"`  // against the suggestion before: new, stronger, weaker, gone
	Evidence  []evidenceJSON `json:"evidence"`

	Contradictions []contradictionJSON `json:"contradictions,omitempty"` // newer words of the account that say otherwise
}

type contradictionJSON struct {
	evidenceJSON
	Why string `json:"why"`
}

type evidenceJSON struct {
	Activity string     `json:"activity"`
	Version  string     `json:"version"`
	Kind     crm.Kind   `json:"kind"`
	Time     *time.Time `json:"time"`
	Person   string     `json:"person"`
	Quote    string     `json:"quote"`
	Start    int        `json:"start"`
	End      int        `json:"end"`
	// Of a record instead of an activity: quote is the whole value of the property, and time is when it was set, as far as HubSpot says.
	Record   string `json:"record,omitempty"`
	Property string `json:"property,omitempty"`
	// Of a source beside HubSpot that was asked about that record: start and end are offsets in its answer as it is kept, whose hash is version.
	Source string `json:"source,omitempty"`
}

func showSuggestion(p crm.Proposal) suggestionJSON {
	return suggestionJSON{
		ID: p.ID, Workflow: p.Workflow, Prompt: p.Prompt, Model: p.Model, Subject: pathOf(p.Subject),
		Record:  recordJSON{Type: p.Record.Type, ID: p.Record.ID, Name: p.RecordName},
		Account: pathOf(p.Account), State: p.State, Confidence: p.Confidence, Verdict: p.Verdict, Reasons: list(p.Reasons),
		Previous: p.Previous, Changes: each(p.Changes, showChange), Claims: each(p.Claims, showClaim), Usage: p.Usage,
		Assignee: textOrNull(p.Assignee), Snoozed: utc(p.SnoozedTill), CreatedAt: utc(p.CreatedAt), DecidedAt: utc(p.DecidedAt),
		DecidedBy: actorOrNull(p.DecidedBy), ETag: p.ETag(),
	}
}

func showChange(ch crm.Change) changeJSON {
	return changeJSON{
		ID: ch.ID, Kind: ch.Kind, Target: pathOf(ch.Target), Property: ch.Property, Before: ch.Before, After: ch.After, Fields: dict(ch.Fields),
		Links: each(ch.Links, crm.Ref.Path), Claims: list(ch.Claims), Confidence: ch.Confidence, Threshold: ch.Threshold, Risk: ch.Risk, Verdict: ch.Verdict,
		Reasons: list(ch.Reasons), Would: ch.Would, Preflight: ch.Preflight, State: ch.State, Failure: ch.Failure,
	}
}

func showClaim(c crm.ClaimText) claimJSON {
	return claimJSON{Text: c.Text, Supported: c.Supported, Why: c.Why, Factor: c.Factor, Effect: c.Effect, Moved: c.Moved, Evidence: each(c.Evidence, showEvidence),
		Contradictions: each(c.Contradictions, func(x crm.Contradiction) contradictionJSON { return contradictionJSON{showEvidence(x.Evidence), x.Why} })}
}

// ofRecord is the kind of evidence that is a record's property and no activity's words.
const ofRecord crm.Kind = "record"

// ofSource is the kind of evidence that is another server's word about the record.
const ofSource crm.Kind = "source"

func showEvidence(e crm.Evidence) evidenceJSON {
	if !e.Record.IsZero() {
		e.Kind = ofRecord
	}
	if e.Source != "" {
		e.Kind = ofSource
	}
	return evidenceJSON{Activity: pathOf(e.Activity), Version: e.Version, Kind: e.Kind, Time: utc(e.Time), Person: e.Person, Quote: e.Quote, Start: e.Start, End: e.End,
		Record: pathOf(e.Record), Property: e.Property, Source: e.Source}
}

type passageJSON struct {
	ID        string        `json:"id"`
	Activity  string        `json:"activity"`
	Version   string        `json:"version"`
	Kind      crm.Kind      `json:"kind"`
	Time      *time.Time    `json:"time"`
	Person    string        `json:"person"`
	Direction crm.Direction `json:"direction"`
	Subject   string        `json:"subject"`
	Text      string        `json:"text"`
	Start     int           `json:"start"`
	End       int           `json:"end"`
	Score     float64       `json:"score"`
	Parts     crm.Parts     `json:"parts"`
}

func showPassage(p crm.Passage) passageJSON {
	return passageJSON{ID: p.ID, Activity: pathOf(p.Activity), Version: p.Version, Kind: p.Kind, Time: utc(p.Time), Person: p.Person, Direction: p.Direction,
		Subject: p.Subject, Text: p.Text, Start: p.Start, End: p.End, Score: p.Score, Parts: p.Parts}
}

// activityJSON is an activity in a timeline; with its text it is textJSON.
type activityJSON struct {
	Ref       string        `json:"ref"`
	Kind      crm.Kind      `json:"kind"`
	Time      *time.Time    `json:"time"`
	Version   string        `json:"version"`
	Subject   string        `json:"subject"`
	Direction crm.Direction `json:"direction"`
	People    []personJSON  `json:"people"`
	Links     linksJSON     `json:"links"`
	Accounts  []string      `json:"accounts"`
	Ours      bool          `json:"ours"` // written by contextd: never evidence
}

type textJSON struct {
	activityJSON
	Text string `json:"text"`
}

type personJSON struct {
	Name  string  `json:"name"`
	Email string  `json:"email"`
	Role  string  `json:"role"`
	Ref   *string `json:"ref"`
	Ours  bool    `json:"ours"`
}

type linksJSON struct {
	Companies []string `json:"companies"`
	Contacts  []string `json:"contacts"`
	Deals     []string `json:"deals"`
	Tickets   []string `json:"tickets"`
}

func showActivity(a crm.Stored) activityJSON {
	out := activityJSON{
		Ref: pathOf(a.Ref), Kind: a.Ref.Type.Kind(), Time: utc(a.Time), Version: a.Document.Version, Subject: a.Subject, Direction: a.Direction,
		People: each(a.People, showPerson), Accounts: each(a.Accounts, crm.Ref.Path), Ours: a.Ours,
		Links: linksJSON{each(a.Links.Companies, crm.Ref.Path), each(a.Links.Contacts, crm.Ref.Path), each(a.Links.Deals, crm.Ref.Path), each(a.Links.Tickets, crm.Ref.Path)},
	}
	if a.TimeUnknown {
		out.Time = nil
	}
	return out
}

func showPerson(p crm.Person) personJSON {
	return personJSON{Name: p.Name, Email: p.Email, Role: p.Role, Ref: textOrNull(pathOf(p.Ref)), Ours: p.Ours}
}

func pathOf(r crm.Ref) string {
	if r.IsZero() {
		return ""
	}
	return r.Path()
}

func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func actorOrNull(a crm.Actor) *string {
	if a == (crm.Actor{}) {
		return nil
	}
	return textOrNull(a.String())
}

func each[From, To any](in []From, show func(From) To) []To {
	out := make([]To, 0, len(in))
	for _, v := range in {
		out = append(out, show(v))
	}
	return out
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func dict[V any](in map[string]V) map[string]V {
	if in == nil {
		return map[string]V{}
	}
	return in
}
