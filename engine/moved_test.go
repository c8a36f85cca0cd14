package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// customer is a world whose company writes every week until the given day, with one ticket.
func customer(last time.Time) *world {
	w := newWorld()
	company := w.records[ref(crm.Companies, 1)]
	company.Properties = map[string]string{"hubspot_owner_id": "90", "lifecyclestage": "customer"}
	company.History = map[string][]crm.Value{"lifecyclestage": {{Value: "customer", At: noon.AddDate(-1, 0, 0)}}}
	w.records[company.Ref] = company
	w.activities = nil
	for i := range 6 {
		w.activity(ref(crm.Emails, 20+i), "Mira Kovac", crm.Incoming, last.AddDate(0, 0, -7*i), fmt.Sprintf("List %d of the technicians for this week is attached.", i))
	}
	w.activity(ref(crm.Emails, 30), "Mira Kovac", crm.Incoming, last.AddDate(0, 0, -2), "We are not happy with the offline sync.")
	ticket := crm.Record{Ref: ref(crm.Tickets, 8), Created: noon.AddDate(0, 0, -20), Properties: map[string]string{"subject": "Jobs lost", "hs_pipeline_stage": "3", "hs_ticket_priority": "HIGH",
		"createdate": "2026-10-31T08:00:00Z"}}
	ticket.History = map[string][]crm.Value{"hs_pipeline_stage": {{Value: "3", At: ticket.Created}}, "hs_ticket_priority": {{Value: "HIGH", At: ticket.Created}},
		"createdate": {{Value: "2026-10-31T08:00:00Z", At: ticket.Created}}, "subject": {{Value: "Jobs lost", At: ticket.Created}}}
	w.record(ticket)
	w.accounts[ticket.Ref] = company.Ref
	return w
}

// solve closes the ticket at a moment, as HubSpot tells of it.
func (w *world) solve(at time.Time) {
	ticket := w.records[ref(crm.Tickets, 8)]
	ticket.Properties["closed_date"], ticket.Properties["hs_pipeline_stage"], ticket.Modified = at.Format(time.RFC3339), "4", at
	ticket.History["closed_date"] = []crm.Value{{Value: at.Format(time.RFC3339), At: at}}
	ticket.History["hs_pipeline_stage"] = append([]crm.Value{{Value: "4", At: at}}, ticket.History["hs_pipeline_stage"]...)
	w.records[ticket.Ref] = ticket
}

func at(t *testing.T, e *Engine, w *world, now time.Time, seq int64) crm.Proposal {
	t.Helper()
	e.Now = func() time.Time { return now }
	company := ref(crm.Companies, 1)
	if err := e.Consider(t.Context(), []crm.Claim{{Portal: 7, Kind: crm.ConsiderWork, Key: ConsiderKey("churn_risk", company), Seq: seq, Fence: seq}})[0]; err != nil {
		t.Fatal(err)
	}
	return w.proposals[proposalID("churn_risk", 1, company, seq)]
}

func factors(p crm.Proposal) (out []string) {
	for _, c := range p.Claims {
		if c.Supported {
			out = append(out, strings.TrimSpace(c.Factor+" "+c.Moved))
		}
	}
	slices.Sort(out)
	return out
}

func valueOf(p crm.Proposal, property string) string {
	for _, c := range p.Changes {
		if c.Property == property {
			return c.After
		}
	}
	return ""
}

// TestWhatMovedTheRisk follows a customer who falls silent against their habit while their ticket is solved.
func TestWhatMovedTheRisk(t *testing.T) {
	last := noon.AddDate(0, 0, -3)
	w := customer(last)
	e := engineOf(t, w, builtin.Writer{})
	first := at(t, e, w, noon, 1)
	if got := factors(first); !slices.Equal(got, []string{"unhappy", "urgent ticket"}) || first.Previous != "" {
		t.Fatalf("first: %q after %q, %v", got, first.Previous, first.Reasons)
	}
	if want := last.AddDate(0, 0, 21); !first.LookAgain.Equal(want) { // three times their seven days
		t.Errorf("looked at again at %v, want %v", first.LookAgain, want)
	}
	w.solve(noon.Add(time.Hour))
	second := at(t, e, w, first.LookAgain, 2)
	if got := factors(second); !slices.Equal(got, []string{"many tickets new", "silence new", "unhappy", "urgent ticket gone"}) || second.Previous != first.ID || valueOf(first, "ai_churn_risk") != "37" || valueOf(second, "ai_churn_risk") != "44" {
		t.Errorf("second: %q after %q, from %s to %s", got, second.Previous, valueOf(first, "ai_churn_risk"), valueOf(second, "ai_churn_risk"))
	}
	text := valueOf(second, "ai_churn_factors")
	for _, want := range []string{"New since the last time:\n- No word from them since 2026-11-17; before that, 7 days was their usual gap (Mira Kovac, email, 2026-11-17: “List 0 ",
		"Counts no longer:\n- Open ticket since 2026-10-31, priority HIGH: Jobs lost (subject, hs_ticket_priority, createdate of tickets/8, 2026-10-31)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the factors do not say %q:\n%s", want, text)
		}
	}
	if third := at(t, e, w, first.LookAgain.Add(time.Hour), 3); strings.Contains(strings.Join(factors(third), " "), "new") || strings.Contains(strings.Join(factors(third), " "), "gone") {
		t.Errorf("an hour later moved: %q", factors(third))
	}
	// As of the first run, all is as it was then: the ticket is open and nobody is silent.
	e.Now = func() time.Time { return first.LookAgain.Add(2 * time.Hour) }
	then, err := e.DryRun(t.Context(), "churn_risk", ref(crm.Companies, 1), noon)
	if got := factors(then.Proposal); err != nil || !slices.Equal(got, []string{"unhappy", "urgent ticket"}) || valueOf(then.Proposal, "ai_churn_risk") != valueOf(first, "ai_churn_risk") {
		t.Errorf("as of then: %q, %v, risk %s, it was %s", got, err, valueOf(then.Proposal, "ai_churn_risk"), valueOf(first, "ai_churn_risk"))
	}
}

func TestUsualGap(t *testing.T) {
	days := func(back ...int) (out []time.Time) {
		for _, d := range back {
			out = append(out, noon.AddDate(0, 0, -d))
		}
		return out
	}
	for _, c := range []struct {
		times []time.Time
		want  int
	}{
		{days(0, 7, 14, 21, 28), 7},
		{days(0, 0, 7, 7, 14, 21, 28), 7}, // several words a day are one
		{days(0, 1, 2, 3, 60), 1},         // one long holiday is no habit
		{days(0, 7, 14, 21), 0},           // too few
		{days(0, 7, 14, 21, 400), 0},      // too long ago
		{nil, 0},
	} {
		if got := usualGap(c.times); got != c.want {
			t.Errorf("%v: %d, want %d", c.times, got, c.want)
		}
	}
}
