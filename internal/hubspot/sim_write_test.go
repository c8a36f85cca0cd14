package hubspot_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

func TestSimSetup(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		p := open(t, hubsim.Options{RefuseUniqueOnActivities: refuse}, hubspot.Options{})
		if _, err := p.writer.UniqueKeys(t.Context(), p.client.Portal(), crm.Notes); !errors.Is(err, crm.ErrForbidden) {
			t.Errorf("before set-up: %v", err)
		}
		dry, err := p.client.Setup(t.Context(), definitions, true)
		if err != nil || len(dry.WouldCreate) != 9 || len(dry.Created) != 0 || len(p.sim.Writes(0)) != 0 {
			t.Fatalf("dry run: %+v %v", dry, err)
		}
		first, err := p.client.Setup(t.Context(), definitions, false)
		if err != nil || len(first.Created) != 9 || first.UniqueKeys[crm.Notes] == refuse {
			t.Fatalf("first: %+v %v", first, err)
		}
		again, err := p.client.Setup(t.Context(), definitions, false)
		if err != nil || len(again.Created) != 0 || len(again.Existing) != 9 || again.UniqueKeys[crm.Tasks] == refuse {
			t.Fatalf("again: %+v %v", again, err)
		}
		if unique, err := p.writer.UniqueKeys(t.Context(), p.client.Portal(), crm.Notes); err != nil || unique == refuse {
			t.Errorf("unique %v %v", unique, err)
		}
		more := slices.Clone(definitions)
		more[1].Options = append(slices.Clone(more[1].Options), hubspot.Choice{Value: "none", Label: "None"})
		if r, err := p.client.Setup(t.Context(), more, false); err != nil || !slices.Equal(r.Updated, []string{"contacts.ai_lead_fit"}) {
			t.Errorf("one more option: %+v %v", r, err)
		}
		wrong := slices.Clone(definitions)
		wrong[0].Type = "string"
		wrong = append(wrong, hubspot.Definition{Object: crm.Deals, Name: "ai_next", Type: "string"})
		n := len(p.sim.Writes(0))
		if _, err := p.client.Setup(t.Context(), wrong, false); !errors.Is(err, crm.ErrConflict) || !strings.Contains(err.Error(), "contacts.ai_lead_score") || len(p.sim.Writes(0)) != n {
			t.Errorf("wrong type: %v", err)
		}
	}
}

func (p *portal) ready() (company, contact crm.Ref) {
	p.Helper()
	if _, err := p.client.Setup(p.Context(), definitions, false); err != nil {
		p.Fatal(err)
	}
	company = p.create(crm.Companies, map[string]string{"name": "Acme"})
	return company, p.create(crm.Contacts, map[string]string{"firstname": "Ann"}, company)
}

func TestSimPropertyWrites(t *testing.T) {
	p := open(t, hubsim.Options{}, hubspot.Options{})
	_, ann := p.ready()
	ctx := t.Context()
	if now, err := p.writer.Current(ctx, ann, "ai_lead_score"); err != nil || now.Value != "" || !now.At.IsZero() || len(now.Changes) > 0 {
		t.Errorf("never set: %+v %v", now, err)
	}
	if err := p.writer.SetProperty(ctx, ann, "ai_lead_score", "72"); err != nil {
		t.Fatal(err)
	}
	if now, err := p.writer.Current(ctx, ann, "ai_lead_score"); err != nil || now.Value != "72" || now.ByPerson || now.Source != "INTEGRATION:424242" || now.At.IsZero() {
		t.Errorf("after our write: %+v %v", now, err)
	}
	p.sim.Advance(time.Second)
	p.door("PATCH", "objects/contacts/"+ann.ID, map[string]any{"properties": map[string]string{"ai_lead_score": "10"}})
	if now, err := p.writer.Current(ctx, ann, "ai_lead_score"); err != nil || now.Value != "10" || !now.ByPerson {
		t.Errorf("after a person's: %+v %v", now, err)
	}
	if err := p.writer.SetProperty(ctx, ann, "ai_lead_fit", "perhaps"); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("no such option: %v", err)
	}
	var refusal *hubspot.APIError
	if err := p.writer.SetProperty(ctx, ann, "ai_lead_fit", "perhaps"); !errors.As(err, &refusal) || len(refusal.Properties) == 0 || refusal.Properties[0].Name != "ai_lead_fit" || refusal.CorrelationID == "" {
		t.Errorf("refusal %+v", refusal)
	}
	ghost := ann
	ghost.ID = "1"
	if err := p.writer.SetProperty(ctx, ghost, "ai_lead_score", "1"); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("gone: %v", err)
	}
}

