package hubspot_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/hubspot/hubsim"
)

var definitions = []hubspot.Definition{
	{Object: crm.Contacts, Name: "ai_lead_score", Label: "AI lead score", Type: "number"},
	{Object: crm.Contacts, Name: "ai_lead_fit", Label: "AI fit", Type: "enumeration", Options: []hubspot.Choice{{Value: "low", Label: "Low"}, {Value: "high", Label: "High"}}},
	{Object: crm.Companies, Name: "ai_summary", Label: "AI summary", Type: "string", FieldType: "textarea"},
}

type portal struct {
	*testing.T
	sim    *hubsim.Server
	url    string
	client *hubspot.Client
	writer *hubspot.Writer
}

// open starts an empty portal and a client for it, without waiting for quota unless the test is about it.
func open(t *testing.T, sim hubsim.Options, opt hubspot.Options) *portal {
	t.Helper()
	s := hubsim.New(sim)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	o := s.Options()
	opt.BaseURL, opt.Portal, opt.Token, opt.AppID = server.URL, o.Portal, o.Token, "424242"
	if opt.Transport == nil {
		opt.Transport = server.Client().Transport
	}
	if opt.Rate == 0 {
		opt.Rate, opt.Search = -1, -1
	}
	c, err := hubspot.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return &portal{T: t, sim: s, url: server.URL, client: c, writer: hubspot.NewWriter(c)}
}

// door acts as a person in HubSpot and decodes the answer.
func (p *portal) door(method, path string, body any) map[string]any {
	p.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		p.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.Context(), method, p.url+"/_sim/"+path, bytes.NewReader(raw))
	if err != nil {
		p.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		p.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, answer, err)
	}
	out := map[string]any{}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &out); err != nil {
			p.Fatal(err)
		}
	}
	return out
}

func (p *portal) create(t crm.ObjectType, properties map[string]string, on ...crm.Ref) crm.Ref {
	p.Helper()
	var links []map[string]string
	for _, l := range on {
		links = append(links, map[string]string{"type": string(l.Type), "id": l.ID})
	}
	id, ok := p.door("POST", "objects/"+string(t), map[string]any{"properties": properties, "associations": links})["id"].(string)
	if !ok {
		p.Fatal("no id")
	}
	return crm.Ref{Portal: p.client.Portal(), Type: t, ID: id}
}

func (p *portal) activity(ref crm.Ref) crm.Activity {
	p.Helper()
	list, err := p.client.Activities(p.Context(), []crm.Ref{ref})
	if err != nil || len(list) != 1 {
		p.Fatalf("read %s: %d, %v", ref, len(list), err)
	}
	return list[0]
}

