package crm

import (
	"fmt"
	"testing"
	"time"
)

func TestFactsOf(t *testing.T) {
	deal := func(properties ...string) Record {
		r := Record{Ref: Ref{1, Deals, fmt.Sprint(len(properties))}, Properties: map[string]string{"createdate": "2026-01-01T00:00:00Z"}}
		for i := 0; i < len(properties); i += 2 {
			r.Properties[properties[i]] = properties[i+1]
		}
		return r
	}
	closed := func(won bool, day string, more ...string) Record {
		return deal(append(more, "hs_is_closed", "true", "hs_is_closed_won", fmt.Sprint(won), "closedate", day, "amount", "10")...)
	}
	company := func(properties ...string) Record { return Record{Properties: deal(properties...).Properties} }
	for name, c := range map[string]struct {
		company Record
		deals   []Record
		want    AccountFacts
	}{
		"nothing":                {},
		"firmographics":          {company: company("industry", "STEEL", "numberofemployees", "250"), want: AccountFacts{Industry: "STEEL", Employees: 250}},
		"odd numbers":            {company: company("numberofemployees", "many"), deals: []Record{deal("amount", "-5")}, want: AccountFacts{Outcome: OutcomeOpen}},
		"an open deal":           {deals: []Record{deal("amount", "99.5", "closedate", "2027-01-01")}, want: AccountFacts{Outcome: OutcomeOpen, Amount: 99.5}},
		"won":                    {deals: []Record{closed(true, "2026-01-31T00:00:00Z")}, want: AccountFacts{Outcome: OutcomeWon, Amount: 10, CycleDays: 30}},
		"lost":                   {deals: []Record{closed(false, "2026-01-11")}, want: AccountFacts{Outcome: OutcomeLost, Amount: 10, CycleDays: 10}},
		"milliseconds":           {deals: []Record{closed(false, "1768089600000")}, want: AccountFacts{Outcome: OutcomeLost, Amount: 10, CycleDays: 10}},
		"default stages":         {deals: []Record{deal("dealstage", "closedlost", "closedate", "2026-01-02")}, want: AccountFacts{Outcome: OutcomeLost, CycleDays: 1}},
		"lost, then won":         {deals: []Record{closed(true, "2026-02-01"), closed(false, "2026-01-11", "x", "y")}, want: AccountFacts{Outcome: OutcomeWon, Amount: 10, CycleDays: 31}},
		"won, then lost":         {deals: []Record{closed(true, "2026-01-11"), closed(false, "2026-02-01", "x", "y")}, want: AccountFacts{Outcome: OutcomeLost, Amount: 10, CycleDays: 31}},
		"won, and an open one":   {deals: []Record{deal("amount", "7"), closed(true, "2026-01-11")}, want: AccountFacts{Outcome: OutcomeWon, Amount: 10, CycleDays: 10}},
		"a lost renewal":         {deals: []Record{closed(true, "2026-01-11"), closed(false, "2026-02-01", "dealname", "Acme Renewal 2026")}, want: AccountFacts{Outcome: OutcomeChurned, Amount: 10, CycleDays: 31}},
		"a renewal of nothing":   {deals: []Record{closed(false, "2026-02-01", "dealname", "Acme renewal")}, want: AccountFacts{Outcome: OutcomeLost, Amount: 10, CycleDays: 31}},
		"a stage says it":        {company: company("lifecyclestage", "Churned_Customer"), deals: []Record{closed(true, "2026-01-11")}, want: AccountFacts{Outcome: OutcomeChurned, Amount: 10, CycleDays: 10}},
		"closed before it began": {deals: []Record{closed(true, "2025-01-01")}, want: AccountFacts{Outcome: OutcomeWon, Amount: 10}},
	} {
		if got := FactsOf(c.company, c.deals, time.Time{}); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// What happened later must not show.
func TestFactsBefore(t *testing.T) {
	deal := func(id, created, closed string, won bool) Record {
		return Record{Ref: Ref{1, Deals, id}, Properties: map[string]string{"createdate": created, "closedate": closed, "hs_is_closed": "true", "hs_is_closed_won": fmt.Sprint(won), "amount": "10"}}
	}
	company := Record{Properties: map[string]string{"industry": "STEEL", "lifecyclestage": "churned"}}
	deals := []Record{deal("1", "2026-01-01", "2026-02-01", true), deal("2", "2026-03-01", "2026-05-01", false)}
	for day, want := range map[string]AccountFacts{
		"2026-01-01": {Industry: "STEEL"},
		"2026-01-02": {Industry: "STEEL", Outcome: OutcomeOpen},
		"2026-02-01": {Industry: "STEEL", Outcome: OutcomeOpen},
		"2026-02-02": {Industry: "STEEL", Outcome: OutcomeWon, Amount: 10, CycleDays: 31},
		"2026-04-01": {Industry: "STEEL", Outcome: OutcomeWon, Amount: 10, CycleDays: 31},
		"2026-05-02": {Industry: "STEEL", Outcome: OutcomeLost, Amount: 10, CycleDays: 61},
	} {
		asOf, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := FactsOf(company, deals, asOf); got != want {
			t.Errorf("before %s: got %+v, want %+v", day, got, want)
		}
	}
	if got := FactsOf(company, []Record{deal("1", "2026-01-01", "", true)}, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); got.Outcome != OutcomeOpen || got.Amount != 0 {
		t.Errorf("won on an unknown day: %+v", got)
	}
}