func TestSimAllowList(t *testing.T) {
	p := open(t, hubsim.Options{}, hubspot.Options{})
	company, ann := p.ready()
	theirs := p.create(crm.Notes, map[string]string{"hs_note_body": "by a person"}, ann)
	n := len(p.sim.Writes(0))
	foreign := ann
	foreign.Portal++
	for _, c := range []struct {
		target   crm.Ref
		property string
	}{
		{ann, "lifecyclestage"}, {ann, "ai_"}, {ann, "AI_x"}, {ann, "ai_x/../y"}, {ann, "ai_ctx_key"}, {ann, ""}, {ann, "hs_note_body"}, {theirs, "hs_note_body"}, {theirs, "hs_attachment_ids"},
		{theirs, "ai_other"}, {foreign, "ai_lead_score"}, {crm.Ref{Portal: ann.Portal, Type: crm.Emails, ID: "1"}, "ai_x"}, {crm.Ref{Portal: ann.Portal, Type: "owners", ID: "1"}, "ai_x"},
	} {
		if err := p.writer.SetProperty(t.Context(), c.target, c.property, "x"); !errors.Is(err, crm.ErrForbidden) {
			t.Errorf("%s.%s: %v", c.target, c.property, err)
		}
	}
	for _, properties := range []map[string]string{{"hs_note_body": "x", "hs_attachment_ids": "1"}, {"ai_lead_score": "1"}} {
		if _, err := p.writer.UpsertActivity(t.Context(), ann.Portal, crm.Notes, "k", properties, []crm.Ref{company}); !errors.Is(err, crm.ErrForbidden) {
			t.Errorf("%v: %v", properties, err)
		}
	}
	for _, typ := range []crm.ObjectType{crm.Emails, crm.Calls, crm.Contacts} {
		if _, err := p.writer.UpsertActivity(t.Context(), ann.Portal, typ, "k", map[string]string{"hs_timestamp": "1"}, []crm.Ref{company}); !errors.Is(err, crm.ErrForbidden) {
			t.Errorf("%s: %v", typ, err)
		}
	}
	if _, err := p.writer.UpsertActivity(t.Context(), ann.Portal, crm.Notes, "k", map[string]string{"hs_note_body": "x"}, []crm.Ref{foreign}); !errors.Is(err, crm.ErrForbidden) {
		t.Errorf("another portal's record: %v", err)
	}
	if got := len(p.sim.Writes(0)); got != n {
		t.Errorf("%d writes reached HubSpot", got-n)
	}
}

