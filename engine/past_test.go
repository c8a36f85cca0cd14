package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// TestNothingOfLaterIsSaid: what a workflow says as of a moment quotes nothing later, and is what it would have said then, with the later history absent.
func TestNothingOfLaterIsSaid(t *testing.T) {
	moment := noon.Add(-12 * time.Hour)
	for workflow, subject := range map[string]crm.Ref{"account_summary": ref(crm.Companies, 1), "account_plan": ref(crm.Companies, 1), "deal_score": ref(crm.Deals, 3), "enrichment": ref(crm.Companies, 1), "lead_score": ref(crm.Contacts, 2)} {
		history := func() *world {
			w := newWorld()
			w.activity(ref(crm.Emails, 13), "Mira Kovac", crm.Incoming, moment.Add(-30*time.Hour), "We have 420 employees and maintain lifts. We need a demo and the board decides on 5 December.")
			return w
		}
		then, now := history(), history()
		now.activity(ref(crm.Emails, 20), "Mira Kovac", crm.Incoming, moment.Add(time.Hour), "We are 380 people now. The board approved a budget of 90,000 and we want to sign by Friday.")
		now.activity(ref(crm.Calls, 21), "Mira Kovac", crm.Incoming, moment.Add(2*time.Hour), "Mira Kovac: We need 155 technicians on the contract, and I sign it on Monday.")
		at := func(w *world) Dry {
			t.Helper()
			d, err := engineOf(t, w, builtin.Writer{}).DryRun(t.Context(), workflow, subject, moment)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		past, was := at(now), at(then)
		for _, c := range past.Proposal.Claims {
			for _, e := range c.Evidence {
				if !e.Time.Before(moment) {
					t.Errorf("%s quotes %s of %v", workflow, e.Activity.Path(), e.Time)
				}
			}
		}
		if past.Prompt != was.Prompt || past.Reply != was.Reply || fmt.Sprint(past.Proposal.Claims) != fmt.Sprint(was.Proposal.Claims) || len(past.Proposal.Claims) == 0 {
			t.Errorf("%s: as of then it says\n%s\nand without what came later\n%s", workflow, past.Reply, was.Reply)
		}
		for i, c := range past.Proposal.Changes {
			if c.After != was.Proposal.Changes[i].After {
				t.Errorf("%s: change %d is %q, was %q", workflow, i, c.After, was.Proposal.Changes[i].After)
			}
		}
		if today, err := engineOf(t, now, builtin.Writer{}).DryRun(t.Context(), workflow, subject, time.Time{}); err != nil || today.Reply == past.Reply {
			t.Errorf("%s: what came later changes nothing, so this test proves nothing: %v", workflow, err)
		}
	}
}
