package crm

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Outcomes of an account, as Profile.Outcome and AccountFacts.Outcome name them; "" when it never had a deal.
const (
	OutcomeWon     = "won"
	OutcomeLost    = "lost"
	OutcomeOpen    = "open"
	OutcomeChurned = "churned"
)

// AccountFacts are what an account is compared by beside its texts: see the fields of the same names in Profile.
type AccountFacts struct {
	Industry  string
	Employees int
	Outcome   string
	Amount    float64
	CycleDays int
}

// FactsOf reads the facts from a company and its present deals, as they stood before asOf (zero: now). What is only known as it is today is not told of an earlier moment:
// a deal that was open then has no amount, and lifecycle stage and lead status do not count. Firmographics are those of today.
//
// The deal that was closed last says won or lost. Without a closed one, an open deal says open; an open deal beside a closed one (an extension, a second try) does not
// take back what is known. churned needs a fact: a lifecycle stage or lead status of the company that speaks of churn, or a renewal that was lost last after an earlier
// deal was won; other losses to a customer are lost. Amount and CycleDays are of the deal that decided; CycleDays is 0 unless it is closed.
func FactsOf(company Record, deals []Record, asOf time.Time) AccountFacts {
	f := AccountFacts{Industry: company.Properties["industry"], Employees: int(number(company.Properties["numberofemployees"]))}
	var all []deal
	for _, d := range deals {
		if d := dealOf(d); asOf.IsZero() || d.before(asOf) {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b deal) int { // the one that decides first
		return cmp.Or(-compareBool(a.closed, b.closed), b.at().Compare(a.at()), b.created.Compare(a.created), a.ref.Compare(b.ref))
	})
	if len(all) > 0 {
		d := all[0]
		f.Amount = d.amount
		switch {
		case d.won:
			f.Outcome = OutcomeWon
		case d.closed && d.renewal && slices.ContainsFunc(all, func(d deal) bool { return d.won }):
			f.Outcome = OutcomeChurned
		case d.closed:
			f.Outcome = OutcomeLost
		default:
			f.Outcome = OutcomeOpen
		}
		if d.closed && d.end.After(d.created) && !d.created.IsZero() {
			f.CycleDays = int(math.Round(d.end.Sub(d.created).Hours() / 24))
		}
	}
	if asOf.IsZero() && says(company.Properties, "churn", "lifecyclestage", "hs_lead_status") {
		f.Outcome = OutcomeChurned
	}
	return f
}

// deal is what FactsOf reads of one.
type deal struct {
	ref                  Ref
	closed, won, renewal bool
	amount               float64
	created, end         time.Time
}

// before takes the deal back to an earlier moment; false when it did not exist yet.
func (d *deal) before(asOf time.Time) bool {
	if !d.created.Before(asOf) {
		return false
	}
	if !d.closed || d.end.IsZero() || !d.end.Before(asOf) { // a close that has no date may have been later
		d.closed, d.won, d.amount = false, false, 0
	}
	return true
}

// at is when a deal took its present state, as far as is known.
func (d deal) at() time.Time {
	if d.closed && !d.end.IsZero() {
		return d.end
	}
	return d.created
}

// dealOf reads HubSpot's flags; portals that do not hand them out still name the stages of the default pipeline.
func dealOf(r Record) deal {
	p := r.Properties
	d := deal{ref: r.Ref, amount: number(p["amount"]), created: day(p["createdate"]), end: day(p["closedate"])}
	if d.created.IsZero() {
		d.created = r.Created
	}
	d.won = p["hs_is_closed_won"] == "true" || p["dealstage"] == "closedwon"
	d.closed = d.won || p["hs_is_closed"] == "true" || p["dealstage"] == "closedlost"
	d.renewal = says(p, "renew", "dealtype", "dealname", "pipeline")
	return d
}

// Closed reports whether a deal was won or lost, as far as is known.
func (r Record) Closed() bool { return dealOf(r).closed }

func says(properties map[string]string, word string, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.Contains(strings.ToLower(properties[n]), word) })
}

// number is a property's value; 0 for what is none, or below 0.
func number(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > 1e15 {
		return 0
	}
	return n
}

// day is a date property, which HubSpot writes as RFC 3339, as a date alone, or as milliseconds; zero for anything else.
func day(s string) time.Time {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil && ms > 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