func TestSimNotesAreWrittenOnce(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		p := open(t, hubsim.Options{RefuseUniqueOnActivities: refuse}, hubspot.Options{})
		company, ann := p.ready()
		ctx, links := t.Context(), []crm.Ref{company, ann}
		write := func(body string) (crm.Ref, error) {
			return p.writer.UpsertActivity(ctx, ann.Portal, crm.Notes, "key-1", map[string]string{"hs_note_body": body, "hs_timestamp": "2026-11-23T10:00:00Z"}, links)
		}
		find := func() (crm.Ref, map[string]string, error) {
			return p.writer.FindActivity(ctx, ann.Portal, crm.Notes, "key-1", links)
		}
		if _, _, err := find(); !errors.Is(err, crm.ErrNotFound) {
			t.Errorf("refuse %v, before: %v", refuse, err)
		}
		path, method := "/crm/objects/2026-09/notes/batch/upsert", "POST"
		if refuse {
			path = "/crm/objects/2026-09/notes"
		}
		p.door("POST", "faults", map[string]any{"path": path, "method": method, "kind": "drop_after_apply", "count": 1})
		if refuse { // the fault's path is also a prefix of the reads
			p.door("DELETE", "faults", nil)
			p.door("POST", "faults", map[string]any{"path": path, "method": method, "kind": "status", "status": 502, "after": true, "count": 1})
		}
		_, err := write("<p>one</p>")
		if !errors.Is(err, crm.ErrUnknown) || errors.Is(err, crm.ErrTemporary) {
			t.Fatalf("refuse %v, lost reply: %v", refuse, err)
		}
		first, err := write("<p>one</p>")
		if err != nil {
			t.Fatal(err)
		}
		second, err := write("<p>two</p>")
		if err != nil || second != first {
			t.Fatalf("refuse %v: %s then %s, %v", refuse, first, second, err)
		}
		ref, properties, err := find()
		if err != nil || ref != first || properties["hs_note_body"] != "<p>two</p>" {
			t.Errorf("refuse %v, after: %s %v %v", refuse, ref, properties, err)
		}
		if n := p.sim.State().Activities[crm.Note]; n != 1 {
			t.Errorf("refuse %v: %d notes", refuse, n)
		}
		a := p.activity(first)
		if !a.Ours || !slices.Equal(a.Links.All(), []crm.Ref{company, ann}) {
			t.Errorf("refuse %v: %+v", refuse, a)
		}
		if err := p.writer.SetProperty(ctx, first, "hs_note_body", "<p>three</p>"); err != nil {
			t.Errorf("our own note: %v", err)
		}
	}
}

func TestSimFindWantsEveryLink(t *testing.T) {
	p := open(t, hubsim.Options{}, hubspot.Options{})
	company, ann := p.ready()
	ref, err := p.writer.UpsertActivity(t.Context(), ann.Portal, crm.Tasks, "k", map[string]string{"hs_task_subject": "S", "hs_timestamp": "2026-11-23T10:00:00Z"}, []crm.Ref{ann})
	if err != nil {
		t.Fatal(err)
	}
	both := []crm.Ref{ann, company}
	if _, _, err := p.writer.FindActivity(t.Context(), ann.Portal, crm.Tasks, "k", both); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("half linked: %v", err)
	}
	p.door("DELETE", "objects/companies/"+company.ID, nil)
	if got, _, err := p.writer.FindActivity(t.Context(), ann.Portal, crm.Tasks, "k", both); err != nil || got != ref {
		t.Errorf("the other record is gone: %s %v", got, err)
	}
	if _, err := p.writer.UpsertActivity(t.Context(), ann.Portal, crm.Tasks, "k", map[string]string{"hs_task_subject": "T"}, both); err != nil {
		t.Errorf("the other record is gone: %v", err)
	}
}

func TestSimPrivacyOptions(t *testing.T) {
	p := open(t, hubsim.Options{}, hubspot.Options{ExcludeProperties: []string{"phone", "hs_note_body"}, SkipWhen: "hs_email_optout", Objects: []crm.ObjectType{crm.Contacts, crm.Notes, crm.Companies}})
	company := p.create(crm.Companies, map[string]string{"name": "Acme"})
	ann := p.create(crm.Contacts, map[string]string{"firstname": "Ann", "phone": "123"}, company)
	out := p.create(crm.Contacts, map[string]string{"firstname": "Out", "hs_email_optout": "true"}, company)
	note := p.create(crm.Notes, map[string]string{"hs_note_body": "secret"}, ann)
	hidden := p.create(crm.Notes, map[string]string{"hs_note_body": "secret"}, ann, out)
	task := p.create(crm.Tasks, map[string]string{"hs_task_subject": "S"}, ann)
	records, _, err := p.client.Records(t.Context(), []crm.Ref{ann, out})
	if err != nil || len(records) != 1 || records[0].Ref != ann || records[0].Properties["phone"] != "" {
		t.Errorf("records %+v %v", records, err)
	}
	list, err := p.client.Activities(t.Context(), []crm.Ref{note, hidden, task})
	if err != nil || len(list) != 1 || list[0].Ref != note || list[0].Body != "" {
		t.Errorf("activities %+v %v", list, err)
	}
}

