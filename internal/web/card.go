package web

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// card is a suggestion as a page shows it: plain strings, no markup. The templates escape every one of them.
type card struct {
	ID, URL, ETag     string
	Name, Record      string
	Workflow, Subject string
	SubjectKind       string // company, call
	SubjectURL        string
	WhyNow            string
	PreviousURL       string
	State             crm.State
	Verdict           string
	Model             string
	BuiltIn           bool
	Prompt            string
	PromptHash        string
	Created           moment
	Decided           moment
	DecidedBy         string
	Reasons           []string
	Danger            bool // the texts hold something that speaks to software
	Changes           []changeCard
	Claims            []claimCard
	Cost              string
	Assignee          string
	Snoozed           moment // in the future
	Pending           int    // changes that wait for a decision
	Written           int    // changes that stand in HubSpot
	UndoUntil         string // day
	Undoable          bool
}

type changeCard struct {
	ID, Kind, Property string
	Label              string // as HubSpot shows the property, or what is made
	Where              string
	New                bool // nothing was there before
	Before, After      string
	Removed, Added     []piece // of both, where they are texts that have much in common
	Source             string  // the exact value, where After is its readable form
	Fields             []choice
	Brief              string // After on one line, without what every note of ours begins and ends with
	Claims             []int  // numbers of the claims that it stands on
	Confidence         string
	Threshold          string
	Risk               string
	Bar, Mark          int // of 100
	Enough             bool
	Verdict            string
	Reasons            []string
	Would              bool
	Preflight          string
	Failure            string // why the last write of it, or the undoing of that, came to nothing
	Features           []choice
	State              crm.State
	Pending, Applied   bool
}

type claimCard struct {
	Number    int
	Text      string
	Supported bool
	Why       string
	Tags      []string
	Evidence  []evidenceCard
	Against   []evidenceCard // newer words that say otherwise
}

type evidenceCard struct {
	Quote, Person, Kind string
	Time                moment
	URL                 string
	Why                 string // of words that contradict
}

type choice struct{ Value, Label string }

// moment is a time for people and for machines; empty when unknown.
type moment struct{ Machine, Human string }

func momentOf(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	return moment{t.Format(time.RFC3339), t.Format("2 Jan 2006, 15:04") + " UTC"}
}

func cardOf(p crm.Proposal, now time.Time) card {
	claims, numbers := distinct(p.Claims)
	out := card{
		ID: p.ID, URL: suggestionURL(p.ID), ETag: p.ETag(), Name: p.RecordName, Record: pathOf(p.Record), Workflow: words(p.Workflow), Subject: pathOf(p.Subject), SubjectKind: kindWords(p.Subject.Type), WhyNow: whyNow(p),
		State: p.State, Verdict: verdictWords(p.Verdict), Model: p.Model, BuiltIn: strings.HasPrefix(p.Model, "builtin"),
		Prompt: fmt.Sprintf("%s, version %d", p.Prompt.Name, p.Prompt.Version), PromptHash: short(p.Prompt.SHA256), Created: momentOf(p.CreatedAt), Decided: momentOf(p.DecidedAt),
		Reasons: each(p.Reasons, words), Danger: p.Features["flags"] > 0, Claims: claims, Cost: costOf(p.Usage), Assignee: p.Assignee,
	}
	if out.Name == "" {
		out.Name = out.Record
	}
	if p.Subject.Type.IsActivity() {
		out.SubjectURL = "/activities/" + p.Subject.Path()
	}
	if p.Previous != "" {
		out.PreviousURL = suggestionURL(p.Previous)
	}
	if p.DecidedBy != (crm.Actor{}) {
		out.DecidedBy = actorWords(p.DecidedBy)
	}
	if p.SnoozedTill.After(now) {
		out.Snoozed = momentOf(p.SnoozedTill)
	}
	for _, ch := range p.Changes {
		view := changeOf(ch, p.Record)
		view.Pending, view.Applied = ch.State == crm.Pending && p.State == crm.Pending, ch.State == crm.Applied
		for _, i := range ch.Claims {
			if i < len(numbers) && !slices.Contains(view.Claims, numbers[i]) {
				view.Claims = append(view.Claims, numbers[i])
			}
		}
		if view.Pending {
			out.Pending++
		}
		if view.Applied {
			out.Written++
		}
		out.Changes = append(out.Changes, view)
	}
	written := p.DecidedAt
	if written.IsZero() {
		written = p.CreatedAt
	}
	out.Undoable, out.UndoUntil = out.Written > 0 && !now.After(written.Add(crm.UndoFor)), written.Add(crm.UndoFor).UTC().Format("2 Jan 2006")
	return out
}

