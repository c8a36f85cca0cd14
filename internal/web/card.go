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
	ID, URL, ETag        string
	Name, Record         string
	Workflow, Subject    string
	SubjectURL           string
	State                crm.State
	Verdict, VerdictLong string
	Model                string
	BuiltIn              bool
	Prompt               string
	Created              moment
	Decided              moment
	DecidedBy            string
	Reasons              []string
	Changes              []changeCard
	Claims               []claimCard
	Cost                 string
	Pending              int // changes that wait for a decision
	MayApprove           bool
	MayReject            bool
	RejectReasons        []choice
	Back                 string // state filter to return to
}

type changeCard struct {
	ID, Kind, Property string
	Where              string
	New                bool // nothing was there before
	Before, After      string
	Source             string // the exact value, where After is its readable form
	Fields             []choice
	Confidence         string
	Threshold          string
	Bar, Mark          int // of 100
	Enough             bool
	Verdict            string
	Reasons            []string
	State              crm.State
	Choose             bool
}

type claimCard struct {
	Text      string
	Supported bool
	Why       string
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

func cardOf(p crm.Proposal, who caller, back string) card {
	out := card{
		ID: p.ID, URL: suggestionURL(p.ID), ETag: p.ETag(), Name: p.RecordName, Record: pathOf(p.Record), Workflow: words(p.Workflow), Subject: pathOf(p.Subject),
		State: p.State, Verdict: p.Verdict.String(), VerdictLong: verdictWords(p.Verdict), Model: p.Model, BuiltIn: strings.HasPrefix(p.Model, "builtin"),
		Prompt: fmt.Sprintf("%s, version %d", p.Prompt.Name, p.Prompt.Version), Created: momentOf(p.CreatedAt), Decided: momentOf(p.DecidedAt),
		Reasons: each(p.Reasons, words), Claims: distinct(each(p.Claims, claimOf)), Cost: costOf(p.Usage), RejectReasons: rejectChoices(), Back: back,
	}
	if out.Name == "" {
		out.Name = out.Record
	}
	if p.Subject.Type.IsActivity() {
		out.SubjectURL = "/activities/" + p.Subject.Path()
	}
	if p.DecidedBy != (crm.Actor{}) {
		out.DecidedBy = p.DecidedBy.String()
	}
	for _, ch := range p.Changes {
		if ch.State == crm.Pending && p.State == crm.Pending {
			out.Pending++
		}
	}
	out.MayApprove, out.MayReject = out.Pending > 0 && who.Role.May(Approver), out.Pending > 0 && who.Role.May(Reviewer)
	for _, ch := range p.Changes {
		view := changeOf(ch, p.Record)
		view.Choose = out.MayReject && out.Pending > 1 && ch.State == crm.Pending
		out.Changes = append(out.Changes, view)
	}
	return out
}

func changeOf(ch crm.Change, record crm.Ref) changeCard {
	out := changeCard{
		ID: ch.ID, Kind: string(ch.Kind), Property: ch.Property, New: ch.Before == nil, After: ch.After, Verdict: verdictWords(ch.Verdict), Reasons: each(ch.Reasons, words),
		State: ch.State, Confidence: percent(ch.Confidence), Threshold: percent(ch.Threshold), Bar: share(ch.Confidence), Mark: share(ch.Threshold),
		Enough: ch.Confidence >= ch.Threshold,
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
	for _, name := range sortedKeys(ch.Fields) {
		out.Fields = append(out.Fields, choice{name, ch.Fields[name]})
	}
	return out
}

func claimOf(c crm.ClaimText) claimCard {
	return claimCard{Text: c.Text, Supported: c.Supported, Why: c.Why, Evidence: each(c.Evidence, evidenceOf), Against: each(c.Contradictions, func(x crm.Contradiction) evidenceCard {
		out := evidenceOf(x.Evidence)
		out.Why = x.Why
		return out
	})}
}

func evidenceOf(e crm.Evidence) evidenceCard {
	if e.Source != "" {
		return evidenceCard{Quote: e.Quote, Kind: e.Property + " by " + e.Source, Time: momentOf(e.Time)}
	}
	if !e.Record.IsZero() {
		return evidenceCard{Quote: e.Quote, Kind: e.Property + " of " + e.Record.Path(), Time: momentOf(e.Time)}
	}
	return evidenceCard{Quote: e.Quote, Person: e.Person, Kind: string(e.Kind), Time: momentOf(e.Time), URL: quoteURL(e)}
}

// distinct leaves out a claim that is made twice on the same evidence, as a draft does that asks what it also lists: it is read once.
func distinct(claims []claimCard) []claimCard {
	var out []claimCard
	for _, c := range claims {
		if !slices.ContainsFunc(out, func(o claimCard) bool {
			return o.Text == c.Text && o.Supported == c.Supported && o.Why == c.Why && slices.Equal(o.Evidence, c.Evidence) && slices.Equal(o.Against, c.Against)
		}) {
			out = append(out, c)
		}
	}
	return out
}

// quoteURL leads to the quote in its own version of the activity.
func quoteURL(e crm.Evidence) string {
	values := url.Values{"version": {e.Version}, "start": {strconv.Itoa(e.Start)}, "end": {strconv.Itoa(e.End)}}
	return "/activities/" + e.Activity.Path() + "?" + values.Encode() + "#quote"
}

func suggestionURL(id string) string { return "/suggestions/" + url.PathEscape(id) }

// words makes a name of ours readable: "call_summary" is "Call summary".
func words(s string) string {
	s = strings.ReplaceAll(s, "_", " ")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func verdictWords(v crm.Verdict) string {
	switch v {
	case crm.Review:
		return "a person decides"
	case crm.Apply:
		return "written without asking"
	case crm.Drop:
		return "dropped"
	}
	return v.String()
}

func percent(f float64) string {
	if math.IsNaN(f) {
		return "unknown"
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

func share(f float64) int {
	if math.IsNaN(f) {
		return 0
	}
	return int(math.Round(100 * min(max(f, 0), 1)))
}

func costOf(u crm.Usage) string {
	if u == (crm.Usage{}) {
		return ""
	}
	cost := fmt.Sprintf("$%.4f", u.CostUSD)
	if u.Unpriced > 0 {
		cost = "cost unknown"
	}
	text := fmt.Sprintf("%d tokens in, %d out, %s", u.InputTokens, u.OutputTokens, cost)
	if u.FromCache > 0 {
		text += ", answer from the cache"
	}
	return text
}

func rejectChoices() []choice {
	return each(crm.RejectReasons(), func(r string) choice { return choice{r, words(r)} })
}