func TestSimActivities(t *testing.T) {
	p := open(t, hubsim.Options{}, hubspot.Options{})
	company := p.create(crm.Companies, map[string]string{"name": "Acme", "domain": "acme.example"})
	ann := p.create(crm.Contacts, map[string]string{"firstname": "Ann", "lastname": "Buyer", "email": "ann@acme.example"}, company)
	bob := p.create(crm.Contacts, map[string]string{"email": "bob@acme.example"}, company)
	owners, err := p.client.Owners(t.Context())
	if err != nil || len(owners) == 0 {
		t.Fatal(owners, err)
	}
	rep := owners[0]
	headers := `{"from":{"email":"` + strings.ToUpper(rep.Email) + `"},"to":[{"email":"ann@acme.example"}],"cc":[{"email":"x@else.example","firstName":"X"}]}`
	mail := p.create(crm.Emails, map[string]string{"hs_timestamp": "2026-03-01T10:00:00Z", "hs_email_subject": "Offer", "hs_email_html": "<p>Hello</p>", "hs_email_direction": "EMAIL",
		"hs_email_headers": headers, "hubspot_owner_id": rep.ID}, ann, bob, company)
	a := p.activity(mail)
	if a.Subject != "Offer" || a.Body != "<p>Hello</p>" || a.Format != crm.HTML || a.Direction != crm.Outgoing || !a.Time.Equal(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)) || a.TimeUnknown || a.Ours {
		t.Errorf("mail %+v", a)
	}
	want := []crm.Person{
		{Name: rep.Name, Email: strings.ToUpper(rep.Email), Role: "from", Ours: true}, {Name: "Ann Buyer", Email: "ann@acme.example", Role: "to", Ref: ann},
		{Name: "X", Email: "x@else.example", Role: "cc"}, {Email: "bob@acme.example", Role: "associated", Ref: bob},
	}
	if !slices.Equal(a.People, want) {
		t.Errorf("people\ngot  %+v\nwant %+v", a.People, want)
	}
	if !slices.Equal(a.Links.All(), []crm.Ref{company, ann, bob}) {
		t.Errorf("links %v", a.Links)
	}
	made := p.door("POST", "objects/calls", map[string]any{"properties": map[string]string{"hs_timestamp": "1970-01-01T00:00:00Z", "hs_call_title": "Intro", "hs_call_direction": "INBOUND",
		"hs_call_duration": "1750000", "hubspot_owner_id": rep.ID}, "transcript": "Ann: Hello there\nRep: Good morning", "minutes": 2})
	call := p.activity(crm.Ref{Portal: p.client.Portal(), Type: crm.Calls, ID: made["id"].(string)})
	if len(call.Turns) != 2 || call.Turns[1].Speaker != "Rep" || call.Turns[1].Text != "Good morning" || call.Turns[1].Start <= 0 {
		t.Errorf("turns %+v", call.Turns)
	}
	if !call.TimeUnknown || !call.Time.IsZero() || call.Direction != crm.Incoming || call.Minutes != 29 {
		t.Errorf("call %+v", call)
	}
	p.door("DELETE", "objects/emails/"+mail.ID, nil)
	gone, err := p.client.Activities(t.Context(), []crm.Ref{mail, {Portal: mail.Portal, Type: crm.Notes, ID: "77"}})
	if err != nil || len(gone) != 0 {
		t.Errorf("archived and unknown: %v %v", gone, err)
	}
}

// TestSimMachineWrittenActivities: what HubSpot's agents write is told from what people and other applications write, and from our own.
func TestSimMachineWrittenActivities(t *testing.T) {
	p := open(t, hubsim.Options{}, hubspot.Options{})
	note := func(as map[string]any) crm.Activity {
		as["properties"] = map[string]string{"hs_timestamp": "2026-03-01T10:00:00Z", "hs_note_body": "<p>They have 140 technicians.</p>"}
		id, _ := p.door("POST", "objects/notes", as)["id"].(string)
		return p.activity(crm.Ref{Portal: p.client.Portal(), Type: crm.Notes, ID: id})
	}
	for name, c := range map[string]struct {
		as              map[string]any
		generated, ours bool
	}{
		"a person":                  {map[string]any{}, false, false},
		"an agent":                  {map[string]any{"changeSource": "BREEZE_AGENT"}, true, false},
		"an agent, by its actor":    {map[string]any{"changeSource": "API", "sourceId": "L-311"}, true, false},
		"another application":       {map[string]any{"changeSource": "INTEGRATION", "sourceId": "9"}, false, false},
		"this application":          {map[string]any{"changeSource": "INTEGRATION", "sourceId": "424242"}, false, true},
		"a workflow of people's":    {map[string]any{"changeSource": "AUTOMATION_PLATFORM", "sourceId": "12"}, false, false},
		"HubSpot's data enrichment": {map[string]any{"changeSource": "DATA_ENRICHMENT"}, true, false},
	} {
		if a := note(c.as); a.Generated != c.generated || a.Ours != c.ours || a.Body == "" {
			t.Errorf("%s: generated %t, ours %t, body %q", name, a.Generated, a.Ours, a.Body)
		}
	}
}

