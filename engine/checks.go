package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Quote is what a model cites: a citation id of the prompt and words that it says stand there.
type Quote struct {
	Passage string
	Quote   string
}

// Statement is one claim of an answer, as the model made it. Field and Index say where it stood; Effect and Factor are further words of its schema ("raises", "budget").
// Value is what the claim says as a value of its own ("140"); ValueType is the type of the property that takes it.
type Statement struct {
	Field     string
	Index     int
	Text      string
	Effect    string
	Factor    string
	Value     string
	ValueType string
	Quotes    []Quote
}

// Source is one passage of the prompt with the stored text of its activity's version, in which quotes must stand.
type Source struct {
	crm.Passage
	Stored    string
	Seq       int64      // of that version; see crm.Stored
	Turns     []crm.Span // of a transcript: who speaks where in Stored
	Accounts  []crm.Ref  // that the activity belongs to
	Generated bool       // a machine wrote it, ours or another one: never evidence
	Theirs    int        // words of the passage that are the customer's, or about them
}

// speaker is who said what stands at an offset of the stored text: the transcript's turn, else the passage's person.
func (s Source) speaker(at int) string {
	for _, t := range s.Turns {
		if t.Start <= at && at < t.End && t.Speaker != "" {
			return t.Speaker
		}
	}
	return s.Person
}

// speakers are all people whose words the passage holds, as far as is known.
func (s Source) speakers() []string {
	out := []string{s.Person}
	for _, t := range s.Turns {
		if t.Speaker != "" && !slices.Contains(out, t.Speaker) {
			out = append(out, t.Speaker)
		}
	}
	return out
}

// Scope is what every quote of a run must belong to, and what is known beside the passages. AccountName may be said without a quote.
type Scope struct {
	Portal      crm.PortalID
	Account     crm.Ref
	AccountName string
	Sources     map[string]Source // by citation id: passages of this portal and account, none of them ours
	Findings    map[string]crm.Finding
	Zone        *time.Location // nil: UTC; in it relative dates are resolved
}

// Check is one line of the record of a run: which claim, which check, whether it held.
type Check struct {
	Claim string `json:"claim"`
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Why   string `json:"why,omitempty"`
}

// Judged is a statement after its checks. Supported only if every check held. Overlap (0…1) is the share of its own words that stand in its quotes, and Turned says
// that statement and quotes differ in a negation: neither disproves it, both cost confidence.
type Judged struct {
	crm.ClaimText
	Field   string
	Value   string
	Overlap float64
	Turned  bool
	Checks  []Check
}

// Judge checks one statement. It is supported when it has a quote and each quote (1) names a passage of this run, (2) is at least three words or twelve characters,
// (3) stands verbatim, on word boundaries, in the passage and in the stored text (white space runs, NFC and typographic quotes and dashes apart: see normalise),
// (4) comes from this portal and account and from a person, and leaves out no negation or doubt of its clause; and when (5) every number, amount, date, time, address, code and
// name of the statement follows from its quotes or from their passages' person and date, and (6) the statement is as negative and as doubtful as its quotes. A value of its own
// must stand in the quotes, too, unless it is one of a list of options. A finding is quoted whole in place
// of (2) to (4). docs/grounding.md has the rules.
func Judge(s Statement, scope Scope) Judged {
	j := Judged{ClaimText: crm.ClaimText{Text: s.Text, Effect: s.Effect, Factor: s.Factor}, Field: s.Field, Value: s.Value}
	record := func(check, why string) bool {
		j.Checks = append(j.Checks, Check{Claim: s.Text, Check: check, OK: why == "", Why: why})
		if why != "" && j.Why == "" {
			j.Why = why
		}
		return why == ""
	}
	ok := record("text", textProblem(s.Text))
	switch n := len(s.Quotes); {
	case n == 0:
		ok = record("quotes", "no quote")
	case n > maxQuotes:
		record("quotes", fmt.Sprintf("more than %d quotes", maxQuotes))
		return j
	}
	own := lex(normalise(s.Text).text)
	for _, q := range s.Quotes {
		proof, why := prove(q, scope, own)
		ok = record("quote", why) && ok
		for _, e := range proof {
			if !slices.Contains(j.Evidence, e) {
				j.Evidence = append(j.Evidence, e)
			}
		}
	}
	if !ok {
		j.Evidence = nil
		return j
	}
	said := statedBy(s, j.Evidence, scope)
	repeats := said.repeats()
	j.Overlap, j.Turned = said.overlap(), said.turned() && !repeats
	if s.Value != "" {
		ok = record("value", said.valueMissing(s)) && ok
	}
	if repeats {
		j.Supported = record("verbatim", "") && ok
		return j
	}
	for _, check := range []struct {
		name string
		why  string
	}{{"numbers", said.numbersMissing()}, {"dates", said.datesMissing()}, {"exact", said.exactMissing()}, {"names", said.namesMissing(scope)},
		{"speaker", said.misattributed()}, {"places", cmp.Or(said.exchanged(), said.another(), said.namesSetAside(), said.leftOut())}, {"negation", said.denialChanged()}, {"denial", said.flatlyDenied()}, {"opposite", said.opposed()}, {"doubt", said.doubtDropped()}} {
		ok = record(check.name, check.why) && ok
	}
	j.Supported = ok
	return j
}

