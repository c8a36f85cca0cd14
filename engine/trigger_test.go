package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func TestTriggers(t *testing.T) {
	triggers := Triggers(builtins(t))
	long := crm.Document{Text: strings.Repeat("word ", 60), Turns: []crm.Span{{Speaker: "Mira"}}}
	links := crm.Links{Contacts: []crm.Ref{ref(crm.Contacts, 2), ref(crm.Contacts, 4)}, Deals: []crm.Ref{ref(crm.Deals, 3)}}
	call := crm.Activity{Ref: ref(crm.Calls, 1), Direction: crm.Incoming, Links: links}
	mail := crm.Activity{Ref: ref(crm.Emails, 1), Direction: crm.Incoming, Links: links}
	ours, out, agent := mail, mail, mail
	agent.Generated = true
	ours.Ours, out.Direction = true, crm.Outgoing
	loose, around := mail, []crm.Record{{Ref: ref(crm.Deals, 5), Properties: map[string]string{"dealstage": "qualifiedtobuy"}},
		{Ref: ref(crm.Deals, 6), Properties: map[string]string{"dealstage": "closedlost"}}}
	loose.Links = crm.Links{Contacts: links.Contacts[:1], Companies: []crm.Ref{ref(crm.Companies, 1)}}
	for name, c := range map[string]struct {
		a    crm.Activity
		d    crm.Document
		lane crm.Lane
		want string
	}{
		"linked to no deal": {loose, long, crm.LiveLane, "account_summary:companies/1 churn_risk:companies/1 deal_score:deals/5 enrichment:companies/1 lead_score:contacts/2 next_best_action:companies/1"},
		"call":              {call, long, crm.LiveLane, "call_summary:calls/1 deal_score:deals/3 lead_score:contacts/2 lead_score:contacts/4"},
		"incoming mail":     {mail, long, crm.LiveLane, "deal_score:deals/3 lead_score:contacts/2 lead_score:contacts/4 reply_draft:deals/3"},
		"outgoing mail":     {out, long, crm.LiveLane, ""},
		"short call":        {call, crm.Document{Text: "hello", Turns: long.Turns}, crm.LiveLane, "deal_score:deals/3 lead_score:contacts/2 lead_score:contacts/4"},
		"backfill":          {mail, long, crm.BackfillLane, ""},
		"review lane":       {mail, long, crm.ReviewLane, ""},
		"written by us":     {ours, long, crm.LiveLane, ""},
		"by an agent":       {agent, long, crm.LiveLane, ""},
		"without records":   {crm.Activity{Ref: ref(crm.Notes, 1)}, crm.Document{Text: "short"}, crm.LiveLane, ""},
	} {
		var keys []string
		deals := around
		if len(c.a.Links.Deals) > 0 {
			deals = []crm.Record{{Ref: c.a.Links.Deals[0]}}
		}
		for _, m := range triggers(c.a, c.d, deals, c.lane) {
			keys = append(keys, m.Key)
			if m.Portal != 7 || m.Kind != crm.ConsiderWork || m.Lane != crm.LiveLane || m.Quiet < 30*time.Second {
				t.Errorf("%s: %+v", name, m)
			}
		}
		if got := strings.Join(keys, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestRecordTriggers(t *testing.T) {
	triggers := RecordTriggers(builtins(t))
	contact := crm.Record{Ref: ref(crm.Contacts, 2)}
	imported := crm.Record{Ref: ref(crm.Contacts, 2), Properties: map[string]string{"hs_object_source_label": "IMPORT"}}
	other := crm.Record{Ref: ref(crm.Contacts, 2), Properties: map[string]string{"hs_object_source": "import"}}
	for name, c := range map[string]struct {
		rec   crm.Record
		isNew bool
		lane  crm.Lane
		want  int
		in    crm.Lane
	}{
		"new contact": {contact, true, crm.LiveLane, 1, crm.LiveLane}, "known contact": {contact, false, crm.LiveLane, 0, 0}, "made by a bulk change": {contact, true, crm.BackfillLane, 1, crm.BackfillLane},
		"imported": {imported, true, crm.LiveLane, 1, crm.BackfillLane}, "imported by source": {other, true, crm.LiveLane, 1, crm.BackfillLane}, "imported in bulk": {imported, true, crm.BackfillLane, 1, crm.BackfillLane},
		"new company": {crm.Record{Ref: ref(crm.Companies, 1)}, true, crm.LiveLane, 0, 0}, "new deal": {crm.Record{Ref: ref(crm.Deals, 1)}, true, crm.LiveLane, 0, 0},
	} {
		before := &c.rec
		if c.isNew {
			before = nil
		}
		got := triggers(c.rec, before, c.lane)
		if len(got) != c.want || c.want == 1 && got[0].Lane != c.in {
			t.Errorf("%s: %+v", name, got)
		}
	}
	quiet := builtins(t)
	for i := range quiet {
		for j := range quiet[i].Triggers {
			quiet[i].Triggers[j].Imports = false
		}
	}
	if got := RecordTriggers(quiet)(imported, nil, crm.LiveLane); len(got) != 0 {
		t.Errorf("an import that nobody asked for: %+v", got)
	}
}

func TestConsiderKey(t *testing.T) {
	w, s, err := ParseConsiderKey(7, ConsiderKey("call_summary", ref(crm.Calls, 1)))
	if err != nil || w != "call_summary" || s != ref(crm.Calls, 1) {
		t.Errorf("%v %v %v", w, s, err)
	}
	for _, key := range []string{"", ":", "x", "x:", ":calls/1", "x:calls/a", "x:calls", "x:things/1", "x:8/calls/1"} {
		if _, _, err := ParseConsiderKey(7, key); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if _, _, err := ParseConsiderKey(0, "x:calls/1"); !errors.Is(err, crm.ErrInvalid) {
		t.Error("no portal must be refused")
	}
}