func TestSimRecordsAndMemberships(t *testing.T) {
	p := open(t, hubsim.Options{}, hubspot.Options{})
	old := p.create(crm.Companies, map[string]string{"name": "Old"})
	next := p.create(crm.Companies, map[string]string{"name": "New"})
	ann := p.create(crm.Contacts, map[string]string{"firstname": "Ann", "email": "ann@old.example"}, old)
	deal := p.create(crm.Deals, map[string]string{"dealname": "D", "dealstage": "appointmentscheduled", "pipeline": "default"}, old, ann)
	before := p.sim.Now()
	p.sim.Advance(48 * time.Hour)
	moved := p.sim.Now()
	p.door("POST", "associations", map[string]any{"from": map[string]string{"type": "contacts", "id": ann.ID}, "to": map[string]string{"type": "companies", "id": old.ID}, "remove": true})
	p.door("POST", "associations", map[string]any{"from": map[string]string{"type": "contacts", "id": ann.ID}, "to": map[string]string{"type": "companies", "id": next.ID}})
	records, members, err := p.client.Records(t.Context(), []crm.Ref{ann, deal, old})
	if err != nil || len(records) != 3 {
		t.Fatal(records, err)
	}
	for _, r := range records {
		if r.Ref == old && (r.Name != "Old" || !slices.Equal(r.Links.Deals, []crm.Ref{deal})) {
			t.Errorf("company %+v", r)
		}
	}
	for _, c := range []struct {
		member crm.Ref
		at     time.Time
		want   crm.Ref
	}{{ann, before, old}, {ann, before.Add(-9000 * time.Hour), old}, {ann, moved.Add(time.Hour), next}, {ann, time.Time{}, next}, {deal, moved, old}} {
		l := crm.Links{}.Add(c.member)
		if got := crm.AccountsOf(l, members, c.at); len(got) != 1 || got[0] != c.want {
			t.Errorf("account of %s at %s: %v, want %s; memberships %+v", c.member, c.at, got, c.want, members)
		}
	}
}

func TestSimListEqualsReadingOneByOne(t *testing.T) {
	p := open(t, hubsim.Options{RateLimit: -1}, hubspot.Options{})
	p.sim.LoadGenerated(3, 20)
	one, two := p.create(crm.Companies, map[string]string{"name": "One"}), p.create(crm.Companies, map[string]string{"name": "Two"})
	ann := p.create(crm.Contacts, map[string]string{"firstname": "Ann"}, two, one)
	p.create(crm.Tickets, map[string]string{"subject": "T", "hs_pipeline": "0", "hs_pipeline_stage": "1"}, two, one, ann)
	p.create(crm.Communications, map[string]string{"hs_communication_channel_type": "SMS", "hs_communication_body": "Hi", "hs_communication_logged_from": "CRM"}, ann, two)
	p.door("POST", "objects/calls", map[string]any{"properties": map[string]string{"hs_call_title": "Intro"}, "transcript": "Ann: Hello there"})
	for _, typ := range append(crm.ActivityTypes(), crm.RecordTypes()...) {
		var listed, read hubspot.Page
		var refs []crm.Ref
		for after := ""; ; {
			page, err := p.client.List(t.Context(), typ, after, 7)
			if err != nil {
				t.Fatal(typ, err)
			}
			listed.Activities, listed.Records = append(listed.Activities, page.Activities...), append(listed.Records, page.Records...)
			listed.Memberships = append(listed.Memberships, page.Memberships...)
			if after = page.Next; after == "" {
				break
			}
		}
		for _, a := range listed.Activities {
			refs = append(refs, a.Ref)
		}
		for _, r := range listed.Records {
			refs = append(refs, r.Ref)
		}
		var err error
		if typ.IsActivity() {
			read.Activities, err = p.client.Activities(t.Context(), refs)
		} else {
			read.Records, read.Memberships, err = p.client.Records(t.Context(), refs)
		}
		if err != nil || len(refs) == 0 {
			t.Fatal(typ, len(refs), err)
		}
		a, _ := json.Marshal(listed)
		b, _ := json.Marshal(read)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: listing and reading differ\n%.1500s\n%.1500s", typ, a, b)
		}
	}
}

func TestSimChanged(t *testing.T) {
	p := open(t, hubsim.Options{RateLimit: -1, SearchLimit: -1, IndexLag: -1}, hubspot.Options{})
	p.sim.LoadGenerated(3, 230)
	want := map[crm.Ref]bool{}
	for after := ""; ; {
		page, next, err := p.client.ListRefs(t.Context(), crm.Companies, false, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page {
			want[l.Ref] = true
		}
		if after = next; after == "" {
			break
		}
	}
	p.sim.Advance(time.Minute)
	got := map[crm.Ref]int{}
	for l, err := range p.client.Changed(t.Context(), crm.Companies, time.Unix(0, 0)) {
		if err != nil {
			t.Fatal(err)
		}
		got[l.Ref]++
	}
	if len(want) != 230 || len(got) != len(want) {
		t.Errorf("%d exist, %d found", len(want), len(got))
	}
	for r, n := range got {
		if n != 1 || !want[r] {
			t.Errorf("%s found %d times", r, n)
		}
	}
}
