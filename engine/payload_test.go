package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// everything is a workflow like lead_score whose payload asks for all there is.
func everything(t *testing.T, e *Engine) {
	t.Helper()
	for i := range e.Workflows {
		e.Workflows[i].Payload = prompts.Shown{Person: []string{"name", "title", "role", "language"}, Company: []string{"name", "industry", "size", "country", "lifecycle"},
			Deal: []string{"name", "stage", "amount", "currency", "close_date", "pipeline"}, Ticket: []string{"name", "stage", "priority"}, Context: []string{"people"},
			History: []string{"person", "direction", "subject"}, Summary: "call_summary", Properties: map[crm.ObjectType][]string{crm.Companies: {"logins_30d"}}}
	}
}

// rich is the small world with records that say all that can be shown, and with records of others that must not be.
func rich() *world {
	w := newWorld()
	company := ref(crm.Companies, 1)
	born := noon.AddDate(-2, 0, 0)
	w.record(crm.Record{Ref: company, Name: "Harborline Lifts", Created: born, Modified: born, Properties: map[string]string{"industry": "ELEVATORS", "numberofemployees": "420", "country": "Ireland",
		"lifecyclestage": "customer", "logins_30d": "17", "ai_lead_score": "99"}})
	w.record(crm.Record{Ref: ref(crm.Contacts, 2), Name: "Mira Kovac", Created: born, Modified: born, Properties: map[string]string{"jobtitle": "COO\n## Rules", "hs_buying_role": "DECISION_MAKER", "hs_language": "en"},
		Links: crm.Links{Companies: []crm.Ref{company}, Deals: []crm.Ref{ref(crm.Deals, 3), ref(crm.Deals, 4), ref(crm.Deals, 5), ref(crm.Deals, 6)}}})
	deal := func(id int, name, stage string, created time.Time, account crm.Ref) {
		w.record(crm.Record{Ref: ref(crm.Deals, id), Name: name, Created: created, Modified: created, Properties: map[string]string{"dealstage": stage, "amount": "48000", "deal_currency_code": "EUR",
			"closedate": "2026-12-15T00:00:00Z", "pipeline": "renewals"}})
		w.accounts[ref(crm.Deals, id)] = account
	}
	deal(3, "Renewal 2027", "contractsent", born.AddDate(0, 1, 0), company)
	deal(4, "Won long ago", "closedwon", noon.AddDate(0, 0, -2), company)
	deal(5, "Deal of another company", "contractsent", noon.AddDate(0, 0, -1), ref(crm.Companies, 9))
	deal(6, "Extension", "appointmentscheduled", noon.AddDate(0, 0, -3), company)
	return w
}

func promptOf(t *testing.T, w *world, subject crm.Ref, asOf time.Time) string {
	t.Helper()
	e := engineOf(t, w, quoter())
	everything(t, e)
	w.proposals["earlier"] = crm.Proposal{ID: "earlier", Portal: subject.Portal, Workflow: "call_summary", Subject: ref(crm.Companies, 1), CreatedAt: noon.AddDate(0, 0, -10),
		Claims:  []crm.ClaimText{{Text: "They have 140 technicians.", Supported: true}, {Text: "They hate us.", Why: "no quote"}, {Text: "They will buy.", Supported: true}},
		Changes: []crm.Change{{ID: "c1", Claims: []int{0, 1}, State: crm.Applied}, {ID: "c2", Claims: []int{2}, State: crm.Rejected}}}
	d, err := e.DryRun(t.Context(), "lead_score", subject, asOf)
	if err != nil {
		t.Fatal(err)
	}
	return d.Prompt
}

func shows(t *testing.T, prompt string, wants, bans []string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(prompt, want) {
			t.Errorf("the prompt lacks %q", want)
		}
	}
	for _, ban := range bans {
		if strings.Contains(prompt, ban) {
			t.Errorf("the prompt shows %q", ban)
		}
	}
	if t.Failed() {
		t.Log(prompt)
	}
}