func changeOf(ch crm.Change, record crm.Ref) changeCard {
	out := changeCard{
		ID: ch.ID, Kind: string(ch.Kind), Property: ch.Property, Label: changeWords(ch), New: ch.Before == nil, After: ch.After, Verdict: verdictWords(ch.Verdict), Reasons: reasonsBeside(ch),
		State: ch.State, Confidence: percent(ch.Confidence), Threshold: percent(ch.Threshold), Bar: share(ch.Confidence), Mark: share(ch.Threshold),
		Risk: string(ch.Risk), Enough: ch.Confidence >= ch.Threshold, Would: ch.Would, Preflight: ch.Preflight, Failure: ch.Failure,
	}
	if ch.Before != nil {
		out.Before = *ch.Before
	}
	if ch.Target != record && !ch.Target.IsZero() {
		out.Where = ch.Target.Path()
	}
	if ch.Kind != crm.PropertyKind {
		if readable := PlainText(ch.After); readable != ch.After {
			out.After, out.Source = readable, ch.After
		}
		out.Before = PlainText(out.Before)
	}
	out.Brief = briefly(ch.Kind, out.After)
	out.Removed, out.Added = wordDiff(out.Before, out.After)
	for _, name := range sortedKeys(ch.Fields) {
		out.Fields = append(out.Fields, fieldWords(ch.Kind, name, ch.Fields[name]))
	}
	for _, name := range sortedKeys(ch.Features) {
		out.Features = append(out.Features, choice{words(name), strconv.FormatFloat(math.Round(1000*ch.Features[name])/1000, 'f', -1, 64)})
	}
	return out
}

// whyNow is what made the service look.
func whyNow(p crm.Proposal) string {
	if p.Subject.Type.IsActivity() {
		return "this " + string(p.Subject.Type.Kind()) + " came in or was changed"
	}
	var newest crm.Evidence
	for _, c := range p.Claims {
		for _, e := range c.Evidence {
			if e.Time.After(newest.Time) {
				newest = e
			}
		}
	}
	switch {
	case newest.Time.IsZero():
		return "its record or its history was changed"
	case newest.Kind != "":
		return "its history has moved; the newest evidence is of " + article(string(newest.Kind)) + " of " + newest.Time.UTC().Format("2 Jan 2006")
	}
	return "its history has moved; the newest evidence is of " + newest.Time.UTC().Format("2 Jan 2006")
}

func claimOf(c crm.ClaimText) claimCard {
	out := claimCard{Text: c.Text, Supported: c.Supported, Why: c.Why, Evidence: each(c.Evidence, evidenceOf), Against: each(c.Contradictions, func(x crm.Contradiction) evidenceCard {
		out := evidenceOf(x.Evidence)
		out.Why = x.Why
		return out
	})}
	for _, tag := range []string{words(c.Factor), effectWords[c.Effect], movedWords[c.Moved]} {
		if tag != "" {
			out.Tags = append(out.Tags, tag)
		}
	}
	return out
}

// effectWords say what a factor does to a score.
var effectWords = map[string]string{"raises": "raises the score", "lowers": "lowers the score"}

// movedWords say what became of a factor since the suggestion before.
var movedWords = map[string]string{crm.MovedNew: "new since last time", crm.MovedStronger: "stronger than last time", crm.MovedWeaker: "weaker than last time", crm.MovedGone: "does not count any more"}

func evidenceOf(e crm.Evidence) evidenceCard {
	if e.Source != "" {
		return evidenceCard{Quote: e.Quote, Kind: e.Property + " by " + e.Source, Time: momentOf(e.Time)}
	}
	if !e.Record.IsZero() {
		return evidenceCard{Quote: e.Quote, Kind: e.Property + " of " + e.Record.Path(), Time: momentOf(e.Time)}
	}
	return evidenceCard{Quote: e.Quote, Person: e.Person, Kind: string(e.Kind), Time: momentOf(e.Time), URL: quoteURL(e)}
}

// quoteURL leads to the quote in its own version of the activity.
func quoteURL(e crm.Evidence) string {
	values := url.Values{"version": {e.Version}, "start": {strconv.Itoa(e.Start)}, "end": {strconv.Itoa(e.End)}}
	return "/activities/" + e.Activity.Path() + "?" + values.Encode() + "#quote"
}

func suggestionURL(id string) string { return "/suggestions/" + url.PathEscape(id) }