// TestSimQuotaIsNeverRefused asks for more than a portal allows, in simulated time: of every ten seconds at most 80 % of that gets through, nearly all of these do, and nothing is refused. Without a limit of
// the client the same portal does refuse.
func TestSimQuotaIsNeverRefused(t *testing.T) {
	const allowed, most = 25, 20
	ask := func(t *testing.T, rate int, within time.Duration) (ok, refused int) {
		sim := hubsim.New(hubsim.Options{RateLimit: allowed})
		o := sim.Options()
		client, err := hubspot.New(hubspot.Options{Portal: o.Portal, Token: o.Token, Rate: rate, Transport: &staggered{handler: sim.Handler()}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		errs := make(chan error)
		for range 2 * most {
			go func() { _, err := client.Account(ctx); errs <- err }()
		}
		for range 2 * most {
			if err := <-errs; err == nil {
				ok++
			} else if !errors.Is(err, crm.ErrTemporary) {
				t.Error(err)
			}
		}
		return ok, sim.Refused()
	}
	for within, want := range map[time.Duration][2]int{9 * time.Second: {most * 8 / 10, most}, 19 * time.Second: {most*8/10 + 1, 2 * most}, 35 * time.Second: {2 * most, 2 * most}} {
		synctest.Test(t, func(t *testing.T) {
			ok, refused := ask(t, 60, within)
			t.Logf("%d within %s", ok, within)
			if ok < want[0] || ok > want[1] || refused != 0 {
				t.Errorf("%d of %d within %s, want %d to %d; %d refused", ok, 2*most, within, want[0], want[1], refused)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		if ok, refused := ask(t, -1, 9*time.Second); ok > allowed || refused == 0 {
			t.Errorf("control: a client without a limit: %d of %d, %d refused", ok, 2*most, refused)
		}
	})
}

// staggered asks a handler without a network, so that time can be simulated: each request is a little longer on its way than the one before.
type staggered struct {
	handler http.Handler
	asked   atomic.Int64
}

func (s *staggered) RoundTrip(r *http.Request) (*http.Response, error) {
	<-time.After(time.Duration(s.asked.Add(1)) * time.Millisecond)
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, r)
	<-time.After(5 * time.Millisecond)
	return answer.Result(), nil
}

func TestSimAccountOfAnotherPortal(t *testing.T) {
	p := open(t, hubsim.Options{}, hubspot.Options{})
	o := p.sim.Options()
	c, err := hubspot.New(hubspot.Options{BaseURL: p.url, Portal: o.Portal + 1, Token: o.Token})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Account(t.Context()); !errors.Is(err, crm.ErrForbidden) {
		t.Errorf("a token of another portal: %v", err)
	}
	if a, err := p.client.Account(t.Context()); err != nil || a.TimeZone == "" || a.Currency == "" {
		t.Errorf("account %+v %v", a, err)
	}
	for _, typ := range []crm.ObjectType{crm.Deals, crm.Tickets} {
		if list, err := p.client.Pipelines(t.Context(), typ); err != nil || len(list) == 0 || len(list[0].Stages) < 4 {
			t.Errorf("pipelines of %s: %+v %v", typ, list, err)
		}
	}
}