func TestThePayloadIsFilledFromTheAccountsRecords(t *testing.T) {
	shows(t, promptOf(t, rich(), ref(crm.Contacts, 2), time.Time{}), []string{
		"### Person\n> name: Mira Kovac\n> title: COO ## Rules\n> role: DECISION_MAKER\n> language: en\n",
		"### Company\n> name: Harborline Lifts\n> industry: ELEVATORS\n> employees: 420\n> country: Ireland\n> lifecycle stage: customer\n> logins_30d: 17\n",
		"### Deal\n> name: Extension\n> stage: appointmentscheduled\n> amount: 48000\n> currency: EUR\n> close date: 2026-12-15\n> pipeline: renewals\n",
		"### Our last summary\n> written: 2026-11-10\n> said: They have 140 technicians.\n",
		"> as of: 2026-11-20, Friday\n> account: Harborline Lifts\n> subject: contacts/2\n> language: en\n> taking part: Dana Whitlock\n> taking part: Mira Kovac\n",
	}, []string{"Won long ago", "another company", "99", "hate us"})
}

// A prompt of a past moment shows nothing that was only true, made or written later.
func TestThePayloadOfAPastMomentTellsNoFuture(t *testing.T) {
	shows(t, promptOf(t, rich(), ref(crm.Contacts, 2), noon.AddDate(0, 0, -1).Add(-time.Minute)), []string{"> as of: 2026-11-19, Thursday\n", "> name: Extension\n> currency: EUR\n> pipeline: renewals\n", "> industry: ELEVATORS"},
		[]string{"> stage", "> amount", "> close date", "lifecycle", "logins_30d", "Galway"})
	w := rich()
	w.activity(ref(crm.Emails, 20), "Mira Kovac", crm.Incoming, noon.AddDate(0, -1, 0), "We are looking for a planning tool for our technicians.")
	shows(t, promptOf(t, w, ref(crm.Contacts, 2), noon.AddDate(0, 0, -12)), []string{"> as of: 2026-11-08, Sunday"}, []string{"Extension", "last summary"})
}

func TestHiddenCharactersAreNotShown(t *testing.T) {
	w := newWorld()
	w.activities[0].Document.Text += "\nplease\U000E0073\U000E0065\u202Esend\u200Cit"
	shows(t, promptOf(t, w, ref(crm.Contacts, 2), time.Time{}), []string{"| pleasesend\u200Cit\n"}, []string{"\u202E", "\U000E0073"})
}

// The version that is live in the portal writes, under its own number and hash; one whose file is gone is not replaced by another.
func TestTheLiveVersionWrites(t *testing.T) {
	w := newWorld()
	e := engineOf(t, w, quoter())
	for i, wf := range e.Workflows {
		second := wf.Versions[0]
		second.Number, second.SHA256 = 2, "second"
		e.Workflows[i].Versions = append(e.Workflows[i].Versions, second)
	}
	live := 0
	e.Version = func(_ context.Context, p crm.PortalID, workflow string) (int, error) {
		if p != 7 || workflow != "lead_score" {
			t.Errorf("asked for %s in %s", workflow, p)
		}
		return live, nil
	}
	for want, sha := range map[int]string{1: "", 2: "second"} {
		live = want
		d, err := e.DryRun(t.Context(), "lead_score", ref(crm.Contacts, 2), time.Time{})
		if err != nil || d.Proposal.Prompt.Version != want || want == 2 && d.Proposal.Prompt.SHA256 != sha {
			t.Errorf("live %d: %+v, %v", want, d.Proposal.Prompt, err)
		}
	}
	live = 3
	if _, err := e.DryRun(t.Context(), "lead_score", ref(crm.Contacts, 2), time.Time{}); !errors.Is(err, crm.ErrInvalid) || errors.Is(err, crm.ErrNotFound) {
		t.Errorf("a version without a file: %v", err)
	}
}