// maxStatement is the longest claim in bytes: longer ones are no single statement.
const maxStatement = 1000

// maxQuotes keeps an answer from costing more to check than to write.
const maxQuotes = 12

func textProblem(text string) string {
	switch t := strings.TrimSpace(text); {
	case t == "":
		return "the claim is empty"
	case len(t) > maxStatement:
		return fmt.Sprintf("the claim is longer than %d bytes", maxStatement)
	case hidesAnything(t):
		return "the claim holds invisible characters"
	}
	return ""
}

// prove finds one quote in its passage and in the stored version. Of a finding it is what code stated, and its evidence what that stands on.
func prove(q Quote, scope Scope, own []token) ([]crm.Evidence, string) {
	if f, is := scope.Findings[q.Passage]; is {
		if normalise(q.Quote).text != normalise(f.Text).text {
			return nil, fmt.Sprintf("finding %s is quoted whole or not at all", q.Passage)
		}
		return f.Evidence, ""
	}
	src, ok := scope.Sources[q.Passage]
	if !ok {
		return nil, fmt.Sprintf("passage %q is not in this prompt", shorten(q.Passage))
	}
	if src.Activity.Portal != scope.Portal || scope.Portal <= 0 {
		return nil, "the passage belongs to another portal"
	}
	if !slices.Contains(src.Accounts, scope.Account) || scope.Account.IsZero() {
		return nil, "the passage belongs to another account"
	}
	if src.Generated {
		return nil, "a machine wrote the passage"
	}
	want := normalise(q.Quote)
	if !longEnough(want) {
		return nil, fmt.Sprintf("the quote is shorter than %d words or %d characters", minQuoteWords, minQuoteRunes)
	}
	start, end, ok := normalise(src.Text).find(want.text)
	if !ok {
		return nil, fmt.Sprintf("the quote does not stand in passage %s", q.Passage)
	}
	shown := src.Text[start:end]
	from, to := src.Start+start, src.Start+end
	if src.Start < 0 || to > len(src.Stored) || src.Stored[from:to] != shown {
		return nil, "the quote does not stand in the stored text of that version"
	}
	if !negated(own) && leavesOutNegation(src.Text, start, end) {
		return nil, "the quote leaves out a negation of its sentence"
	}
	if word := leavesOutDoubt(src.Text, start, end); word != "" && !softened(own, true, false) {
		return nil, fmt.Sprintf("the quote leaves out that its sentence is less certain (“%s”)", word)
	}
	return []crm.Evidence{{Activity: src.Activity, Version: src.Version, Kind: src.Kind, Time: src.Time, Person: src.speaker(from), Quote: shown, Start: from, End: to}}, ""
}

func shorten(s string) string {
	if len(s) > 20 {
		return strings.ToValidUTF8(s[:20], "") + "…"
	}
	return s
}
