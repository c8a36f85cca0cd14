package engine

import (
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

func TestWhatAPropertyWasFirst(t *testing.T) {
	day := 24 * time.Hour
	w := newWorld()
	deal := w.records[ref(crm.Deals, 3)]
	deal.Properties = map[string]string{"closedate": "2026-12-18T00:00:00Z", "amount": "40000", "dealname": "Renewal", "dealtype": "newbusiness"}
	deal.History = map[string][]crm.Value{
		"closedate": {{Value: "2026-12-18T00:00:00Z", At: noon.Add(-2 * day)}, {Value: "2026-11-27T00:00:00Z", At: noon.Add(-20 * day)}, {Value: "2026-10-30T00:00:00Z", At: noon.Add(-90 * day)}, {At: noon.Add(-95 * day)}},
		"amount":    {{Value: "40000", At: noon.Add(-9 * day)}, {Value: "50000", At: noon.Add(-90 * day)}},
		"dealname":  {{Value: "Renewal", At: noon.Add(-90 * day)}},
		"dealtype":  {{Value: "existingbusiness", At: noon.Add(-9 * day)}, {Value: "newbusiness", At: noon.Add(-90 * day)}}, // the present value is newer than what was read of its past
	}
	w.records[deal.Ref] = deal
	w.activity(ref(crm.Emails, 13), "Mira Kovac", crm.Incoming, noon.Add(-30*day), "We would like to see the offer for the renewal again.")
	of := func(property string) prompts.Finding {
		return prompts.Finding{Name: property, Kind: prompts.OfChange, Property: property, Text: map[string]string{"en": "Moved from {before} to {value} on {since}"}}
	}
	got := stating(t, w, deal.Ref, time.Time{}, of("closedate"), of("amount"), of("dealname"), of("dealtype"), of("pipeline"))
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	if c := got[0]; c.Text != "Moved from 2026-10-30 to 2026-12-18 on 2026-11-18" || c.Number != 49 || len(c.Evidence) != 2 || c.Evidence[1].Quote != "2026-10-30T00:00:00Z" || c.Evidence[1].Property != "closedate" {
		t.Errorf("%+v", c)
	}
	if c := got[1]; c.Text != "Moved from 50000 to 40000 on 2026-11-11" || c.Number != -20 {
		t.Errorf("%+v", c)
	}
	for _, e := range got[0].Evidence {
		if !deal.Held(e.Property, e.Quote, e.Time) {
			t.Errorf("it stands on what the record never held: %+v", e)
		}
	}
	if past := stating(t, w, deal.Ref, noon.Add(-10*day), of("closedate"), of("amount")); len(past) != 1 || past[0].Number != 28 {
		t.Errorf("ten days before, the date had moved once and the amount had not: %+v", past)
	}
}
